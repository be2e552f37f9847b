// The charger's CALLs: each is answered once and in time, whatever is said and whoever is there.

import assert from "node:assert/strict";
import { BOOT_WAIT_MS } from "../../src/core/charge_point.ts";
import { MAX_CONNECTORS } from "../../src/core/charger_notice.ts";
import { type Frame, parseFrame } from "../../src/ocpp/frame.ts";
import { type JsonObject, stringifyJson } from "../../src/ocpp/json.ts";
import type { Action } from "../../src/ocpp/types.ts";
import { checkConfirmation, checkRequest } from "../../src/ocpp/validate.ts";
import {
  at,
  books,
  errorOf,
  meterRequest,
  resultOf,
  start,
  startRequest,
  stop,
} from "./charging.ts";
import { backend, configuration, Harness, START } from "./harness.ts";

/** ocpp16.md 8.5: real chargers give up after 5 s. */
const DEADLINE_MS = 2_500;

/** A valid request of every action that a charger may send, with what its answer says at least. */
const REQUESTS: readonly (readonly [Action, JsonObject])[] = [
  ["Authorize", { idTag: "CARD" }],
  ["BootNotification", { chargePointVendor: "V", chargePointModel: "M" }],
  ["DataTransfer", { vendorId: "vendor", messageId: "m", data: "d" }],
  ["DiagnosticsStatusNotification", { status: "Uploading" }],
  ["FirmwareStatusNotification", { status: "Downloading" }],
  ["Heartbeat", {}],
  ["LogStatusNotification", { status: "Uploading", requestId: 1 }],
  ["MeterValues", meterRequest(undefined, [[0, 1000]])],
  ["SecurityEventNotification", { type: "StartupOfTheDevice", timestamp: at(0) }],
  ["SignCertificate", { csr: "-----BEGIN CERTIFICATE REQUEST-----" }],
  ["SignedFirmwareStatusNotification", { status: "Downloading", requestId: 1 }],
  ["StartTransaction", startRequest({ idTag: "CARD" })],
  ["StatusNotification", { connectorId: 1, errorCode: "NoError", status: "Preparing" }],
  ["StopTransaction", { transactionId: 5, meterStop: 1, timestamp: at(0) }],
];

const core = configuration({
  backends: [backend("a", "admin"), backend("b", "biller")],
  idTags: [{ tag: "BOOKED", backend: "b", action: "allow", owner: false }],
  dataTransfer: new Map([["vendor", "a"]]),
});

/** What the backends are like; the charger must not feel it. */
const BACKENDS: Readonly<Record<string, (h: Harness) => void>> = {
  none: (h) => h.event({ type: "configured", configuration: { ...core, backends: [] } }),
  offline: () => {},
  "never registered": (h) => h.connectBackend("a"),
  silent: (h) => {
    h.attach("a");
    h.attach("b");
  },
  pending: (h) => {
    h.connectBackend("a");
    h.connectBackend("b");
    const answer = { currentTime: at(0), interval: 60 };
    if (h.outstanding("a")) h.backendAnswers("a", { ...answer, status: "Pending" });
    if (h.outstanding("b")) h.backendAnswers("b", { ...answer, status: "Rejected" });
  },
  gone: (h) => {
    h.attach("a");
    h.disconnectBackend("a");
  },
};

function answers(h: Harness, id: string): Frame[] {
  return h.charger.map(({ text }) => parseFrame(text))
    .filter((frame) => (frame.type === "result" || frame.type === "error") && frame.id === id);
}

