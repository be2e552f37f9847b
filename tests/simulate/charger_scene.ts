// A virtual charger at a strict central system, for tests that look at one side of it.

import assert from "node:assert/strict";
import { VirtualCharger } from "../../src/simulate/charger.ts";
import type { ChargerOptions } from "../../src/simulate/charger_options.ts";
import {
  type BackendServerOptions,
  type StrictBackendServer,
  strictBackendServer,
} from "../support/strict_backend.ts";
import { until } from "../support/until.ts";

export const TAG = "04A2B3C4D5";

export interface Scene {
  readonly server: StrictBackendServer;
  readonly charger: VirtualCharger;
}

/** Plays a charger, 600 times as fast as real, then checks that no frame broke a schema. */
export async function atStrictServer(
  options: Partial<ChargerOptions>,
  serverOptions: BackendServerOptions,
  act: (scene: Scene) => Promise<void>,
): Promise<void> {
  const server = await strictBackendServer(serverOptions);
  const charger = new VirtualCharger({
    url: server.url,
    id: "SIM001",
    speed: 600,
    reconnectMs: 20,
    ...options,
  });
  try {
    charger.start();
    await act({ server, charger });
    assert.deepEqual(server.violations, []);
  } finally {
    await charger.stop();
    await server.close();
  }
}

/** Waits for the boot and the statuses of all connectors. */
export async function booted({ server, charger }: Scene): Promise<void> {
  const owed = charger.connectors.length + 1;
  const told = () => server.payloads("StatusNotification").length >= owed;
  await until(told, 5_000, `${owed} statuses`);
}

/** A car is plugged in and charges by card; resolves once the transaction has an id. */
export async function charging({ charger }: Scene, connectorId = 1): Promise<void> {
  charger.plugIn(connectorId);
  assert.equal(await charger.presentTag(connectorId, TAG), true, "the tag is refused");
  await until(() => charger.connector(connectorId).transaction?.id, 5_000, "a transaction");
}

/** The statuses of a connector, oldest first. */
export function statusesOf({ server }: Scene, connectorId = 1): unknown[] {
  return server.payloads("StatusNotification")
    .filter((status) => status.connectorId === connectorId).map(({ status }) => status);
}

/** The first StopTransaction. */
export function firstStop({ server }: Scene) {
  return until(() => server.payloads("StopTransaction")[0], 5_000, "StopTransaction");
}
