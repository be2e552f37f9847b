// Asking the owner: what waits, what is answered when, how long the owner's word counts.

import assert from "node:assert/strict";
import type { RuleConfiguration } from "../../src/core/configuration.ts";
import { ANSWER_MS, MAX_QUESTIONS, MAX_QUESTIONS_EACH } from "../../src/core/question.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { outcome } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";

const ACCEPTED = { status: "Accepted" };
const REJECTED = { status: "Rejected" };

function rule(changes: Partial<RuleConfiguration> = {}): RuleConfiguration {
  return {
    name: "strangers must ask",
    backends: ["neighbour", "json"],
    then: "ask",
    askTimeoutMs: 120_000,
    default: "deny",
    onUnknown: "deny",
    ...changes,
  };
}

function stage(changes: Partial<RuleConfiguration> = {}): Harness {
  const h = new Harness(configuration({
    backends: [
      backend("neighbour", "controller"),
      backend("json", "controller"),
      backend("solar", "controller"),
    ],
    rules: [rule(changes)],
  }));
  h.bootCharger();
  h.attach("neighbour");
  h.attach("solar");
  h.connectBackend("json", "json");
  return h;
}

function start(h: Harness, message: string, id = "neighbour") {
  return h.backendCalls(id, "RemoteStartTransaction", { connectorId: 1, idTag: id }, message);
}

function say(h: Harness, request: JsonObject): JsonObject {
  const before = h.received("json").length;
  h.backendSays("json", JSON.stringify(request));
  const [reply] = h.received("json").slice(before).map(({ text }) => JSON.parse(text));
  return reply;
}

function answer(h: Harness, requestId: number, allow: boolean): void {
  h.event({ type: "owner_answer", requestId, allow });
}

function holder(h: Harness): string | undefined {
  return h.state.control.lease?.backendId;
}

function questions(h: Harness): number[] {
  return [...h.state.control.questions.keys()];
}

Deno.test("an OCPP command waits for the owner, and is carried out when the owner says yes in time", () => {
  const h = stage();
  assert.equal(start(h, "m1"), undefined);
  assert.deepEqual(questions(h), [1]);
  assert.equal(h.callsToCharger("RemoteStartTransaction").length, 0);
  h.pass(19_000);
  answer(h, 1, true);
  assert.equal(h.lastCallToCharger().action, "RemoteStartTransaction");
  h.chargerAnswers(ACCEPTED);
  assert.deepEqual(outcome(h.answerTo("neighbour", "m1")), ACCEPTED);
  assert.equal(holder(h), "neighbour");
  assert.deepEqual(h.tables.decisions.map((row) => [row.outcome, row.rule, row.reason]), [
    [
      "asked",
      "strangers must ask",
      "asked: rule 'strangers must ask' — backend is neighbour; question 1, deny unless the " +
      "owner answers within 120 s",
    ],
    [
      "allowed",
      "strangers must ask",
      "allowed: the owner said yes to question 1 (rule 'strangers must ask')",
    ],
    [
      "granted",
      "strangers must ask",
      "granted: nobody else holds control; rule 'strangers must ask': the owner agrees",
    ],
  ]);
});

