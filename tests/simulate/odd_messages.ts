// Quirks of what chargers say: the odd frame, and what a strict backend is told instead.

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { pause, until } from "../support/until.ts";
import type { OddCase } from "./odd_case.ts";
import { car, type Play, TAG } from "./quirk_play.ts";

/** Waits for a CALL of the charger. */
async function called({ sent }: Play, action: string): Promise<void> {
  const pattern = new RegExp(`^\\[2, ?[^,]+,"${action}"`);
  await until(() => sent.some((text) => pattern.test(text)), 5_000, action);
}

const heartbeat = (play: Play) => called(play, "Heartbeat");

/** Ids of the charger's CALLs of an action. */
function idsOf({ sent }: Play, action: string): unknown[] {
  return sent.filter((text) => text.includes(`"${action}"`))
    .map((text) => (JSON.parse(text) as unknown[])[1]);
}

/** What the charger was told in answer to its StartTransactions. */
function transactionIds({ received }: Play): unknown[] {
  return received.flatMap((text) => {
    const [type, , payload] = JSON.parse(text) as [number, unknown, { transactionId?: number }];
    return type === 3 && payload.transactionId !== undefined ? [payload.transactionId] : [];
  });
}

const oneTransaction = (play: Play) => {
  assert.equal(play.backend.payloads("StartTransaction").length, 1);
  assert.equal(new Set(transactionIds(play)).size, 1);
  return Promise.resolve();
};

function status({ backend }: Play): unknown {
  return backend.payloads("StatusNotification").findLast(({ connectorId }) => connectorId === 1)
    ?.status;
}

/** Whether the times that the backend was told of the session are near the present ones. */
const presentTimes = async ({ backend, charger }: Play) => {
  const stop = await until(() => backend.payloads("StopTransaction")[0], 5_000, "the stop");
  const away = Math.abs(Date.parse(String(stop.timestamp)) - charger.clock.now());
  assert.ok(away < 1_800_000, `${stop.timestamp} is ${away} ms away`);
};

const SHORT_HEARTBEATS = { HeartbeatInterval: "60" };

