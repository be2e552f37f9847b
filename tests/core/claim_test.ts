// Claims: starts under way on several connectors, each booked to who sent its RemoteStart.

import assert from "node:assert/strict";
import { MAX_CONNECTORS } from "../../src/core/charger_notice.ts";
import { outcome, profile } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";

const ACCEPTED = { status: "Accepted" };
const REJECTED = { status: "Rejected" };

function stage(connectors = 2, changes: Parameters<typeof configuration>[0] = {}): Harness {
  const backends = [backend("evcc", "controller"), backend("ha", "controller")];
  const h = new Harness(configuration({ backends, ...changes }));
  h.bootCharger(connectors);
  attach(h);
  return h;
}

function attach(h: Harness): void {
  for (const id of ["evcc", "ha"]) h.attach(id, () => 100 + h.tables.sessions.size);
}

/** A RemoteStart; undefined: the charger has it. */
function command(h: Harness, id: string, idTag: string, connectorId?: number) {
  const payload = { idTag, ...connectorId !== undefined && { connectorId } };
  return outcome(h.backendCalls(id, "RemoteStartTransaction", payload));
}

/** A RemoteStart that the charger accepts. */
function claim(h: Harness, id: string, idTag: string, connectorId?: number): void {
  assert.equal(command(h, id, idTag, connectorId), undefined);
  h.chargerAnswers(ACCEPTED);
}

function begin(h: Harness, idTag: string, connectorId: number): number {
  const payload = { connectorId, idTag, meterStart: 0, timestamp: new Date(h.now).toISOString() };
  h.chargerCalls("StartTransaction", payload);
  attachAnswers(h);
  return [...h.tables.sessions.keys()].at(-1)!;
}

function attachAnswers(h: Harness): void {
  for (const id of ["evcc", "ha"]) h.serve(id, () => 100 + h.tables.sessions.size);
}

function books(h: Harness): unknown[] {
  return [...h.tables.sessions.values()]
    .map(({ connectorId, backendId, bookedBy }) => [connectorId, backendId, bookedBy]);
}

function claims(h: Harness): unknown[] {
  return h.state.control.claims.map((one) => [one.backendId, one.idTag, one.connectorId]);
}

function holder(h: Harness): string | undefined {
  return h.state.control.lease?.backendId;
}

function status(h: Harness, connectorId: number, status: string): void {
  h.chargerCalls("StatusNotification", { connectorId, errorCode: "NoError", status });
}

Deno.test("two starts under way on two connectors are both booked to who sent them", () => {
  for (const order of [[1, 2], [2, 1]]) {
    const h = stage();
    claim(h, "evcc", "T1", 1);
    claim(h, "evcc", "T2", 2);
    for (const connectorId of order) begin(h, `T${connectorId}`, connectorId);
    assert.deepEqual(books(h), order.map((id) => [id, "evcc", "remote_start"]));
    assert.deepEqual(claims(h), []);
    assert.equal(holder(h), "evcc");
  }
});

Deno.test("both starts under way survive a restart, and one that was not answered, too", () => {
  const h = stage();
  claim(h, "evcc", "T1", 1);
  assert.equal(command(h, "evcc", "T2", 2), undefined);
  h.restart();
  h.bootCharger(2);
  attach(h);
  begin(h, "T2", 2);
  begin(h, "T1", 1);
  assert.deepEqual(books(h), [[2, "evcc", "remote_start"], [1, "evcc", "remote_start"]]);
});

Deno.test("a later start on the same connector takes the place of the earlier one", () => {
  const h = stage();
  claim(h, "evcc", "T1", 1);
  claim(h, "evcc", "T2", 1);
  assert.deepEqual(claims(h), [["evcc", "T2", 1]]);
});

Deno.test("a start that names no connector begins on any, and leaves the others alone", () => {
  const h = stage(0);
  claim(h, "evcc", "ANY");
  claim(h, "evcc", "T1", 1);
  assert.deepEqual(claims(h), [["evcc", "ANY", undefined], ["evcc", "T1", 1]]);
  begin(h, "T1", 1);
  assert.deepEqual(claims(h), [["evcc", "ANY", undefined]]);
  begin(h, "ANY", 2);
  assert.deepEqual(books(h), [[1, "evcc", "remote_start"], [2, "evcc", "remote_start"]]);
});

Deno.test("a card on one connector makes the claims void that may be meant for it, not the others", () => {
  const h = stage(0);
  claim(h, "evcc", "ANY");
  claim(h, "evcc", "T1", 1);
  claim(h, "evcc", "T2", 2);
  begin(h, "CARD", 1);
  assert.deepEqual(claims(h), [["evcc", "T2", 2]]);
});

