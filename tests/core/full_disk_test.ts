// A full disk: nothing leaves that depends on a row which was not written; the owner always wins.

import assert from "node:assert/strict";
import type { Event } from "../../src/core/event.ts";
import { createState, step } from "../../src/core/step.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { Tables } from "../support/tables.ts";
import { outcome, setProfile } from "./command_fixture.ts";
import { backend, configuration, Harness, START } from "./harness.ts";

const REJECTED = { status: "Rejected" };
const EXPIRY = "2030-01-01T00:00:00Z";

function stage(): Harness {
  const h = new Harness(configuration({
    backends: [
      backend("evcc", "admin"),
      backend("employer", "biller", { messageAttempts: 1 }),
    ],
  }));
  h.bootCharger();
  h.attach("evcc");
  h.attach("employer");
  return h;
}

function charge(h: Harness): number {
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StartTransaction", { connectorId: 1, idTag: "X", meterStart: 0, timestamp });
  return h.state.lastTransactionId;
}

const COMMANDS: readonly [action: string, request: JsonObject, refusal: unknown][] = [
  ["RemoteStartTransaction", { connectorId: 1, idTag: "X" }, REJECTED],
  ["ReserveNow", { connectorId: 1, expiryDate: EXPIRY, idTag: "X", reservationId: 7 }, REJECTED],
  ["SetChargingProfile", setProfile(10), REJECTED],
  [
    "GetLog",
    { logType: "SecurityLog", requestId: 7, log: { remoteLocation: "ftp://192.0.2.1" } },
    REJECTED,
  ],
];

for (const [action, request, refusal] of COMMANDS) {
  Deno.test(`${action} reaches the charger only when what it leaves behind is on disk`, () => {
    const h = stage();
    h.diskFull = true;
    h.backendCalls("evcc", action, request, "full");
    assert.deepEqual(outcome(h.answerTo("evcc", "full")), refusal);
    assert.deepEqual(h.callsToCharger(), []);
    assert.equal(h.state.control.lease, undefined);
    assert.equal(h.state.reservations.size, 0);
    assert.deepEqual(h.state.limits.profiles, []);
    h.pass(5_000);
    h.diskFull = false;
    h.pass(5_000);
    const said = h.tables.decisions.some(({ reason }) => /cannot be written/.test(reason));
    assert.ok(said, "the refusal is written down");
    assert.equal(h.backendCalls("evcc", action, request, "again"), undefined);
    assert.deepEqual(h.callsToCharger().map((call) => call.action), [action]);
  });
}

Deno.test("the limit that the charger has already is accepted only when it is on disk, too", () => {
  const h = stage();
  h.backendCalls("evcc", "SetChargingProfile", setProfile(10), "first");
  h.chargerAnswers({ status: "Accepted" });
  h.diskFull = true;
  h.backendCalls("evcc", "SetChargingProfile", setProfile(10, { stackLevel: 1 }), "same");
  assert.deepEqual(outcome(h.answerTo("evcc", "same")), REJECTED);
  assert.equal(h.state.limits.profiles.length, 1);
});

Deno.test("a limit is cleared only when that is on disk: else it is still there after a crash", () => {
  const h = stage();
  h.backendCalls("evcc", "SetChargingProfile", setProfile(10), "first");
  h.chargerAnswers({ status: "Accepted" });
  const limits = () => h.state.limits.profiles.map(({ profile }) => profile);
  const kept = limits();
  assert.equal(kept.length, 1);
  h.diskFull = true;
  h.backendCalls("evcc", "ClearChargingProfile", {}, "full");
  // Its confirmation has no word for that: "Unknown" would say that there is no such limit.
  assert.deepEqual(outcome(h.answerTo("evcc", "full")), "InternalError");
  assert.deepEqual(limits(), kept);
  h.crash();
  assert.deepEqual(limits(), kept);
  h.diskFull = false;
  h.bootCharger();
  h.attach("evcc");
  h.backendCalls("evcc", "ClearChargingProfile", {}, "again");
  assert.deepEqual(outcome(h.answerTo("evcc", "again")), { status: "Accepted" });
  h.crash();
  assert.deepEqual(limits(), []);
});

