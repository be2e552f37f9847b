// A charger repeats what was stored when it did not get the answer: there is no second row.

import assert from "node:assert/strict";
import type { JsonObject } from "../../src/ocpp/json.ts";
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
