// Transactions as chargers really send them: repeated, lost, late, without an id, or from elsewhere.

import assert from "node:assert/strict";
import {
  at,
  books,
  errorOf,
  logged,
  meter,
  resultOf,
  start,
  startRequest,
  stop,
} from "./charging.ts";
import { backend, configuration, Harness } from "./harness.ts";

function booted(connectors = 1): Harness {
  const h = new Harness(configuration({ backends: [backend("b", "biller")] }));
  h.bootCharger(connectors);
  h.attach("b", () => 7);
  return h;
}

/** What backend b has heard of transactions. */
function told(h: Harness): unknown[] {
  return h.callsToBackend("b")
    .filter(({ action }) => action === "MeterValues" || action.endsWith("Transaction"))
    .map(({ action, payload }) => [action, payload.transactionId ?? null]);
}

Deno.test("N01: a StartTransaction repeated with the same id has one session and the same answer", () => {
  const h = booted();
  const first = h.chargerCalls("StartTransaction", startRequest(), "9");
  const second = h.chargerCalls("StartTransaction", startRequest(), "9");
  assert.deepEqual(second, first);
  assert.equal(books(h).length, 1);
  assert.equal(logged(h).length, 1);
});

for (const again of ["reconnect", "reboot", "restart"] as const) {
  Deno.test(`N02: a StartTransaction repeated with a new id after a ${again} keeps its transaction`, () => {
    const h = booted();
    const id = start(h, {}, "n1");
    assert.equal(start(h, { idTag: "tag" }, "n2"), id);
    if (again === "restart") h.restart();
    if (again === "reconnect") h.connectCharger();
    else h.bootCharger();
    assert.equal(start(h, {}, "n3"), id);
    assert.equal(books(h).length, 1);
    stop(h, id, 600, 1500);
    if (again === "restart") h.restart();
    h.connectCharger();
    assert.equal(start(h, {}, "n4"), id, "also after its end");
    assert.deepEqual(logged(h), [["StartTransaction", id], ["StopTransaction", id]]);
  });
}

Deno.test("N02: two StartTransactions without a pause are one session while a backend is asked", () => {
  const core = configuration({
    backends: [backend("b", "biller")],
    idTags: [{ tag: "TAG", backend: "b", action: "allow", owner: false }],
  });
  const h = new Harness(core);
  h.bootCharger();
  h.attach("b");
  assert.equal(h.chargerCalls("StartTransaction", startRequest(), "n1"), undefined);
  assert.equal(h.chargerCalls("StartTransaction", startRequest(), "n2"), undefined);
  const before = h.charger.length;
  h.backendAnswers("b", { transactionId: 5, idTagInfo: { status: "Blocked" } });
  const id = books(h)[0]!.transactionId;
  assert.deepEqual(
    h.charger.slice(before).map(({ text }) => JSON.parse(text)),
    ["n1", "n2"].map((
      message,
    ) => [3, message, { transactionId: id, idTagInfo: { status: "Blocked" } }]),
  );
  assert.equal(books(h).length, 1);
});

Deno.test("N03: without a clock, a start that looks like one that has stopped is a new session", () => {
  const h = booted();
  const unset = { meterStart: 0, timestamp: "1970-01-01T00:00:00Z" };
  const first = start(h, unset);
  assert.equal(start(h, unset), first, "while it runs it is a repetition");
  stop(h, first, 600, 700);
  const second = start(h, unset);
  assert.notEqual(second, first);
  assert.deepEqual(books(h).map(({ flags }) => flags), [["clock_corrected"], ["clock_corrected"]]);
});

