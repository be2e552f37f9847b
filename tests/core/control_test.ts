// Control as a lease: how it begins, how it ends, and what is cleared behind its holder.

import assert from "node:assert/strict";
import type { BackendConfiguration, CoreConfiguration } from "../../src/core/configuration.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { outcome, setProfile } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";

const ACCEPTED = { status: "Accepted" };
const REJECTED = { status: "Rejected" };

/** A charger with three connectors and these backends, all of them there and accepted. */
function stage(
  changes: Parameters<typeof configuration>[0] = {},
  backends: readonly BackendConfiguration[] = [
    backend("evcc", "controller"),
    backend("ha", "controller"),
    backend("employer", "biller"),
  ],
): Harness {
  const h = new Harness(configuration({ backends, ...changes }));
  h.bootCharger(2);
  for (const { id } of backends) h.attach(id, () => 100 + h.tables.sessions.size);
  return h;
}

function holder(h: Harness): string | undefined {
  return h.state.control.lease?.backendId;
}

function remoteStart(h: Harness, id: string, tag = id, connectorId = 1) {
  return h.backendCalls(id, "RemoteStartTransaction", { connectorId, idTag: tag });
}

/** A transaction begins at the charger; its id. */
function begin(h: Harness, idTag: string, connectorId = 1, meterStart = 0): number {
  const payload = { connectorId, idTag, meterStart, timestamp: new Date(h.now).toISOString() };
  h.chargerCalls("StartTransaction", payload);
  for (const id of h.state.backends.keys()) h.serve(id, () => 100 + h.tables.sessions.size);
  return [...h.tables.sessions.keys()].at(-1)!;
}

function end(h: Harness, transactionId: number) {
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StopTransaction", { transactionId, meterStop: 9, timestamp });
  for (const id of h.state.backends.keys()) h.serve(id);
}

function session(h: Harness) {
  const row = [...h.tables.sessions.values()].at(-1);
  return [row?.backendId, row?.bookedBy];
}

/** The charger accepts whatever it is asked until nothing is outstanding; what it was asked. */
function obey(h: Harness): [string, JsonObject][] {
  const seen: [string, JsonObject][] = [];
  while (h.state.charger.pending) {
    const call = h.lastCallToCharger();
    seen.push([call.action, call.payload]);
    h.chargerAnswers(call.action === "GetConfiguration" ? { configurationKey: [] } : ACCEPTED);
  }
  return seen;
}

function cleared(h: Harness): unknown[] {
  return h.callsToCharger("ClearChargingProfile").map(({ payload }) => payload.id);
}

/** A profile of a backend that the charger has accepted. */
function install(h: Harness, id: string, limit = 16, changes: JsonObject = {}) {
  const answer = h.backendCalls(id, "SetChargingProfile", setProfile(limit, changes), `p${limit}`);
  assert.equal(answer, undefined);
  h.chargerAnswers(ACCEPTED);
  assert.deepEqual(outcome(h.answerTo(id, `p${limit}`)), ACCEPTED);
}

Deno.test("a command that needs control takes it when it is free, and others are refused", () => {
  const h = stage();
  install(h, "evcc");
  assert.equal(holder(h), "evcc");
  const before = h.callsToCharger().length;
  assert.deepEqual(outcome(remoteStart(h, "ha")), REJECTED);
  assert.deepEqual(outcome(h.backendCalls("ha", "SetChargingProfile", setProfile(6))), REJECTED);
  assert.equal(h.callsToCharger().length, before);
});

Deno.test("a lease without a transaction ends after control_timeout_s and its profile is cleared", () => {
  const h = stage({ controlTimeoutMs: 60_000 });
  install(h, "evcc", 0);
  h.pass(59_999);
  assert.equal(holder(h), "evcc");
  assert.deepEqual(cleared(h), []);
  h.pass(1);
  assert.equal(holder(h), undefined);
  assert.deepEqual(cleared(h), [1]);
  h.chargerAnswers(ACCEPTED);
  assert.deepEqual(h.tables.facts.get("limits"), {
    profiles: [],
    installed: [],
    accepted: h.state.limits.accepted,
  });
  assert.equal(h.tables.decisions.at(-1)?.outcome, "expired");
});