for (const [state, prepare] of Object.entries(BACKENDS)) {
  for (const before of ["before boot", "after boot"]) {
    Deno.test(`P4: every message is answered once and in time: backends ${state}, ${before}`, () => {
      for (const [action, payload] of REQUESTS) {
        const h = new Harness(core);
        if (before === "after boot") h.bootCharger();
        else h.connectCharger();
        prepare(h);
        h.chargerCalls(action, payload, "x");
        h.pass(DEADLINE_MS);
        const [answer, ...more] = answers(h, "x");
        assert.equal(answer?.type, "result", `${action}: ${JSON.stringify(answer)}`);
        assert.deepEqual(more, [], action);
        const checked = checkConfirmation(action, answer.payload);
        assert.ok(checked.ok, `${action}: ${stringifyJson(answer.payload)}`);
      }
    });
  }

  Deno.test(`P4: pipelined and repeated messages are all answered: backends ${state}`, () => {
    const h = new Harness(core);
    h.bootCharger();
    prepare(h);
    const before = h.charger.length;
    for (const id of ["1", "2", "1"]) {
      for (const [action, payload] of REQUESTS) h.chargerCalls(action, payload, `${action}/${id}`);
      h.chargerCalls("StartTransaction", startRequest({ idTag: "BOOKED" }), `booked/${id}`);
    }
    h.pass(DEADLINE_MS);
    const got = h.charger.slice(before).map(({ text }) => parseFrame(text))
      .filter((frame) => frame.type === "result" || frame.type === "error");
    assert.equal(got.length, 3 * (REQUESTS.length + 1));
    for (const [action] of REQUESTS) {
      assert.deepEqual([answers(h, `${action}/1`).length, answers(h, `${action}/2`).length], [
        2,
        1,
      ]);
    }
  });
}

Deno.test("the booked backend's answer counts until the deadline, and not after it", () => {
  for (const [waitMs, status] of [[DEADLINE_MS - 1, "Blocked"], [DEADLINE_MS + 1, "Accepted"]]) {
    const h = new Harness(core);
    h.bootCharger();
    h.attach("b");
    h.chargerCalls("StartTransaction", startRequest({ idTag: "BOOKED" }), "x");
    h.pass(waitMs as number);
    h.backendAnswers("b", { transactionId: 3, idTagInfo: { status: "Blocked" } });
    h.pass(10_000);
    assert.deepEqual(answers(h, "x").map((frame) => resultOf(frame).idTagInfo), [{ status }]);
  }
});

Deno.test("N50: pipelined messages that nobody else has to be asked about are answered in order", () => {
  const h = new Harness();
  h.connectCharger();
  for (const [index, [action, payload]] of REQUESTS.entries()) {
    h.chargerCalls(action, payload, String(index));
  }
  assert.deepEqual(
    h.charger.map(({ text }) => JSON.parse(text)[1]),
    REQUESTS.map((_, index) => String(index)),
  );
});

Deno.test("N51: the charger's CALL is answered while ours is open", () => {
  const h = new Harness(core);
  h.bootCharger();
  h.attach("a");
  h.backendCalls("a", "GetLocalListVersion", {});
  assert.equal(h.lastCallToCharger().action, "GetLocalListVersion");
  resultOf(h.chargerCalls("Heartbeat", {}));
});

Deno.test("N63: the charger uses the id of our open CALL for one of its own", () => {
  const h = new Harness(core);
  h.bootCharger();
  h.attach("a");
  h.backendCalls("a", "GetLocalListVersion", {}, "b1");
  const { id } = h.lastCallToCharger();
  resultOf(h.chargerCalls("Heartbeat", {}, String(id)));
  assert.equal(h.answerTo("a", "b1"), undefined);
  h.chargerAnswers({ listVersion: 4 });
  assert.deepEqual(resultOf(h.answerTo("a", "b1")), { listVersion: 4 });
});

Deno.test("N34, N64: answers that nobody waits for change nothing", () => {
  const h = new Harness(core);
  h.bootCharger();
  h.attach("a");
  h.backendCalls("a", "GetLocalListVersion", {}, "b1");
  const { id } = h.lastCallToCharger();
  const received = h.received("a").length;
  for (const orphan of ["", "never-sent", 7]) {
    h.chargerSays(stringifyJson([3, orphan, {}]));
    h.chargerSays(stringifyJson([4, orphan, "ProtocolError", "", {}]));
  }
  assert.equal(h.received("a").length, received);
  h.pass(30_000);
  assert.equal(errorOf(h.answerTo("a", "b1")), "GenericError");
  const after = h.received("a").length;
  h.chargerSays(stringifyJson([3, id, { listVersion: 4 }]));
  assert.equal(h.received("a").length, after, "the late answer goes nowhere");
});