Deno.test("N04: a start on a connector with a running session closes the old one first", () => {
  const h = booted();
  const first = start(h);
  meter(h, first, 60, 1500);
  const second = start(h, { meterStart: 1800, timestamp: at(3600), idTag: "OTHER" });
  h.pass(2000);
  h.serve("b");
  const [old, young] = books(h);
  assert.deepEqual(
    [old!.energyWh, old!.stoppedAt, old!.stopReason, old!.flags, old!.meterStopWh],
    [800, Date.parse(at(3600)), "Other", ["estimated_stop"], 1800],
  );
  assert.equal(young!.stoppedAt, null);
  assert.deepEqual(logged(h), [
    ["StartTransaction", first],
    ["MeterValues", first],
    ["StopTransaction", first],
    ["StartTransaction", second],
  ]);
  const synthetic = h.tables.log[2]!;
  assert.equal(synthetic.synthetic, true);
  assert.deepEqual(synthetic.payload, { meterStop: 1800, timestamp: at(3600), reason: "Other" });
});

Deno.test("N04: a session-relative meterStart does not stand in for the old meterStop", () => {
  const h = booted();
  const first = start(h, { meterStart: 0 });
  meter(h, first, 60, 500);
  start(h, { meterStart: 0, timestamp: at(3600) });
  assert.deepEqual([books(h)[0]?.energyWh, books(h)[0]?.meterStopWh], [500, 500]);
});

Deno.test("N05: a StopTransaction is repeated, by its id: one stop, both answered", () => {
  const h = booted();
  const id = start(h);
  assert.deepEqual(resultOf(stop(h, id, 600, 1500)), {});
  assert.deepEqual(resultOf(stop(h, id, 600, 1500)), {});
  h.restart();
  h.connectCharger();
  assert.deepEqual(resultOf(stop(h, id, 600, 1500)), {});
  assert.deepEqual(logged(h), [["StartTransaction", id], ["StopTransaction", id]]);
  assert.equal(books(h).length, 1);
});

for (const none of [-1, 0, 4711]) {
  Deno.test(`N05: a StopTransaction with the id ${none} ends the session it fits`, () => {
    const h = booted();
    const id = start(h);
    resultOf(stop(h, none, 600, 1500, { idTag: "tag", reason: "Local" }));
    assert.deepEqual(logged(h), [["StartTransaction", id], ["StopTransaction", id]]);
    assert.equal(books(h)[0]?.energyWh, 500);
  });

  Deno.test(`N05: a repeated StopTransaction with the id ${none} ends nothing else`, () => {
    const h = booted(2);
    const first = start(h);
    const second = start(h, { connectorId: 2, timestamp: at(10) });
    const data = { idTag: "TAG" };
    resultOf(stop(h, none, 600, 1500, data));
    h.restart();
    h.connectCharger();
    resultOf(stop(h, none, 600, 1500, data));
    assert.deepEqual(
      books(h).map(({ transactionId, stoppedAt }) => [transactionId, stoppedAt !== null]),
      [[first, true], [second, false]],
    );
  });
}

Deno.test("N05: without a clock and an id, a repeated StopTransaction makes no second session", () => {
  const h = booted();
  start(h, { timestamp: "1970-01-01T00:00:00Z" });
  h.pass(60_000);
  resultOf(stop(h, -1, 0, 1500, { timestamp: "1970-01-01T00:01:00Z" }));
  h.pass(60_000);
  resultOf(stop(h, -1, 0, 1500, { timestamp: "1970-01-01T00:01:00Z" }));
  assert.equal(books(h).length, 1);
});

Deno.test("N05: a StopTransaction that fits no session is booked as an orphan, once", () => {
  const h = booted();
  for (let turn = 0; turn < 3; turn++) {
    resultOf(stop(h, 4711, 600, 1500, { idTag: "X" }));
    h.restart();
    h.connectCharger();
  }
  const [orphan] = books(h);
  assert.equal(books(h).length, 1);
  assert.deepEqual(
    [orphan!.chargerTransactionId, orphan!.energyWh, orphan!.flags, orphan!.stopReason],
    ["4711", 0, ["adopted"], "Local"],
  );
  assert.deepEqual(logged(h), [], "no backend knows of it");
});

