// The CALLs of backends on their way to the charger: frames, turns, time-outs, ids, answers.

import assert from "node:assert/strict";
import { MAX_WAITING_CALLS } from "../../src/core/charger_call.ts";
import { MAX_LIMIT_WAITERS } from "../../src/core/limit_waiter.ts";
import { type JsonObject, stringifyJson } from "../../src/ocpp/json.ts";
import { COMMANDS, outcome, profile, setProfile, soleAnswer } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";

const ACCEPTED = { status: "Accepted" };
const REJECTED = { status: "Rejected" };

function stage(
  changes: Parameters<typeof configuration>[0] = {},
  ids: Record<string, "admin" | "controller" | "observer"> = { a: "admin", b: "admin", c: "admin" },
): Harness {
  const backends = Object.entries(ids).map(([id, role]) => backend(id, role));
  const h = new Harness(configuration({ backends, ...changes }));
  h.bootCharger();
  for (const { id } of backends) h.attach(id, () => id.charCodeAt(0) * 100);
  return h;
}

/** Which of a backend's ids each CALL to the charger came from, by its idTag-like mark. */
function asked(h: Harness): string[] {
  return h.callsToCharger().map(({ action, payload }) => String(payload.data ?? action));
}

function transfer(h: Harness, id: string, data: string) {
  return h.backendCalls(id, "DataTransfer", { vendorId: "v", data }, data);
}

function start(h: Harness, idTag = "CAR", connectorId = 1): number {
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StartTransaction", { connectorId, idTag, meterStart: 0, timestamp });
  for (const id of h.state.backends.keys()) h.serve(id, () => id.charCodeAt(0) * 100 + connectorId);
  return [...h.tables.sessions.keys()].at(-1)!;
}

Deno.test("a backend's CALL that is wrong gets the CALLERROR of ocpp16.md 6.3, and goes nowhere", () => {
  const h = stage();
  const cases: [string, string | number, string][] = [
    ['[2,"1","Dance",{}]', "1", "NotImplemented"],
    ['[2,"1","reset",{"type":"Soft"}]', "1", "NotImplemented"],
    ['[2,"1","toString",{}]', "1", "NotImplemented"],
    ['[2,"1","Heartbeat",{}]', "1", "NotSupported"],
    ['[2,"1","StartTransaction",{}]', "1", "NotSupported"],
    ['[2,"1","Reset",{}]', "1", "OccurenceConstraintViolation"],
    ['[2,"1","Reset",{"type":1}]', "1", "TypeConstraintViolation"],
    ['[2,"1","Reset",{"type":"Medium"}]', "1", "PropertyConstraintViolation"],
    ['[2,"1","Reset",{"type":"Soft","when":"now"}]', "1", "FormationViolation"],
    ['[2,"1","UnlockConnector",{"connectorId":0}]', "1", "PropertyConstraintViolation"],
    ['[2,"1","UnlockConnector",{"connectorId":"1"}]', "1", "TypeConstraintViolation"],
    ['[2,"1","RemoteStopTransaction",{"transactionId":1.5}]', "1", "TypeConstraintViolation"],
    ['[2,"1","Reset",[]]', "1", "FormationViolation"],
    ['[2,"1","Reset"]', "1", "FormationViolation"],
    ['[2,"1","Reset",{"type":"Soft"},1]', "1", "FormationViolation"],
    ['[2,17,"Dance",{}]', 17, "NotImplemented"],
    [`[2,"${"x".repeat(37)}","Dance",{}]`, "x".repeat(37), "NotImplemented"],
  ];
  for (const [text, id, code] of cases) {
    const before = h.received("a").length;
    h.backendSays("a", text);
    const frames = h.received("a").slice(before);
    assert.equal(frames.length, 1, text);
    const [type, answered, got] = JSON.parse(frames[0]!.text);
    assert.deepEqual([type, answered, got], [4, id, code], text);
  }
  assert.equal(h.callsToCharger().length, 0);
});

Deno.test("what is no CALL of a backend is ignored, and what follows is served", () => {
  const h = stage();
  for (
    const text of ["", "{", "[]", "{}", "[9]", '[2,{},"Reset",{}]', '[3,"x",{}]', '[4,"x"]', "[5]"]
  ) {
    const before = h.received("a").length;
    h.backendSays("a", text);
    assert.equal(h.received("a").length, before, text);
  }
  h.backendCalls("a", "ClearCache", {}, "x".repeat(36));
  assert.equal(h.callsToCharger().length, 1);
});

