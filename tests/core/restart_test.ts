// Time: the core asks to be woken when it has something to do, and a clock that is set moves it all.

import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import { nextDeadline } from "../../src/core/step.ts";
import { at, books, meter, start, stop } from "./charging.ts";
import { backend, configuration, Harness } from "./harness.ts";
import { ModelBackend, ModelCharger } from "./model.ts";

/** Ticks that may come at one instant, each for something else. */
const MOST_TICKS = 20;

/** What may happen; which of it does is random. */
const MOVES: readonly ((h: Harness, charger: ModelCharger, b: ModelBackend) => unknown)[] = [
  (_, charger) => charger.begin("A", 1, true),
  (_, charger) => charger.begin("H", 2, true),
  (_, charger) => charger.measure(1, 50),
  (_, charger) => charger.end(1),
  (_, charger) => charger.send(),
  (_, charger) => charger.send(),
  (_, charger) => charger.connect(true),
  (_, charger) => charger.connect(false),
  (_, charger) => charger.disconnect(),
  (h) =>
    h.chargerCalls("StatusNotification", {
      connectorId: 1,
      errorCode: "NoError",
      status: "Available",
    }),
  (h) => h.chargerCalls("Authorize", { idTag: "UNKNOWN" }),
  (_, _charger, b) => b.connect(),
  (_, _charger, b) => b.disconnect(),
  (_, _charger, b) => b.answer(),
  (_, _charger, b) => b.answer(),
  (h) => h.connectBackend("d"),
  (h) => h.disconnectBackend("d"),
  (h) => h.event({ type: "dial_failed", backendId: "d", reason: "x", random: 0.5, status: 401 }),
  (h) => h.backendCalls("d", "GetConfiguration", {}),
  (h) => h.event({ type: "owner", mode: { mode: "paused" }, until: h.now + 5_000 }),
  (h) => h.diskFull = true,
  (h) => h.diskFull = false,
  (h) => h.pass(1_000),
  (h) => h.pass(70_000),
];

function world(): [Harness, ModelCharger, ModelBackend] {
  const h = new Harness(configuration({
    backends: [backend("b", "biller"), backend("d", "admin", { url: "wss://d.example" })],
    idTags: [{ tag: "A", backend: "b", action: "allow", owner: false }],
  }));
  return [h, new ModelCharger(h), new ModelBackend(h, "b", 100)];
}

const moves = fc.array(fc.nat(MOVES.length - 1), { maxLength: 60, size: "max" });