Deno.test("N05: another card on another session is not stopped by a StopTransaction of -1", () => {
  const h = booted();
  const id = start(h);
  resultOf(stop(h, -1, 600, 1500, { idTag: "OTHER" }));
  assert.equal(books(h).find(({ transactionId }) => transactionId === id)?.stoppedAt, null);
});

Deno.test("N06: meter values without, or with a foreign transaction id belong to the connector's session", () => {
  const h = booted(2);
  const one = start(h);
  const two = start(h, { connectorId: 2, timestamp: at(5) });
  meter(h, undefined, 60, 1100);
  meter(h, 1936029036, 70, 1150, 2);
  meter(h, two, 80, 1160, 2);
  meter(h, -1, 90, 1200);
  meter(h, one, 100, 1250, 0);
  assert.deepEqual(books(h).map(({ energyWh }) => energyWh), [250, 160]);
  h.pass(5000);
  h.serve("b");
  assert.deepEqual(told(h).filter((row) => (row as string[])[0] === "MeterValues").length, 5);
});

Deno.test("N06: the main meter's values without a transaction go to backends as they are", () => {
  const h = booted();
  resultOf(meter(h, undefined, 60, 1100, 0));
  h.serve("b");
  assert.deepEqual(told(h), [["MeterValues", null]]);
  assert.deepEqual(logged(h), []);
});

Deno.test("N07: a transaction from before the proxy is adopted and can be stopped by a backend", () => {
  const h = new Harness(configuration({ backends: [backend("evcc", "controller")] }));
  h.bootCharger();
  h.attach("evcc");
  resultOf(meter(h, 1700000000, 60, 5000));
  h.serve("evcc");
  resultOf(meter(h, 1700000000, 120, 5400));
  h.serve("evcc");
  assert.deepEqual(
    h.callsToBackend("evcc", "MeterValues").map(({ payload }) => payload.transactionId),
    [1700000000, 1700000000],
  );
  h.backendCalls("evcc", "RemoteStopTransaction", { transactionId: 1700000000 });
  assert.deepEqual(h.lastCallToCharger().payload, { transactionId: 1700000000 });
  h.chargerAnswers({ status: "Accepted" });
  resultOf(stop(h, 1700000000, 180, 5500));
  const [session] = books(h);
  assert.deepEqual([session!.energyWh, session!.flags], [500, ["adopted"]]);
});

Deno.test("N07: an id of 64 bits survives adoption", () => {
  const h = booted();
  h.chargerSays(
    '[2,"m","MeterValues",{"connectorId":1,"transactionId":9223372036854775807,"meterValue":' +
      `[{"timestamp":"${at(0)}","sampledValue":[{"value":"1"}]}]}]`,
  );
  assert.equal(books(h)[0]?.chargerTransactionId, "9223372036854775807");
  h.serve("b");
  assert.match(h.received("b").at(-1)!.text, /"transactionId":9223372036854775807/);
});

Deno.test("N07: a transaction is adopted only once it is on disk", () => {
  const h = booted();
  h.diskFull = true;
  assert.equal(errorOf(meter(h, 1700000000, 60, 5000)), "InternalError");
  assert.equal(h.state.sessions.size, 0);
  h.diskFull = false;
  resultOf(meter(h, 1700000000, 60, 5000));
  assert.equal(books(h).length, 1);
  assert.equal(h.state.sessions.size, 1);
});

Deno.test("N07: an old id that goes on on a free connector is given up again", () => {
  const h = booted();
  meter(h, 1700000000, 0, 5000);
  h.pass(70_000);
  assert.deepEqual(books(h).map(({ flags }) => flags), [["adopted", "estimated_stop"]]);
  meter(h, 1700000000, 120, 5000);
  assert.equal(books(h).length, 1);
});

Deno.test("meter values without any usable sample are answered and make no session", () => {
  const h = booted();
  resultOf(h.chargerCalls("MeterValues", {
    connectorId: 1,
    transactionId: 1700000000,
    meterValue: [{ timestamp: at(0), sampledValue: [] }],
  }));
  assert.deepEqual([books(h), logged(h), h.state.sessions.size], [[], [], 0]);
});