Deno.test("message ids are echoed with their JSON type, and never reach the charger", () => {
  const h = stage();
  for (const id of ["17", "", "é"]) h.backendSays("a", stringifyJson([2, id, "ClearCache", {}]));
  h.backendSays("a", '[2,17,"ClearCache",{}]');
  const ids: unknown[] = [];
  for (let index = 0; index < 4; index++) {
    const before = h.received("a").length;
    assert.match(h.lastCallToCharger().id as string, /^test\.1\.[0-9a-z]+$/);
    h.chargerAnswers(ACCEPTED);
    ids.push(JSON.parse(h.received("a")[before]!.text)[1]);
  }
  assert.deepEqual(ids, ["17", "", "é", 17]);
});

Deno.test("N63: charger and backend may use our message ids at the same time", () => {
  const h = stage();
  h.backendCalls("a", "ClearCache", {}, "1");
  const ours = h.lastCallToCharger().id as string;
  assert.deepEqual(outcome(h.chargerCalls("Heartbeat", {}, ours)), {
    currentTime: "2026-11-22T12:00:00Z",
  });
  assert.equal(h.answerTo("a", "1"), undefined);
  h.chargerAnswers(ACCEPTED);
  assert.deepEqual(outcome(h.answerTo("a", "1")), ACCEPTED);
  h.backendCalls("b", "ClearCache", {}, "1");
  h.chargerAnswers(REJECTED);
  assert.deepEqual(outcome(h.answerTo("b", "1")), REJECTED);
  assert.equal(h.answersTo("a", "1").length, 1);
});

Deno.test("one CALL at a time goes to the charger, and the next at its answer", () => {
  const h = stage();
  transfer(h, "a", "1");
  transfer(h, "a", "2");
  transfer(h, "b", "3");
  assert.deepEqual(asked(h), ["1"]);
  h.chargerAnswers(ACCEPTED);
  h.chargerAnswers(ACCEPTED);
  h.chargerAnswers(ACCEPTED);
  assert.deepEqual(asked(h), ["1", "3", "2"]);
});

Deno.test("N34: a late, repeated or foreign answer of the charger has no effect", () => {
  const h = stage();
  transfer(h, "a", "1");
  const first = h.lastCallToCharger().id;
  h.pass(30_000);
  assert.equal(outcome(h.answerTo("a", "1")), "GenericError");
  transfer(h, "b", "2");
  h.chargerSays(stringifyJson([3, first, ACCEPTED]));
  h.chargerSays('[3,"unknown",{"status":"Accepted"}]');
  h.chargerSays('[4,"","InternalError","",{}]');
  assert.equal(h.answerTo("b", "2"), undefined);
  h.chargerAnswers(ACCEPTED);
  h.chargerAnswers(REJECTED);
  assert.deepEqual([h.answersTo("a", "1").length, h.answersTo("b", "2").length], [1, 1]);
  assert.deepEqual(outcome(h.answerTo("b", "2")), ACCEPTED);
});

Deno.test("a CALLERROR of the charger is passed on, with a code that OCPP knows", () => {
  const codes: [string, string][] = [
    ["NotSupported", "NotSupported"],
    ["OccurenceConstraintViolation", "OccurenceConstraintViolation"],
    ["FormatViolation", "GenericError"],
    ["Oops", "GenericError"],
  ];
  for (const [code, passed] of codes) {
    const h = stage();
    transfer(h, "a", "1");
    h.chargerSays(stringifyJson([4, h.lastCallToCharger().id, code, "because", {}]));
    const answer = h.answerTo("a", "1");
    assert.deepEqual(answer?.type === "error" && [answer.code, answer.description], [
      passed,
      "because",
    ]);
  }
});

Deno.test("N42: an answer of the charger that is no confirmation fails the CALL at once", () => {
  const answers = ['{"status":"Maybe"}', "{}", "[]", '"yes"', '{"status":', "null"];
  for (const text of answers) {
    const h = stage();
    h.backendCalls("a", "Reset", { type: "Soft" }, "1");
    h.chargerSays(`[3,"${h.lastCallToCharger().id}",${text}]`);
    assert.equal(typeof soleAnswer(h, "a", "1", "Reset"), "string", text);
    assert.equal(h.state.charger.pending, undefined);
  }
});

