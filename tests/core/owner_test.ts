// The owner's word: modes and the limit, their end times, and that nothing stands against them.

import assert from "node:assert/strict";
import { outcome } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";

const ACCEPTED = { status: "Accepted" };
const REJECTED = { status: "Rejected" };

function stage(): Harness {
  const backends = [backend("a", "controller", { minHoldMs: 300_000 }), backend("b", "controller")];
  const h = new Harness(configuration({ backends }));
  h.bootCharger();
  for (const { id } of backends) h.attach(id);
  return h;
}

function start(h: Harness, id: string) {
  return h.backendCalls(id, "RemoteStartTransaction", { connectorId: 1, idTag: id });
}

function holder(h: Harness): string | undefined {
  return h.state.control.lease?.backendId;
}

Deno.test("each mode lets in whom it names, from the very next request", () => {
  const cases = [
    [{ mode: "owner_only" }, "denied: the owner has switched sharing off"],
    [{ mode: "paused" }, "denied: the owner has paused charging"],
    [{ mode: "backend", backendId: "b" }, "denied: the owner has given control to b alone"],
  ] as const;
  for (const [mode, reason] of cases) {
    const h = stage();
    start(h, "a");
    assert.equal(holder(h), "a");
    h.event({ type: "owner", mode });
    assert.equal(holder(h), undefined, mode.mode);
    assert.deepEqual(outcome(start(h, "a")), REJECTED, mode.mode);
    assert.equal(h.tables.decisions.at(-1)?.reason, reason);
  }
});

Deno.test("the owner's mode ends at its time, also when that passed while the proxy was down", () => {
  const h = stage();
  h.event({ type: "owner", mode: { mode: "owner_only" }, until: h.now + 3_600_000 });
  h.restart();
  assert.equal(h.state.control.mode.mode, "owner_only");
  h.now += 3_600_000;
  h.restart();
  h.pass(0);
  assert.equal(h.state.control.mode.mode, "auto");
  assert.equal(h.tables.decisions.at(-1)?.reason, "auto again: the owner's time is over");
});

Deno.test("the owner's limit ends at its time, and auto takes it back at once", () => {
  const h = stage();
  h.event({ type: "owner_limit", currentA: 10, until: h.now + 60_000 });
  h.restart();
  assert.deepEqual(h.state.control.ownerLimit, { currentA: 10, until: h.now + 60_000 });
  h.pass(60_000);
  assert.equal(h.state.control.ownerLimit, undefined);
  h.event({ type: "owner_limit", currentA: 8 });
  h.event({ type: "owner", mode: { mode: "owner_only" } });
  assert.deepEqual(h.state.control.ownerLimit, { currentA: 8, until: undefined });
  h.event({ type: "owner", mode: { mode: "auto" } });
  assert.equal(h.state.control.ownerLimit, undefined);
});

Deno.test("a mode whose time is over leaves the owner's limit alone", () => {
  const h = stage();
  h.event({ type: "owner_limit", currentA: 10 });
  h.event({ type: "owner", mode: { mode: "owner_only" }, until: h.now + 1_000 });
  h.pass(1_000);
  assert.equal(h.state.control.mode.mode, "auto");
  assert.deepEqual(h.state.control.ownerLimit, { currentA: 10, until: undefined });
});

Deno.test("a command under way keeps its answer when the owner takes control away", () => {
  const h = stage();
  h.backendCalls("a", "RemoteStartTransaction", { connectorId: 1, idTag: "a" }, "m1");
  h.event({ type: "owner", mode: { mode: "owner_only" } });
  h.chargerAnswers(ACCEPTED);
  assert.equal(h.answersTo("a", "m1").length, 1);
});