Deno.test("closing meter values up to 30 s after the stop belong to the session (Ocular)", () => {
  const h = booted();
  const id = start(h);
  h.pass(60_000);
  stop(h, id, 60, 1500);
  h.pass(20_000);
  meter(h, id, 80, 1500);
  h.pass(20_000);
  meter(h, id, 100, 1500);
  assert.deepEqual(logged(h).map(([action]) => action), [
    "StartTransaction",
    "StopTransaction",
    "MeterValues",
  ]);
  assert.equal(books(h)[0]?.energyWh, 500);
});

Deno.test("meter values taken before the stop belong to the session however late they come", () => {
  const h = booted();
  const id = start(h);
  stop(h, id, 60, 1500);
  h.pass(3_600_000);
  meter(h, id, 30, 1200);
  assert.deepEqual(logged(h).at(-1), ["MeterValues", id]);
  assert.equal(books(h)[0]?.energyWh, 500);
});

Deno.test("3.9: a connector that is Available for 60 s has lost its stop (Zaptec, EN+)", () => {
  const h = booted();
  const id = start(h);
  h.serve("b", () => 7);
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Charging",
  });
  meter(h, id, 60, 1500);
  h.serve("b");
  h.pass(120_000);
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Available",
  });
  const freeAt = h.now;
  h.pass(59_000);
  assert.equal(books(h)[0]?.stoppedAt, null);
  h.pass(2_000);
  h.serve("b");
  const [session] = books(h);
  assert.deepEqual(
    [session!.stoppedAt, session!.energyWh, session!.stopReason, session!.flags],
    [freeAt, 500, "Other", ["estimated_stop"]],
  );
  assert.deepEqual(told(h), [["StartTransaction", null], ["MeterValues", 7], [
    "StopTransaction",
    7,
  ]]);
});

Deno.test("3.9: the real stop of a session that was closed corrects the books once", () => {
  const h = booted();
  const id = start(h);
  meter(h, id, 60, 1500);
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Available",
  });
  h.pass(70_000);
  assert.deepEqual(books(h)[0]?.flags, ["estimated_stop"]);
  h.restart();
  h.connectCharger();
  resultOf(stop(h, id, 65, 1600));
  resultOf(stop(h, id, 66, 1700));
  const [session] = books(h);
  assert.deepEqual(
    [session!.energyWh, session!.stoppedAt, session!.stopReason, session!.flags],
    [600, Date.parse(at(65)), "Local", ["estimated_stop", "late_stop"]],
  );
  assert.deepEqual(logged(h).map(([action]) => action), [
    "StartTransaction",
    "MeterValues",
    "StopTransaction",
  ]);
});

Deno.test("3.9: energy that rises shows that a connector is not free", () => {
  const h = booted();
  const id = start(h);
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Available",
  });
  h.pass(50_000);
  meter(h, id, 50, 1500);
  h.pass(600_000);
  assert.equal(books(h)[0]?.stoppedAt, null);
});

for (const restart of [false, true]) {
  Deno.test(`3.9: an Available from before the start loses nothing${restart ? ", also after a restart" : ""}`, () => {
    const h = booted();
    h.pass(1000);
    start(h, { timestamp: at(1) });
    if (restart) h.restart();
    h.connectCharger();
    h.pass(600_000);
    assert.equal(books(h)[0]?.stoppedAt, null);
  });
}

Deno.test("3.9: nothing is lost while the charger is away", () => {
  const h = booted();
  const id = start(h);
  h.pass(1000);
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Available",
  });
  h.disconnectCharger();
  h.pass(3_600_000);
  assert.equal(books(h)[0]?.stoppedAt, null);
  h.restart();
  h.connectCharger();
  h.pass(59_000);
  resultOf(stop(h, id, 30, 1500));
  assert.deepEqual(books(h)[0]?.flags, []);
});