Deno.test("each command of the holder renews its lease", () => {
  const h = stage({ controlTimeoutMs: 60_000 });
  install(h, "evcc");
  h.pass(50_000);
  install(h, "evcc", 10);
  h.pass(50_000);
  assert.equal(holder(h), "evcc");
  h.pass(10_000);
  assert.equal(holder(h), undefined);
});

Deno.test("a lease lasts as long as the transaction that it controls, and ends with it", () => {
  const h = stage({ controlTimeoutMs: 60_000 });
  remoteStart(h, "evcc");
  h.chargerAnswers(ACCEPTED);
  const id = begin(h, "EVCC");
  assert.deepEqual(session(h), ["evcc", "remote_start"]);
  h.pass(3_600_000);
  assert.equal(holder(h), "evcc");
  end(h, id);
  assert.equal(holder(h), undefined);
});

Deno.test("evcc keeps control while the owner's own session runs; its profile goes at the end", () => {
  const h = stage({ idTags: [{ tag: "CAR", owner: true, action: "allow" }] });
  const id = begin(h, "CAR");
  assert.deepEqual(session(h), [null, "id_tag"]);
  assert.equal(holder(h), undefined);
  install(h, "evcc", 16);
  h.pass(3_600_000);
  assert.equal(holder(h), "evcc");
  install(h, "evcc", 8);
  assert.deepEqual(outcome(h.backendCalls("ha", "SetChargingProfile", setProfile(6))), REJECTED);
  end(h, id);
  assert.equal(holder(h), undefined);
  assert.deepEqual(cleared(h), [1]);
});

Deno.test("a lease that was there before the owner's session lasts for that session", () => {
  const h = stage();
  install(h, "evcc", 16);
  const id = begin(h, "CAR");
  h.pass(600_000);
  assert.equal(holder(h), "evcc");
  end(h, id);
  assert.equal(holder(h), undefined);
});

Deno.test("a command that the charger refuses leaves nobody in control", () => {
  for (const action of ["RemoteStartTransaction", "SetChargingProfile", "ReserveNow"]) {
    const h = stage();
    const payload = {
      RemoteStartTransaction: { connectorId: 1, idTag: "x" },
      SetChargingProfile: setProfile(16),
      ReserveNow: {
        connectorId: 1,
        idTag: "x",
        reservationId: 1,
        expiryDate: "2026-11-22T13:00:00Z",
      },
    }[action] as JsonObject;
    h.backendCalls("evcc", action, payload);
    assert.equal(holder(h), "evcc");
    while (h.state.charger.pending) h.chargerAnswers(REJECTED);
    assert.equal(holder(h), undefined, action);
    assert.deepEqual([h.state.limits.profiles.length, h.state.reservations.size], [0, 0]);
    assert.deepEqual([...new Set(h.callsToCharger().map((call) => call.action))], [action]);
  }
});

Deno.test("a refused command does not end the lease that another command of its backend uses", () => {
  const h = stage();
  h.backendCalls("evcc", "SetChargingProfile", setProfile(16), "1");
  h.backendCalls("evcc", "RemoteStartTransaction", { connectorId: 1, idTag: "x" }, "2");
  h.chargerAnswers(REJECTED);
  assert.equal(h.lastCallToCharger().action, "RemoteStartTransaction");
  assert.equal(holder(h), "evcc");
  h.chargerAnswers(ACCEPTED);
  assert.deepEqual(outcome(h.answerTo("evcc", "2")), ACCEPTED);
});

Deno.test("preferred_provider takes an idle lease, whose profiles go; a limit ends no transaction", () => {
  const h = stage({ preferredProvider: "ha" });
  install(h, "evcc", 16);
  h.backendCalls("ha", "SetChargingProfile", setProfile(10));
  assert.equal(holder(h), "ha");
  assert.deepEqual(obey(h).map(([action]) => action), ["SetChargingProfile"]);
  h.pass(60_000);
  obey(h);
  const id = begin(h, "CAR");
  install(h, "evcc", 8);
  install(h, "ha", 6);
  assert.equal(holder(h), "ha");
  assert.equal(h.callsToCharger("RemoteStopTransaction").length, 0);
  end(h, id);
});

