// The queue: who asked to wait gets control when it is free, by rank, then by age.

import assert from "node:assert/strict";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { HANDOVER_MS } from "../../src/core/handover.ts";
import { backend, configuration, Harness } from "./harness.ts";

const ACCEPTED = { status: "Accepted" };

function stage(changes: Parameters<typeof configuration>[0] = {}): Harness {
  const h = new Harness(configuration({
    backends: [
      backend("a", "controller", { minHoldMs: 300_000 }),
      backend("b", "controller"),
      backend("c", "controller"),
      backend("first", "controller", { priority: 5 }),
      backend("observer", "observer"),
    ],
    ...changes,
  }));
  h.bootCharger();
  for (const id of h.state.backends.keys()) h.connectBackend(id, "json");
  return h;
}

function messages(h: Harness, id: string): JsonObject[] {
  return h.received(id).map(({ text }) => JSON.parse(text));
}

/** What a backend was told last, without the time. */
function last(h: Harness, id: string): JsonObject {
  const { time: _, ...message } = messages(h, id).at(-1)!;
  return message;
}

function ask(h: Harness, id: string, more: JsonObject = { queue: true }): JsonObject {
  h.backendSays(id, JSON.stringify({ action: "request_control", ...more }));
  return messages(h, id).findLast((message) => message.type === undefined)!;
}

function release(h: Harness, id: string): JsonObject {
  h.backendSays(id, JSON.stringify({ action: "release_control" }));
  return messages(h, id).findLast((message) => message.type === undefined)!;
}

function holder(h: Harness): string | undefined {
  return h.state.control.lease?.backendId;
}

function waiting(h: Harness): string[] {
  return h.state.control.queue.map(({ backendId }) => backendId);
}

function begin(h: Harness, backendId: string): number {
  h.backendSays(backendId, JSON.stringify({ action: "RemoteStartTransaction", id_tag: backendId }));
  h.chargerAnswers(ACCEPTED);
  const timestamp = new Date(h.now).toISOString();
  const payload = { connectorId: 1, idTag: backendId, meterStart: 0, timestamp };
  h.chargerCalls("StartTransaction", payload);
  return [...h.tables.sessions.keys()].at(-1)!;
}

function end(h: Harness, transactionId: number): void {
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StopTransaction", { transactionId, meterStop: 5, timestamp });
}

Deno.test("who waits is told its place, and gets control when the holder lets go", () => {
  const h = stage();
  ask(h, "a", {});
  assert.deepEqual(ask(h, "b"), {
    action: "request_control",
    result: {
      granted: false,
      queued: true,
      position: 1,
      reason: "queued: a holds control",
    },
  });
  assert.equal((ask(h, "c").result as JsonObject).position, 2);
  assert.equal((ask(h, "b").result as JsonObject).position, 1, "asking again keeps the place");
  release(h, "a");
  assert.equal(holder(h), "b");
  assert.deepEqual(waiting(h), ["c"]);
  assert.deepEqual(last(h, "b"), {
    type: "control_granted",
    reason: "granted: nobody else holds control",
  });
  release(h, "b");
  assert.equal(holder(h), "c");
});

Deno.test("who does not ask to wait is refused, and gets nothing later", () => {
  const h = stage();
  ask(h, "a", {});
  assert.equal(ask(h, "b", {}).error, "control_locked");
  release(h, "a");
  assert.equal(holder(h), undefined);
});

Deno.test("a higher rank overtakes who waits, and takes over when the least time is over", () => {
  const h = stage();
  ask(h, "a", {});
  ask(h, "b");
  const reply = ask(h, "first");
  assert.match(String((reply.result as JsonObject).reason), /keeps control for another 300 s/);
  h.pass(50_000);
  ask(h, "a", {});
  for (let minute = 0; minute < 4; minute++) {
    h.pass(50_000);
    ask(h, "a", {});
    assert.equal(holder(h), "a");
  }
  h.pass(50_000);
  assert.equal(holder(h), "first");
  release(h, "first");
  assert.equal(holder(h), "b");
});

Deno.test("the end of a transaction makes room; a transaction is ended only for a higher rank", () => {
  const h = stage();
  const id = begin(h, "a");
  ask(h, "b");
  h.pass(600_000);
  assert.equal(holder(h), "a");
  assert.equal(h.callsToCharger("RemoteStopTransaction").length, 0);
  end(h, id);
  assert.equal(holder(h), "b");
});

Deno.test("who waits in the queue is handed a transaction over when its rank allows", () => {
  const h = stage();
  const id = begin(h, "a");
  h.pass(100_000);
  ask(h, "first");
  h.pass(200_000);
  assert.deepEqual(h.lastCallToCharger().payload, { transactionId: id });
  assert.equal(holder(h), "a");
  h.chargerAnswers(ACCEPTED);
  end(h, id);
  assert.equal(holder(h), "first");
  assert.deepEqual(waiting(h), []);
});

Deno.test("a hand-over for the queue that fails is tried again a minute later, not at once", () => {
  for (const how of ["Rejected", "silence"]) {
    const h = stage();
    begin(h, "a");
    h.pass(300_000);
    ask(h, "first");
    const stops = () => h.callsToCharger("RemoteStopTransaction").length;
    assert.equal(stops(), 1);
    if (how === "Rejected") h.chargerAnswers({ status: "Rejected" });
    h.pass(HANDOVER_MS);
    assert.equal(stops(), 1, how);
    h.pass(120_000);
    assert.equal(stops(), 2, how);
  }
});

Deno.test("release_control gives a place in the queue back", () => {
  const h = stage();
  ask(h, "a", {});
  ask(h, "b");
  assert.equal(release(h, "b").result, true);
  assert.equal(release(h, "b").error, "denied");
  release(h, "a");
  assert.equal(holder(h), undefined);
});

Deno.test("a place is kept through a short absence and a restart, and lost after a long one", () => {
  const h = stage({ reconnectGraceMs: 120_000 });
  const id = begin(h, "a");
  ask(h, "b");
  ask(h, "c");
  h.disconnectBackend("b");
  h.pass(100_000);
  h.connectBackend("b", "json");
  assert.deepEqual(waiting(h), ["b", "c"]);
  h.restart();
  assert.deepEqual(waiting(h), ["b", "c"]);
  h.connectCharger();
  h.connectBackend("a", "json");
  h.connectBackend("c", "json");
  h.pass(120_000);
  assert.deepEqual(waiting(h), ["c"], "b has not come back");
  end(h, id);
  assert.equal(holder(h), "c");
});

Deno.test("who may not have control has no place, however long it waits", () => {
  const h = stage();
  ask(h, "a", {});
  assert.equal(ask(h, "observer").error, "not_permitted");
  ask(h, "b");
  h.core = { ...h.core, blockedProviders: ["b"] };
  h.event({ type: "configured", configuration: h.core });
  release(h, "a");
  assert.equal(holder(h), undefined);
  h.core = { ...h.core, blockedProviders: [] };
  h.event({ type: "configured", configuration: h.core });
  assert.equal(holder(h), "b");
});

Deno.test("nobody is let in while the charger is away", () => {
  const h = stage();
  ask(h, "a", {});
  ask(h, "b");
  h.disconnectCharger();
  release(h, "a");
  assert.equal(holder(h), undefined);
  h.connectCharger();
  assert.equal(holder(h), "b");
});

Deno.test("queue is true or false", () => {
  const h = stage();
  assert.deepEqual(ask(h, "b", { queue: "yes" }), {
    action: "request_control",
    error: "invalid_request",
    reason: '"queue" is not true or false',
  });
});
