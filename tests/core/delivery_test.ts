// Store and forward to one backend: order, refusals, silence, spacing, pages, and what it may see.

import assert from "node:assert/strict";
import { MAX_ABSENT } from "../../src/core/backend.ts";
import { BACKEND_CALL_TIMEOUT_MS, MAX_WAITING } from "../../src/core/backend_outbox.ts";
import { PAGE_ENTRIES } from "../../src/core/delivery.ts";
import { WINDOW_ENTRIES } from "../../src/core/log_window.ts";
import { REMEMBERED_SESSIONS } from "../../src/core/record.ts";
import { type JsonObject, type JsonValue, stringifyJson } from "../../src/ocpp/json.ts";
import { at, books, meter, resultOf, start, startRequest, stop } from "./charging.ts";
import { backend, configuration, Harness } from "./harness.ts";

const one = configuration({ backends: [backend("b", "biller")] });

/** Action and transaction id of what a backend was sent of transactions. */
function told(h: Harness, id = "b"): [string, JsonValue | undefined][] {
  return h.callsToBackend(id)
    .filter(({ action }) => action === "MeterValues" || action.endsWith("Transaction"))
    .map(({ action, payload }) => [action.replace("Transaction", ""), payload.transactionId]);
}

function refuse(h: Harness, id = "b"): void {
  h.backendSays(id, stringifyJson([4, h.outstanding(id)!.id, "InternalError", "no", {}]));
}

/** A whole session while nobody listens. */
function session(h: Harness, turn: number, values = 0): number {
  const id = start(h, { timestamp: at(turn * 100), meterStart: turn * 1000 });
  for (let index = 1; index <= values; index++) {
    meter(h, id, turn * 100 + index, turn * 1000 + index);
  }
  stop(h, id, turn * 100 + 99, turn * 1000 + 500);
  return id;
}

Deno.test("N13: what a backend missed comes in order, with the old times, before what is new", () => {
  const h = new Harness(one);
  h.bootCharger();
  session(h, 0, 2);
  h.pass(7_200_000);
  session(h, 1, 1);
  h.connectBackend("b");
  h.pass(5_000);
  for (let id = 50; h.outstanding("b"); h.pass(2_000)) h.serve("b", () => ++id);
  assert.deepEqual(told(h), [
    ["Start", undefined],
    ["MeterValues", 51],
    ["MeterValues", 51],
    ["Stop", 51],
    ["Start", undefined],
    ["MeterValues", 52],
    ["Stop", 52],
  ]);
  assert.deepEqual(
    h.callsToBackend("b", "StartTransaction").map(({ payload }) => payload.timestamp),
    [at(0), at(100)],
  );
});

Deno.test("N13, 8.1 d: replayed starts are 1.1 s apart, over reconnects too", () => {
  const h = new Harness(one);
  h.bootCharger();
  for (let turn = 0; turn < 4; turn++) session(h, turn);
  h.attach("b");
  h.disconnectBackend("b");
  h.attach("b");
  h.pass(100);
  assert.equal(h.callsToBackend("b", "StartTransaction").length, 1);
  for (let turn = 0; turn < 100; turn++) {
    h.serve("b");
    h.pass(100);
  }
  const times = h.received("b").filter(({ text }) => text.includes('"StartTransaction"'))
    .map(({ at }) => at);
  assert.equal(times.length, 4);
  for (const [index, time] of times.entries()) {
    if (index > 0) assert.ok(time - times[index - 1]! >= 1_100);
  }
});

Deno.test("N13: Authorize and states overtake the log, live meter values do not", () => {
  const h = new Harness(one);
  h.bootCharger();
  h.attach("b");
  const id = start(h);
  assert.equal(h.outstanding("b")?.action, "StartTransaction");
  meter(h, id, 60, 1100);
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Charging",
  });
  h.chargerCalls("Authorize", { idTag: "OTHER" }, "a");
  h.serve("b", () => 9);
  assert.deepEqual(h.callsToBackend("b").slice(-4).map(({ action }) => action), [
    "StartTransaction",
    "StatusNotification",
    "Authorize",
    "MeterValues",
  ]);
});

