// Configuration keys: read once, secrets never, telemetry for each backend alone, nonsense refused.

import assert from "node:assert/strict";
import { MAX_WAITING_CALLS } from "../../src/core/charger_call.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { outcome, soleAnswer } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";

/** What the proxy itself can do with charging profiles. */
const LIMIT_ROWS = [
  { key: "ChargeProfileMaxStackLevel", readonly: true, value: "100" },
  { key: "ChargingScheduleAllowedChargingRateUnit", readonly: true, value: "Current,Power" },
  { key: "ChargingScheduleMaxPeriods", readonly: true, value: "100" },
  { key: "MaxChargingProfilesInstalled", readonly: true, value: "16" },
];

const ROWS = [
  { key: "HeartbeatInterval", readonly: false, value: "300" },
  { key: "meterValueSampleInterval", readonly: true, value: "60" },
  { key: "NumberOfConnectors", readonly: true, value: "2" },
  { key: "AuthorizationKey", readonly: false, value: "0123456789abcdef" },
  { key: "WifiPassword", readonly: false, value: "hunter2" },
  { key: "VendorApiToken", readonly: true, value: "t0ken" },
  { key: "NoValue", readonly: false },
];

function stage(): Harness {
  const h = new Harness(
    configuration({
      backends: [
        backend("evcc", "controller"),
        backend("ha", "controller"),
        backend("admin", "admin"),
        backend("viewer", "observer"),
      ],
    }),
    false,
  );
  h.bootCharger();
  for (const id of ["evcc", "ha", "admin", "viewer"]) h.attach(id);
  return h;
}

function ask(h: Harness, id: string, key?: string[], messageId?: string) {
  return h.backendCalls(id, "GetConfiguration", key ? { key } : {}, messageId);
}

/** Asks, and lets the charger tell its rows if it is asked. */
function read(h: Harness, id: string, key?: string[]): JsonObject {
  const answer = ask(h, id, key, "read");
  if (answer === undefined) h.chargerAnswers({ configurationKey: ROWS });
  return outcome(h.answersTo(id, "read").at(-1)) as JsonObject;
}

function change(h: Harness, id: string, key: string, value: string) {
  return outcome(h.backendCalls(id, "ChangeConfiguration", { key, value }));
}

Deno.test("GetConfiguration asks the charger once for everything, for all that wait", () => {
  const h = stage();
  ask(h, "evcc", ["NumberOfConnectors"], "1");
  ask(h, "ha", [], "2");
  ask(h, "ha", undefined, "3");
  assert.deepEqual(h.callsToCharger().map(({ action, payload }) => [action, payload]), [
    ["GetConfiguration", {}],
  ]);
  h.chargerAnswers({ configurationKey: ROWS });
  assert.deepEqual(soleAnswer(h, "evcc", "1", "GetConfiguration"), {
    configurationKey: [{ key: "NumberOfConnectors", readonly: true, value: "2" }],
  });
  const all = soleAnswer(h, "ha", "2", "GetConfiguration") as JsonObject;
  assert.deepEqual(soleAnswer(h, "ha", "3", "GetConfiguration"), all);
  assert.deepEqual((all.configurationKey as JsonObject[]).map(({ key }) => key), [
    "HeartbeatInterval",
    "meterValueSampleInterval",
    "NumberOfConnectors",
    "NoValue",
    ...LIMIT_ROWS.map(({ key }) => key),
  ]);
  ask(h, "viewer", undefined, "4");
  assert.equal(h.callsToCharger().length, 1);
  assert.equal(h.answersTo("viewer", "4").length, 1);
});

Deno.test("keys are found in any case, and unknown ones are named as they were asked for", () => {
  const h = stage();
  assert.deepEqual(read(h, "evcc", ["numberofconnectors", "Foo", "NOVALUE"]), {
    configurationKey: [
      { key: "NumberOfConnectors", readonly: true, value: "2" },
      { key: "NoValue", readonly: false },
    ],
    unknownKey: ["Foo"],
  });
});

Deno.test("secrets are told to nobody, neither kept, also when the charger tells them", () => {
  const h = stage();
  const secrets = ["AuthorizationKey", "authorizationkey", "WifiPassword", "VendorApiToken"];
  assert.deepEqual(read(h, "admin", secrets), { configurationKey: [], unknownKey: secrets });
  const all = JSON.stringify([read(h, "admin"), [...h.tables.facts], h.received("admin")]);
  for (const value of ["0123456789abcdef", "hunter2", "t0ken"]) assert.ok(!all.includes(value));
});

Deno.test("what was read is read again after the charger has booted, and only then", () => {
  const h = stage();
  read(h, "evcc");
  h.disconnectCharger();
  h.connectCharger();
  h.chargerCalls("Heartbeat", {});
  h.pass(1_000);
  read(h, "evcc");
  assert.equal(h.callsToCharger("GetConfiguration").length, 1);
  h.chargerCalls("BootNotification", { chargePointVendor: "V", chargePointModel: "M" });
  h.pass(1_000);
  read(h, "evcc");
  assert.equal(h.callsToCharger("GetConfiguration").length, 2);
});