Deno.test("JSON: clear_limit is denied while the disk is full, and the limit stays", () => {
  const h = stage();
  h.connectBackend("evcc", "json");
  const say = (request: JsonObject) => {
    h.backendSays("evcc", JSON.stringify(request));
    return () => h.received("evcc").map(({ text }) => JSON.parse(text) as JsonObject);
  };
  say({ action: "set_limit", current_a: 10 });
  h.chargerAnswers({ status: "Accepted" });
  const kept = h.state.limits.profiles;
  assert.equal(kept.length, 1);
  h.diskFull = true;
  const calls = h.callsToCharger().length;
  const denied = say({ id: 1, action: "clear_limit" })().find(({ id }) => id === 1);
  assert.equal(denied?.error, "denied");
  assert.deepEqual(h.state.limits.profiles, kept);
  assert.equal(h.callsToCharger().length, calls, "the charger hears nothing of it");
  h.diskFull = false;
  const cleared = say({ id: 2, action: "clear_limit" })().find(({ id }) => id === 2);
  assert.deepEqual(cleared, { id: 2, action: "clear_limit", result: true });
  assert.deepEqual(h.state.limits.profiles, []);
});

Deno.test("the owner's limit and pause reach the charger while the disk is full", () => {
  const h = stage();
  charge(h);
  h.diskFull = true;
  h.event({ type: "owner_limit", currentA: 10 });
  assert.equal(h.lastCallToCharger().action, "SetChargingProfile");
  h.chargerAnswers({ status: "Accepted" });
  h.event({ type: "owner", mode: { mode: "paused" } });
  const { csChargingProfiles } = h.lastCallToCharger().payload as JsonObject;
  assert.match(JSON.stringify(csChargingProfiles), /"limit":0[,}]/);
});

Deno.test("a start that is set aside on a full disk keeps its place, whatever dies", () => {
  const h = stage();
  charge(h);
  h.diskFull = true;
  const refuse = () => {
    const { id } = h.outstanding("employer")!;
    h.backendSays("employer", JSON.stringify([4, id, "InternalError", "", {}]));
  };
  const begun = h.outstanding("employer")!;
  assert.equal(begun.action, "StartTransaction");
  refuse();
  h.pass(30_000);
  assert.deepEqual(h.outstanding("employer"), begun, "nothing else is sent: it is repeated");
  h.crash();
  h.diskFull = false;
  h.bootCharger();
  h.attach("employer", () => 99);
  const { transactionId } = h.state.sessions.values().next().value!;
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StopTransaction", { transactionId, meterStop: 10, timestamp });
  h.serve("employer");
  assert.equal(h.callsToBackend("employer", "StopTransaction")[0]?.payload.transactionId, 99);
});

Deno.test("two starts that are set aside in one moment", () => {
  const h = new Harness(configuration({
    backends: ["a", "b"].map((id) => backend(id, "biller", { messageAttempts: 0 })),
  }));
  h.bootCharger();
  h.attach("a");
  h.attach("b");
  const id = charge(h);
  h.pass(1_000);
  for (const { pending } of h.state.backends.values()) assert.ok(pending, "both are asked");
  h.pass(30_000);
  const aside = h.tables.setAside.map(({ backendId }) => backendId);
  assert.deepEqual(aside, ["a", "b"]);
  assert.deepEqual(h.tables.ids.map((row) => [row.transactionId, row.backendTransactionId]), [
    [id, "-1"],
    [id, "-1"],
  ]);
});

Deno.test("on a slow disk the charger has as long to answer as ever", () => {
  const core = configuration({ backends: [backend("evcc", "admin")] });
  const state = createState(core, new Tables().snapshot(), START);
  const tell = (event: Event, now: number) => step(state, event, now);
  const connection = 1;
  const remoteAddress = "192.0.2.10";
  tell({ type: "charger_connected", connection, chargePointId: "CP001", remoteAddress }, START);
  const backendId = "evcc";
  const protocol = "json";
  const dialled = { type: "backend_connected", backendId, protocol, remoteAddress } as const;
  tell({ ...dialled, connection: 2 }, START);
  const now = START + 10_000;
  const wish = JSON.stringify({ action: "RemoteStartTransaction", id_tag: "X" });
  tell({ type: "backend_frame", backendId, connection: 2, text: wish }, now);
  const { token } = state.storing!;
  tell({ type: "stored", token }, now + 5_000);
  assert.equal(state.charger.pending?.deadline, now + 35_000);
});