Deno.test("8.4: meter values wait for the id that their StartTransaction gets", () => {
  const h = new Harness(one);
  h.bootCharger();
  h.attach("b");
  const id = start(h);
  meter(h, id, 60, 1100);
  stop(h, id, 70, 1200);
  h.pass(29_000);
  assert.deepEqual(told(h), [["Start", undefined]]);
  h.backendAnswers("b", { transactionId: 0, idTagInfo: { status: "Accepted" } });
  h.serve("b");
  assert.deepEqual(told(h), [["Start", undefined], ["MeterValues", 0], ["Stop", 0]]);
});

for (
  const [given, want] of [
    [0, "0"],
    [-5, "-5"],
    ["17", "17"],
    [2147483648, "2147483648"],
    [9223372036854775807n, "9223372036854775807"],
    [3.0, "3"],
  ] as [JsonValue, string][]
) {
  Deno.test(`N10: the id ${given} (${typeof given}) of a backend is used towards it, over a restart`, () => {
    const h = new Harness(one);
    h.bootCharger();
    h.attach("b");
    const id = start(h);
    h.backendAnswers("b", { transactionId: given, idTagInfo: { status: "Accepted" } });
    h.restart();
    h.bootCharger();
    h.attach("b");
    stop(h, id, 70, 1200);
    const text = h.received("b").at(-1)!.text;
    assert.ok(text.includes(`"transactionId":${want}`), text);
  });
}

for (
  const answer of [{}, { transactionId: null }, { transactionId: "x" }, { transactionId: 1.5 }]
) {
  Deno.test(`N10: the answer ${JSON.stringify(answer)} to a start is none, and the charger never notices`, () => {
    const core = { ...one, idTags: [{ tag: "TAG", backend: "b", action: "allow", owner: false }] };
    const h = new Harness(core as typeof one);
    h.bootCharger();
    h.attach("b");
    h.chargerCalls("StartTransaction", startRequest(), "x");
    h.backendAnswers("b", answer);
    h.pass(2_500);
    assert.deepEqual(h.callsToBackend("b", "StartTransaction").length, 1);
    assert.equal(JSON.parse(h.charger.at(-1)!.text)[2].idTagInfo.status, "Accepted");
    h.pass(60_000);
    assert.deepEqual(h.callsToBackend("b", "StartTransaction").length, 2);
    h.serve("b", () => 5);
    meter(h, books(h)[0]!.transactionId, 60, 1100);
    assert.deepEqual(told(h).at(-1), ["MeterValues", 5]);
  });
}

Deno.test("N10: null for a start, as a CALLRESULT, is none", () => {
  const h = new Harness(one);
  h.bootCharger();
  h.attach("b");
  start(h);
  h.backendSays("b", stringifyJson([3, h.outstanding("b")!.id, null]));
  h.pass(60_000);
  assert.equal(h.callsToBackend("b", "StartTransaction").length, 2);
});

Deno.test("an id beyond 64 bits, or that no number tells exactly, is none; the next start succeeds", () => {
  for (const unusable of ["1e300", "18446744073709551616", "1e16"]) {
    const h = new Harness(one);
    h.bootCharger();
    h.attach("b");
    start(h);
    h.backendSays(
      "b",
      `[3,${JSON.stringify(h.outstanding("b")!.id)},{"transactionId":${unusable}}]`,
    );
    assert.equal(h.tables.ids.length, 0, unusable);
    h.restart();
    h.attach("b", () => 9_223_372_036_854_775_807n);
    assert.equal(h.tables.ids[0]?.backendTransactionId, "9223372036854775807", unusable);
  }
});

Deno.test("a row with an id that is no integer does not keep the proxy from starting", () => {
  const h = new Harness(one);
  h.bootCharger();
  h.attach("b");
  const id = start(h);
  h.serve("b", () => 7);
  h.tables.ids.splice(0, 1, { ...h.tables.ids[0]!, backendTransactionId: "1e+300" });
  h.restart();
  h.connectCharger();
  h.attach("b");
  stop(h, id, 60, 2000);
  assert.deepEqual(told(h).at(-1), ["Stop", -1]);
});