Deno.test("N35: a backend that disconnects with a CALL in flight leaves the slot busy, no more", () => {
  const h = stage();
  transfer(h, "a", "1");
  transfer(h, "b", "2");
  h.disconnectBackend("a");
  assert.deepEqual(asked(h), ["1"]);
  h.attach("a");
  const before = h.received("a").length;
  h.chargerAnswers(ACCEPTED);
  assert.equal(h.received("a").length, before);
  assert.deepEqual(asked(h), ["1", "2"]);
});

Deno.test("N36: a charger that disconnects fails what waits at once; old answers mean nothing", () => {
  const h = stage();
  h.backendCalls("a", "GetLocalListVersion", {}, "1");
  const old = h.lastCallToCharger().id;
  h.backendCalls("b", "GetLocalListVersion", {}, "2");
  h.backendCalls("c", "Reset", { type: "Soft" }, "3");
  h.disconnectCharger();
  assert.deepEqual(
    [outcome(h.answerTo("a", "1")), outcome(h.answerTo("b", "2")), outcome(h.answerTo("c", "3"))],
    ["GenericError", "GenericError", REJECTED],
  );
  h.bootCharger();
  h.backendCalls("a", "GetLocalListVersion", {}, "4");
  h.chargerSays(stringifyJson([3, old, { listVersion: 1 }]));
  assert.equal(h.answerTo("a", "4"), undefined);
  h.chargerAnswers({ listVersion: 2 });
  assert.deepEqual(outcome(h.answerTo("a", "4")), { listVersion: 2 });
});

Deno.test("N37: a flooding backend is refused beyond its bound, and others have their turn", () => {
  const h = stage();
  for (let index = 0; index <= MAX_WAITING_CALLS + 1; index++) transfer(h, "a", `a${index}`);
  assert.equal(h.answersTo("a", `a${MAX_WAITING_CALLS}`).length, 0);
  assert.equal(outcome(h.answerTo("a", `a${MAX_WAITING_CALLS + 1}`)), "GenericError");
  for (let index = 0; index < MAX_WAITING_CALLS; index++) transfer(h, "b", `b${index}`);
  transfer(h, "c", "c0");
  for (let index = 0; index < 6; index++) h.chargerAnswers(ACCEPTED);
  assert.deepEqual(asked(h), ["a0", "b0", "c0", "a1", "b1", "a2", "b2"]);
});

Deno.test("a CALL that has waited 20 s for its turn is refused as busy, and is not sent", () => {
  const h = stage();
  transfer(h, "a", "1");
  h.pass(5_000);
  transfer(h, "b", "2");
  h.pass(19_999);
  assert.equal(h.answerTo("b", "2"), undefined);
  h.pass(1);
  assert.equal(outcome(h.answerTo("b", "2")), "GenericError");
  h.chargerAnswers(ACCEPTED);
  assert.deepEqual(asked(h), ["1"]);
});

Deno.test("when several calls expire together, each is answered once", () => {
  const h = stage();
  transfer(h, "b", "1");
  for (const id of ["2", "3", "4"]) {
    h.backendCalls("a", "SetChargingProfile", setProfile(10, { stackLevel: Number(id) }), id);
  }
  h.pass(30_000);
  for (const id of ["2", "3", "4"]) assert.equal(h.answersTo("a", id).length, 1);
  assert.equal(h.state.control.lease, undefined);
});

Deno.test("stopping and limiting to 0 go before everything that waits", () => {
  const h = stage();
  const id = start(h);
  transfer(h, "a", "1");
  transfer(h, "b", "2");
  h.backendCalls("a", "SetChargingProfile", setProfile(6), "3");
  h.backendCalls("a", "SetChargingProfile", setProfile(0), "4");
  h.backendCalls("a", "RemoteStopTransaction", { transactionId: 9701 }, "5");
  for (let index = 0; index < 4; index++) h.chargerAnswers(ACCEPTED);
  assert.deepEqual(asked(h), ["1", "SetChargingProfile", "RemoteStopTransaction", "2"]);
  assert.deepEqual(h.callsToCharger("RemoteStopTransaction")[0]!.payload, { transactionId: id });
});

Deno.test("a limit that is cleared and set again is sent once, as it is in the end", () => {
  const h = stage();
  h.backendCalls("a", "SetChargingProfile", setProfile(16), "1");
  h.chargerAnswers(ACCEPTED);
  transfer(h, "b", "2");
  h.backendCalls("a", "ClearChargingProfile", {}, "3");
  h.backendCalls("a", "SetChargingProfile", setProfile(0), "4");
  for (let index = 0; index < 3; index++) h.chargerAnswers(ACCEPTED);
  assert.deepEqual(asked(h).slice(1), ["2", "SetChargingProfile"]);
});