Deno.test("N26: control of an absent holder ends after reconnect_grace_s, with its profiles", () => {
  const h = stage({ reconnectGraceMs: 120_000 });
  const id = begin(h, "CAR");
  install(h, "evcc");
  h.disconnectBackend("evcc");
  h.pass(100_000);
  h.attach("evcc");
  h.pass(100_000);
  assert.equal(holder(h), "evcc");
  h.disconnectBackend("evcc");
  h.pass(120_000);
  assert.equal(holder(h), undefined);
  obey(h);
  assert.deepEqual(cleared(h), [1]);
  end(h, id);
});

Deno.test("its connector is where its transaction runs, wherever it was asked for", () => {
  const h = stage();
  const fault = (connectorId: number) =>
    h.chargerCalls("StatusNotification", {
      connectorId,
      status: "Faulted",
      errorCode: "GroundFailure",
    });
  remoteStart(h, "evcc", "evcc", 1);
  h.chargerAnswers(ACCEPTED);
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StartTransaction", { connectorId: 2, idTag: "X", meterStart: 0, timestamp });
  assert.equal(holder(h), "evcc");
  fault(1);
  assert.equal(holder(h), "evcc");
  fault(2);
  assert.equal(holder(h), undefined);
});

Deno.test("a fault of its connector ends control, a fault of another does not", () => {
  const h = stage();
  remoteStart(h, "evcc");
  h.chargerAnswers(ACCEPTED);
  begin(h, "evcc");
  const fault = { errorCode: "GroundFailure", status: "Faulted" };
  h.chargerCalls("StatusNotification", { connectorId: 2, ...fault });
  assert.equal(holder(h), "evcc");
  h.chargerCalls("StatusNotification", { connectorId: 1, ...fault });
  assert.equal(holder(h), undefined);
  assert.deepEqual(outcome(remoteStart(h, "ha")), REJECTED);
  assert.match(h.tables.decisions.at(-1)!.reason, /GroundFailure|transaction/);
});

Deno.test("the owner's mode ends control of all others, survives a restart, and ends in time", () => {
  const h = stage();
  install(h, "evcc");
  h.event({ type: "owner", mode: { mode: "paused" }, until: h.now + 3_600_000 });
  assert.equal(holder(h), undefined);
  obey(h);
  assert.deepEqual(cleared(h), [1]);
  h.restart();
  h.bootCharger(2);
  h.attach("evcc");
  assert.deepEqual(outcome(remoteStart(h, "evcc")), REJECTED);
  h.pass(3_600_000);
  h.serve("evcc");
  assert.equal(remoteStart(h, "evcc"), undefined);
  h.event({ type: "owner", mode: { mode: "backend", backendId: "evcc" } });
  assert.equal(holder(h), "evcc");
  h.event({ type: "owner", mode: { mode: "owner_only" } });
  assert.equal(holder(h), undefined);
});

Deno.test("N21: a RemoteStart's tag is authorised by its backend alone", () => {
  const h = stage({ unknownIdTags: "reject" }, [
    backend("ha", "admin"),
    backend("employer", "biller", { priority: 9 }),
  ]);
  remoteStart(h, "ha", "RANDOM");
  h.chargerAnswers(ACCEPTED);
  h.chargerCalls("Authorize", { idTag: "random" }, "a");
  assert.equal(h.callsToBackend("employer", "Authorize").length, 0);
  h.backendAnswers("ha", { idTagInfo: ACCEPTED });
  assert.deepEqual(JSON.parse(h.charger.at(-1)!.text), [3, "a", { idTagInfo: ACCEPTED }]);
});

Deno.test("N22: a RemoteStart without a start claims until ConnectionTimeOut, then B may try", () => {
  const h = stage();
  remoteStart(h, "evcc");
  h.chargerAnswers(ACCEPTED);
  h.pass(74_999);
  assert.equal(holder(h), "evcc");
  assert.deepEqual(outcome(remoteStart(h, "ha")), REJECTED);
  h.pass(1);
  assert.equal(holder(h), undefined);
  assert.equal(remoteStart(h, "ha"), undefined);
});

Deno.test("N22: a connector that is Available again after Preparing frees claim and control", () => {
  const h = stage();
  remoteStart(h, "evcc");
  h.chargerAnswers(ACCEPTED);
  const status = (status: string, connectorId = 1) =>
    h.chargerCalls("StatusNotification", { connectorId, errorCode: "NoError", status });
  status("Preparing", 2);
  status("Available", 2);
  status("Preparing");
  assert.equal(holder(h), "evcc");
  status("Available");
  assert.equal(holder(h), undefined);
  assert.equal(remoteStart(h, "ha"), undefined);
});