Deno.test("a refused message is repeated after 60 and 120 s and then set aside, for the owner to see", () => {
  const h = new Harness(one);
  h.bootCharger();
  h.attach("b");
  const id = start(h);
  h.serve("b", () => 8);
  meter(h, id, 60, 1100);
  stop(h, id, 70, 1200);
  const sent: number[] = [];
  for (let turn = 0; turn < 3; turn++) {
    sent.push(h.received("b").at(-1)!.at);
    refuse(h);
    if (turn < 2) h.pass(60_000 * (turn + 1));
  }
  assert.deepEqual(sent.map((time) => time - sent[0]!), [0, 60_000, 180_000]);
  h.serve("b");
  assert.deepEqual(told(h), [
    ["Start", undefined],
    ["MeterValues", 8],
    ["MeterValues", 8],
    ["MeterValues", 8],
    ["Stop", 8],
  ]);
  const texts = h.received("b").map(({ text }) => text).filter((text) => text.includes("MeterV"));
  assert.equal(new Set(texts).size, 1, "byte for byte the same");
  assert.deepEqual(
    h.tables.setAside.map(({ backendId, sequence, reason }) => [backendId, sequence, reason]),
    [["b", 2, "InternalError: no"]],
  );
  assert.equal(h.state.backends.get("b")?.setAside, 1);
  h.restart();
  assert.equal(h.state.backends.get("b")?.setAside, 1);
});

Deno.test("8.4: after a start that was refused for good, the rest goes with -1, over a restart", () => {
  const h = new Harness(one);
  h.bootCharger();
  h.attach("b");
  const id = start(h);
  for (let turn = 0; turn < 3; turn++) {
    refuse(h);
    h.pass(60_000 * (turn + 1));
  }
  h.restart();
  h.bootCharger();
  h.attach("b");
  meter(h, id, 60, 1100);
  stop(h, id, 70, 1200);
  h.serve("b");
  assert.deepEqual(told(h).slice(-2), [["MeterValues", -1], ["Stop", -1]]);
  assert.deepEqual(h.tables.setAside.map(({ sequence }) => sequence), [1]);
});

Deno.test("a backend that answers nothing is sent the message again and again, and loses nothing", () => {
  const h = new Harness(one);
  h.bootCharger();
  h.attach("b");
  const id = start(h);
  h.pass(3_600_000);
  const times = h.received("b").filter(({ text }) => text.includes('"StartTransaction"'));
  assert.ok(times.length >= 40 && times.length <= 3_600_000 / BACKEND_CALL_TIMEOUT_MS);
  assert.equal(new Set(times.map(({ text }) => text)).size, 1);
  assert.deepEqual(h.tables.setAside, []);
  h.serve("b", () => 3);
  stop(h, id, 70, 1200);
  assert.deepEqual(told(h).at(-1), ["Stop", 3]);
});

Deno.test("a message that a backend never answers, while it answers others, blocks not for ever", () => {
  const h = new Harness(configuration({ backends: [backend("b", "biller")] }));
  h.bootCharger();
  h.connectBackend("b");
  h.backendAnswers("b", { status: "Accepted", currentTime: at(0), interval: 10 });
  h.serve("b");
  const id = start(h);
  stop(h, id, 70, 1200);
  for (let turn = 0; turn < 10_000 && h.outstanding("b")?.action !== "StopTransaction"; turn++) {
    if (h.outstanding("b")?.action === "Heartbeat") h.backendAnswers("b", { currentTime: at(0) });
    h.pass(10_000);
  }
  assert.equal(h.outstanding("b")?.action, "StopTransaction");
  assert.deepEqual(h.tables.setAside.map(({ reason }) => reason), ["no answer in time"]);
});

Deno.test("what was sent and not answered is sent again, the same, on the next connection", () => {
  const h = new Harness(one);
  h.bootCharger();
  h.attach("b");
  start(h);
  const first = h.received("b").at(-1)!.text;
  h.disconnectBackend("b");
  h.pass(2_000);
  h.attach("b", () => 3);
  assert.equal(h.received("b").filter(({ text }) => text === first).length, 2);
});

Deno.test("a late answer to a CALL of an old connection means nothing", () => {
  const h = new Harness(one);
  h.bootCharger();
  h.attach("b");
  const id = start(h);
  const old = h.state.backends.get("b")!.link;
  const call = h.outstanding("b")!;
  h.connectBackend("b");
  h.event({
    type: "backend_frame",
    backendId: "b",
    connection: old.type === "open" ? old.connection : 0,
    text: stringifyJson([3, call.id, { transactionId: 66, idTagInfo: { status: "Accepted" } }]),
  });
  assert.equal(h.state.backends.get("b")!.transactionIds.has(id), false);
});