Deno.test("N33: of profiles for one slot that wait only the newest is sent, and answers them all", () => {
  for (const status of ["Accepted", "Rejected"]) {
    const h = stage();
    transfer(h, "b", "0");
    for (const limit of [6, 7, 8]) {
      h.backendCalls("a", "SetChargingProfile", setProfile(limit), `${limit}`);
    }
    h.chargerAnswers(ACCEPTED);
    const { csChargingProfiles } = h.lastCallToCharger().payload as {
      csChargingProfiles: { chargingSchedule: { chargingSchedulePeriod: { limit: number }[] } };
    };
    assert.equal(csChargingProfiles.chargingSchedule.chargingSchedulePeriod[0]!.limit, 8);
    assert.equal(h.answerTo("a", "6"), undefined);
    while (h.state.charger.pending) h.chargerAnswers({ status });
    for (const limit of [6, 7, 8]) {
      assert.deepEqual(soleAnswer(h, "a", `${limit}`, "SetChargingProfile"), { status });
    }
    assert.equal(h.state.limits.profiles.length, status === "Accepted" ? 1 : 0);
  }
});

Deno.test("N33: a flood of profiles for one slot waits up to a bound, each is answered once", () => {
  const h = stage();
  transfer(h, "b", "0");
  const most = MAX_LIMIT_WAITERS + 3;
  for (let turn = 0; turn < most; turn++) {
    h.backendCalls("a", "SetChargingProfile", setProfile(turn), `p${turn}`);
  }
  assert.equal(h.state.limits.waiters.length, MAX_LIMIT_WAITERS);
  h.chargerAnswers(ACCEPTED);
  h.chargerAnswers(ACCEPTED);
  assert.equal(h.callsToCharger("SetChargingProfile").length, 1);
  for (let turn = 0; turn < most; turn++) {
    const [answer, ...more] = h.answersTo("a", `p${turn}`);
    assert.equal(answer?.type, turn < 3 ? "error" : "result", `p${turn}`);
    assert.deepEqual(more, []);
  }
  assert.equal(h.state.limits.profiles.length, 1);
  assert.equal(h.state.control.lease?.backendId, "a");
});

Deno.test("N33: what is set and cleared before its turn never reaches the charger", () => {
  const h = stage();
  h.backendCalls("a", "SetChargingProfile", setProfile(16), "1");
  h.chargerAnswers(ACCEPTED);
  transfer(h, "b", "2");
  h.backendCalls("a", "SetChargingProfile", setProfile(6), "3");
  h.backendCalls("a", "ClearChargingProfile", { id: 5 }, "4");
  h.backendCalls("a", "SetChargingProfile", setProfile(7), "5");
  for (let index = 0; index < 4; index++) h.chargerAnswers(ACCEPTED);
  assert.deepEqual(asked(h).slice(2), ["SetChargingProfile"]);
  for (const id of ["3", "5"]) {
    assert.deepEqual(soleAnswer(h, "a", id, "SetChargingProfile"), { status: "Accepted" });
  }
});

Deno.test("GetLog and SignedUpdateFirmware carry the charger's request ids, their notices the backend's", () => {
  const h = stage();
  for (
    const [id, action] of [["a", "GetLog"], ["b", "GetLog"], ["b", "SignedUpdateFirmware"]] as const
  ) {
    h.backendCalls(id, action, COMMANDS[action][0] as JsonObject, action);
    h.chargerAnswers(COMMANDS[action][1] as JsonObject);
  }
  assert.deepEqual(
    h.callsToCharger().map(({ payload }) => payload.requestId),
    [1, 2, 3],
  );
  h.chargerCalls("LogStatusNotification", { status: "Uploading", requestId: 1 });
  h.chargerCalls("LogStatusNotification", { status: "Uploaded", requestId: 2 });
  h.chargerCalls("SignedFirmwareStatusNotification", { status: "Downloading", requestId: 3 });
  for (const id of ["a", "b", "c"]) h.serve(id);
  const notices = (id: string) =>
    h.callsToBackend(id).filter(({ payload }) => payload.requestId !== undefined)
      .map(({ payload }) => payload);
  assert.deepEqual(notices("a"), [{ status: "Uploading", requestId: 9 }]);
  assert.deepEqual(notices("b"), [
    { status: "Uploaded", requestId: 9 },
    { status: "Downloading", requestId: 8 },
  ]);
  assert.deepEqual(notices("c"), []);
});