Deno.test("N36: what waits for the charger fails at once when it disconnects", () => {
  const h = new Harness(core);
  h.bootCharger();
  h.attach("a");
  h.backendCalls("a", "GetLocalListVersion", {}, "b1");
  h.backendCalls("a", "GetLocalListVersion", {}, "b2");
  const { id } = h.lastCallToCharger();
  h.disconnectCharger();
  assert.equal(errorOf(h.answerTo("a", "b1")), "GenericError");
  assert.equal(errorOf(h.answerTo("a", "b2")), "GenericError");
  const connection = h.connectCharger();
  h.chargerSays(stringifyJson([3, id, { listVersion: 4 }]), connection);
  h.chargerCalls("Heartbeat", {});
  h.pass(1_000);
  h.backendCalls("a", "GetLocalListVersion", {}, "b3");
  assert.notEqual(h.lastCallToCharger().id, id);
  h.chargerAnswers({ listVersion: 5 });
  assert.deepEqual(resultOf(h.answerTo("a", "b3")), { listVersion: 5 });
});

Deno.test("N52: no CALL before the BootNotification; after it they go out", () => {
  const h = new Harness(core);
  h.attach("a");
  h.connectCharger();
  h.serve("a");
  h.backendCalls("a", "GetLocalListVersion", {});
  h.pass(BOOT_WAIT_MS - 1);
  assert.deepEqual(h.callsToCharger(), []);
  h.chargerCalls("BootNotification", { chargePointVendor: "V", chargePointModel: "M" });
  assert.deepEqual(h.callsToCharger(), [], "not at once (EVBox)");
  h.pass(300);
  assert.deepEqual(h.callsToCharger().map(({ action }) => action), ["GetLocalListVersion"]);
});

Deno.test("N52: a charger that never boots is asked to, once and late; it is served all the same", () => {
  const h = new Harness(core);
  h.connectBackend("a");
  h.connectCharger();
  resultOf(h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Available",
  }));
  resultOf(h.chargerCalls("MeterValues", meterRequest(undefined, [[0, 1]])));
  h.pass(600_000);
  assert.deepEqual(h.callsToCharger().map(({ action, payload }) => [action, payload]), [
    ["TriggerMessage", { requestedMessage: "BootNotification" }],
  ]);
  assert.equal(h.callsToCharger().length, 1);
  assert.equal(h.outstanding("a")?.action, "BootNotification");
});

Deno.test("N52: a reconnect without BootNotification, also after a restart: the last one counts", () => {
  const h = new Harness(core);
  h.bootCharger();
  h.attach("a");
  for (let turn = 0; turn < 2; turn++) {
    h.connectCharger();
    h.chargerCalls("Heartbeat", {});
    h.pass(400);
    h.backendCalls("a", "GetLocalListVersion", {});
    assert.equal(h.lastCallToCharger().action, "GetLocalListVersion");
    h.chargerAnswers({ listVersion: 1 });
    h.restart();
    h.attach("a");
  }
  assert.deepEqual(
    h.callsToBackend("a", "BootNotification").map(({ payload }) => payload.chargePointVendor),
    ["V", "V", "V"],
  );
});

Deno.test("N53: a second socket takes over; the first one is closed and means nothing any more", () => {
  const h = new Harness(core);
  h.bootCharger();
  const old = h.state.charger.connection!;
  h.connectCharger();
  assert.deepEqual(h.others.filter(({ type }) => type === "close_charger"), [
    {
      type: "close_charger",
      connection: old,
      code: 1000,
      reason: "replaced by a newer connection",
    },
  ]);
  const before = h.charger.length;
  h.chargerSays(stringifyJson([2, "x", "Heartbeat", {}]), old);
  h.chargerSays(stringifyJson([2, "y", "StartTransaction", startRequest()]), old);
  assert.deepEqual([h.charger.length, books(h)], [before, []]);
  h.event({ type: "charger_disconnected", connection: old, reason: "late" });
  resultOf(h.chargerCalls("Heartbeat", {}));
});

Deno.test("a start that is repeated on a new connection gets the verdict that the old one waited for", () => {
  const h = new Harness(core);
  h.bootCharger();
  h.attach("b");
  h.chargerCalls("StartTransaction", startRequest({ idTag: "BOOKED" }), "x");
  h.connectCharger();
  h.chargerCalls("StartTransaction", startRequest({ idTag: "BOOKED" }), "y");
  h.backendAnswers("b", { transactionId: 3, idTagInfo: { status: "Blocked" } });
  h.pass(10_000);
  assert.deepEqual(answers(h, "x"), []);
  assert.deepEqual(answers(h, "y").map((frame) => resultOf(frame).idTagInfo), [
    { status: "Blocked" },
  ]);
});