Deno.test("the owner's no refuses it at once, and counts for a while", () => {
  const h = stage();
  start(h, "m1");
  answer(h, 1, false);
  assert.deepEqual(outcome(h.answerTo("neighbour", "m1")), REJECTED);
  h.pass(ANSWER_MS - 1);
  assert.deepEqual(outcome(start(h, "m2")), REJECTED);
  assert.deepEqual(questions(h), [], "nobody is asked twice");
  assert.match(h.tables.decisions.at(-1)!.reason, /the owner said no \(/);
  h.pass(1);
  assert.equal(start(h, "m3"), undefined);
  assert.deepEqual(questions(h), [2]);
});

Deno.test("after 20 s the command is refused; a later yes gives control, and lets the next one in", () => {
  const h = stage();
  start(h, "m1");
  h.pass(20_000);
  assert.deepEqual(outcome(h.answerTo("neighbour", "m1")), REJECTED);
  assert.deepEqual(questions(h), [1], "the question stays open");
  h.pass(50_000);
  answer(h, 1, true);
  assert.equal(holder(h), "neighbour");
  assert.equal(h.callsToCharger("RemoteStartTransaction").length, 0, "what was refused stays so");
  assert.equal(start(h, "m2"), undefined);
  h.chargerAnswers(ACCEPTED);
  assert.deepEqual(outcome(h.answerTo("neighbour", "m2")), ACCEPTED);
});

Deno.test("nobody answers: the default counts", () => {
  for (const allow of [false, true]) {
    const h = stage({ default: allow ? "allow" : "deny" });
    start(h, "m1");
    h.pass(120_000);
    assert.deepEqual(questions(h), []);
    assert.equal(holder(h), allow ? "neighbour" : undefined);
    const decision = h.tables.decisions.find(({ reason }) => reason.includes("nobody answered"));
    assert.equal(
      decision?.reason,
      `${allow ? "allowed" : "denied"}: nobody answered question 1 within 120 s, and its default ` +
        `is ${allow ? "allow" : "deny"} (rule 'strangers must ask')`,
    );
  }
});

Deno.test("a JSON backend is told that the owner is asked, and then what the owner said", () => {
  const h = stage();
  assert.deepEqual(say(h, { id: 7, action: "RemoteStartTransaction", id_tag: "X" }), {
    id: 7,
    action: "RemoteStartTransaction",
    error: "pending",
    reason: "the owner is asked: rule 'strangers must ask'",
    question: 1,
  });
  const before = h.received("json").length;
  answer(h, 1, true);
  const events = h.received("json").slice(before).map(({ text }) => JSON.parse(text).type);
  assert.deepEqual(events, ["control_granted"]);
  assert.equal(holder(h), "json");
  assert.equal(h.callsToCharger("RemoteStartTransaction").length, 0, "it has to ask again");
});

Deno.test("one question for each backend and rule, however often they try", () => {
  const h = stage();
  for (let i = 0; i < 40; i++) start(h, `m${i}`);
  say(h, { action: "request_control" });
  assert.deepEqual(questions(h), [1, 2]);
  h.pass(20_000);
  for (let i = 0; i < 40; i++) assert.equal(h.answersTo("neighbour", `m${i}`).length, 1);
});

Deno.test("questions are bounded", () => {
  const backends = Array.from(
    { length: MAX_QUESTIONS + 1 },
    (_, i) => backend(`b${i}`, "controller"),
  );
  const h = new Harness(configuration({ backends, rules: [rule({ backends: [] })] }));
  h.core = { ...h.core, rules: [(({ backends: _, ...rest }) => rest)(rule())] };
  h.event({ type: "configured", configuration: h.core });
  h.bootCharger();
  for (const { id } of backends) h.attach(id);
  for (const { id } of backends.slice(0, -1)) assert.equal(start(h, "m", id), undefined);
  assert.deepEqual(outcome(start(h, "m", `b${MAX_QUESTIONS}`)), REJECTED);
  assert.match(h.tables.decisions.at(-1)!.reason, /too many questions/);
});

Deno.test("the owner is not asked for what somebody else has", () => {
  const h = stage();
  start(h, "m1", "solar");
  h.chargerAnswers(ACCEPTED);
  assert.deepEqual(outcome(start(h, "m2")), REJECTED);
  assert.deepEqual(questions(h), []);
});

Deno.test("while control lasts, nobody asks again for the holder", () => {
  const h = stage();
  start(h, "m1");
  answer(h, 1, true);
  h.chargerAnswers(ACCEPTED);
  const timestamp = new Date(h.now).toISOString();
  const payload = { connectorId: 1, idTag: "neighbour", meterStart: 0, timestamp };
  h.chargerCalls("StartTransaction", payload);
  h.pass(2 * ANSWER_MS);
  h.backendCalls("neighbour", "UnlockConnector", { connectorId: 1 });
  assert.equal(h.lastCallToCharger().action, "UnlockConnector");
  assert.deepEqual(questions(h), []);
});

Deno.test("a card cannot wait: it is refused, and accepted once the owner has said yes", async () => {
  const { localRequest } = await import("../../src/core/local_request.ts");
  const h = stage();
  const show = () =>
    localRequest({ state: h.state, now: h.now, effects: [] }, "neighbour", "CARD").granted;
  assert.equal(show(), false);
  assert.deepEqual(questions(h), [1]);
  answer(h, 1, true);
  assert.equal(show(), true);
  assert.equal(holder(h), undefined, "a card that may charge is no control yet");
});

Deno.test("questions and answers survive a restart; a command on a lost connection does not", () => {
  const h = stage();
  start(h, "m1");
  h.restart();
  h.bootCharger();
  h.attach("neighbour");
  assert.deepEqual(questions(h), [1]);
  answer(h, 1, true);
  assert.equal(holder(h), "neighbour");
  assert.equal(h.callsToCharger("RemoteStartTransaction").length, 0);
  h.restart();
  h.bootCharger();
  h.attach("neighbour");
  h.pass(300_000);
  assert.equal(start(h, "m2"), undefined);
  assert.equal(h.lastCallToCharger().action, "RemoteStartTransaction");
});

Deno.test("an answer to no question has no effect", () => {
  const h = stage();
  answer(h, 1, true);
  start(h, "m1");
  answer(h, 1, false);
  answer(h, 1, true);
  assert.deepEqual(outcome(start(h, "m2")), REJECTED);
});

/** A card of a lower rank begins while the owner is asked. */
function overtaken(): Harness {
  const h = new Harness(configuration({
    backends: [
      backend("neighbour", "controller", { priority: 5 }),
      backend("json", "controller", { priority: 5 }),
      backend("solar", "controller"),
    ],
    idTags: [{ tag: "SOLAR", owner: false, backend: "solar", action: "allow" }],
    rules: [rule()],
  }));
  h.bootCharger();
  h.attach("neighbour");
  h.attach("solar");
  h.connectBackend("json", "json");
  return h;
}

function showCard(h: Harness): number {
  const timestamp = new Date(h.now).toISOString();
  const payload = { connectorId: 1, idTag: "SOLAR", meterStart: 0, timestamp };
  h.chargerCalls("StartTransaction", payload);
  h.serve("solar");
  h.serve("neighbour");
  return [...h.tables.sessions.keys()].at(-1)!;
}

function end(h: Harness, transactionId: number): void {
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StopTransaction", { transactionId, meterStop: 5, timestamp });
}

Deno.test("after the owner's yes a command waits for the hand-over too, but not beyond its time", () => {
  for (const inTime of [true, false]) {
    const h = overtaken();
    start(h, "m1");
    const id = showCard(h);
    h.pass(15_000);
    answer(h, 1, true);
    assert.deepEqual(h.lastCallToCharger().payload, { transactionId: id });
    h.chargerAnswers(ACCEPTED);
    assert.equal(h.answerTo("neighbour", "m1"), undefined);
    if (inTime) {
      end(h, id);
      h.chargerAnswers(ACCEPTED);
    } else h.pass(13_000);
    assert.deepEqual(outcome(h.answerTo("neighbour", "m1")), inTime ? ACCEPTED : REJECTED);
    assert.equal(holder(h), inTime ? "neighbour" : "solar");
  }
});

Deno.test("after the owner's yes a JSON backend takes over as it would have done unasked", () => {
  const h = overtaken();
  assert.equal(say(h, { action: "request_control" }).error, "pending");
  const id = showCard(h);
  answer(h, 1, true);
  assert.deepEqual(h.lastCallToCharger().payload, { transactionId: id });
  h.chargerAnswers(ACCEPTED);
  end(h, id);
  assert.equal(holder(h), "json");
});

Deno.test("after the owner's yes a JSON backend is told if somebody else has control by then", () => {
  const h = stage();
  assert.equal(say(h, { action: "request_control" }).error, "pending");
  start(h, "m1", "solar");
  const before = h.received("json").length;
  answer(h, 1, true);
  const events = h.received("json").slice(before).map(({ text }) => JSON.parse(text));
  assert.deepEqual(events.map(({ type, code }) => [type, code]), [
    ["control_denied", "control_locked"],
  ]);
});

Deno.test("who asks for control after a card has asked the same gets it with the owner's yes", () => {
  const idTags = [{ tag: "CARD", owner: false, backend: "json", action: "allow" as const }];
  const h = new Harness(configuration({
    backends: [backend("json", "controller")],
    rules: [rule()],
    idTags,
  }));
  h.bootCharger();
  h.connectBackend("json", "json");
  const shown = outcome(h.chargerCalls("Authorize", { idTag: "CARD" }));
  assert.deepEqual(shown, { idTagInfo: { status: "Blocked" } });
  assert.equal(say(h, { action: "request_control" }).question, 1);
  answer(h, 1, true);
  assert.equal(holder(h), "json");
  assert.equal(JSON.parse(h.received("json").at(-1)!.text).type, "control_granted");
});

/** Three cards of the backend that must ask; one is its own way of writing another. */
function carded(): Harness {
  const card = (tag: string) => ({ tag, owner: false, backend: "json", action: "allow" as const });
  const h = new Harness(configuration({
    backends: [backend("json", "controller")],
    rules: [rule()],
    idTags: ["ANNA", "BERT", "CARL"].map(card),
  }));
  h.bootCharger();
  h.connectBackend("json", "json");
  return h;
}

function isAllowed(h: Harness, idTag: string): boolean {
  const info = outcome(h.chargerCalls("Authorize", { idTag })) as { idTagInfo: JsonObject };
  return info.idTagInfo.status === "Accepted";
}

Deno.test("the owner's word about a card counts for that card only", () => {
  const h = carded();
  assert.deepEqual(["ANNA", "BERT", "anna"].map((tag) => isAllowed(h, tag)), [false, false, false]);
  assert.deepEqual(questions(h), [1, 2], "each card asks once");
  answer(h, 1, true);
  answer(h, 2, false);
  assert.deepEqual(["an:na", "BERT", "CARL"].map((tag) => isAllowed(h, tag)), [true, false, false]);
  assert.deepEqual(questions(h), [3]);
  answer(h, 3, true);
  assert.equal(say(h, { action: "request_control" }).question, 4, "the backend asks for itself");
});

Deno.test("the owner's word about a backend counts for the card that its command names", () => {
  const h = carded();
  say(h, { action: "RemoteStartTransaction", id_tag: "ANNA" });
  assert.equal(isAllowed(h, "BERT"), false);
  assert.equal(isAllowed(h, "ANNA"), false);
  assert.deepEqual(questions(h), [1, 2]);
  answer(h, 1, true);
  assert.equal(holder(h), "json");
  assert.deepEqual(["ANNA", "BERT"].map((tag) => isAllowed(h, tag)), [true, false]);
});

Deno.test("a command joins the question of the card that it names, not that of another", () => {
  const h = carded();
  isAllowed(h, "ANNA");
  const start = (id_tag: string) => say(h, { action: "RemoteStartTransaction", id_tag }).question;
  assert.equal(start("BERT"), 2);
  const other = carded();
  isAllowed(other, "ANNA");
  const joins = say(other, { action: "RemoteStartTransaction", id_tag: "anna" });
  assert.equal(joins.question, 1);
});

Deno.test("the owner's no to a card leaves its backend in the queue", () => {
  const h = new Harness(configuration({
    backends: [backend("json", "controller"), backend("solar", "controller")],
    rules: [rule({ when: 'action == "Authorize"' })],
    idTags: [{ tag: "ANNA", owner: false, backend: "json", action: "allow" }],
  }));
  h.bootCharger();
  h.connectBackend("json", "json");
  h.attach("solar");
  start(h, "m1", "solar");
  h.chargerAnswers(ACCEPTED);
  say(h, { action: "request_control", queue: true });
  isAllowed(h, "ANNA");
  answer(h, 1, false);
  assert.deepEqual(h.state.control.queue.map(({ backendId }) => backendId), ["json"]);
});

Deno.test("one backend's cards leave room for the questions of others", () => {
  const tags = Array.from({ length: MAX_QUESTIONS }, (_, i) => `CARD${i}`);
  const card = (tag: string) => ({ tag, owner: false, backend: "json", action: "allow" as const });
  const h = new Harness(configuration({
    backends: [backend("json", "controller"), backend("neighbour", "controller")],
    rules: [rule()],
    idTags: tags.map(card),
  }));
  h.bootCharger();
  h.attach("neighbour");
  for (const tag of tags) isAllowed(h, tag);
  assert.equal(questions(h).length, MAX_QUESTIONS_EACH);
  assert.equal(start(h, "m1"), undefined);
});

Deno.test("what the owner said about a card survives a restart, and moves with the clock", () => {
  const h = carded();
  isAllowed(h, "ANNA");
  answer(h, 1, true);
  h.restart();
  h.now += 3_600_000;
  h.event({ type: "clock_set", byMs: 3_600_000 });
  h.bootCharger();
  assert.deepEqual(["ANNA", "BERT"].map((tag) => isAllowed(h, tag)), [true, false]);
  h.pass(ANSWER_MS);
  assert.equal(isAllowed(h, "ANNA"), false);
});

Deno.test("what a backend says for itself is for the owner to read, short and on one line", () => {
  const h = stage();
  say(h, { action: "request_control", reason: `the sun\nis out${"!".repeat(200)}` });
  const [question] = h.state.control.questions.values();
  assert.match(question!.reason, /^backend is json; it says "the sun is out!+…"$/);
  assert.ok(question!.reason.length < 80);
  assert.match(h.tables.decisions.at(-1)!.reason, /it says "the sun is out!+…"/);
  assert.equal(say(h, { action: "request_control", reason: 7 }).error, "invalid_request");
});