Deno.test("a boot that nobody asked after is remembered over a restart of the proxy", () => {
  const h = stage();
  read(h, "evcc");
  h.chargerCalls("BootNotification", { chargePointVendor: "V", chargePointModel: "M" });
  h.restart();
  h.connectCharger();
  h.chargerCalls("Heartbeat", {});
  h.pass(1_000);
  h.attach("evcc");
  ask(h, "evcc");
  assert.equal(h.callsToCharger("GetConfiguration").length, 2);
});

Deno.test("charging profiles go by what the proxy can do, where the charger limits at all", () => {
  const told = (features: string | undefined) => {
    const h = stage();
    ask(h, "evcc", undefined, "1");
    h.chargerAnswers({
      configurationKey: [
        { key: "chargeprofilemaxstacklevel", readonly: false, value: "1" },
        ...features === undefined
          ? []
          : [{ key: "SupportedFeatureProfiles", readonly: true, value: features }],
      ],
    });
    const keys = LIMIT_ROWS.map(({ key }) => key);
    assert.deepEqual(change(h, "admin", keys[0]!, "3"), { status: "Rejected" });
    assert.equal(h.callsToCharger("ChangeConfiguration").length, 0);
    return outcome(ask(h, "evcc", keys)) as JsonObject;
  };
  for (const features of [undefined, "Core,SmartCharging", "Core, Smart Charging"]) {
    assert.deepEqual(told(features), { configurationKey: LIMIT_ROWS });
  }
  const without = told("Core,Reservation") as { configurationKey: JsonObject[] };
  assert.deepEqual(without.configurationKey.map(({ value }) => value), ["1"]);
});

Deno.test("without the charger, what was read last is told; if nothing was, CALLERROR", () => {
  const h = stage();
  h.disconnectCharger();
  assert.equal(outcome(ask(h, "evcc")), "GenericError");
  h.bootCharger();
  read(h, "evcc");
  h.chargerCalls("BootNotification", { chargePointVendor: "V", chargePointModel: "N" });
  h.disconnectCharger();
  assert.deepEqual(read(h, "ha", ["NumberOfConnectors"]), {
    configurationKey: [{ key: "NumberOfConnectors", readonly: true, value: "2" }],
  });
  h.restart();
  h.attach("evcc");
  assert.equal(ask(h, "evcc", ["NumberOfConnectors"])?.type, "result");
});

Deno.test("a charger that cannot tell fails those who wait, and is asked again by the next", () => {
  const h = stage();
  ask(h, "evcc", undefined, "1");
  ask(h, "ha", undefined, "2");
  h.chargerSays(`[4,"${h.lastCallToCharger().id}","InternalError","",{}]`);
  assert.equal(soleAnswer(h, "evcc", "1", "GetConfiguration"), "GenericError");
  assert.equal(soleAnswer(h, "ha", "2", "GetConfiguration"), "GenericError");
  ask(h, "evcc", undefined, "3");
  h.pass(30_000);
  assert.equal(soleAnswer(h, "evcc", "3", "GetConfiguration"), "GenericError");
  ask(h, "evcc", undefined, "4");
  h.disconnectCharger();
  assert.equal(soleAnswer(h, "evcc", "4", "GetConfiguration"), "GenericError");
  assert.equal(h.callsToCharger("GetConfiguration").length, 3);
});

Deno.test("N37: a flood of GetConfiguration is refused beyond its bound", () => {
  const h = stage();
  for (let index = 0; index < 1_000; index++) ask(h, "evcc", undefined, `${index}`);
  ask(h, "ha", undefined, "ha");
  const refused = Array.from(
    { length: 1_000 },
    (_, index) => h.answersTo("evcc", `${index}`).length,
  );
  assert.equal(refused.filter((count) => count === 1).length, 1_000 - MAX_WAITING_CALLS);
  h.chargerAnswers({ configurationKey: ROWS });
  assert.equal(h.answersTo("ha", "ha").length, 1);
});

Deno.test("N42: a huge configuration with numbers as values is told, each value as text", () => {
  const h = stage();
  const rows = Array.from({ length: 800 }, (_, index) => ({ key: `Key${index}`, value: index }));
  ask(h, "evcc", ["Key799"], "1");
  h.chargerAnswers({ configurationKey: rows });
  assert.deepEqual(soleAnswer(h, "evcc", "1", "GetConfiguration"), {
    configurationKey: [{ key: "Key799", readonly: false, value: "799" }],
  });
});

