// Quirks of what chargers answer: a backend asks, the charger answers oddly, the backend is served.

import assert from "node:assert/strict";
import { pause, until } from "../support/until.ts";
import type { OddCase } from "./odd_case.ts";
import { car, type Play, TAG } from "./quirk_play.ts";

type Rows = { readonly key: string; readonly value: string; readonly readonly: boolean }[];

/** The configuration as the backend is told it. */
async function configuration({ backend }: Play, ...key: string[]): Promise<Rows> {
  const { configurationKey } = await backend.call(
    "GetConfiguration",
    key.length > 0 ? { key } : {},
  );
  return configurationKey as Rows;
}

const readConfiguration = async (play: Play) => void await configuration(play);

/** A limit of the backend, A; resolves with the status. */
async function limit({ backend }: Play, limitA: number): Promise<unknown> {
  const { status } = await backend.call("SetChargingProfile", {
    connectorId: 1,
    csChargingProfiles: {
      chargingProfileId: 7,
      stackLevel: 1,
      chargingProfilePurpose: "TxDefaultProfile",
      chargingProfileKind: "Absolute",
      chargingSchedule: {
        startSchedule: "2026-01-01T00:00:00Z",
        chargingRateUnit: "A",
        chargingSchedulePeriod: [{ startPeriod: 0, limit: limitA }],
      },
    },
  });
  return status;
}

/** A limit that a session runs under. */
function limited(limitA: number, wantA = limitA): OddCase {
  return {
    session: false,
    before: async (play) => {
      const { charger } = play;
      charger.plugIn(1, car());
      await charger.presentTag(1, TAG);
      await until(() => charger.connector(1).transaction?.id, 5_000, "a transaction");
      assert.equal(await limit(play, limitA), "Accepted");
      await until(
        () => Math.abs(charger.connector(1).offeredA - wantA) < 0.1,
        5_000,
        `${wantA} A, not ${charger.connector(1).offeredA}`,
      );
    },
  };
}

/** An answer of the charger that says Rejected. */
const REJECTED = /^\[3,"[^"]*",\{"status":"Rejected"\}\]$/;

