// The backends most households have, as they connect: evcc, Home Assistant, a client of the first ocpp-proxy.

import assert from "node:assert/strict";
import {
  bootStrictCharger,
  strictCharger,
  type StrictClient,
  strictDialInBackend,
} from "../support/strict_charger.ts";
import type { Payload } from "../support/strict_peer.ts";
import { until } from "../support/until.ts";
import { begin, finish, status } from "./charging.ts";
import { JsonClient } from "./json_client.ts";
import { Stage } from "./stage.ts";

const MEASURANDS = [
  "Power.Active.Import",
  "Energy.Active.Import.Register",
  "Current.Import",
  "Voltage",
  "Current.Offered",
  "Power.Offered",
  "SoC",
];

const CHARGER_KEYS = [
  { key: "NumberOfConnectors", readonly: true, value: "1" },
  { key: "SupportedFeatureProfiles", readonly: true, value: "Core,SmartCharging" },
  { key: "MeterValuesSampledData", readonly: false, value: "Voltage" },
  { key: "ChargeProfileMaxStackLevel", readonly: true, value: "5" },
  { key: "MaxChargingProfilesInstalled", readonly: true, value: "4" },
];

async function change(backend: StrictClient, key: string, value: string): Promise<void> {
  const answer = await backend.call("ChangeConfiguration", { key, value });
  assert.equal(answer.status, "Accepted", `${key}=${value}`);
}

async function read(backend: StrictClient, ...key: string[]): Promise<Map<string, unknown>> {
  const { configurationKey } = await backend.call("GetConfiguration", key.length ? { key } : {});
  return new Map((configurationKey as Payload[]).map((row) => [String(row.key), row.value]));
}

/** What evcc does once it has a BootNotification. */
async function setUpEvcc(evcc: StrictClient): Promise<void> {
  const operative = { connectorId: 0, type: "Operative" };
  assert.equal((await evcc.call("ChangeAvailability", operative)).status, "Accepted");
  assert.equal((await read(evcc)).get("NumberOfConnectors"), "1");
  for (const measurand of MEASURANDS) await change(evcc, "MeterValuesSampledData", measurand);
  await change(evcc, "MeterValuesSampledData", MEASURANDS.join(","));
  const trigger = { requestedMessage: "MeterValues", connectorId: 1 };
  assert.equal((await evcc.call("TriggerMessage", trigger)).status, "Accepted");
  await change(evcc, "MeterValueSampleInterval", "10");
  await change(evcc, "WebSocketPingInterval", "30");
}

/** What Home Assistant's integration does. */
async function setUpHomeAssistant(home: StrictClient): Promise<void> {
  const boot = { requestedMessage: "BootNotification" };
  assert.equal((await home.call("TriggerMessage", boot)).status, "Accepted");
  assert.match(
    String((await read(home, "SupportedFeatureProfiles")).values().next().value),
    /Core/,
  );
  assert.equal((await read(home, "NumberOfConnectors")).get("NumberOfConnectors"), "1");
  await read(home, "HeartbeatInterval", "MeterValuesSampledData");
  await change(home, "MeterValuesSampledData", "Energy.Active.Import.Register");
  await change(home, "MeterValueSampleInterval", "60");
  await change(home, "ClockAlignedDataInterval", "900");
  const operative = { connectorId: 0, type: "Operative" };
  assert.equal((await home.call("ChangeAvailability", operative)).status, "Accepted");
  for (const connectorId of [0, 1]) {
    const known = home.payloads("StatusNotification").length;
    const trigger = { requestedMessage: "StatusNotification", connectorId };
    assert.equal((await home.call("TriggerMessage", trigger)).status, "Accepted");
    await until(() => home.payloads("StatusNotification").length > known, 2_000, "the status");
  }
}