for (const [first, second] of [["evcc", "ha"], ["ha", "evcc"]] as const) {
  for (const preferredProvider of ["evcc", "ha"]) {
    Deno.test(`N23: of two RemoteStarts, ${first} first and ${preferredProvider} preferred, one goes to a slow charger`, () => {
      const h = stage({ preferredProvider });
      remoteStart(h, first);
      h.pass(900);
      assert.deepEqual(outcome(remoteStart(h, second)), REJECTED);
      h.pass(25_000);
      assert.deepEqual(outcome(remoteStart(h, second)), REJECTED);
      h.chargerAnswers(ACCEPTED);
      assert.deepEqual(outcome(remoteStart(h, second)), REJECTED);
      begin(h, first);
      assert.deepEqual(session(h), [first, "remote_start"]);
      const answer = remoteStart(h, second);
      if (second === preferredProvider) assert.equal(answer, undefined, "its hand-over has begun");
      else assert.deepEqual(outcome(answer), REJECTED);
      assert.equal(h.callsToCharger("RemoteStartTransaction").length, 1);
    });
  }
}

Deno.test("N24: a start with another tag is booked by that tag and makes the claim void", () => {
  const h = stage({
    idTags: [{ tag: "WORK", owner: false, backend: "employer", action: "allow" }],
  });
  remoteStart(h, "evcc");
  h.chargerAnswers(ACCEPTED);
  begin(h, "WORK");
  assert.deepEqual(session(h), ["employer", "id_tag"]);
  assert.deepEqual(h.state.control.claims, []);
  assert.equal(holder(h), "employer");
  assert.deepEqual(outcome(h.backendCalls("evcc", "SetChargingProfile", setProfile(6))), REJECTED);
});

Deno.test("a start on another connector leaves the claim alone", () => {
  const h = stage();
  remoteStart(h, "evcc");
  h.chargerAnswers(ACCEPTED);
  begin(h, "CAR", 2);
  assert.deepEqual(session(h), [null, "nobody"]);
  begin(h, "evcc", 1);
  assert.deepEqual(session(h), ["evcc", "remote_start"]);
});

Deno.test("N25: a RemoteStart with somebody else's tag is the session of who sent it", () => {
  const h = stage({
    idTags: [{ tag: "WORK", owner: false, backend: "employer", action: "allow" }],
  });
  remoteStart(h, "evcc", "work");
  h.chargerAnswers(ACCEPTED);
  begin(h, "WORK");
  assert.deepEqual(session(h), ["evcc", "remote_start"]);
});

Deno.test("N27: nothing that another backend sends disturbs a session", () => {
  const h = stage();
  remoteStart(h, "evcc");
  h.chargerAnswers(ACCEPTED);
  const id = begin(h, "evcc");
  install(h, "evcc", 16);
  const before = h.callsToCharger().length;
  for (const theirs of [id, 101, 100, 1, 0, -1]) {
    const answer = h.backendCalls("ha", "RemoteStopTransaction", { transactionId: theirs });
    assert.deepEqual(outcome(answer), REJECTED);
  }
  h.backendCalls("ha", "Reset", { type: "Hard" });
  h.backendCalls("ha", "UnlockConnector", { connectorId: 1 });
  h.backendCalls("ha", "ChangeAvailability", { connectorId: 0, type: "Inoperative" });
  h.backendCalls("ha", "ClearChargingProfile", {});
  h.backendCalls("ha", "ClearChargingProfile", { id: 1 });
  h.backendCalls("ha", "SetChargingProfile", setProfile(0));
  assert.equal(h.callsToCharger().length, before);
});

Deno.test("N28: after the owner gives control to another, the old holder is refused", () => {
  const h = stage();
  install(h, "evcc");
  h.event({ type: "owner", mode: { mode: "backend", backendId: "ha" } });
  obey(h);
  assert.deepEqual(outcome(h.backendCalls("evcc", "SetChargingProfile", setProfile(6))), REJECTED);
  install(h, "ha", 10);
  assert.equal(holder(h), "ha");
  assert.equal(h.callsToBackend("evcc", "StopTransaction").length, 0);
});

