// A defect in the middle of a step: what it had planned to write holds up nothing that comes after.

import assert from "node:assert/strict";
import { step } from "../../src/core/step.ts";
import type { Event } from "../../src/core/event.ts";
import { stringifyJson } from "../../src/ocpp/json.ts";
import { books, start, startRequest } from "./charging.ts";
import { backend, configuration, Harness } from "./harness.ts";

function stage(): Harness {
  const h = new Harness(configuration({ backends: [backend("evcc", "admin")] }));
  h.bootCharger();
  h.attach("evcc");
  return h;
}

/** The core hears of an event, and a defect takes what comes of it. */
function lose(h: Harness, send: () => void): void {
  const { event } = h;
  h.event = (lost: Event) => void step(h.state, lost, h.now);
  send();
  h.event = event;
  assert.ok(h.state.storing, "something was to be written");
}

Deno.test("after a defect in a transaction message the charger's next one is stored", () => {
  const h = stage();
  lose(h, () => void h.chargerCalls("StartTransaction", startRequest({ idTag: "LOST" })));
  start(h, { idTag: "CARD" });
  assert.deepEqual(books(h).map(({ idTag }) => idTag), ["CARD"]);
});

Deno.test("after a defect in a command whoever waits is answered, and the next one leaves", () => {
  const h = stage();
  const reserve = (reservationId: number) => ({
    connectorId: 1,
    expiryDate: "2030-01-01T00:00:00Z",
    idTag: "X",
    reservationId,
  });
  lose(h, () => h.backendSays("evcc", stringifyJson([2, "lost", "ReserveNow", reserve(7)])));
  h.backendCalls("evcc", "ReserveNow", reserve(8), "next");
  assert.equal(h.answersTo("evcc", "lost").length, 1);
  assert.deepEqual(h.callsToCharger().map(({ action }) => action), ["ReserveNow"]);
});