Deno.test("N16: start and stop of an offline session come seconds apart, the stop without its id", () => {
  const h = booted();
  h.pass(10_000);
  start(h, { timestamp: at(-7200) });
  resultOf(stop(h, -1, -3600, 8000, { idTag: "TAG" }));
  const [session] = books(h);
  assert.deepEqual(
    [session!.startedAt, session!.stoppedAt, session!.energyWh, session!.flags],
    [Date.parse(at(-7200)), Date.parse(at(-3600)), 7000, []],
  );
});

Deno.test("N17: reservationId reaches the backend that reserved, in its own id, and nobody else", () => {
  const h = new Harness(configuration({
    backends: [backend("a", "controller"), backend("b", "controller")],
  }));
  h.bootCharger();
  h.attach("a");
  h.attach("b");
  h.backendCalls("a", "ReserveNow", {
    connectorId: 1,
    expiryDate: at(3600),
    idTag: "TAG",
    reservationId: 77,
  });
  const { reservationId } = h.lastCallToCharger().payload;
  h.chargerAnswers({ status: "Accepted" });
  start(h, { reservationId });
  h.serve("a");
  h.serve("b");
  assert.equal(h.callsToBackend("a", "StartTransaction")[0]?.payload.reservationId, 77);
  assert.equal("reservationId" in h.callsToBackend("b", "StartTransaction")[0]!.payload, false);
});

Deno.test("N18: a session that our answer ended is booked with 0 Wh, and told once", () => {
  const core = configuration({
    backends: [backend("b", "biller")],
    idTags: [{ tag: "TAG", backend: "b", action: "allow", owner: false }],
  });
  const h = new Harness(core);
  h.bootCharger();
  h.attach("b");
  h.chargerCalls("StartTransaction", startRequest(), "s");
  h.backendAnswers("b", { transactionId: 7, idTagInfo: { status: "Invalid" } });
  const id = books(h)[0]!.transactionId;
  resultOf(stop(h, id, 1, 1000, { reason: "DeAuthorized" }));
  h.serve("b");
  assert.deepEqual(told(h), [["StartTransaction", null], ["StopTransaction", 7]]);
  assert.deepEqual(
    books(h).map(({ energyWh, stopReason, flags }) => [energyWh, stopReason, flags]),
    [[0, "DeAuthorized", []]],
  );
});

Deno.test("a full disk: the charger is told to repeat, and nothing has happened", () => {
  const h = booted();
  const before = structuredClone(books(h));
  h.diskFull = true;
  assert.equal(errorOf(h.chargerCalls("StartTransaction", startRequest())), "InternalError");
  assert.deepEqual([books(h), logged(h), h.state.sessions.size], [before, [], 0]);
  h.diskFull = false;
  const id = start(h);
  h.diskFull = true;
  assert.equal(errorOf(meter(h, id, 60, 1500)), "InternalError");
  assert.equal(errorOf(stop(h, id, 70, 1600)), "InternalError");
  assert.deepEqual([books(h)[0]!.energyWh, books(h)[0]!.stoppedAt], [0, null]);
  assert.equal(h.state.sessions.get(id)!.energyWh, 0);
  h.diskFull = false;
  resultOf(meter(h, id, 60, 1500));
  resultOf(stop(h, id, 70, 1600));
  assert.equal(books(h)[0]!.energyWh, 600);
  assert.deepEqual(logged(h).map(([action]) => action), [
    "StartTransaction",
    "MeterValues",
    "StopTransaction",
  ]);
});

Deno.test("transaction ids begin where the clock stands, rise, and survive a restart", () => {
  const h = booted();
  const ids = [start(h)];
  for (let turn = 1; turn < 4; turn++) {
    stop(h, ids.at(-1)!, turn, 1500);
    h.restart();
    h.connectCharger();
    ids.push(start(h, { timestamp: at(turn) }));
  }
  assert.ok(ids[0]! > 200_000_000);
  assert.deepEqual(ids, ids.map((_, index) => ids[0]! + index));
});