Deno.test("N34: a RemoteStart without an answer still claims the start that follows", () => {
  const h = stage();
  h.backendCalls("evcc", "RemoteStartTransaction", { idTag: "evcc" }, "r");
  h.pass(30_000);
  assert.equal(outcome(h.answerTo("evcc", "r")), "GenericError");
  h.chargerAnswers(ACCEPTED);
  begin(h, "evcc");
  assert.deepEqual(session(h), ["evcc", "remote_start"]);
});

Deno.test("N36: a RemoteStart that was lost with the connection is not called rejected, and claims", () => {
  const h = stage();
  h.backendCalls("evcc", "RemoteStartTransaction", { idTag: "evcc" }, "r");
  h.disconnectCharger();
  assert.equal(outcome(h.answerTo("evcc", "r")), "GenericError");
  h.connectCharger();
  begin(h, "evcc");
  assert.deepEqual(session(h), ["evcc", "remote_start"]);
});

Deno.test("queued commands of a backend that loses control never reach the charger", () => {
  const h = stage();
  h.backendCalls("employer", "TriggerMessage", { requestedMessage: "MeterValues" });
  h.backendCalls("evcc", "SetChargingProfile", setProfile(0), "1");
  h.backendCalls("evcc", "RemoteStartTransaction", { idTag: "x" }, "2");
  h.backendCalls("evcc", "UnlockConnector", { connectorId: 1 }, "3");
  h.event({ type: "owner", mode: { mode: "owner_only" } });
  assert.deepEqual(["1", "2", "3"].map((id) => outcome(h.answerTo("evcc", id))), [
    REJECTED,
    REJECTED,
    { status: "UnlockFailed" },
  ]);
  assert.deepEqual(obey(h).map(([action]) => action), ["TriggerMessage"]);
  assert.equal(h.state.limits.profiles.length, 0);
});

Deno.test("a profile that is accepted after control has ended is cleared", () => {
  const h = stage();
  h.backendCalls("evcc", "SetChargingProfile", setProfile(0));
  h.event({ type: "owner", mode: { mode: "owner_only" } });
  assert.deepEqual(obey(h).map(([action]) => action), [
    "SetChargingProfile",
    "ClearChargingProfile",
  ]);
  assert.equal(h.state.limits.profiles.length, 0);
});

Deno.test("a profile that is accepted after control has ended is cleared, however often that fails", () => {
  const h = stage();
  h.backendCalls("evcc", "SetChargingProfile", setProfile(0));
  h.event({ type: "owner", mode: { mode: "owner_only" } });
  h.chargerAnswers(ACCEPTED);
  for (const clearings of [[1], [1, 1], [1, 1, 1]]) {
    assert.deepEqual(cleared(h), clearings);
    h.chargerSays(`[4,"${h.lastCallToCharger().id}","InternalError","",{}]`);
    h.pass(60_000);
  }
});

Deno.test("a profile without an answer may be there: it is cleared at the end of control", () => {
  for (const lost of [false, true]) {
    const h = stage();
    h.backendCalls("evcc", "SetChargingProfile", setProfile(0));
    if (lost) {
      h.disconnectCharger();
      h.bootCharger(2);
    }
    h.pass(90_000);
    assert.equal(holder(h), undefined);
    assert.deepEqual(cleared(h), [1], `lost: ${lost}`);
  }
});

Deno.test("a profile in flight is not forgotten when the next one is taken back", () => {
  const h = stage();
  h.backendCalls("evcc", "SetChargingProfile", setProfile(0));
  h.backendCalls("evcc", "SetChargingProfile", setProfile(6));
  h.event({ type: "owner", mode: { mode: "owner_only" } });
  h.disconnectCharger();
  h.bootCharger(2);
  assert.deepEqual(cleared(h), [1]);
});

Deno.test("a profile without an answer may be there, also when the next one is refused", () => {
  const h = stage();
  h.backendCalls("evcc", "SetChargingProfile", setProfile(0));
  h.pass(30_000);
  h.backendCalls("evcc", "SetChargingProfile", setProfile(6));
  h.chargerAnswers(REJECTED);
  h.pass(60_000);
  assert.deepEqual(cleared(h), [1]);
});