Deno.test("N40: telemetry keys exist for each backend alone, and never reach the charger", () => {
  const h = stage();
  const measurands = ["Power.Active.Import", "Current.Import,Voltage.L1", "SoC", ""];
  for (const value of measurands) {
    assert.deepEqual(change(h, "evcc", "MeterValuesSampledData", value), { status: "Accepted" });
    assert.deepEqual(read(h, "evcc", ["MeterValuesSampledData"]).configurationKey, [
      { key: "MeterValuesSampledData", readonly: false, value },
    ]);
  }
  assert.deepEqual(change(h, "ha", "metervaluesampleinterval", "30"), { status: "Accepted" });
  assert.deepEqual(read(h, "ha", ["MeterValueSampleInterval", "MeterValuesSampledData"]), {
    configurationKey: [{ key: "meterValueSampleInterval", readonly: false, value: "30" }],
    unknownKey: ["MeterValuesSampledData"],
  });
  assert.deepEqual(read(h, "viewer", ["MeterValueSampleInterval"]), {
    configurationKey: [{ key: "meterValueSampleInterval", readonly: true, value: "60" }],
  });
  assert.equal(h.callsToCharger("ChangeConfiguration").length, 0);
  h.restart();
  h.attach("ha");
  assert.deepEqual(read(h, "ha", ["MeterValueSampleInterval"]).configurationKey, [
    { key: "meterValueSampleInterval", readonly: false, value: "30" },
  ]);
});

Deno.test("N41: HeartbeatInterval and WebSocketPingInterval are each backend's own", () => {
  const h = stage();
  const heartbeat = (id: string) =>
    (read(h, id, ["HeartbeatInterval"]).configurationKey as JsonObject[])[0]!.value;
  assert.equal(heartbeat("evcc"), "3600");
  assert.deepEqual(change(h, "evcc", "HeartbeatInterval", "5"), { status: "Accepted" });
  assert.deepEqual(change(h, "evcc", "WebSocketPingInterval", "30"), { status: "Accepted" });
  assert.deepEqual([heartbeat("evcc"), heartbeat("ha")], ["5", "3600"]);
  const before = h.callsToBackend("evcc", "Heartbeat").length;
  for (let index = 0; index < 10; index++) {
    h.pass(10_000);
    h.serve("evcc");
  }
  assert.equal(h.callsToBackend("evcc", "Heartbeat").length - before, 10);
  assert.equal(h.callsToCharger("ChangeConfiguration").length, 0);
});

Deno.test("N71, N48: ChangeConfiguration by key, value and role", () => {
  const local = { status: "Accepted" };
  const refused = { status: "Rejected" };
  const cases: [string, string, JsonObject | "forwarded"][] = [
    ["HeartbeatInterval", "60", local],
    ["HeartbeatInterval", "abc", refused],
    ["HeartbeatInterval", "-1", refused],
    ["HeartbeatInterval", "", refused],
    ["HeartbeatInterval", "1.5", refused],
    ["HeartbeatInterval", "99999999999", refused],
    ["HeartbeatInterval", "2147483648", refused],
    ["HeartbeatInterval", "2147483647", local],
    ["WebSocketPingInterval", "-30", refused],
    ["ClockAlignedDataInterval", "900", local],
    ["MeterValuesSampledData", "Nonsense", refused],
    ["MeterValuesSampledData", "Voltage.L9", refused],
    ["MeterValuesAlignedData", "Voltage.L1-N, SoC", local],
    ["StopTxnSampledData", "", local],
    ["ConnectionTimeOut", "60", "forwarded"],
    ["connectiontimeout", "60", "forwarded"],
    ["ConnectionTimeOut", "soon", refused],
    ["LocalPreAuthorize", "TRUE", "forwarded"],
    ["LocalPreAuthorize", "1", refused],
    ["LightIntensity", "100", "forwarded"],
    ["LightIntensity", "101", refused],
    ["VendorThing", "anything at all", "forwarded"],
    ["AuthorizationKey", "0123456789abcdef", refused],
    ["authorizationKEY", "0123456789abcdef", refused],
    [" AuthorizationKey", "0123456789abcdef", refused],
    ["SecurityProfile", "2", refused],
    ["TransactionMessageAttempts", "1", refused],
    ["MessageTimeout", "1", refused],
    ["CentralSystemURL", "ws://evil", refused],
    ["Cst_BackendUrl", "ws://evil", refused],
    ["OcppServerHost", "evil", refused],
    ["ApnName", "evil", refused],
  ];
  for (const [key, value, expected] of cases) {
    const h = stage();
    assert.deepEqual(
      change(h, "admin", key, value),
      expected === "forwarded" ? undefined : expected,
    );
    const sent = h.callsToCharger().map(({ payload }) => payload);
    assert.deepEqual(sent, expected === "forwarded" ? [{ key, value }] : [], `${key}=${value}`);
    const other = expected === "forwarded" ? refused : expected;
    assert.deepEqual(change(stage(), "evcc", key, value), other, `${key}=${value} of a controller`);
  }
});