export const ODD_ANSWERS: Readonly<Record<string, OddCase>> = {
  "missing-keys": {
    before: async ({ backend }) => {
      await assert.rejects(backend.call("GetConfiguration", {}), { rpcErrorCode: "GenericError" });
    },
    shows: /"configurationKey":\]/,
  },
  "unknown-key-error": {
    before: async (play) => {
      const { unknownKey } = await play.backend.call("GetConfiguration", { key: ["Nonsense"] });
      assert.deepEqual(unknownKey, ["Nonsense"]);
      // The proxy asks for everything at once, which this charger can answer.
      assert.ok(!play.received.some((text) => text.includes("Nonsense")));
    },
  },
  "error-details-text": errorAnswer(/^\[4,.*,""\]$/),
  "error-without-details": errorAnswer(/^\[4,"[^"]*","NotImplemented","[^"]*"\]$/),
  "long-config-value": {
    before: async (play) => {
      const row = (await configuration(play)).find(({ key }) => key === "ConnectorPhaseRotation");
      assert.equal(row?.value.length, 500);
    },
    shows: /v{612}/,
  },
  "odd-change-status": {
    before: async ({ backend }) => {
      const change = { key: "NoSuchKey", value: "RST" };
      const { status } = await backend.call("ChangeConfiguration", change);
      assert.ok(status === "NotSupported" || status === "Rejected", String(status));
    },
    shows: /"status":"Not Supported"/,
  },
  "boot-loop-on-measurands": {
    before: async (play) => {
      const [row] = await configuration(play, "MeterValuesSampledData");
      assert.match(row?.value ?? "", /Energy\.Active/);
      assert.equal(play.tee.connections.length, 1);
    },
  },
  "clock-aligned-read-only": {
    before: async (play) => {
      await configuration(play);
      const change = { key: "ClockAlignedDataInterval", value: "900" };
      assert.deepEqual(await play.backend.call("ChangeConfiguration", change), {
        status: "Accepted",
      });
    },
    shows: /"key":"ClockAlignedDataInterval","readonly":true/,
  },
  "refuses-keys": { before: readConfiguration, shows: /evb_SupportedMeasurands/ },
  "breaks-on-housekeeping": {
    before: async ({ backend, tee }) => {
      const change = { key: "WebSocketPingInterval", value: "30" };
      assert.deepEqual(await backend.call("ChangeConfiguration", change), { status: "Accepted" });
      assert.equal(tee.connections.length, 1);
    },
  },
  // The proxy answers these for the charger, whatever it would have said: see quirks_alone_test.ts.
  "availability-scheduled": operative(1),
  "availability-without-zero": operative(0),
  "quoted-measurands": { before: readConfiguration, shows: /"value":"\\"Energy/ },
  "lower-case-keys": {
    before: async (play) => {
      const [row] = await configuration(play, "NumberOfConnectors");
      assert.equal(row?.value, "1");
    },
    shows: /"key":"numberofconnectors"/,
  },
  "no-feature-profiles": {
    before: readConfiguration,
    shows: /"key":"SupportedFeatureProfiles"[^}]*"value":" "/,
  },
  "numeric-config-values": {
    before: async (play) => {
      for (const { value } of await configuration(play)) assert.equal(typeof value, "string");
    },
    shows: /"value":\d/,
  },
  "trigger-connector-unanswered": {
    before: async ({ backend }) => {
      await backend.call("TriggerMessage", {
        requestedMessage: "StatusNotification",
        connectorId: 1,
      });
    },
  },
  "truncates-values": { before: readConfiguration, shows: /"value":"Energy\.Active\.Import\.Reg"/ },
  "stuck-in-finishing": {
    session: false,
    before: async ({ backend, charger }) => {
      charger.plugIn(1, car());
      await charger.presentTag(1, TAG);
      await until(() => charger.connector(1).transaction?.id, 5_000, "a transaction");
      charger.connector(1).stop("Local");
      assert.equal(charger.connector(1).status, "Finishing");
      await until(() => backend.payloads("StopTransaction").length > 0, 5_000, "the stop");
      const start = { connectorId: 1, idTag: TAG };
      assert.deepEqual(await backend.call("RemoteStartTransaction", start), { status: "Rejected" });
      charger.unplug(1);
      charger.plugIn(1, car());
      assert.deepEqual(await backend.call("RemoteStartTransaction", start), { status: "Accepted" });
    },
    shows: REJECTED,
  },

  "watts-only": limited(10),
  "amps-only": limited(10),
  "zero-limit-stops": {
    session: false,
    before: async (play) => {
      const { charger } = play;
      charger.plugIn(1, car());
      await charger.presentTag(1, TAG);
      await until(() => charger.connector(1).transaction?.id, 5_000, "a transaction");
      await limit(play, 0);
      await until(() => play.backend.payloads("StopTransaction").length > 0, 5_000, "the stop");
    },
    shows: /"StopTransaction".*"reason":"Other"/,
  },
  "zero-limit-fault": {
    session: false,
    before: async (play) => {
      const { charger, backend } = play;
      charger.plugIn(1, car());
      await charger.presentTag(1, TAG);
      await until(() => charger.connector(1).transaction?.id, 5_000, "a transaction");
      await limit(play, 0);
      await until(() => charger.connector(1).status === "SuspendedEVSE", 5_000, "0 A");
      await pause(50);
      charger.unplug(1);
      const statuses = () => backend.payloads("StatusNotification").map(({ status }) => status);
      await until(() => statuses().includes("Faulted"), 5_000, "Faulted at the backend");
      charger.restart("Hard");
      await until(() => charger.connector(1).errorCode === "NoError", 5_000, "the restart");
    },
    shows: /"errorCode":"InternalError","status":"Faulted"/,
  },
  "no-charge-point-max": limited(10),
  "stack-level-zero": limited(10),
  "relative-only": limited(10),
  "no-future-start": limited(10),
  "stepped-limits": limited(12, 10),
  "rejects-limits": {
    before: async (play) => {
      await limit(play, 10).catch(() => {});
    },
    shows: REJECTED,
  },
  "limit-lost-at-restart": {
    session: false,
    before: async (play) => {
      const { charger } = play;
      assert.equal(await limit(play, 10), "Accepted");
      await until(() => charger.connector(1).offeredA === 10, 5_000, "10 A");
      charger.restart("Hard");
      await until(() => charger.connector(1).offeredA === 32, 5_000, "it to be forgotten");
      await until(() => charger.registration.accepted, 5_000, "the boot");
      await until(() => charger.connector(1).offeredA === 10, 5_000, "10 A again");
    },
  },
};

/** A command that the charger does not know is answered with a CALLERROR, oddly. */
function errorAnswer(shows: RegExp): OddCase {
  return {
    before: async ({ backend }) => {
      const request = {
        log: { remoteLocation: "https://example.org/" },
        logType: "DiagnosticsLog",
        requestId: 1,
      };
      await assert.rejects(backend.call("GetLog", request), { rpcErrorCode: "NotImplemented" });
    },
    shows,
  };
}

function operative(connectorId: number): OddCase {
  return {
    before: async ({ backend }) => {
      const request = { connectorId, type: "Operative" };
      assert.deepEqual(await backend.call("ChangeAvailability", request), { status: "Accepted" });
    },
  };
}
