// The MQTT broker that Home Assistant's supervisor offers its apps.

import type { BrokerConfiguration } from "../config/configuration.ts";

/** How long the supervisor may take, ms. */
const ANSWER_MS = 10_000;

/**
 * Asks the supervisor; undefined: no broker is installed. Asked anew at each connection, because the
 * password changes with the broker. Rejects when there is no answer.
 */
export async function supervisorBroker(
  supervisor: { readonly url: string; readonly token: string },
  signal: AbortSignal,
): Promise<BrokerConfiguration | undefined> {
  const response = await fetch(`${supervisor.url}/services/mqtt`, {
    headers: { authorization: `Bearer ${supervisor.token}` },
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
  });
  if (response.status === 400) {
    await response.body?.cancel();
    return undefined;
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the supervisor answered ${response.status} when asked for its MQTT broker`);
  }
  const { data } = await response.json() as {
    data: { host: string; port: number; ssl: boolean; username?: string; password?: string };
  };
  return {
    url: `${data.ssl ? "mqtts" : "mqtt"}://${data.host}:${data.port}`,
    ...data.username && { username: data.username },
    ...data.password && { password: data.password },
  };
}