Deno.test("a connector that is free again ends its claim; control lasts for the other one", () => {
  const h = stage();
  claim(h, "evcc", "T1", 1);
  claim(h, "evcc", "T2", 2);
  status(h, 1, "Preparing");
  status(h, 1, "Available");
  assert.deepEqual([claims(h), holder(h)], [[["evcc", "T2", 2]], "evcc"]);
  status(h, 2, "Preparing");
  status(h, 2, "Available");
  assert.deepEqual([claims(h), holder(h)], [[], undefined]);
});

Deno.test("each claim runs out by itself", () => {
  const h = stage();
  claim(h, "evcc", "T1", 1);
  h.pass(30_000);
  claim(h, "evcc", "T2", 2);
  h.pass(45_000);
  assert.deepEqual([claims(h), holder(h)], [[["evcc", "T2", 2]], "evcc"]);
  assert.deepEqual(command(h, "ha", "HA", 1), REJECTED, "evcc is starting a transaction");
  h.pass(30_000);
  assert.deepEqual([claims(h), holder(h)], [[], undefined]);
});

Deno.test("a clock that is set moves every claim", () => {
  const h = stage();
  claim(h, "evcc", "T1", 1);
  claim(h, "evcc", "T2", 2);
  h.now += 3_600_000;
  h.event({ type: "clock_set", byMs: 3_600_000 });
  h.pass(74_000);
  assert.equal(claims(h).length, 2);
  h.pass(1_000);
  assert.equal(claims(h).length, 0);
});

Deno.test("what the owner took from one backend does not become the start of the next", () => {
  const h = stage();
  claim(h, "evcc", "T1", 1);
  h.event({ type: "owner", mode: { mode: "backend", backendId: "ha" } });
  claim(h, "ha", "T2", 2);
  begin(h, "T1", 1);
  begin(h, "T2", 2);
  assert.deepEqual(books(h), [[1, "evcc", "remote_start"], [2, "ha", "remote_start"]]);
  assert.equal(h.state.refused.size, 1, "evcc may not charge any more");
  assert.equal(holder(h), "ha");
});

Deno.test("the profiles that came with two starts each go to their own transaction", () => {
  const h = stage();
  for (const connectorId of [1, 2]) {
    const chargingProfile = profile(10 + connectorId, {
      chargingProfileId: connectorId,
      chargingProfilePurpose: "TxProfile",
    });
    const payload = { connectorId, idTag: `T${connectorId}`, chargingProfile };
    h.backendCalls("evcc", "RemoteStartTransaction", payload);
    h.chargerAnswers(ACCEPTED);
  }
  const ids = [2, 1].map((connectorId) => begin(h, `T${connectorId}`, connectorId));
  const kept = h.state.limits.profiles.map((one) => [one.connectorId, one.transactionId]);
  assert.deepEqual(kept.toSorted(), [[1, ids[1]], [2, ids[0]]]);
});

Deno.test("a profile that came with a start goes with it, when only the other one begins", () => {
  const h = stage();
  for (const connectorId of [1, 2]) {
    const chargingProfile = profile(6, { chargingProfilePurpose: "TxProfile" });
    const payload = { connectorId, idTag: `T${connectorId}`, chargingProfile };
    h.backendCalls("evcc", "RemoteStartTransaction", payload);
    h.chargerAnswers(ACCEPTED);
  }
  begin(h, "T1", 1);
  status(h, 2, "Preparing");
  status(h, 2, "Available");
  const kept = h.state.limits.profiles.map((one) => one.connectorId);
  assert.deepEqual(kept, [1]);
});

Deno.test("claims are bounded", () => {
  const h = stage(0);
  for (let id = 1; id <= MAX_CONNECTORS + 1; id++) claim(h, "evcc", `T${id}`, id);
  assert.equal(claims(h).length, MAX_CONNECTORS);
  assert.deepEqual(claims(h).at(-1), ["evcc", `T${MAX_CONNECTORS + 1}`, MAX_CONNECTORS + 1]);
});

Deno.test("a claim as an earlier version wrote it down is passed over", () => {
  const h = stage();
  claim(h, "evcc", "T1", 1);
  h.flush();
  const { claims: _, ...control } = h.tables.facts.get("control") as Record<string, never>;
  const claim1 = { backendId: "evcc", idTag: "T1", connectorId: 1, expiresAt: h.now + 60_000 };
  h.tables.facts.set("control", { ...control, claim: claim1 });
  h.restart();
  assert.deepEqual([claims(h), holder(h)], [[], "evcc"]);
});