Deno.test("N45: notices go to who ordered them, also after a restart; without an order to admins", () => {
  const h = stage({}, { a: "admin", b: "admin", c: "controller" });
  const told = (id: string) => {
    h.serve(id);
    return h.callsToBackend(id).filter(({ action }) =>
      action === "DiagnosticsStatusNotification" || action === "FirmwareStatusNotification"
    ).map(({ payload }) => payload.status);
  };
  h.chargerCalls("DiagnosticsStatusNotification", { status: "Uploading" });
  assert.deepEqual([told("a"), told("b"), told("c")], [["Uploading"], ["Uploading"], []]);
  h.backendCalls("a", "GetDiagnostics", { location: "ftp://192.0.2.1/" });
  h.chargerAnswers({});
  h.backendCalls("a", "UpdateFirmware", COMMANDS.UpdateFirmware[0]);
  h.chargerAnswers({});
  h.restart();
  h.bootCharger();
  for (const id of ["a", "b", "c"]) h.attach(id);
  h.chargerCalls("DiagnosticsStatusNotification", { status: "Uploaded" });
  h.chargerCalls("FirmwareStatusNotification", { status: "Downloaded" });
  assert.deepEqual([told("a"), told("b"), told("c")], [
    ["Uploading", "Uploaded", "Downloaded"],
    ["Uploading"],
    [],
  ]);
});

Deno.test("SecurityEventNotification goes to those who may read diagnostics", () => {
  const h = stage({}, { a: "admin", b: "controller" });
  const event = { type: "MemoryExhaustion", timestamp: "2026-11-22T12:00:00Z" };
  assert.deepEqual(outcome(h.chargerCalls("SecurityEventNotification", event)), {});
  const told = (id: string) => h.callsToBackend(id, "SecurityEventNotification").length;
  assert.deepEqual([told("a"), told("b")], [1, 0]);
});

Deno.test("ChangeAvailability Operative is absorbed while it is operative, and needs permission when not", () => {
  const h = stage({}, { a: "admin", b: "controller" });
  for (const connectorId of [0, 1]) {
    const answer = h.backendCalls("b", "ChangeAvailability", { connectorId, type: "Operative" });
    assert.deepEqual(outcome(answer), ACCEPTED);
  }
  assert.equal(h.callsToCharger().length, 0);
  const unavailable = { connectorId: 1, errorCode: "NoError", status: "Unavailable" };
  h.chargerCalls("StatusNotification", unavailable);
  const operative = { connectorId: 0, type: "Operative" };
  assert.deepEqual(outcome(h.backendCalls("b", "ChangeAvailability", operative)), REJECTED);
  h.backendCalls("a", "ChangeAvailability", operative, "1");
  assert.deepEqual(h.lastCallToCharger().payload, operative);
  h.chargerAnswers({ status: "Scheduled" });
  assert.deepEqual(outcome(h.answerTo("a", "1")), { status: "Scheduled" });
});

Deno.test("N47: a local list is the admin's; its version is the same for all", () => {
  const h = stage({}, { a: "admin", b: "controller" });
  const list = { listVersion: 2, updateType: "Full" };
  assert.deepEqual(outcome(h.backendCalls("b", "SendLocalList", list)), { status: "Failed" });
  h.backendCalls("a", "SendLocalList", list, "1");
  h.chargerAnswers({ status: "VersionMismatch" });
  assert.deepEqual(outcome(h.answerTo("a", "1")), { status: "VersionMismatch" });
  for (const id of ["a", "b"]) {
    h.backendCalls(id, "GetLocalListVersion", {}, "2");
    h.chargerAnswers({ listVersion: 2 });
    assert.deepEqual(outcome(h.answerTo(id, "2")), { listVersion: 2 });
  }
});