Deno.test("N43: after a Reset the sessions end with what the charger sends after its boot", () => {
  const h = new Harness(core);
  h.bootCharger();
  h.attach("a");
  const id = start(h);
  h.serve("a");
  h.disconnectCharger();
  h.pass(60_000);
  h.bootCharger();
  resultOf(stop(h, id, 30, 1500, { reason: "HardReset" }));
  h.serve("a");
  assert.equal(books(h)[0]?.stopReason, "HardReset");
  assert.equal(h.callsToBackend("a", "BootNotification").length, 2);
  assert.deepEqual(
    h.callsToBackend("a", "StopTransaction").map(({ payload }) => payload.reason),
    ["HardReset"],
  );
});

Deno.test("N61: a StopTransaction of several hundred kB passes", () => {
  const h = new Harness(core);
  h.bootCharger();
  h.attach("a");
  const id = start(h);
  h.serve("a");
  const values = Array.from({ length: 5000 }, (_, index) => [index, 1000 + index] as const);
  const { meterValue } = meterRequest(undefined, values);
  resultOf(stop(h, id, 5000, 6000, { transactionData: meterValue }));
  h.serve("a");
  const [told] = h.callsToBackend("a", "StopTransaction");
  assert.equal((told?.payload.transactionData as unknown[]).length, 5000);
  assert.equal(books(h)[0]?.energyWh, 5000);
});

Deno.test("N61: no entry of several hundred kB stays in memory by the hundred", () => {
  const h = new Harness(core);
  h.bootCharger();
  const values = Array.from({ length: 3000 }, (_, index) => [index, 1000 + index] as const);
  const { meterValue } = meterRequest(undefined, values);
  for (let turn = 0; turn < 40; turn++) {
    const id = start(h, { timestamp: at(turn), meterStart: turn });
    stop(h, id, 5000, 6000, { transactionData: meterValue });
  }
  const held = h.state.log.entries.reduce(
    (sum, entry) => sum + stringifyJson(entry.payload).length,
    0,
  );
  assert.ok(held < 4 * 1024 * 1024, String(held));
});

Deno.test("N62: the times that a backend tells are ignored for the charger", () => {
  const h = new Harness(core);
  h.bootCharger();
  h.connectBackend("a");
  h.backendAnswers("a", { status: "Accepted", currentTime: "1999-01-01T00:00:00Z", interval: 60 });
  assert.deepEqual(resultOf(h.chargerCalls("Heartbeat", {})), {
    currentTime: new Date(h.now).toISOString().replace(/\.\d+Z$/, "Z"),
  });
});

Deno.test("N65, N66: numbers and texts of every form are answered and pollute nothing", () => {
  const frames = [
    '[2,"x","StartTransaction",{"connectorId":1.0,"idTag":"A","meterStart":1e3,"timestamp":"2026-11-22T12:00:00Z"}]',
    '[2,"x","StartTransaction",{"connectorId":-0,"idTag":"A","meterStart":9007199254740993,"timestamp":"2026-11-22T12:00:00Z"}]',
    '[2,"x","StatusNotification",{"connectorId":1,"connectorId":2,"errorCode":"NoError","status":"Available"}]',
    '[2,"x","Heartbeat",{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]',
    '[2,"x","StartTransaction",{"__proto__":{"polluted":1},"connectorId":1,"idTag":"A","meterStart":1}]',
    '[2,"x","StartTransaction",{"connectorId":1,"idTag":"A\\u0000B","meterStart":1,"timestamp":"2026-11-22T12:00:00Z"}]',
    '[2,"x","StartTransaction",{"connectorId":1,"idTag":"\\ud800","meterStart":1,"timestamp":"2026-11-22T12:00:00Z"}]',
    '[2,"x","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available","info":"\u{1f600}"}]',
    '[2,"x","StartTransaction",{"connectorId":{"valueOf":1,"toString":1},"idTag":{"toString":1},"meterStart":{"valueOf":1,"toString":1},"timestamp":{"toString":1}}]',
    '[2,"x","StopTransaction",{"transactionId":{"toString":1,"valueOf":1},"meterStop":{"toString":1},"timestamp":{"toString":1}}]',
    '[2,"x","StopTransaction",{"transactionId":4711,"meterStop":[12345678901234567890],"timestamp":[12345678901234567890]}]',
    '[2,"x","MeterValues",{"connectorId":1,"transactionId":{"toString":1},"meterValue":{"toString":1}}]',
    '[2,"x","BootNotification",{"chargePointVendor":{"toString":1},"chargePointModel":[[[]]]}]',
    '[2,"x","Authorize",{"idTag":{"toString":1}}]',
    '[2,"x","DataTransfer",{"vendorId":{"toString":1}}]',
  ];
  for (const text of frames) {
    const h = new Harness(core);
    h.bootCharger();
    h.attach("a");
    h.attach("b");
    h.chargerSays(text);
    h.pass(DEADLINE_MS);
    assert.deepEqual(answers(h, "x").map(({ type }) => type), ["result"], text);
    for (const id of ["a", "b"]) {
      h.serve(id);
      for (const call of h.callsToBackend(id)) {
        assert.ok(
          checkRequest(call.action as Action, call.payload).ok,
          stringifyJson(call.payload),
        );
      }
    }
  }
  assert.equal(({} as JsonObject).polluted, undefined);
});

