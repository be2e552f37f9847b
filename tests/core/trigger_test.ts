// TriggerMessage, and the whole of what evcc and Home Assistant do when they connect.

import assert from "node:assert/strict";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { COMMANDS, outcome, setProfile } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";

const ACCEPTED = { status: "Accepted" };

function stage(connectors = 2, boot = true): Harness {
  const h = new Harness(configuration({
    backends: [backend("evcc", "controller"), backend("ha", "controller"), backend("a", "admin")],
  }));
  if (boot) {
    h.bootCharger(connectors);
    for (const id of ["evcc", "ha", "a"]) h.attach(id);
  }
  return h;
}

function trigger(h: Harness, id: string, requestedMessage: string, connectorId?: number) {
  const payload = { requestedMessage, ...connectorId !== undefined && { connectorId } };
  return outcome(h.backendCalls(id, "TriggerMessage", payload, `t${h.received(id).length}`));
}

/** What a backend was sent since `from`, in short. */
function sent(h: Harness, id: string, from: number): string[] {
  return h.callsToBackend(id).slice(from).map(({ action, payload }) =>
    `${action} ${payload.connectorId ?? payload.status ?? ""}`.trim()
  );
}

Deno.test("8.1 c: TriggerMessage(StatusNotification) is Accepted and sent, for each connector", () => {
  const h = stage();
  for (const connectorId of [0, 1, 2]) {
    const before = h.callsToBackend("ha").length;
    assert.deepEqual(trigger(h, "ha", "StatusNotification", connectorId), ACCEPTED);
    const [call] = h.callsToBackend("ha").slice(before);
    assert.deepEqual(call?.payload, { connectorId, errorCode: "NoError", status: "Available" });
    h.serve("ha");
  }
  const before = h.callsToBackend("ha").length;
  assert.deepEqual(trigger(h, "ha", "StatusNotification"), ACCEPTED);
  h.serve("ha");
  assert.deepEqual(sent(h, "ha", before), [0, 1, 2].map((id) => `StatusNotification ${id}`));
  assert.equal(h.callsToCharger().length, 0);
});

Deno.test("N39: a triggered status reaches who asked, and nobody else", () => {
  const h = stage();
  const before = h.callsToBackend("evcc").length;
  trigger(h, "ha", "StatusNotification", 1);
  h.serve("ha");
  assert.equal(h.callsToBackend("evcc").length, before);
});

Deno.test("of a connector that was never heard of, the charger is asked", () => {
  const h = stage(1);
  h.backendCalls(
    "ha",
    "TriggerMessage",
    { requestedMessage: "StatusNotification", connectorId: 2 },
    "1",
  );
  assert.deepEqual(h.lastCallToCharger().payload, {
    requestedMessage: "StatusNotification",
    connectorId: 2,
  });
  h.chargerAnswers(ACCEPTED);
  assert.deepEqual(outcome(h.answerTo("ha", "1")), ACCEPTED);
  h.chargerCalls("StatusNotification", {
    connectorId: 2,
    errorCode: "NoError",
    status: "Available",
  });
  assert.equal(h.outstanding("ha")?.payload.connectorId, 2);
  h.disconnectCharger();
  const rejected = { status: "Rejected" };
  assert.deepEqual(trigger(h, "ha", "StatusNotification", 3), rejected);
});

Deno.test("BootNotification and Heartbeat are the proxy's own, for this backend alone", () => {
  const h = stage();
  const from = [h.callsToBackend("ha").length, h.callsToBackend("evcc").length];
  assert.deepEqual(trigger(h, "ha", "Heartbeat"), ACCEPTED);
  h.serve("ha");
  assert.deepEqual(trigger(h, "ha", "BootNotification"), ACCEPTED);
  h.serve("ha");
  assert.deepEqual(sent(h, "ha", from[0]!).slice(0, 2), ["Heartbeat", "BootNotification"]);
  assert.equal(h.callsToBackend("evcc").length, from[1]);
  assert.equal(h.callsToCharger().length, 0);
});