Deno.test("N46: DataTransfer of the charger goes to the one backend its vendor is routed to", () => {
  const dataTransfer = new Map([["acme", "b"], ["nobody", "gone"]]);
  const h = stage({ dataTransfer }, { a: "admin", b: "observer" });
  const ask = (vendorId: string, id: string) =>
    h.chargerCalls("DataTransfer", { vendorId, data: "?" }, id);
  assert.deepEqual(outcome(ask("other", "1")), { status: "UnknownVendorId" });
  assert.deepEqual(outcome(ask("nobody", "2")), { status: "UnknownVendorId" });
  assert.equal(ask("acme", "3"), undefined);
  assert.deepEqual(h.callsToBackend("a", "DataTransfer"), []);
  assert.deepEqual(h.outstanding("b")?.payload, { vendorId: "acme", data: "?" });
  h.backendAnswers("b", { status: "Accepted", data: "!" });
  assert.equal(h.charger.at(-1)!.text, '[3,"3",{"status":"Accepted","data":"!"}]');
  assert.equal(ask("acme", "4"), undefined);
  h.pass(2_500);
  assert.equal(h.charger.at(-1)!.text, '[3,"4",{"status":"Rejected"}]');
  h.backendAnswers("b", { status: "Accepted" });
  ask("acme", "5");
  h.backendAnswers("b", { status: "Perhaps" });
  assert.equal(h.charger.at(-1)!.text, '[3,"5",{"status":"Rejected"}]');
  ask("acme", "6");
  h.disconnectBackend("b");
  assert.equal(h.charger.at(-1)!.text, '[3,"6",{"status":"Rejected"}]');
  assert.deepEqual(outcome(ask("acme", "7")), { status: "Rejected" });
});

Deno.test("DataTransfer to the charger needs the vendor's route or the permission", () => {
  const h = stage({ dataTransfer: new Map([["v", "b"]]) }, { a: "controller", b: "observer" });
  assert.deepEqual(outcome(transfer(h, "a", "1")), REJECTED);
  transfer(h, "b", "2");
  h.chargerAnswers({ status: "UnknownMessageId" });
  assert.deepEqual(outcome(h.answerTo("b", "2")), { status: "UnknownMessageId" });
});

Deno.test("SignCertificate goes to the backend with `certificates`; without one it is rejected", () => {
  const without = stage({}, { a: "controller" });
  assert.deepEqual(outcome(without.chargerCalls("SignCertificate", { csr: "PEM" })), REJECTED);
  const h = stage({}, { a: "controller", b: "admin" });
  assert.equal(h.chargerCalls("SignCertificate", { csr: "PEM" }, "1"), undefined);
  h.backendAnswers("b", ACCEPTED);
  assert.equal(h.charger.at(-1)!.text, '[3,"1",{"status":"Accepted"}]');
  assert.deepEqual(h.callsToBackend("a", "SignCertificate"), []);
});

Deno.test("a RemoteStart without a connector gets a free one, its profile stays with the proxy", () => {
  const h = stage();
  const chargingProfile = profile(10, { chargingProfilePurpose: "TxProfile" });
  h.backendCalls("a", "RemoteStartTransaction", { idTag: "x", chargingProfile }, "1");
  assert.deepEqual(h.lastCallToCharger().payload, {
    idTag: "x",
    connectorId: 1,
  });
});

Deno.test("N44: RebootRequired is passed on, and the value is what is read from then on", () => {
  const h = stage();
  h.backendCalls("a", "GetConfiguration", {}, "1");
  h.chargerAnswers({
    configurationKey: [{ key: "ConnectionTimeOut", readonly: false, value: "60" }],
  });
  h.backendCalls("a", "ChangeConfiguration", { key: "connectiontimeout", value: "90" }, "2");
  h.chargerAnswers({ status: "RebootRequired" });
  assert.deepEqual(outcome(h.answerTo("a", "2")), { status: "RebootRequired" });
  const answer = h.backendCalls("b", "GetConfiguration", { key: ["ConnectionTimeOut"] });
  assert.deepEqual(outcome(answer), {
    configurationKey: [{ key: "ConnectionTimeOut", readonly: false, value: "90" }],
  });
});

Deno.test("N68: no command's secrets are logged", () => {
  const h = stage();
  h.backendCalls("a", "GetDiagnostics", { location: "ftp://user:hunter2@192.0.2.1/" });
  h.backendCalls("a", "ChangeConfiguration", { key: "AuthorizationKey", value: "hunter2" });
  h.backendCalls("a", "GetDiagnostics", { location: "hunter2 no uri" });
  h.backendSays(
    "a",
    '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":["hunter2"]}]',
  );
  h.pass(60_000);
  assert.ok(!JSON.stringify(h.logged).includes("hunter2"));
  assert.ok(!JSON.stringify([...h.tables.facts]).includes("hunter2"));
});