Deno.test("what could not be cleared is cleared when the charger is back, and tried again", () => {
  const h = stage();
  install(h, "evcc", 0);
  h.disconnectCharger();
  h.pass(60_000);
  assert.equal(holder(h), undefined);
  h.bootCharger(2);
  assert.deepEqual(cleared(h), [1]);
  h.pass(30_000);
  assert.deepEqual(cleared(h), [1]);
  h.pass(60_000);
  assert.deepEqual(cleared(h), [1, 1]);
  h.chargerAnswers({ status: "Unknown" });
  h.pass(600_000);
  assert.deepEqual(cleared(h), [1, 1]);
});

Deno.test("what its backend was clearing when control ended is cleared if that fails", () => {
  const h = stage();
  install(h, "evcc", 0);
  h.backendCalls("evcc", "ClearChargingProfile", {});
  h.event({ type: "owner", mode: { mode: "owner_only" } });
  h.chargerSays(`[4,"${h.lastCallToCharger().id}","InternalError","",{}]`);
  assert.deepEqual(cleared(h), [1]);
  h.pass(60_000);
  assert.deepEqual(cleared(h), [1, 1]);
});

Deno.test("profiles and reservations are cleared after a restart, whenever the kill comes", () => {
  for (const moment of ["in flight", "accepted", "ended"] as const) {
    const h = stage();
    h.backendCalls("evcc", "SetChargingProfile", setProfile(0));
    if (moment !== "in flight") h.chargerAnswers(ACCEPTED);
    h.disconnectCharger();
    if (moment === "ended") h.pass(60_000);
    // The newest notes are lost with the process, what is persisted is not.
    h.tables.facts.delete("control");
    h.restart();
    h.bootCharger(2);
    assert.deepEqual(cleared(h), [1], moment);
    h.chargerAnswers(ACCEPTED);
    h.attach("evcc");
    h.backendCalls("evcc", "SetChargingProfile", setProfile(9));
    const [call] = h.callsToCharger("SetChargingProfile").slice(-1);
    assert.equal((call!.payload.csChargingProfiles as JsonObject).chargingProfileId, 1, moment);
  }
});

Deno.test("a lease goes on after a restart, and ends if its transaction did meanwhile", () => {
  const h = stage();
  remoteStart(h, "evcc");
  h.chargerAnswers(ACCEPTED);
  const id = begin(h, "evcc");
  h.restart();
  h.bootCharger(2);
  h.attach("evcc");
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Charging",
  });
  assert.equal(holder(h), "evcc");
  h.pass(3_600_000);
  assert.equal(holder(h), "evcc");
  const control = h.tables.facts.get("control")!;
  end(h, id);
  h.tables.facts.set("control", control);
  h.restart();
  h.pass(0);
  assert.equal(holder(h), undefined);
});

Deno.test("a command that was not sent yet when control ended is refused, and written down", () => {
  const h = stage();
  remoteStart(h, "evcc", "first", 1);
  h.backendCalls("evcc", "RemoteStartTransaction", { connectorId: 2, idTag: "second" }, "waits");
  h.event({ type: "owner", mode: { mode: "paused" } });
  assert.deepEqual(outcome(h.answerTo("evcc", "waits")), REJECTED);
  const { request, outcome: what, reason } = h.state.decisions.at(-1)!;
  assert.deepEqual([request, what, reason], [
    "RemoteStartTransaction",
    "denied",
    "denied: control ended before it was sent (revoked: the owner has paused charging)",
  ]);
});

Deno.test("after a restart a lease goes on with the very transaction that it lasted for", () => {
  for (const restarts of [false, true]) {
    const h = stage({ idTags: [{ tag: "card", backend: "evcc", action: "allow", owner: false }] });
    begin(h, "household", 2);
    const id = begin(h, "card");
    assert.equal(holder(h), "evcc");
    if (restarts) {
      h.restart();
      h.bootCharger(0);
      h.attach("evcc");
    }
    end(h, id);
    assert.equal(holder(h), undefined, restarts ? "after a restart" : "without");
  }
});

Deno.test("a new configuration that blocks the holder ends its control and clears its profile", () => {
  const cases: [string, (core: CoreConfiguration) => CoreConfiguration][] = [
    ["blocked", (core) => ({ ...core, blockedProviders: ["evcc"] })],
    ["not allowed", (core) => ({ ...core, allowedProviders: ["ha"] })],
    ["sharing off", (core) => ({ ...core, allowSharedCharging: false })],
    ["not permitted", (core) => ({ ...core, backends: [backend("evcc", "observer")] })],
    ["removed", (core) => ({ ...core, backends: [] })],
  ];
  for (const [name, change] of cases) {
    const h = stage();
    install(h, "evcc", 0);
    h.event({ type: "configured", configuration: h.core });
    assert.equal(holder(h), "evcc");
    h.event({ type: "configured", configuration: change(h.core) });
    assert.equal(holder(h), undefined, name);
    assert.deepEqual(cleared(h), [1], name);
    assert.equal(h.tables.decisions.at(-1)?.outcome, "revoked", name);
  }
});