Deno.test("N58: the same backend connects again: the old socket is closed, the place in the log kept", () => {
  const h = new Harness(one);
  h.bootCharger();
  h.attach("b");
  const id = start(h);
  h.serve("b", () => 4);
  h.connectBackend("b");
  assert.equal(h.others.filter(({ type }) => type === "close_backend").length, 1);
  h.serve("b");
  stop(h, id, 70, 1200);
  h.serve("b");
  assert.deepEqual(told(h), [["Start", undefined], ["Stop", 4]]);
});

Deno.test("hundreds of entries behind: they come from the disk in pages, all, in order", () => {
  const h = new Harness(one);
  h.bootCharger();
  const count = WINDOW_ENTRIES + 2 * PAGE_ENTRIES + 7;
  session(h, 0, count);
  for (const restart of [false, true]) {
    if (restart) h.restart();
    if (restart) h.bootCharger();
    h.attach("b", () => 5);
    h.pass(2_000);
    h.serve("b");
    h.disconnectBackend("b");
  }
  const values = h.callsToBackend("b", "MeterValues").map(({ payload }) =>
    Number(
      (payload.meterValue as JsonObject[] & { sampledValue: { value: string }[] }[])[0]!
        .sampledValue[0]!.value,
    )
  );
  assert.deepEqual(values, Array.from({ length: count }, (_, index) => index + 1));
  assert.ok(h.state.log.entries.length <= WINDOW_ENTRIES);
});

Deno.test("entries that were pruned are passed over: some, or all before the window", () => {
  for (const keep of [10, 0]) {
    const h = new Harness(one);
    h.bootCharger();
    session(h, 0, WINDOW_ENTRIES + 200);
    const { log } = h.tables;
    const gone = (sequence: number) => sequence > 1 && sequence < 150 - keep;
    h.tables.log.splice(0, log.length, ...log.filter(({ sequence }) => !gone(sequence)));
    h.attach("b", () => 5);
    h.pass(2_000);
    h.serve("b");
    assert.equal(told(h).at(-1)?.[0], "Stop");
    assert.equal(h.state.backends.get("b")!.cursor, h.state.log.lastSequence);
  }
});

Deno.test("a durable JSON backend passes over what was pruned", () => {
  const h = new Harness(configuration({ backends: [backend("j", "observer", { durable: true })] }));
  h.bootCharger();
  session(h, 0, WINDOW_ENTRIES + 200);
  h.tables.log.splice(0, 200);
  h.tables.log.length = 0;
  h.connectBackend("j", "json");
  assert.ok(h.received("j").length > 0);
  const types = h.received("j").map(({ text }) => JSON.parse(text).type);
  assert.ok(types.includes("meter"));
});

Deno.test("N12: a backend that is new in mid-session is told it from the start, and nothing older", () => {
  const h = new Harness(configuration({ backends: [] }));
  h.bootCharger(2);
  const other = start(h, { connectorId: 2 });
  const id = start(h, { timestamp: at(5) });
  meter(h, other, 10, 1100, 2);
  h.event({ type: "configured", configuration: one });
  stop(h, other, 20, 1200);
  h.attach("b", () => 5);
  h.pass(3_000);
  h.serve("b", () => 6);
  assert.deepEqual(told(h).map(([action]) => action), ["Start", "Start", "MeterValues", "Stop"]);
  meter(h, id, 30, 1300);
  assert.deepEqual(told(h).at(-1), ["MeterValues", 6]);
});

Deno.test("8.1 e: a backend hears no end of a transaction whose start is older than itself", () => {
  const h = new Harness(configuration({ backends: [] }));
  h.bootCharger(2);
  const old = start(h, { connectorId: 2 });
  const running = start(h, { timestamp: at(5) });
  stop(h, old, 20, 1200);
  h.event({ type: "configured", configuration: one });
  h.attach("b", () => 5);
  meter(h, running, 30, 1300);
  h.pass(3_000);
  h.serve("b");
  assert.deepEqual(told(h), [["Start", undefined], ["MeterValues", 5]]);
});