Deno.test("BootNotification is not promised before anything is known of the charger", () => {
  const h = stage(0, false);
  h.connectBackend("ha");
  assert.deepEqual(trigger(h, "ha", "BootNotification"), { status: "Rejected" });
  h.bootCharger();
  assert.equal(h.outstanding("ha")?.action, "BootNotification");
});

Deno.test("MeterValues are the charger's to send, and go to everybody", () => {
  const h = stage();
  h.backendCalls(
    "evcc",
    "TriggerMessage",
    { requestedMessage: "MeterValues", connectorId: 1 },
    "1",
  );
  assert.deepEqual(h.lastCallToCharger().payload, {
    requestedMessage: "MeterValues",
    connectorId: 1,
  });
  h.chargerAnswers({ status: "NotImplemented" });
  assert.deepEqual(outcome(h.answerTo("evcc", "1")), { status: "NotImplemented" });
  h.chargerCalls("MeterValues", {
    connectorId: 1,
    meterValue: [{
      timestamp: "2026-11-22T12:00:00Z",
      sampledValue: [{ value: "1", context: "Trigger" }],
    }],
  });
  for (const id of ["evcc", "ha", "a"]) assert.equal(h.outstanding(id)?.action, "MeterValues");
});

Deno.test("N45: a triggered notice is Idle, but for who ordered what is under way", () => {
  const h = stage();
  const last = (id: string) => {
    h.serve(id);
    const { action, payload } = h.callsToBackend(id).at(-1)!;
    return [action, payload];
  };
  h.backendCalls("a", "GetDiagnostics", { location: "ftp://192.0.2.1/" });
  h.chargerAnswers({});
  h.chargerCalls("DiagnosticsStatusNotification", { status: "Uploading" });
  trigger(h, "a", "DiagnosticsStatusNotification");
  trigger(h, "ha", "DiagnosticsStatusNotification");
  assert.deepEqual(last("a"), ["DiagnosticsStatusNotification", { status: "Uploading" }]);
  assert.deepEqual(last("ha"), ["DiagnosticsStatusNotification", { status: "Idle" }]);
  trigger(h, "a", "FirmwareStatusNotification");
  assert.deepEqual(last("a"), ["FirmwareStatusNotification", { status: "Idle" }]);
});

Deno.test("a signed update's state is told in the message that has words for it", () => {
  const h = stage();
  h.backendCalls("a", "SignedUpdateFirmware", COMMANDS.SignedUpdateFirmware[0] as JsonObject);
  h.chargerAnswers(ACCEPTED);
  h.chargerCalls("SignedFirmwareStatusNotification", { status: "SignatureVerified", requestId: 1 });
  h.serve("a");
  for (const id of ["a", "ha"]) {
    trigger(h, id, "FirmwareStatusNotification");
    h.serve(id);
  }
  const { action, payload } = h.callsToBackend("a").at(-1)!;
  assert.deepEqual([action, payload], [
    "SignedFirmwareStatusNotification",
    { status: "SignatureVerified", requestId: 8 },
  ]);
  assert.deepEqual(h.callsToBackend("ha").at(-1)!.payload, { status: "Idle" });
});

Deno.test("ExtendedTriggerMessage: log status, and certificates for those who may", () => {
  const h = stage();
  const ask = (id: string, requestedMessage: string) =>
    outcome(h.backendCalls(id, "ExtendedTriggerMessage", { requestedMessage }));
  h.backendCalls("a", "GetLog", COMMANDS.GetLog[0] as JsonObject);
  h.chargerAnswers(ACCEPTED);
  h.chargerCalls("LogStatusNotification", { status: "Uploading", requestId: 1 });
  h.serve("a");
  assert.deepEqual(ask("a", "LogStatusNotification"), ACCEPTED);
  assert.deepEqual(h.outstanding("a")?.payload, { status: "Uploading", requestId: 9 });
  assert.deepEqual(ask("ha", "LogStatusNotification"), ACCEPTED);
  assert.deepEqual(h.outstanding("ha")?.payload, { status: "Idle" });
  assert.deepEqual(ask("ha", "SignChargePointCertificate"), { status: "Rejected" });
  assert.equal(ask("a", "SignChargePointCertificate"), undefined);
  assert.equal(h.lastCallToCharger().action, "ExtendedTriggerMessage");
});

