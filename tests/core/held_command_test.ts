// Commands that wait: one backend's share of them, and when nobody is there any more to be answered.

import assert from "node:assert/strict";
import type { RuleConfiguration } from "../../src/core/configuration.ts";
import { MAX_HELD_EACH } from "../../src/core/held_command.ts";
import { outcome } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";

const ACCEPTED = { status: "Accepted" };
const REJECTED = { status: "Rejected" };

const ASK: RuleConfiguration = {
  name: "strangers must ask",
  backends: ["neighbour", "guest", "json"],
  then: "ask",
  askTimeoutMs: 120_000,
  default: "allow",
  onUnknown: "deny",
};

function stage(changes: Parameters<typeof configuration>[0] = {}): Harness {
  const h = new Harness(configuration({
    backends: [
      backend("neighbour", "controller", { priority: 5 }),
      backend("guest", "controller"),
      backend("json", "controller", { priority: 5 }),
      backend("solar", "controller"),
    ],
    idTags: [
      { tag: "CARD", owner: false, backend: "neighbour", action: "allow" },
      { tag: "SOLAR", owner: false, backend: "solar", action: "allow" },
    ],
    rules: [ASK],
    ...changes,
  }));
  h.bootCharger();
  for (const id of ["neighbour", "guest", "solar"]) h.attach(id);
  h.connectBackend("json", "json");
  return h;
}

function start(h: Harness, message: string, id = "neighbour") {
  return h.backendCalls(id, "RemoteStartTransaction", { connectorId: 1, idTag: id }, message);
}

function waiting(h: Harness): string[] {
  return h.state.control.held.map(({ backendId }) => backendId);
}

function configure(h: Harness, change: Partial<typeof h.core>): void {
  h.core = { ...h.core, ...change };
  h.event({ type: "configured", configuration: h.core });
}

function without(h: Harness, id: string): typeof h.core.backends {
  return h.core.backends.filter((one) => one.id !== id);
}

/** What whoever follows for the owner was told of questions that are closed. */
function closed(h: Harness): unknown[] {
  return h.published.flatMap((effect) => {
    if (effect.type !== "publish" || effect.event.type !== "question_closed") return [];
    const { id, allow, reason } = effect.event;
    return [[id, allow, reason]];
  });
}

Deno.test("a command of a backend that disconnects does not wait any longer", () => {
  const h = stage();
  start(h, "m1");
  start(h, "m1", "guest");
  assert.deepEqual(waiting(h), ["neighbour", "guest"]);
  h.disconnectBackend("neighbour");
  assert.deepEqual(waiting(h), ["guest"]);
  assert.deepEqual([...h.state.control.questions.keys()], [1, 2], "the owner may still answer");
  h.attach("neighbour");
  h.event({ type: "owner_answer", requestId: 1, allow: true });
  assert.equal(h.callsToCharger("RemoteStartTransaction").length, 0);
  assert.deepEqual(h.answersTo("neighbour", "m1"), []);
});

Deno.test("nor does one whose backend connects anew while the old connection is open", () => {
  const h = stage();
  start(h, "m1");
  h.connectBackend("neighbour");
  assert.deepEqual(waiting(h), []);
});

Deno.test("nor one that waits for a hand-over", () => {
  const h = stage({ rules: [] });
  const timestamp = new Date(h.now).toISOString();
  const payload = { connectorId: 1, idTag: "SOLAR", meterStart: 0, timestamp };
  h.chargerCalls("StartTransaction", payload);
  h.backendSays("json", JSON.stringify({ action: "RemoteStartTransaction", id_tag: "J" }));
  assert.deepEqual(waiting(h), ["json"]);
  h.disconnectBackend("json");
  assert.deepEqual(waiting(h), []);
});

Deno.test("of the commands that wait one backend has its share, and leaves room for others", () => {
  const h = stage();
  for (let i = 0; i < MAX_HELD_EACH; i++) assert.equal(start(h, `m${i}`), undefined);
  assert.deepEqual(outcome(start(h, "more")), REJECTED);
  assert.equal(start(h, "m", "guest"), undefined);
  assert.equal(waiting(h).length, MAX_HELD_EACH + 1);
});

Deno.test("a question ends with its backend when the configuration is read again", () => {
  const h = stage();
  start(h, "m1");
  start(h, "m1", "guest");
  configure(h, { backends: without(h, "neighbour") });
  assert.deepEqual([...h.state.control.questions.keys()], [2]);
  assert.deepEqual(waiting(h), ["guest"]);
  const reason = "denied: rule 'strangers must ask' — question 1 is closed: " +
    "neighbour is no longer configured";
  assert.deepEqual(closed(h), [[1, false, reason]]);
  const { backendId, request, outcome: decided, rule, reason: why } = h.tables.decisions.at(-1)!;
  assert.deepEqual([backendId, request, decided, rule, why], [
    "neighbour",
    "RemoteStartTransaction",
    "denied",
    "strangers must ask",
    reason,
  ]);
  h.event({ type: "owner_answer", requestId: 1, allow: true });
  assert.equal(h.state.control.lease, undefined);
  h.restart();
  assert.deepEqual([...h.state.control.questions.keys()], [2]);
});

Deno.test("a question of a backend that may come unlisted stays open when others are removed", () => {
  const h = stage({ allowUnknownBackends: true });
  configure(h, { rules: [{ ...ASK, backends: ["neighbour", "stranger"] }] });
  h.attach("stranger");
  start(h, "m1", "stranger");
  start(h, "m1", "neighbour");
  configure(h, { backends: without(h, "neighbour") });
  assert.deepEqual([...h.state.control.questions.values()].map((one) => one.backendId), [
    "stranger",
  ]);
  h.restart();
  assert.equal(h.state.control.questions.size, 1);
  h.core = { ...h.core, allowUnknownBackends: false };
  h.restart();
  assert.equal(h.state.control.questions.size, 0, "nobody of that name can come any more");
});

Deno.test("what the owner said to a card of a removed backend lets nobody in", () => {
  const h = stage();
  h.chargerCalls("Authorize", { idTag: "CARD" });
  configure(h, { backends: without(h, "neighbour") });
  h.pass(120_000);
  assert.equal(h.state.control.lease, undefined);
  assert.deepEqual(outcome(h.chargerCalls("Authorize", { idTag: "SOLAR" })), {
    idTagInfo: ACCEPTED,
  });
});