for (const how of ["reload", "restart"] as const) {
  Deno.test(`a backend that is switched off and on again by ${how} goes on where it was`, () => {
    const h = new Harness(one);
    h.bootCharger();
    h.attach("b");
    const id = start(h);
    h.serve("b", () => 5);
    const configure = (core: typeof one) => {
      if (how === "reload") return h.event({ type: "configured", configuration: core });
      h.core = core;
      h.restart();
      h.bootCharger();
    };
    configure({ ...one, backends: [] });
    meter(h, id, 60, 1100);
    configure(one);
    stop(h, id, 70, 1200);
    h.attach("b", () => 6);
    assert.deepEqual(told(h), [["Start", undefined], ["MeterValues", 5], ["Stop", 5]]);
  });
}

Deno.test("a backend that nobody configured goes on where it was after a restart, where it may come", () => {
  const h = new Harness(configuration({ allowUnknownBackends: true }));
  h.bootCharger();
  h.attach("guest");
  const id = start(h);
  h.serve("guest", () => 5);
  h.restart();
  h.bootCharger();
  meter(h, id, 60, 1100);
  h.attach("guest", () => 6);
  assert.deepEqual(told(h, "guest"), [["Start", undefined], ["MeterValues", 5]]);
});

Deno.test("absent backends are remembered up to a bound", () => {
  const h = new Harness(one);
  for (let turn = 0; turn < MAX_ABSENT + 20; turn++) {
    h.tables.cursors.set(`gone${turn}`, 0);
  }
  h.restart();
  assert.equal(h.state.absent.size, MAX_ABSENT);
  assert.ok(h.state.backends.has("b"));
});

Deno.test("sees own: foreign transactions are a busy connector, nothing else", () => {
  const core = configuration({
    backends: [backend("own", "biller", { sees: "own" }), backend("b", "biller")],
    idTags: [{ tag: "MINE", backend: "own", action: "allow", owner: false }],
  });
  const h = new Harness(core);
  h.bootCharger(2);
  h.attach("own");
  h.attach("b");
  const foreign = start(h, { idTag: "SECRET", timestamp: at(3) });
  const status = (connectorId: number, word: string) =>
    h.chargerCalls("StatusNotification", {
      connectorId,
      errorCode: "NoError",
      status: word,
    });
  status(1, "Charging");
  meter(h, foreign, 60, 4321);
  meter(h, undefined, 61, 4322, 0);
  h.chargerCalls("StartTransaction", startRequest({ connectorId: 2, idTag: "MINE" }));
  h.pass(3_000);
  h.serve("own", () => 5);
  status(2, "Charging");
  h.serve("own");
  stop(h, foreign, 70, 4400);
  h.pass(60_000);
  meter(h, foreign, 3000, 4444);
  h.serve("own");
  const texts = h.received("own").map(({ text }) => text);
  assert.deepEqual(
    texts.filter((text) => text.includes("SECRET") && !text.includes('"connectorId":2')),
    [],
  );
  assert.deepEqual(texts.filter((text) => /43\d\d|4400|4444/.test(text)), []);
  const states = (connectorId: number) =>
    h.callsToBackend("own", "StatusNotification")
      .filter(({ payload }) => payload.connectorId === connectorId)
      .map(({ payload }) => payload.status);
  // Busy from the start of the foreign one until the charger says more; connector 2 is its own.
  assert.deepEqual(new Set(states(1).slice(1)), new Set(["Unavailable"]));
  assert.equal(states(2).at(-1), "Charging");
  assert.deepEqual(told(h, "own"), [["Start", undefined]]);
});

for (const policy of ["keep", "stop"] as const) {
  Deno.test(`N08: a late Invalid of the booked backend, policy ${policy}`, () => {
    const core = configuration({
      backends: [backend("b", "biller", { lateRejection: policy }), backend("c", "biller")],
      idTags: [{ tag: "TAG", backend: "b", action: "allow", owner: false }],
    });
    const h = new Harness(core);
    h.bootCharger();
    h.attach("b");
    h.attach("c");
    h.chargerCalls("StartTransaction", startRequest(), "x");
    h.pass(2_500);
    const answers = h.charger.length;
    h.backendAnswers("c", { transactionId: 9, idTagInfo: { status: "ConcurrentTx" } });
    h.backendAnswers("b", { transactionId: 5, idTagInfo: { status: "Invalid" } });
    const id = books(h)[0]!.transactionId;
    assert.deepEqual(
      h.charger.slice(answers).map(({ text }) => JSON.parse(text).slice(2)),
      policy === "keep" ? [] : [["RemoteStopTransaction", { transactionId: id }]],
    );
    resultOf(stop(h, id, 60, 1200));
    assert.deepEqual(told(h, "c").at(-1), ["Stop", 9], "N09: its id is kept all the same");
  });
}