Deno.test("an installation of firmware denies control until it is over, or the charger has booted", () => {
  for (const over of ["Installed", "boot", "restart"]) {
    const h = stage();
    h.chargerCalls("FirmwareStatusNotification", { status: "Installing" });
    const refused = h.backendCalls("evcc", "SetChargingProfile", setProfile(16));
    assert.deepEqual(outcome(refused), { status: "Rejected" });
    if (over === "restart") h.restart();
    if (over === "Installed") h.chargerCalls("FirmwareStatusNotification", { status: over });
    else h.bootCharger();
    h.attach("evcc");
    assert.equal(h.backendCalls("evcc", "SetChargingProfile", setProfile(16)), undefined, over);
  }
});

/** The key's value as the backend reads it. */
function readBack(h: Harness, id: string, key: string): unknown {
  const answer = outcome(h.backendCalls(id, "GetConfiguration", { key: [key] })) as JsonObject;
  return (answer.configurationKey as JsonObject[])[0]?.value;
}

const MEASURANDS = [
  "Power.Active.Import",
  "Energy.Active.Import.Register",
  "Current.Import",
  "Voltage",
  "Current.Offered",
  "Power.Offered",
  "SoC",
];

/** One request after the other, as evcc sets a charger up (ocpp16.md 8.1). */
function* evccConnects(h: Harness): Generator<void> {
  const ask = (action: string, payload: JsonObject) =>
    outcome(h.backendCalls("evcc", action, payload, `e${h.received("evcc").length}`));
  assert.deepEqual(ask("ChangeAvailability", { connectorId: 0, type: "Operative" }), ACCEPTED);
  yield;
  const all = ask("GetConfiguration", {}) as JsonObject;
  assert.ok((all.configurationKey as JsonObject[]).length > 0);
  yield;
  for (const value of [...MEASURANDS, MEASURANDS.join(",")]) {
    assert.deepEqual(
      ask("ChangeConfiguration", { key: "MeterValuesSampledData", value }),
      ACCEPTED,
    );
    yield;
  }
  assert.equal(ask("TriggerMessage", { requestedMessage: "MeterValues" }), undefined);
  h.chargerAnswers(ACCEPTED);
  yield;
  for (
    const [key, value] of [["MeterValueSampleInterval", "10"], ["WebSocketPingInterval", "30"]]
  ) {
    assert.deepEqual(ask("ChangeConfiguration", { key: key!, value: value! }), ACCEPTED);
    yield;
  }
}

/** The same of Home Assistant. */
function* homeAssistantConnects(h: Harness): Generator<void> {
  const ask = (action: string, payload: JsonObject) =>
    outcome(h.backendCalls("ha", action, payload, `h${h.received("ha").length}`));
  for (const key of ["SupportedFeatureProfiles", "NumberOfConnectors", "HeartbeatInterval"]) {
    const answer = ask("GetConfiguration", { key: [key] }) as JsonObject;
    assert.equal((answer.configurationKey as JsonObject[])[0]?.key, key);
    yield;
  }
  ask("GetConfiguration", { key: ["MeterValuesSampledData"] });
  for (
    const [key, value] of [
      ["MeterValuesSampledData", "Energy.Active.Import.Register,Power.Active.Import"],
      ["MeterValueSampleInterval", "60"],
      ["ClockAlignedDataInterval", "900"],
    ]
  ) {
    assert.deepEqual(ask("ChangeConfiguration", { key: key!, value: value! }), ACCEPTED);
    yield;
  }
  assert.deepEqual(ask("ChangeAvailability", { connectorId: 0, type: "Operative" }), ACCEPTED);
  yield;
  assert.deepEqual(ask("TriggerMessage", { requestedMessage: "BootNotification" }), ACCEPTED);
  h.serve("ha");
  yield;
  for (const connectorId of [1, 2]) {
    const before = h.callsToBackend("ha", "StatusNotification").length;
    const payload = { requestedMessage: "StatusNotification", connectorId };
    assert.deepEqual(ask("TriggerMessage", payload), ACCEPTED);
    h.serve("ha");
    assert.equal(h.callsToBackend("ha", "StatusNotification").length, before + 1);
    yield;
  }
}