for (
  const action of ["heartbeat", "constructor", "__proto__", "toString", "Reset", "X".repeat(5000)]
) {
  Deno.test(`an action that is none of a charger's is answered NotImplemented: ${action.slice(0, 20)}`, () => {
    const h = new Harness(core);
    h.bootCharger();
    assert.equal(errorOf(h.chargerCalls(action, {})), "NotImplemented");
  });
}

Deno.test("N66: ten thousand brackets are refused without a crash", () => {
  const h = new Harness(core);
  h.bootCharger();
  h.chargerSays(`[2,"x","Heartbeat",${"[".repeat(10_000)}`);
  assert.deepEqual(answers(h, "x").map(errorOf), ["FormationViolation"]);
});

Deno.test("N69, N70: connector 0 and the connectors are independent, and a new one is learnt", () => {
  const h = new Harness(core);
  h.bootCharger(2);
  h.attach("a");
  const status = (connectorId: number, word: string) =>
    h.chargerCalls("StatusNotification", { connectorId, errorCode: "NoError", status: word });
  status(1, "Charging");
  status(0, "Unavailable");
  status(3, "Preparing");
  h.serve("a");
  assert.deepEqual(
    [...h.state.charger.connectors].map(([id, connector]) => [id, connector.status.status]),
    [[0, "Unavailable"], [1, "Charging"], [2, "Available"], [3, "Preparing"]],
  );
  assert.deepEqual(
    h.callsToBackend("a", "StatusNotification").slice(-3)
      .map(({ payload }) => [payload.connectorId, payload.status]),
    [[1, "Charging"], [0, "Unavailable"], [3, "Preparing"]],
  );
});

Deno.test("after a reconnect, a status that is older than the known one changes nothing", () => {
  const h = new Harness(core);
  h.bootCharger();
  const status = (word: string, seconds: number) =>
    resultOf(h.chargerCalls("StatusNotification", {
      connectorId: 1,
      errorCode: "NoError",
      status: word,
      timestamp: at(seconds),
    }));
  h.pass(120_000);
  status("Charging", 100);
  h.disconnectCharger();
  h.connectCharger();
  status("Preparing", 50);
  assert.equal(h.state.charger.connectors.get(1)?.status.status, "Charging");
  status("Finishing", 999_999);
  status("Available", 110);
  assert.equal(h.state.charger.connectors.get(1)?.status.status, "Finishing");
  h.restart();
  assert.equal(h.state.charger.connectors.get(1)?.status.status, "Finishing");
});

Deno.test("connectors are learnt up to a bound; beyond it they are answered", () => {
  const h = new Harness(core);
  h.connectCharger();
  for (let connectorId = 0; connectorId < MAX_CONNECTORS + 10; connectorId++) {
    resultOf(h.chargerCalls("StatusNotification", {
      connectorId,
      errorCode: "NoError",
      status: "Available",
    }));
  }
  assert.equal(h.state.charger.connectors.size, MAX_CONNECTORS);
});

Deno.test("transaction messages that cannot be read are filled up and taken", () => {
  const h = new Harness(core);
  h.bootCharger(2);
  resultOf(h.chargerCalls("StartTransaction", {
    connectorId: -3,
    idTag: { uid: 1 },
    meterStart: "many",
    timestamp: 5,
  }));
  const id = start(h, { connectorId: 2 });
  resultOf(h.chargerCalls("MeterValues", meterRequest(id, [[60, 1700]], 2)));
  resultOf(h.chargerCalls("StopTransaction", { transactionId: id, meterStop: null }));
  const [odd, session] = books(h);
  assert.deepEqual([odd!.connectorId, odd!.idTag, odd!.meterStartWh], [1, "unknown", 0]);
  assert.deepEqual([session!.meterStopWh, session!.energyWh], [1700, 700]);
});