Deno.test("N08: a late Invalid while the charger is away stops the transaction when it is back", () => {
  const h = new Harness(configuration({
    backends: [backend("b", "biller", { lateRejection: "stop" })],
    idTags: [{ tag: "TAG", backend: "b", action: "allow", owner: false }],
  }));
  h.bootCharger();
  h.attach("b");
  h.chargerCalls("StartTransaction", startRequest(), "x");
  h.pass(2_500);
  h.disconnectCharger();
  h.backendAnswers("b", { transactionId: 5, idTagInfo: { status: "Invalid" } });
  const stops = () => h.callsToCharger("RemoteStopTransaction").map(({ payload }) => payload);
  assert.deepEqual(stops(), []);
  h.restart();
  h.bootCharger();
  const { transactionId } = books(h)[0]!;
  assert.deepEqual(stops(), [{ transactionId }]);
  resultOf(stop(h, transactionId, 60, 1200));
  h.disconnectCharger();
  h.bootCharger();
  assert.deepEqual(stops(), [{ transactionId }]);
});

Deno.test("N08: an Invalid after the transaction has ended stops nothing", () => {
  const h = new Harness(configuration({
    backends: [backend("b", "biller", { lateRejection: "stop" })],
    idTags: [{ tag: "TAG", backend: "b", action: "allow", owner: false }],
  }));
  h.bootCharger();
  h.attach("b");
  h.chargerCalls("StartTransaction", startRequest());
  h.pass(2_500);
  stop(h, books(h)[0]!.transactionId, 60, 1200);
  h.backendAnswers("b", { transactionId: 5, idTagInfo: { status: "Invalid" } });
  assert.deepEqual(told(h), [["Start", undefined], ["Stop", 5]]);
  assert.deepEqual(h.callsToCharger("RemoteStopTransaction"), []);
});

Deno.test("notices wait up to a bound, the oldest goes first; the log loses nothing by it", () => {
  const h = new Harness(one);
  h.bootCharger();
  h.attach("b");
  const id = start(h);
  for (let turn = 0; turn < MAX_WAITING + 10; turn++) meter(h, undefined, turn, 2000 + turn, 0);
  assert.equal(h.state.backends.get("b")!.waiting.length, MAX_WAITING);
  stop(h, id, 70, 1200);
  h.serve("b", () => 4);
  const values = h.callsToBackend("b", "MeterValues").map(({ payload }) =>
    (payload as { meterValue: { sampledValue: { value: string }[] }[] }).meterValue[0]!
      .sampledValue[0]!.value
  );
  assert.deepEqual([values[0], values.length], ["2010", MAX_WAITING]);
  assert.ok(told(h).some(([action, theirs]) => action === "Stop" && theirs === 4));
});

Deno.test("a flood of other messages does not keep the log from its backend", () => {
  const h = new Harness(one);
  h.bootCharger();
  h.attach("b");
  start(h);
  h.serve("b", () => 4);
  meter(h, undefined, 0, 1, 0);
  const id = books(h)[0]!.transactionId;
  stop(h, id, 70, 1200);
  for (let turn = 0; turn < 20 && h.outstanding("b"); turn++) {
    meter(h, undefined, turn, 2 + turn, 0);
    meter(h, undefined, turn, 3 + turn, 0);
    const call = h.outstanding("b")!;
    h.backendAnswers("b", call.action === "StopTransaction" ? {} : {});
  }
  assert.deepEqual(told(h).filter(([action]) => action === "Stop"), [["Stop", 4]]);
});

