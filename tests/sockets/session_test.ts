// A whole session over real sockets: a strict charger, and strict backends of every kind.

import assert from "node:assert/strict";
import {
  bootStrictCharger,
  strictCharger,
  strictDialInBackend,
} from "../support/strict_charger.ts";
import { type StrictBackendServer, strictBackendServer } from "../support/strict_backend.ts";
import type { Received } from "../support/strict_peer.ts";
import { until } from "../support/until.ts";
import { begin, finish } from "./charging.ts";
import { JsonClient } from "./json_client.ts";
import { AUTHORITY_FILE, secureBackend } from "./secure_backend.ts";
import { Stage } from "./stage.ts";

/** What every backend that sees everything is told of the session, in this order. */
const TRANSACTION_MESSAGES = ["StartTransaction", "MeterValues", "MeterValues", "StopTransaction"];

interface Heard {
  readonly received: readonly Received[];
}

function transactionMessages({ received }: Heard): Received[] {
  return received.filter(({ action }) => TRANSACTION_MESSAGES.includes(action));
}

function statuses({ received }: Heard, connectorId: number): unknown[] {
  return received
    .filter(({ action, payload }) =>
      action === "StatusNotification" && payload.connectorId === connectorId
    )
    .map(({ payload }) => payload.status);
}

/** Waits until the newest state of connector 1 is known to all of them. */
async function showing(everybody: readonly Heard[], word: string): Promise<void> {
  const shown = (heard: Heard) => statuses(heard, 1).at(-1) === word;
  await until(() => everybody.every(shown), 5_000, `${word} at each backend`);
}

Deno.test("a session reaches backends of every kind, each under its own ids, all of it valid", async () => {
  const employer: StrictBackendServer = await strictBackendServer({
    firstTransactionId: 500,
    password: "employer-password",
  });
  await using utility = await secureBackend(900_000);
  await using stage = await Stage.open(`
charger: { id: CP1 }
backends:
  - { id: employer, url: "${employer.url}", charge_point_id: NL-1, password: employer-password, role: biller }
  - { id: utility, url: "${utility.url}", ca_file: ${AUTHORITY_FILE} }
  - { id: evcc, token: evcc-token, role: controller }
  - { id: panel, token: panel-token }
`);
  const evcc = await strictDialInBackend(stage.backendUrl, "evcc", "evcc-token");
  const panel = await JsonClient.connect(`${stage.backendUrl}/panel`, { token: "panel-token" });
  const charger = await strictCharger(stage.chargerUrl, "CP1");
  try {
    await bootStrictCharger(charger);
    const ocpp = [employer, utility.backend, evcc];
    await showing(ocpp, "Available");
    assert.deepEqual(employer.identities, ["NL-1"]);
    assert.deepEqual(utility.backend.identities, ["CP1"]);

    const transactionId = await begin(charger);
    await showing(ocpp, "Charging");
    await finish(charger, transactionId);
    await showing(ocpp, "Available");
    const ended = (heard: Heard) => transactionMessages(heard).at(-1)?.action === "StopTransaction";
    await until(() => ocpp.every(ended), 5_000, "the end at each backend");
    await until(() => panel.events("session").length > 0, 5_000, "the session at the panel");

    for (const [heard, own] of [[employer, 500], [utility.backend, 900_000], [evcc, 1]] as const) {
      const messages = transactionMessages(heard);
      assert.deepEqual(messages.map(({ action }) => action), TRANSACTION_MESSAGES);
      for (const { payload } of messages.slice(1)) assert.equal(payload.transactionId, own);
      assert.deepEqual(
        [messages[0]!.payload.meterStart, messages[3]!.payload.meterStop],
        [1_000, 4_000],
      );
      // A state that is overtaken by the next one before it is sent is left out.
      const shown = statuses(heard, 1).filter((word) => word !== "Preparing");
      assert.deepEqual(shown, ["Available", "Charging", "Available"]);
      assert.equal(statuses(heard, 0).length, 1);
      assert.ok(!heard.received.some(({ action }) => action === "Heartbeat"));
      assert.ok(heard.received.every(({ id }) => id.length <= 36));
      assert.equal(new Set(heard.received.map(({ id }) => id)).size, heard.received.length);
    }
    const [session] = panel.events("session");
    assert.equal(session?.energy_kwh, 3);
    assert.equal(panel.events("transaction_started")[0]?.transaction_id, transactionId);

    // The charger's answers never carried a backend's id, and it was left alone.
    assert.ok(![500, 900_000].includes(transactionId));
    assert.deepEqual(charger.received, []);
    for (const { violations } of [charger, ...ocpp]) assert.deepEqual(violations, []);
    assert.deepEqual(stage.complaints(), []);
  } finally {
    await Promise.all([charger.close(), evcc.close(), panel.close(), employer.close()]);
  }
});
