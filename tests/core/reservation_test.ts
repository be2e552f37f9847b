// Reservations of backends: under the proxy's ids, gone with the control they were made under.

import assert from "node:assert/strict";
import { MAX_LEFTOVERS } from "../../src/core/leftover.ts";
import type { JsonObject, JsonValue } from "../../src/ocpp/json.ts";
import { soleAnswer } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";

const ACCEPTED = { status: "Accepted" };
const REJECTED = { status: "Rejected" };

function stage(): Harness {
  const h = new Harness(configuration({
    backends: [backend("evcc", "controller"), backend("ha", "controller")],
  }));
  h.bootCharger(2);
  for (const id of ["evcc", "ha"]) {
    h.attach(id, () => (id === "evcc" ? 7_000 : 8_000) + h.tables.sessions.size);
  }
  return h;
}

/** A command that the charger answers; how the backend was answered. */
function run(h: Harness, id: string, action: string, payload: JsonObject, answer: JsonObject) {
  const messageId = `${action}${h.received(id).length}`;
  h.backendCalls(id, action, payload, messageId);
  for (let call = h.state.charger.pending; call; call = h.state.charger.pending) {
    h.chargerAnswers(answer);
  }
  return soleAnswer(h, id, messageId, action as "ReserveNow");
}

function reserve(
  h: Harness,
  id: string,
  reservationId: number,
  answer: JsonObject = ACCEPTED,
  expiryDate = "2026-11-22T14:00:00Z",
) {
  const request = { connectorId: 1, expiryDate, idTag: "CAR", reservationId };
  return run(h, id, "ReserveNow", request, answer);
}

function cancel(h: Harness, id: string, reservationId: number) {
  return run(h, id, "CancelReservation", { reservationId }, ACCEPTED);
}

function reservedIds(h: Harness): JsonValue[] {
  return h.callsToCharger("ReserveNow").map(({ payload }) => payload.reservationId!);
}

Deno.test("reservations: the proxy's ids, replaced by the same id, cancelled by their backend alone", () => {
  const h = stage();
  assert.deepEqual(reserve(h, "evcc", 4), ACCEPTED);
  assert.deepEqual(reserve(h, "evcc", 4), ACCEPTED);
  assert.deepEqual(reserve(h, "evcc", 5, { status: "Occupied" }), { status: "Occupied" });
  assert.deepEqual(reservedIds(h), [1, 1, 2]);
  assert.deepEqual(cancel(h, "ha", 4), REJECTED);
  assert.deepEqual(cancel(h, "ha", 1), REJECTED);
  assert.deepEqual(cancel(h, "evcc", 5), REJECTED);
  assert.deepEqual(cancel(h, "evcc", 4), ACCEPTED);
  assert.deepEqual(h.callsToCharger("CancelReservation").map(({ payload }) => payload), [
    { reservationId: 1 },
  ]);
  assert.deepEqual(cancel(h, "evcc", 4), REJECTED);
  assert.deepEqual(reserve(h, "evcc", 4, ACCEPTED, "2020-01-01T00:00:00Z"), REJECTED);
});

Deno.test("a reservation goes with the control under which it was made, also after a restart", () => {
  for (const restart of [false, true]) {
    const h = stage();
    reserve(h, "evcc", 4);
    if (restart) {
      h.restart();
      h.bootCharger(2);
      h.attach("evcc");
    }
    h.pass(60_000);
    assert.equal(h.state.control.lease, undefined);
    assert.deepEqual(h.lastCallToCharger().payload, { reservationId: 1 });
    h.chargerAnswers(ACCEPTED);
    assert.deepEqual(h.tables.facts.get("reservations"), []);
  }
});

Deno.test("N17: StartTransaction carries the reservation's id to who reserved, and to nobody else", () => {
  const h = stage();
  reserve(h, "evcc", 4);
  const timestamp = "2026-11-22T12:00:00Z";
  h.chargerCalls("StartTransaction", {
    connectorId: 1,
    idTag: "CAR",
    meterStart: 0,
    timestamp,
    reservationId: 1,
  });
  const told = (id: string) => h.outstanding(id)?.payload.reservationId;
  assert.deepEqual([told("evcc"), told("ha")], [4, undefined]);
});

Deno.test("more reservations than MAX_LEFTOVERS are refused", () => {
  const h = stage();
  for (let reservationId = 0; reservationId < MAX_LEFTOVERS; reservationId++) {
    assert.deepEqual(reserve(h, "evcc", reservationId), ACCEPTED);
  }
  assert.deepEqual(reserve(h, "evcc", 99), REJECTED);
});

Deno.test("reservations that are over make room for new ones", () => {
  const h = new Harness(configuration({
    backends: [backend("evcc", "controller")],
    controlTimeoutMs: 600_000,
  }));
  h.bootCharger();
  h.attach("evcc");
  const reserve = (reservationId: number) => {
    const expiryDate = new Date(h.now + 30_000).toISOString();
    const request = { connectorId: 1, expiryDate, idTag: "CAR", reservationId };
    return run(h, "evcc", "ReserveNow", request, ACCEPTED);
  };
  for (let id = 1; id <= MAX_LEFTOVERS; id++) assert.deepEqual(reserve(id), ACCEPTED);
  assert.deepEqual(reserve(100), REJECTED);
  h.pass(31_000);
  assert.deepEqual(reserve(101), ACCEPTED);
  assert.equal(h.state.reservations.size, 1);
});

Deno.test("a request id is never used again, also after a kill while the charger has it", () => {
  const h = new Harness(configuration({ backends: [backend("admin", "admin")] }));
  const ask = () => {
    h.bootCharger();
    h.attach("admin");
    h.backendCalls("admin", "GetLog", {
      log: { remoteLocation: "https://example.org/log" },
      logType: "DiagnosticsLog",
      requestId: 7,
    });
    return h.lastCallToCharger().payload.requestId;
  };
  const first = ask();
  h.crash();
  assert.notEqual(ask(), first);
});

Deno.test("a reservation counts as made after a restart", () => {
  const h = stage();
  reserve(h, "evcc", 5);
  h.pass(2_000);
  h.restart();
  assert.deepEqual([...h.state.reservations.values()].map(({ confirmed }) => confirmed), [true]);
});