Deno.test("sessions are forgotten beyond a bound, a backend's ids not before it has their end", () => {
  const h = new Harness(one);
  h.bootCharger();
  h.attach("b");
  const first = start(h);
  h.serve("b", () => 5);
  h.disconnectBackend("b");
  stop(h, first, 60, 1200);
  for (let turn = 1; turn <= REMEMBERED_SESSIONS + 5; turn++) session(h, turn);
  assert.equal(h.state.sessions.size, REMEMBERED_SESSIONS + 1);
  assert.equal(h.state.sessionsByKey.size, REMEMBERED_SESSIONS + 1);
  assert.equal(h.state.sessions.has(first), false);
  h.connectBackend("b");
  for (let turn = 0; turn < 3 * REMEMBERED_SESSIONS && h.outstanding("b"); turn++) {
    h.serve("b", () => 6);
    h.pass(1_100);
  }
  assert.deepEqual(told(h).slice(0, 2), [["Start", undefined], ["Stop", 5]]);
  session(h, REMEMBERED_SESSIONS + 6);
  h.serve("b", () => 6);
  h.pass(1_100);
  h.serve("b", () => 6);
  session(h, REMEMBERED_SESSIONS + 7);
  assert.ok(h.state.backends.get("b")!.transactionIds.size <= REMEMBERED_SESSIONS + 2);
});

Deno.test("sees own: the rhythm of a foreign session is not to be seen from outside", () => {
  const own = { sees: "own" as const };
  const h = new Harness(configuration({
    backends: [backend("ocpp", "observer", own), backend("json", "observer", own)],
  }));
  h.bootCharger();
  h.attach("ocpp");
  h.connectBackend("json", "json");
  const told = () => [
    h.callsToBackend("ocpp", "StatusNotification").map(({ payload }) => payload.status),
    h.received("json").map(({ text }) => JSON.parse(text))
      .filter(({ type }) => type === "status").map(({ status }) => status),
  ];
  const before = told().map((list) => list.length);
  const start = resultOf(h.chargerCalls("StartTransaction", startRequest(), "x"));
  for (const status of ["Charging", "SuspendedEV", "Charging", "SuspendedEVSE", "Finishing"]) {
    h.chargerCalls("StatusNotification", { connectorId: 1, errorCode: "NoError", status });
    h.serve("ocpp");
  }
  const news = () => told().map((list, index) => list.slice(before[index]));
  assert.deepEqual(news(), [["Unavailable"], ["Unavailable"]]);
  resultOf(stop(h, Number(start.transactionId), 60, 1200));
  h.serve("ocpp");
  assert.deepEqual(news(), [["Unavailable", "Finishing"], ["Unavailable", "Finishing"]]);
});

Deno.test("sees own: what a connector said in a foreign session is told to nobody after its end", () => {
  const own = { sees: "own" as const };
  const h = new Harness(configuration({
    backends: [
      backend("ocpp", "observer", own),
      backend("json", "observer", own),
      backend("late", "observer", own),
    ],
  }));
  h.bootCharger();
  h.attach("ocpp");
  h.connectBackend("json", "json");
  const told = () => [
    h.callsToBackend("ocpp", "StatusNotification").at(-1)?.payload.status,
    ...["json", "late"].map((id) =>
      h.received(id).map(({ text }) => JSON.parse(text))
        .findLast(({ type }) => type === "status")?.status
    ),
  ];
  const counts = () => ["ocpp", "json"].map((id) => h.received(id).length);
  const say = (status: string) => {
    h.chargerCalls("StatusNotification", { connectorId: 1, errorCode: "NoError", status });
    h.serve("ocpp");
  };
  const { transactionId } = resultOf(h.chargerCalls("StartTransaction", startRequest(), "x"));
  say("Charging");
  const before = counts();
  h.pass(60_000);
  resultOf(stop(h, Number(transactionId), 60, 1200));
  h.serve("ocpp");
  assert.deepEqual(counts(), before, "that it has ended is not told either");
  h.connectBackend("late", "json");
  assert.deepEqual(told(), ["Unavailable", "Unavailable", "Unavailable"]);
  const from = h.received("json").length;
  h.backendSays("json", JSON.stringify({ action: "status" }));
  const { result } = JSON.parse(h.received("json")[from]!.text);
  assert.equal(result.connectors[1].status, "Unavailable");
  h.pass(1_000);
  say("SuspendedEV");
  const waiting = "SuspendedEV";
  assert.deepEqual(told(), [waiting, waiting, waiting], "that is somebody new");
});
