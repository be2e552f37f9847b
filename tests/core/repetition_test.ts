// A charger repeats what was stored when it did not get the answer: there is no second row.

import assert from "node:assert/strict";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { books, resultOf, start } from "./charging.ts";
import { backend, configuration, Harness } from "./harness.ts";

/** A charger in a transaction, and the MeterValues of it that show `wh`. */
function charging(): { h: Harness; values: (wh: number) => JsonObject } {
  const h = new Harness(configuration({ backends: [backend("employer", "biller")] }));
  h.bootCharger();
  h.attach("employer", () => 11);
  const start = h.chargerCalls("StartTransaction", {
    connectorId: 1,
    idTag: "TAG",
    meterStart: 1000,
    timestamp: "2026-11-22T12:00:00Z",
  });
  assert.equal(start?.type, "result");
  const { transactionId } = start.payload;
  const values = (wh: number) => ({
    connectorId: 1,
    transactionId,
    meterValue: [{ timestamp: "2026-11-22T12:01:00Z", sampledValue: [{ value: String(wh) }] }],
  });
  return { h, values };
}

function loggedRegisters(h: Harness): unknown[] {
  return h.tables.log
    .filter(({ action }) => action === "MeterValues")
    .map(({ payload }) => (payload as ReturnType<ReturnType<typeof charging>["values"]>).meterValue)
    .map((list) => (list as { sampledValue: { value: string }[] }[])[0]?.sampledValue[0]?.value);
}

Deno.test("MeterValues that are repeated under a new id are answered and not stored again", () => {
  const { h, values } = charging();
  for (const wh of [1100, 1200, 1100, 1200]) {
    const answer = h.chargerCalls("MeterValues", values(wh));
    assert.deepEqual(answer?.type === "result" && answer.payload, {});
  }
  assert.deepEqual(loggedRegisters(h), ["1100", "1200"]);
});

Deno.test("MeterValues that are repeated after a restart are answered and not stored again", () => {
  const { h, values } = charging();
  h.chargerCalls("MeterValues", values(1100));
  h.restart();
  h.bootCharger();
  const answer = h.chargerCalls("MeterValues", values(1100));
  assert.deepEqual(answer?.type === "result" && answer.payload, {});
  h.chargerCalls("MeterValues", values(1200));
  assert.deepEqual(loggedRegisters(h), ["1100", "1200"]);
});

Deno.test("MeterValues that could not be stored are stored when they are repeated", () => {
  const { h, values } = charging();
  h.diskFull = true;
  assert.equal(h.chargerCalls("MeterValues", values(1100))?.type, "error");
  h.diskFull = false;
  assert.equal(h.chargerCalls("MeterValues", values(1100))?.type, "result");
  assert.deepEqual(loggedRegisters(h), ["1100"]);
});

/** A charger in Brussels that means the clock on the wall, when it is 17:00 in London. */
function zoneless(): { h: Harness; transactionId: number } {
  const h = new Harness(configuration({ timeZone: "Europe/Brussels" }));
  h.now = Date.parse("2026-11-22T17:00:00Z");
  h.bootCharger();
  return { h, transactionId: start(h, { timestamp: "2026-11-22T08:00:00Z" }) };
}

/** From it the proxy learns the zone. */
function tellZone(h: Harness): void {
  h.chargerCalls("StatusNotification", {
    connectorId: 2,
    errorCode: "NoError",
    status: "Available",
    timestamp: "2026-11-22T18:00:00",
  });
}

Deno.test("MeterValues are repeated though their times are read in another way by then", () => {
  const { h, transactionId } = zoneless();
  const waited = {
    connectorId: 1,
    transactionId,
    meterValue: [{ timestamp: "2026-11-22T09:30:00", sampledValue: [{ value: "1100" }] }],
  };
  resultOf(h.chargerCalls("MeterValues", waited));
  tellZone(h);
  resultOf(h.chargerCalls("MeterValues", waited));
  assert.deepEqual(loggedRegisters(h), ["1100"]);
});

for (const restarts of [false, true]) {
  const when = restarts ? " after a restart" : "";
  Deno.test(`MeterValues of a clock that is not set are known again${when}`, () => {
    const { h, values } = charging();
    const unset = (wh: number, timestamp: string) => ({
      ...values(wh),
      meterValue: [{ timestamp, sampledValue: [{ value: String(wh) }] }],
    });
    resultOf(h.chargerCalls("MeterValues", unset(1100, "1970-01-01T00:01:00Z")));
    h.pass(10_000);
    if (restarts) {
      h.restart();
      h.bootCharger();
    }
    resultOf(h.chargerCalls("MeterValues", unset(1100, "1970-01-01T00:01:00Z")));
    h.pass(10_000);
    resultOf(h.chargerCalls("MeterValues", unset(1100, "1970-01-01T00:02:00Z")));
    assert.deepEqual(loggedRegisters(h), ["1100", "1100"]);
  });
}

Deno.test("without any time the same values are repeated only under the same id", () => {
  const { h, values } = charging();
  const timeless = { ...values(1100), meterValue: [{ sampledValue: [{ value: "1100" }] }] };
  for (const id of ["m1", "m1", "m2"]) {
    resultOf(h.chargerCalls("MeterValues", timeless, id));
    h.pass(10_000);
  }
  assert.deepEqual(loggedRegisters(h), ["1100", "1100"]);
});

Deno.test("a stop without an id is repeated after its time is read in another way", () => {
  const { h } = zoneless();
  const waited = { transactionId: -1, meterStop: 2000, timestamp: "2026-11-22T16:30:00" };
  resultOf(h.chargerCalls("StopTransaction", waited));
  start(h, { meterStart: 2000, timestamp: "2026-11-22T15:30:30Z" });
  tellZone(h);
  resultOf(h.chargerCalls("StopTransaction", waited));
  assert.equal(books(h).at(-1)?.stoppedAt, null, "the next session goes on");
  assert.equal(books(h).length, 2);
});