Deno.test("an id tag that came with more characters (Ocular) is cut in a start, and no card in Authorize", () => {
  const h = new Harness(core);
  h.bootCharger();
  start(h, { idTag: "12345678901234567890\u00ff\u00ff" });
  assert.equal(books(h)[0]?.idTag, "12345678901234567890");
  assert.deepEqual(resultOf(h.chargerCalls("Authorize", { idTag: "A".repeat(21) })), {
    idTagInfo: { status: "Invalid" },
  });
});

interface Quirk {
  readonly name: string;
  readonly from: "charger" | "backend";
  readonly raw?: string;
  readonly raws?: readonly string[];
}

Deno.test("every defect in the corpus is answered once, and what backends get of it is valid", () => {
  const url = new URL("../corpora/quirks/quirks.jsonl", import.meta.url);
  const quirks = Deno.readTextFileSync(url).trimEnd().split("\n")
    .map((line) => JSON.parse(line) as Quirk)
    .filter(({ from }) => from === "charger");
  assert.ok(quirks.length > 40);
  const refused = new Map<string, string>();
  for (const { name, raw, raws = [raw!] } of quirks) {
    const h = new Harness(core);
    h.bootCharger();
    h.attach("a");
    h.attach("b");
    const before = h.charger.length;
    for (const text of raws) h.chargerSays(text);
    h.pass(DEADLINE_MS);
    const got = h.charger.slice(before).map(({ text }) => parseFrame(text));
    const calls = raws.filter((text) => /^\s*\ufeff?\[\s*2/.test(text)).length;
    const sent = got.filter(({ type }) => type === "result" || type === "error");
    assert.equal(sent.length, calls, name);
    for (const frame of sent) if (frame.type === "error") refused.set(name, frame.code);
    h.serve("a");
    h.serve("b");
    for (const call of [...h.callsToBackend("a"), ...h.callsToBackend("b")]) {
      assert.ok(checkRequest(call.action as Action, call.payload).ok, `${name}: ${call.action}`);
    }
    assert.equal(h.state.charger.connection !== undefined, true, name);
  }
  assert.deepEqual(Object.fromEntries(refused), {
    "action-lowercase": "NotImplemented",
    "call-no-payload": "FormationViolation",
    "payload-array": "FormationViolation",
    "truncated-json": "FormationViolation",
  });
});

Deno.test("N72: a flood of Heartbeats and equal states costs the charger's answers and little more", () => {
  const h = new Harness(configuration({
    backends: [backend("a", "admin"), backend("j", "observer")],
  }));
  h.bootCharger();
  h.attach("a");
  h.connectBackend("j", "json");
  const counted = () => [
    h.received("a").length,
    h.received("j").length,
    h.logged.length,
    h.tables.log.length,
  ];
  const before = counted();
  const answered = h.charger.length;
  for (let turn = 0; turn < 10_000; turn++) {
    h.now = START + 10_000 + turn * 3;
    h.chargerSays('[2,"h","Heartbeat",{}]');
    h.chargerSays(
      '[2,"s","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available"}]',
    );
  }
  assert.equal(h.charger.length - answered, 20_000);
  const after = counted();
  assert.deepEqual([after[0], after[2], after[3]], [before[0], before[2], before[3]]);
  assert.ok(after[1]! - before[1]! <= 31, `a JSON backend got ${after[1]! - before[1]!} events`);
});

Deno.test("N72: a connector that flaps costs a backend one CALL at a time, and the newest state", () => {
  const h = new Harness(core);
  h.bootCharger();
  h.attach("a");
  const before = h.received("a").length;
  for (let turn = 0; turn < 1_000; turn++) {
    h.chargerCalls("StatusNotification", {
      connectorId: 1,
      errorCode: "NoError",
      status: turn % 2 ? "Preparing" : "SuspendedEV",
    });
  }
  assert.equal(h.received("a").length, before + 1);
  h.serve("a");
  assert.deepEqual(
    h.callsToBackend("a").slice(-2).map(({ payload }) => payload.status),
    ["SuspendedEV", "Preparing"],
  );
});