Deno.test("8.1: evcc and Home Assistant set up at once, and neither disturbs the other", async () => {
  await using stage = await Stage.open(`
charger: { id: CP1 }
rate_limit_seconds: 0
backends:
  - { id: evcc, token: a, role: controller, priority: 10 }
  - { id: home, token: b, role: controller }
`);
  const evcc = await strictDialInBackend(stage.backendUrl, "evcc", "a");
  const home = await strictDialInBackend(stage.backendUrl, "home", "b");
  const charger = await strictCharger(stage.chargerUrl, "CP1");
  charger.answer("GetConfiguration", () => ({ configurationKey: CHARGER_KEYS }));
  charger.answer("GetCompositeSchedule", () => ({ status: "Rejected" }));
  await bootStrictCharger(charger);
  for (const backend of [evcc, home]) {
    await until(() => backend.payloads("StatusNotification").length > 1, 5_000, "the states");
  }
  await Promise.all([setUpEvcc(evcc), setUpHomeAssistant(home)]);

  // Each reads back its own; the charger was asked once, and told nothing of it.
  const keys = ["MeterValuesSampledData", "MeterValueSampleInterval"];
  assert.deepEqual([...(await read(evcc, ...keys)).values()], [MEASURANDS.join(","), "10"]);
  assert.deepEqual([...(await read(home, ...keys)).values()], [
    "Energy.Active.Import.Register",
    "60",
  ]);
  assert.deepEqual(charger.received.map(({ action }) => action).sort(), [
    "GetConfiguration",
    "TriggerMessage",
  ]);

  // evcc takes control of the connector that waits; Home Assistant is refused meanwhile.
  await charger.call("StatusNotification", status(1, "Preparing"));
  const start = { connectorId: 1, idTag: "evcc" };
  assert.equal((await evcc.call("RemoteStartTransaction", start)).status, "Accepted");
  const transactionId = await begin(charger, "evcc");
  const profile = (chargingProfileId: number, chargingProfilePurpose: string) => ({
    chargingProfileId,
    stackLevel: 5,
    chargingProfilePurpose,
    chargingProfileKind: "Relative",
    chargingSchedule: {
      chargingRateUnit: "A",
      chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }],
    },
  });
  const limit = { connectorId: 1, csChargingProfiles: profile(4, "TxDefaultProfile") };
  assert.equal((await evcc.call("SetChargingProfile", limit)).status, "Accepted");
  const most = { connectorId: 0, csChargingProfiles: profile(1_000, "ChargePointMaxProfile") };
  assert.equal((await home.call("SetChargingProfile", most)).status, "Rejected");
  const stop = await home.call("RemoteStopTransaction", { transactionId: 1 });
  assert.equal(stop.status, "Rejected");
  assert.equal(charger.payloads("SetChargingProfile").length, 1);
  assert.equal(charger.payloads("RemoteStopTransaction").length, 0);

  await finish(charger, transactionId);
  await until(() => home.payloads("StopTransaction").length === 1, 5_000, "the end");
  // What evcc left in the charger is cleared with its control.
  await until(() => charger.payloads("ClearChargingProfile").length === 1, 5_000, "the clearing");
  await Promise.all([charger.close(), evcc.close(), home.close()]);
  for (const { violations } of [charger, evcc, home]) assert.deepEqual(violations, []);
  assert.deepEqual(stage.complaints(), []);
});

Deno.test("a client of the first ocpp-proxy goes on working: no subprotocol, no token, no ids", async () => {
  await using stage = await Stage.open(`
charger: { id: CP1 }
allow_unknown_backends: true
rate_limit_seconds: 0
`);
  const charger = await strictCharger(stage.chargerUrl, "CP1");
  await bootStrictCharger(charger);
  const client = await JsonClient.connect(`${stage.backendUrl}?id=script`);
  const rival = await JsonClient.connect(`${stage.backendUrl}?id=rival`);
  const start = { action: "RemoteStartTransaction", connector_id: 1, id_tag: "TAG" };
  assert.deepEqual(await client.request(start), {
    action: "RemoteStartTransaction",
    result: true,
  });
  assert.deepEqual(charger.payloads("RemoteStartTransaction"), [{ connectorId: 1, idTag: "TAG" }]);
  assert.equal((await rival.request(start)).error, "control_locked");
  assert.equal((await client.request({ action: "Dance" })).error, "unknown_action");

  const transactionId = await begin(charger, "TAG");
  await until(() => client.events("transaction_started").length === 1, 5_000, "the start");
  const stop = { action: "RemoteStopTransaction", transaction_id: transactionId };
  assert.deepEqual(await client.request(stop), { action: "RemoteStopTransaction", result: true });
  assert.deepEqual(charger.payloads("RemoteStopTransaction"), [{ transactionId }]);
  await finish(charger, transactionId);
  await until(() => client.events("session").length === 1, 5_000, "the session");
  assert.equal(client.events("session")[0]?.backend_id, "script");
  await Promise.all([charger.close(), client.close(), rival.close()]);
  assert.deepEqual(charger.violations, []);
});