Deno.test("a transaction of a backend that has no right to control gives it none", () => {
  const idTags = [{ tag: "WORK", owner: false, backend: "employer", action: "allow" as const }];
  const h = stage({ idTags }, [backend("evcc", "controller"), backend("employer", "observer")]);
  h.backendCalls("evcc", "SetChargingProfile", setProfile(16));
  obey(h);
  begin(h, "WORK");
  assert.deepEqual(session(h), ["employer", "id_tag"]);
  assert.equal(holder(h), undefined);
  assert.match(h.tables.decisions.at(-1)!.reason, /^denied: /);
  assert.deepEqual(outcome(remoteStart(h, "evcc", "x", 2)), REJECTED);
});

Deno.test("a transaction with a refused backend's card takes control from nobody", () => {
  const idTags = [{ tag: "WORK", owner: false, backend: "employer", action: "allow" as const }];
  for (const changes of [{ blockedProviders: ["employer"] }, { allowedProviders: ["evcc"] }]) {
    const h = stage({ idTags, ...changes });
    h.backendCalls("evcc", "SetChargingProfile", setProfile(16));
    obey(h);
    begin(h, "WORK");
    assert.deepEqual(session(h), ["employer", "id_tag"]);
    assert.equal(holder(h), "evcc");
    assert.match(h.tables.decisions.at(-1)!.reason, /^denied: /);
    assert.deepEqual(obey(h).map(([action]) => action), ["RemoteStopTransaction"]);
  }
});

Deno.test("control goes on with the next of the holder's own transactions", () => {
  const h = stage();
  remoteStart(h, "evcc", "evcc", 1);
  h.chargerAnswers(ACCEPTED);
  const first = begin(h, "evcc", 1);
  remoteStart(h, "evcc", "evcc", 2);
  h.chargerAnswers(ACCEPTED);
  const second = begin(h, "evcc", 2);
  end(h, first);
  assert.equal(holder(h), "evcc");
  end(h, second);
  assert.equal(holder(h), undefined);
});

Deno.test("ending its own transaction is allowed to whoever owns it, also without control", () => {
  const h = stage({
    idTags: [{ tag: "WORK", owner: false, backend: "employer", action: "allow" }],
  });
  begin(h, "WORK");
  h.event({ type: "owner", mode: { mode: "owner_only" } });
  assert.equal(holder(h), undefined);
  const theirs = Number(h.state.backends.get("employer")!.transactionIds.values().next().value);
  h.backendCalls("employer", "RemoteStopTransaction", { transactionId: theirs });
  const [id] = h.tables.sessions.keys();
  assert.deepEqual(h.lastCallToCharger().payload, { transactionId: id });
});

Deno.test("N56: a backend that is not accepted cannot end even its own transaction", () => {
  const h = stage({
    idTags: [{ tag: "WORK", owner: false, backend: "employer", action: "allow" }],
  });
  begin(h, "WORK");
  const theirs = Number(h.state.backends.get("employer")!.transactionIds.values().next().value);
  h.disconnectBackend("employer");
  h.connectBackend("employer");
  h.backendAnswers("employer", {
    status: "Pending",
    currentTime: "2026-11-22T12:00:00Z",
    interval: 60,
  });
  const answer = h.backendCalls("employer", "RemoteStopTransaction", { transactionId: theirs });
  assert.deepEqual(outcome(answer), REJECTED);
  assert.equal(h.callsToCharger("RemoteStopTransaction").length, 0);
});

Deno.test("control that a refused command brought goes with it, also when the clock was set meanwhile", () => {
  for (const byMs of [0, 3_600_000, -3_600_000]) {
    const h = stage();
    remoteStart(h, "evcc");
    h.now += byMs;
    if (byMs !== 0) h.event({ type: "clock_set", byMs });
    h.chargerAnswers(REJECTED);
    assert.equal(holder(h), undefined, `${byMs} ms`);
  }
});