export const ODD_MESSAGES: Readonly<Record<string, OddCase>> = {
  "nul-characters": {
    // deno-lint-ignore no-control-regex
    shows: /\u0000"/,
    after: ({ backend }) => {
      assert.equal(backend.payloads("BootNotification")[0]?.chargePointVendor, "ocpp-proxy");
      return Promise.resolve();
    },
  },
  "missing-bracket": {
    settings: SHORT_HEARTBEATS,
    before: heartbeat,
    shows: /^\[2,"[^"]*","Heartbeat",\{\}$/,
  },
  "invalid-json": { settings: SHORT_HEARTBEATS, before: heartbeat, shows: /"Heartbeat",\{,\}\]$/ },
  "meter-value-object": { shows: /"meterValue":\{/ },
  "numeric-values": { shows: /"value":\d/ },
  "padded-numbers": { shows: /"value":" \d/ },
  "empty-samples": { shows: /"sampledValue":\[\]/ },
  "empty-value": { shows: /"value":"","unit":"Percent"|"measurand":"SoC"[^}]*"value":""/ },
  "odd-words": { shows: /Current\.Import\\n.*Celcius.*Hz/ },
  "error-code-error": { shows: /"errorCode":"Error"/ },
  "authorize-with-connector": { shows: /"Authorize",\{"idTag":"[^"]*","connectorId":1\}/ },
  "corrupted-tag": {
    idTag: "04A2B3C4D5E6F7081234",
    shows: /"StartTransaction".*04A2B3C4D5E6F7081234\u007f\?/,
  },
  "tag-case": { shows: /"StartTransaction".*04a2b3c4d5/ },
  "tag-backslashes": { shows: /"Authorize",\{"idTag":"04A2B3C4D5\\\\"\}/ },
  "null-info": { shows: /"info":"null"/ },
  "same-id-resent": {
    after: (play) => {
      const ids = idsOf(play, "StartTransaction");
      assert.deepEqual(ids, [ids[0], ids[0]]);
      return oneTransaction(play);
    },
  },
  "ids-restart": {
    before: async (play) => {
      play.charger.restart("Hard");
      await until(() => idsOf(play, "BootNotification").length === 2, 5_000, "the second boot");
      assert.deepEqual(idsOf(play, "BootNotification"), ["1", "1"]);
      await until(() => play.charger.registration.accepted, 5_000, "the charger to be back");
    },
  },
  "numeric-ids": { shows: /^\[2,1,"BootNotification"/ },
  "spaces": { shows: /^\[2, "[^"]*" ,"StartTransaction"/ },

  "local-time": { shows: /"timestamp":"[\d-]+T[\d:]+"/ },
  "short-offset": { shows: /"timestamp":"[\d-]+T[\d:]+\+02"/, after: presentTimes },
  "year-1970": { shows: /"timestamp":"1970-01-01T00:/, after: presentTimes },
  "local-as-utc": {
    before: ({ sent, charger }) => {
      const [, time = ""] = /"timestamp":"([^"]+Z)"/.exec(sent.join("\n")) ?? [];
      const ahead = Date.parse(time) - charger.clock.now();
      assert.ok(Math.abs(ahead - 7_200_000) < 1_800_000, `${ahead} ms ahead`);
      return Promise.resolve();
    },
  },
  "zero-time": { shows: /"timestamp":"0001-01-01T00:00:00Z"/ },
  "no-timestamp": { shows: /"StatusNotification",(?!.*timestamp)/ },
  "late-status": {
    session: false,
    before: async (play) => {
      const { charger, sent, stage } = play;
      await charger.goOffline();
      charger.plugIn(1, car());
      charger.goOnline();
      await until(() => status(play) === "Preparing", 5_000, "Preparing");
      const late = () => sent.filter((text) => text.includes('"status":"Available"'));
      await until(() => late().length === 3, 5_000, "a status that comes late");
      await until(() => charger.queue.online, 5_000, "the charger to be back");
      await pause(50);
      const shown = JSON.stringify(stage.proxy.report().charger);
      assert.match(shown, /"connector_id":1,"status":"Preparing"/);
      assert.equal(status(play), "Preparing");
    },
  },

  "kwh-label": { shows: /"unit":"kWh"/ },
  "no-unit": { shows: /"MeterValues",(?!.*"unit")/ },
  "no-measurand": { shows: /"MeterValues",(?!.*"measurand")/ },
  "session-register": { shows: /Energy\.Active\.Import\.Register"[^}]*"value":"\d{1,4}"/ },
  "zero-meter-start": { shows: /"meterStart":0[,}]/, books: false },
  "stop-below-start": {
    // Unplugged before anything has flowed.
    session: false,
    before: async (play) => {
      const { charger, backend } = play;
      charger.plugIn(1, car());
      await charger.presentTag(1, TAG);
      charger.unplug(1);
      const stop = await until(() => backend.payloads("StopTransaction")[0], 5_000, "the stop");
      assert.equal(charger.sessions[0]?.meterStopWh, 1_000_000);
      // The backend is told what the charger said; the books know better.
      assert.equal(stop.meterStop, 999_999);
      using database = new DatabaseSync(play.stage.databasePath, { readOnly: true });
      const rows = database.prepare("SELECT energy_wh FROM session").all();
      assert.deepEqual(rows.map((row) => row.energy_wh), [0]);
    },
    shows: /"meterStop":999999/,
  },
  "values-after-stop": {
    after: (play) => called(play, "StopTransaction"),
    shows: /"MeterValues".*"context":"Transaction\.End"/,
  },
  "unknown-transaction": { shows: /"transactionId":1936029036/ },
  "zero-spike": { shows: /"MeterValues".*"value":"0"/ },
  "per-phase": { shows: /"phase":"N"/ },
  "per-phase-to-neutral": { shows: /Register"[^}]*"phase":"L1-N"/ },
  "no-meter-values": {
    before: async (play) => {
      const { backend } = play;
      await backend.call("TriggerMessage", { requestedMessage: "MeterValues", connectorId: 1 });
      await called(play, "MeterValues");
    },
    after: ({ sent }) => {
      assert.equal(sent.filter((text) => text.includes('"MeterValues"')).length, 1);
      return Promise.resolve();
    },
  },
  "constant-offered": { shows: /"measurand":"Current\.Offered"[^}]*"value":"16\.0"/ },
  "wrong-voltage": { shows: /"value":"23\.0"/ },
  "signed-data": { shows: /"format":"SignedData"/ },

  "no-stop": {
    books: false,
    after: ({ sent }) => {
      assert.ok(!sent.some((text) => text.includes('"StopTransaction"')));
      return Promise.resolve();
    },
  },
  "unknown-stop": { shows: /"StopTransaction",\{"transactionId":987654321/ },
  "transaction-minus-one": { shows: /"StopTransaction",\{"transactionId":-1,/ },
  "transaction-zero": { shows: /"StopTransaction",\{"transactionId":0,/ },
  "transaction-negative": { shows: /"StopTransaction",\{"transactionId":-1746,/ },
  "transaction-huge": { shows: /"transactionId":9223372036854775807/ },
  "double-start": {
    after: (play) => {
      assert.equal(new Set(idsOf(play, "StartTransaction")).size, 2);
      return oneTransaction(play);
    },
  },
  "double-stop": {
    after: async (play) => {
      await until(() => idsOf(play, "StopTransaction").length === 2, 5_000, "the second stop");
      assert.equal(play.backend.payloads("StopTransaction").length, 1);
    },
  },
  "charges-over-restart": {
    session: false,
    before: async (play) => {
      const { charger, backend } = play;
      charger.plugIn(1, car());
      await charger.presentTag(1, TAG);
      const id = await until(() => charger.connector(1).transaction?.id, 5_000, "a transaction");
      charger.restart("Hard");
      await until(
        () => play.sent.filter((text) => text.includes('"BootNotification"')).length === 2,
        5_000,
        "the boot",
      );
      await until(() => charger.registration.accepted, 5_000, "the charger to be back");
      assert.equal(charger.connector(1).transaction?.id, id);
      charger.connector(1).stop("Local");
      await until(() => backend.payloads("StopTransaction").length > 0, 5_000, "the stop");
      assert.equal(backend.payloads("StartTransaction").length, 1);
    },
  },
};