Deno.test("a tick at the deadline is never asked for again without end", () => {
  fc.assert(
    fc.property(moves, (list) => {
      const [h, charger, b] = world();
      for (const index of list) {
        MOVES[index]!(h, charger, b);
        for (let waits = 0; waits < 3; waits++) {
          const due = nextDeadline(h.state);
          if (due === Infinity) break;
          h.now = Math.max(h.now, due);
          for (let ticks = 0; nextDeadline(h.state) <= h.now; ticks++) {
            assert.ok(ticks < MOST_TICKS, "it asks for the same instant again and again");
            h.event({ type: "tick" });
          }
          charger.read();
        }
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("a tick that comes too early changes nothing that is sent", () => {
  fc.assert(
    fc.property(moves, (list) => {
      const [h, charger, b] = world();
      const sent = () => [h.charger.length, h.received("b").length, h.received("d").length];
      for (const index of list) {
        MOVES[index]!(h, charger, b);
        if (nextDeadline(h.state) <= h.now) h.pass(1);
        if (nextDeadline(h.state) <= h.now) continue;
        const before = sent();
        h.event({ type: "tick" });
        assert.deepEqual(sent(), before, "somebody waited without a deadline");
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("N62: when the clock is set, everything that waits goes on waiting as long as it had to", () => {
  fc.assert(
    fc.property(moves, fc.integer({ min: -86_400_000, max: 86_400_000 }), (list, byMs) => {
      const [h, charger, b] = world();
      for (const index of list) MOVES[index]!(h, charger, b);
      // The owner's end time is a time of day: it stays.
      h.event({ type: "owner", mode: { mode: "auto" } });
      h.pass(1);
      const before = nextDeadline(h.state) - h.now;
      h.now += byMs;
      h.event({ type: "clock_set", byMs });
      assert.equal(nextDeadline(h.state) - h.now, before);
    }),
    { numRuns: 200 },
  );
});

Deno.test("N14: a kill at every step of a session loses and doubles nothing", () => {
  for (let kill = 0; kill < 7; kill++) {
    const h = new Harness(configuration({ backends: [backend("b", "biller")] }));
    h.bootCharger();
    h.attach("b", () => 5);
    const step = (index: number) => {
      if (index !== kill) return;
      h.restart();
      h.connectCharger();
      h.attach("b", () => 6);
    };
    step(0);
    const id = start(h);
    step(1);
    h.serve("b", () => 5);
    step(2);
    meter(h, id, 60, 1100);
    step(3);
    h.serve("b");
    step(4);
    stop(h, id, 120, 1300);
    step(5);
    h.serve("b");
    step(6);
    h.pass(5_000);
    h.serve("b");
    assert.deepEqual(
      books(h).map(({ transactionId, energyWh, startedAt, stoppedAt }) => [
        transactionId,
        energyWh,
        startedAt,
        stoppedAt,
      ]),
      [[id, 300, Date.parse(at(0)), Date.parse(at(120))]],
    );
    const told = h.callsToBackend("b").filter(({ action }) =>
      action === "MeterValues" || action.endsWith("Transaction")
    );
    const first = [...new Map(told.map((call) => [call.id, call.action])).values()];
    assert.deepEqual(first, ["StartTransaction", "MeterValues", "StopTransaction"], String(kill));
  }
});

Deno.test("a lease on disk whose session has ended runs out after a restart", () => {
  const h = new Harness(configuration({
    backends: [backend("b", "controller")],
    idTags: [{ tag: "TAG", backend: "b", action: "allow", owner: false }],
  }));
  h.bootCharger();
  const id = start(h);
  h.pass(2_500);
  const { lease } = h.state.control;
  assert.equal(lease?.transactionId, id);
  const stale = h.tables.facts.get("control")!;
  stop(h, id, 60, 1100);
  h.tables.facts.set("control", stale);
  h.restart();
  h.pass(h.core.controlTimeoutMs + 1_000);
  assert.equal(h.state.control.lease, undefined);
});

Deno.test("a lease on disk from before its session began lasts for the session after a restart", () => {
  const h = new Harness(configuration({
    backends: [backend("b", "controller")],
    idTags: [{ tag: "TAG", backend: "b", action: "allow", owner: false }],
    reconnectGraceMs: 10_000_000,
  }));
  h.bootCharger();
  h.connectBackend("b", "json");
  h.backendSays("b", '{"action":"request_control"}');
  const stale = h.tables.facts.get("control")!;
  const id = start(h);
  h.tables.facts.set("control", stale);
  h.restart();
  h.connectCharger();
  h.pass(h.core.controlTimeoutMs * 2);
  assert.equal(h.state.control.lease?.transactionId, id);
});

Deno.test("a status from a clock that was ahead gives way to newer ones after a restart", () => {
  const h = new Harness();
  h.bootCharger();
  const { status } = h.state.charger.connectors.get(1)!;
  h.tables.facts.set("connector/1", { status: { ...status }, at: h.now + 86_400_000 });
  h.restart();
  h.connectCharger();
  h.pass(1_000);
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Charging",
  });
  assert.equal(h.state.charger.connectors.get(1)?.status.status, "Charging");
});

function holder(h: Harness): string | undefined {
  return h.state.control.lease?.backendId;
}

Deno.test("control from a clock that was ahead blocks nobody for long after a restart", () => {
  const timed = { rateLimitMs: 10_000, controlTimeoutMs: 60_000 };
  const h = new Harness(configuration({
    ...timed,
    backends: [backend("a", "controller"), backend("b", "controller")],
  }));
  h.bootCharger();
  for (const id of ["a", "b"]) h.attach(id);
  h.backendCalls("a", "UnlockConnector", { connectorId: 1 });
  assert.equal(h.state.control.lease?.backendId, "a");
  h.now -= 86_400_000;
  h.restart();
  h.bootCharger();
  for (const id of ["a", "b"]) h.attach(id);
  h.pass(timed.controlTimeoutMs);
  for (const id of ["a", "b"]) {
    assert.equal(holder(h), undefined);
    h.backendCalls(id, "UnlockConnector", { connectorId: 1 });
    assert.equal(holder(h), id);
    h.pass(timed.controlTimeoutMs);
  }
});

Deno.test("a claim from a clock that was ahead is over after an hour at the latest", () => {
  const h = new Harness(configuration({ backends: [backend("a", "controller")] }));
  h.bootCharger();
  h.attach("a");
  h.backendCalls("a", "RemoteStartTransaction", { connectorId: 1, idTag: "TAG" });
  h.chargerAnswers({ status: "Accepted" });
  assert.deepEqual(h.state.control.claims.map(({ backendId }) => backendId), ["a"]);
  h.now -= 86_400_000;
  h.restart();
  h.pass(3_700_000);
  assert.deepEqual(h.state.control.claims, []);
});