Deno.test("8.1: evcc and Home Assistant connect at once; the charger hears of one meter reading", () => {
  const h = stage();
  h.backendCalls("a", "GetConfiguration", {});
  h.chargerAnswers({
    configurationKey: [
      { key: "SupportedFeatureProfiles", readonly: true, value: "Core,SmartCharging" },
      { key: "NumberOfConnectors", readonly: true, value: "2" },
      { key: "MeterValuesSampledData", readonly: false, value: "SoC" },
      { key: "MeterValueSampleInterval", readonly: false, value: "900" },
    ],
  });
  const sequences = [evccConnects(h), homeAssistantConnects(h)];
  for (let running = sequences; running.length > 0;) {
    running = running.filter((sequence) => !sequence.next().done);
  }
  assert.deepEqual(h.callsToCharger().map(({ action }) => action), [
    "GetConfiguration",
    "TriggerMessage",
  ]);
  assert.equal(readBack(h, "evcc", "MeterValuesSampledData"), MEASURANDS.join(","));
  assert.equal(readBack(h, "evcc", "MeterValueSampleInterval"), "10");
  assert.equal(readBack(h, "evcc", "ClockAlignedDataInterval"), undefined);
  assert.equal(
    readBack(h, "ha", "MeterValuesSampledData"),
    "Energy.Active.Import.Register,Power.Active.Import",
  );
  assert.equal(readBack(h, "ha", "MeterValueSampleInterval"), "60");
  assert.equal(readBack(h, "a", "MeterValueSampleInterval"), "900");
  assert.equal(h.state.control.lease, undefined);
});

Deno.test("8.1: a second BootNotification lets evcc set up again without the charger noticing", () => {
  const h = stage();
  h.backendCalls("a", "GetConfiguration", {});
  h.chargerAnswers({ configurationKey: [{ key: "Foo", readonly: true }] });
  const before = h.callsToCharger().length;
  h.disconnectBackend("evcc");
  h.attach("evcc");
  for (const _ of evccConnects(h));
  const actions = h.callsToCharger().slice(before).map(({ action }) => action);
  assert.deepEqual(actions, ["TriggerMessage"]);
});

Deno.test("8.1 b: on connect a backend gets Boot, then each connector's state without a timestamp", () => {
  const h = stage();
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Preparing",
    timestamp: "2026-11-22T12:00:00Z",
  });
  h.pass(120_000);
  h.disconnectBackend("evcc");
  const before = h.callsToBackend("evcc").length;
  h.attach("evcc");
  assert.deepEqual(sent(h, "evcc", before), [
    "BootNotification",
    "StatusNotification 0",
    "StatusNotification 1",
    "StatusNotification 2",
  ]);
  const calls = h.callsToBackend("evcc").slice(before);
  assert.ok(calls.every(({ payload }) => payload.timestamp === undefined));
});

Deno.test("8.1: evcc and Home Assistant cannot both have the top stack level", () => {
  const h = stage();
  h.backendCalls("evcc", "SetChargingProfile", setProfile(10), "1");
  h.chargerAnswers(ACCEPTED);
  const charge = {
    chargingProfilePurpose: "ChargePointMaxProfile",
    chargingProfileKind: "Relative",
  };
  const { csChargingProfiles } = setProfile(16, { ...charge, chargingProfileId: 1000 });
  const request = { connectorId: 0, csChargingProfiles: csChargingProfiles! };
  const answer = h.backendCalls("ha", "SetChargingProfile", request, "2");
  assert.deepEqual(outcome(answer), { status: "Rejected" });
  assert.equal(h.callsToCharger("SetChargingProfile").length, 1);
});
