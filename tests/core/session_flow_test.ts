// A whole session through the core: the charger, two backends, the books.

import assert from "node:assert/strict";
import { backend, configuration, Harness } from "./harness.ts";

Deno.test("a session reaches every backend under its own ids and ends in the books", () => {
  const h = new Harness(configuration({
    backends: [backend("employer", "biller"), backend("evcc", "controller")],
  }));
  h.bootCharger();
  h.attach("employer", () => 11);
  h.attach("evcc", () => 22);
  const start = h.chargerCalls("StartTransaction", {
    connectorId: 1,
    idTag: "TAG",
    meterStart: 1000,
    timestamp: "2026-11-22T12:00:00Z",
  });
  assert.equal(start?.type, "result");
  const transactionId = start.payload.transactionId;
  h.serve("employer", () => 11);
  h.serve("evcc", () => 22);
  h.pass(60_000);
  h.chargerCalls("MeterValues", {
    connectorId: 1,
    transactionId,
    meterValue: [{ timestamp: "2026-11-22T12:01:00Z", sampledValue: [{ value: "1100" }] }],
  });
  h.serve("employer");
  h.serve("evcc");
  const stop = h.chargerCalls("StopTransaction", {
    transactionId,
    meterStop: 1200,
    timestamp: "2026-11-22T12:02:00Z",
  });
  assert.deepEqual(stop?.type === "result" && stop.payload, {});
  h.serve("employer");
  h.serve("evcc");
  for (const [id, theirs] of [["employer", 11], ["evcc", 22]] as const) {
    const calls = h.callsToBackend(id);
    assert.deepEqual(
      calls.filter(({ action }) => action.endsWith("Transaction")).map((call) => [
        call.action,
        call.payload.transactionId,
      ]),
      [["StartTransaction", undefined], ["StopTransaction", theirs]],
    );
    assert.equal(
      calls.find(({ action }) => action === "MeterValues")?.payload.transactionId,
      theirs,
    );
  }
  const [session] = [...h.tables.sessions.values()];
  assert.equal(session?.energyWh, 200);
  assert.deepEqual(h.tables.cursors, new Map([["employer", 3], ["evcc", 3]]));
});

Deno.test("N38: a start that crosses the confirmation of its RemoteStart is booked to who sent it", () => {
  const h = new Harness(configuration({ backends: [backend("evcc", "controller")] }));
  h.bootCharger();
  h.attach("evcc");
  h.backendCalls("evcc", "RemoteStartTransaction", { idTag: "evcc" });
  h.chargerCalls("StartTransaction", {
    connectorId: 1,
    idTag: "EVCC",
    meterStart: 0,
    timestamp: "2026-11-22T12:00:01Z",
  });
  h.chargerAnswers({ status: "Accepted" });
  const [session] = [...h.tables.sessions.values()];
  assert.deepEqual([session?.backendId, session?.bookedBy], ["evcc", "remote_start"]);
  assert.deepEqual(h.state.control.claims, []);
});

Deno.test("a gap in the log holds nobody up, whatever protocol they speak", () => {
  const h = new Harness(configuration({
    backends: [backend("employer", "biller"), backend("script", "observer", { durable: true })],
  }));
  h.bootCharger();
  const meter = (minute: number) => ({
    connectorId: 1,
    meterValue: [{
      timestamp: new Date(Date.UTC(2026, 10, 22, 12, minute)).toISOString(),
      sampledValue: [{ value: String(minute) }],
    }],
  });
  h.chargerCalls("StartTransaction", {
    connectorId: 1,
    idTag: "TAG",
    meterStart: 0,
    timestamp: "2026-11-22T12:00:00Z",
  });
  for (let minute = 1; minute <= 300; minute++) h.chargerCalls("MeterValues", meter(minute));
  h.tables.log.splice(1);
  h.attach("employer", () => 11);
  h.connectBackend("script", "json");
  h.chargerCalls("MeterValues", meter(301));
  h.serve("employer");
  assert.equal(h.callsToBackend("employer", "MeterValues").length, 257);
  assert.match(h.received("script").at(-1)!.text, /"type":"meter"/);
});
