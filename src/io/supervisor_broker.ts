// The MQTT broker that Home Assistant's supervisor offers its apps.

import * as v from "valibot";
import type { BrokerConfiguration } from "../config/configuration.ts";

/** How long the supervisor may take, ms. */
const ANSWER_MS = 10_000;

/** The longest answer, bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

const shortText = v.pipe(v.string(), v.maxLength(1024));

/** What is needed of its answer; there is more in it. */
const ANSWER = v.object({
  data: v.object({
    host: v.pipe(shortText, v.regex(/^[\w.:[\]-]+$/, "no name of a host")),
    port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
    ssl: v.optional(v.nullable(v.boolean())),
    username: v.optional(v.nullable(shortText)),
    password: v.optional(v.nullable(shortText)),
  }),
});

/**
 * Asks the supervisor; undefined: no broker is installed. Asked anew at each connection, because the
 * password changes with the broker. Rejects when there is no answer, or it names no broker.
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
  const read = v.safeParse(ANSWER, await jsonOf(response));
  if (!read.success) {
    const where = v.getDotPath(read.issues[0]);
    const what = where === null ? "" : ` (${where})`;
    throw new Error(`the supervisor's answer does not say where its MQTT broker is${what}`);
  }
  const { host, port, ssl, username, password } = read.output.data;
  return {
    url: `${ssl ? "mqtts" : "mqtt"}://${host}:${port}`,
    ...username && { username },
    ...password && { password },
  };
}

/** Undefined: it is no JSON, or too long. */
async function jsonOf(response: Response): Promise<unknown> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > MAX_ANSWER_BYTES) return undefined;
    text += decoder.decode(piece, { stream: true });
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
