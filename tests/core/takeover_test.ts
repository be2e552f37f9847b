// Priorities: who may take control from whom, and what becomes of a running transaction.

import assert from "node:assert/strict";
import { HANDOVER_MS } from "../../src/core/handover.ts";
import { outcome } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";
import { survive } from "./model.ts";

const ACCEPTED = { status: "Accepted" };
const REJECTED = { status: "Rejected" };

/** Solar holds control for a minute at least; the employer comes before it, ha does not. */
function stage(changes: Parameters<typeof configuration>[0] = {}): Harness {
  const backends = [
    backend("solar", "controller", { minHoldMs: 60_000 }),
    backend("ha", "controller"),
    backend("employer", "biller", { priority: 20 }),
  ];
  const h = new Harness(configuration({ backends, ...changes }));
  h.bootCharger();
  for (const { id } of backends) h.attach(id, () => 100 + h.tables.sessions.size);
  return h;
}

function start(h: Harness, id: string, message = `${id}-start`) {
  return h.backendCalls(id, "RemoteStartTransaction", { connectorId: 1, idTag: id }, message);
}

/** A session that a backend has started; its id. */
function charge(h: Harness, id: string): number {
  start(h, id, `${id}-first`);
  h.chargerAnswers(ACCEPTED);
  return begin(h, id);
}

function begin(h: Harness, idTag: string): number {
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StartTransaction", { connectorId: 1, idTag, meterStart: 0, timestamp });
  for (const id of h.state.backends.keys()) h.serve(id, () => 100 + h.tables.sessions.size);
  return [...h.tables.sessions.keys()].at(-1)!;
}

function end(h: Harness, transactionId: number): void {
  const timestamp = new Date(h.now).toISOString();
  const reason = "Remote";
  h.chargerCalls("StopTransaction", { transactionId, meterStop: 1_000, timestamp, reason });
}

function holder(h: Harness): string | undefined {
  return h.state.control.lease?.backendId;
}

function lastDecisions(h: Harness, count: number): string[] {
  return h.tables.decisions.slice(-count).map((row) => `${row.backendId} ${row.reason}`);
}

Deno.test("a higher priority waits until the holder's least time is over", () => {
  const h = stage();
  charge(h, "solar");
  h.pass(20_000);
  assert.deepEqual(outcome(start(h, "employer")), REJECTED);
  assert.deepEqual(lastDecisions(h, 1), [
    "employer denied: a transaction of solar is running, and keeps control for another 40 s",
  ]);
  assert.equal(h.callsToCharger("RemoteStopTransaction").length, 0);
});

Deno.test("then the old transaction is ended, booked to its holder, and the new one begins", () => {
  const h = stage();
  const id = charge(h, "solar");
  h.pass(60_000);
  assert.equal(start(h, "employer"), undefined, "it waits");
  assert.equal(holder(h), "solar", "until the transaction has ended");
  const stop = h.lastCallToCharger();
  assert.deepEqual([stop.action, stop.payload], ["RemoteStopTransaction", { transactionId: id }]);
  assert.equal(h.callsToCharger("RemoteStartTransaction").length, 1, "the new one has not begun");
  h.chargerAnswers(ACCEPTED);
  assert.equal(holder(h), "solar");
  end(h, id);
  assert.equal(holder(h), "employer");
  const started = h.lastCallToCharger();
  assert.equal(started.action, "RemoteStartTransaction");
  assert.equal(started.payload.idTag, "employer");
  h.chargerAnswers(ACCEPTED);
  assert.deepEqual(outcome(h.answerTo("employer", "employer-start")), ACCEPTED);
  begin(h, "employer");
  const sessions = [...h.tables.sessions.values()];
  assert.deepEqual(sessions.map((item) => [item.backendId, item.energyWh, item.stopReason]), [
    ["solar", 1_000, "Remote"],
    ["employer", 0, null],
  ]);
  assert.deepEqual(lastDecisions(h, 3), [
    "employer queued: employer (priority 20) comes before solar; the transaction of solar is " +
    "being ended",
    "solar revoked: employer (priority 20) comes before solar",
    "employer granted: nobody else holds control",
  ]);
});

Deno.test("equal and lower priorities take nothing over", () => {
  const h = stage();
  charge(h, "employer");
  h.pass(3_600_000);
  for (const id of ["solar", "ha"]) assert.deepEqual(outcome(start(h, id)), REJECTED);
  assert.equal(h.callsToCharger("RemoteStopTransaction").length, 0);
  assert.equal(holder(h), "employer");
});

Deno.test("a limit, a reservation, a lock end nobody's transaction, whatever the priority", () => {
  const h = stage({ preferredProvider: "ha" });
  charge(h, "solar");
  h.pass(60_000);
  const unlock = h.backendCalls("ha", "UnlockConnector", { connectorId: 1 });
  assert.deepEqual(outcome(unlock), { status: "UnlockFailed" });
  const expiryDate = new Date(h.now + 60_000).toISOString();
  const reservation = { connectorId: 1, expiryDate, idTag: "X", reservationId: 1 };
  assert.deepEqual(outcome(h.backendCalls("ha", "ReserveNow", reservation)), REJECTED);
  assert.equal(h.callsToCharger("RemoteStopTransaction").length, 0);
  assert.equal(holder(h), "solar");
});

Deno.test("a charger that does not stop keeps everything as it was", () => {
  for (const how of ["refuses", "is silent", "accepts and goes on"]) {
    const h = stage();
    charge(h, "solar");
    h.pass(60_000);
    start(h, "employer");
    if (how === "refuses") h.chargerAnswers(REJECTED);
    if (how === "accepts and goes on") h.chargerAnswers(ACCEPTED);
    h.pass(HANDOVER_MS);
    assert.deepEqual(outcome(h.answerTo("employer", "employer-start")), REJECTED, how);
    assert.equal(h.answersTo("employer", "employer-start").length, 1, how);
    assert.equal(holder(h), "solar", how);
    assert.equal(h.state.control.handover, undefined, how);
    assert.equal(h.callsToCharger("RemoteStartTransaction").length, 1, how);
  }
});

Deno.test("each hand-over that fails is written down, however soon after another", () => {
  const h = stage();
  charge(h, "solar");
  h.pass(60_000);
  for (const message of ["first", "second"]) {
    start(h, "employer", message);
    h.chargerAnswers(REJECTED);
  }
  const why = "employer (priority 20) comes before solar";
  assert.deepEqual(lastDecisions(h, 4), [
    `employer queued: ${why}; the transaction of solar is being ended`,
    `employer denied: ${why}, but the charger did not end the running transaction`,
    `employer queued: ${why}; the transaction of solar is being ended`,
    `employer denied: ${why}, but the charger did not end the running transaction`,
  ]);
});

Deno.test("while one takes over, a third waits for nothing", () => {
  const h = stage({ preferredProvider: "ha" });
  const id = charge(h, "solar");
  h.pass(60_000);
  start(h, "employer");
  assert.deepEqual(outcome(start(h, "ha")), REJECTED);
  h.chargerAnswers(ACCEPTED);
  end(h, id);
  assert.equal(holder(h), "employer");
});

Deno.test("who took over and went away meanwhile leaves control free", () => {
  const h = stage();
  const id = charge(h, "solar");
  h.pass(60_000);
  start(h, "employer");
  h.disconnectBackend("employer");
  h.chargerAnswers(ACCEPTED);
  end(h, id);
  assert.equal(holder(h), undefined);
  assert.equal(h.callsToCharger("RemoteStartTransaction").length, 1);
});

Deno.test("whose transaction was ended is written down, also where nobody is there to take over", () => {
  const h = stage();
  const id = charge(h, "solar");
  h.event({ type: "owner", mode: { mode: "backend", backendId: "employer" } });
  start(h, "employer");
  h.chargerAnswers(ACCEPTED);
  h.disconnectBackend("employer");
  end(h, id);
  assert.equal(holder(h), undefined);
  assert.deepEqual(lastDecisions(h, 1), [
    "solar revoked: the owner has given control to employer",
  ]);
});

Deno.test("the owner gives control to a backend: no least time, and no priority, stands against it", () => {
  const h = stage();
  const id = charge(h, "employer");
  h.event({ type: "owner", mode: { mode: "backend", backendId: "ha" } });
  assert.equal(holder(h), undefined);
  assert.equal(start(h, "ha"), undefined);
  assert.deepEqual(h.lastCallToCharger().payload, { transactionId: id });
  h.chargerAnswers(ACCEPTED);
  end(h, id);
  assert.equal(holder(h), "ha");
  assert.deepEqual(outcome(start(h, "employer", "again")), REJECTED);
});

Deno.test("the household's own charging changes hands without being stopped", () => {
  const h = stage();
  begin(h, "FAMILY");
  h.backendCalls("solar", "UnlockConnector", { connectorId: 1 });
  assert.equal(holder(h), "solar");
  h.pass(60_000);
  h.backendCalls("employer", "RemoteStartTransaction", { connectorId: 1, idTag: "X" });
  assert.equal(holder(h), "employer");
  assert.equal(h.callsToCharger("RemoteStopTransaction").length, 0);
});

Deno.test("a restart in a hand-over leaves the old holder where it was", () => {
  const h = stage();
  charge(h, "solar");
  h.pass(60_000);
  start(h, "employer");
  h.restart();
  assert.equal(holder(h), "solar");
  assert.equal(h.state.control.handover, undefined);
  assert.deepEqual(lastDecisions(h, 1), [
    "employer denied: employer (priority 20) comes before solar, but the proxy was restarted",
  ]);
  h.pass(1_000);
  h.restart();
  assert.equal(h.tables.decisions.filter(({ reason }) => /restarted/.test(reason)).length, 1);
});

Deno.test("killed at any effect, who loses control is told of in the decisions", () => {
  for (let left = 0; left < 40; left++) {
    const h = stage();
    charge(h, "solar");
    h.pass(60_000);
    h.lazyNotes = true;
    h.effectsLeft = left;
    const give = () =>
      h.event({ type: "owner", mode: { mode: "backend", backendId: "ha" }, until: h.now + 1_000 });
    survive(h, give, () => {});
    h.flush();
    const revoked = h.tables.decisions.some(({ outcome }) => outcome === "revoked");
    assert.equal(revoked, holder(h) !== "solar", `${left} effects`);
  }
});

Deno.test("a restart after a hand-over has nothing to say of it", () => {
  for (const how of ["it came about", "it failed"]) {
    const h = stage();
    const id = charge(h, "solar");
    h.pass(60_000);
    start(h, "employer");
    h.chargerAnswers(how === "it failed" ? REJECTED : ACCEPTED);
    if (how === "it came about") end(h, id);
    h.pass(1_000);
    h.restart();
    const told = h.tables.decisions.filter(({ reason }) => /restarted/.test(reason));
    assert.deepEqual(told, [], how);
  }
});

Deno.test("the owner's word for the old holder ends a hand-over, not its control", () => {
  const h = stage();
  charge(h, "solar");
  h.pass(60_000);
  start(h, "employer");
  h.event({ type: "owner", mode: { mode: "backend", backendId: "solar" } });
  assert.deepEqual(outcome(h.answerTo("employer", "employer-start")), REJECTED);
  assert.equal(h.state.control.handover, undefined);
  assert.equal(holder(h), "solar");
  assert.deepEqual(lastDecisions(h, 2), [
    "null the owner has given control to solar alone",
    "employer denied: employer (priority 20) comes before solar, but the owner has given control " +
    "to solar alone",
  ]);
});

Deno.test("who is taken out of the configuration takes nothing over", () => {
  const h = stage();
  charge(h, "solar");
  h.pass(60_000);
  start(h, "employer");
  const backends = h.state.configuration.backends.filter(({ id }) => id !== "employer");
  h.event({ type: "configured", configuration: configuration({ backends }) });
  assert.equal(h.state.control.handover, undefined);
  assert.equal(holder(h), "solar");
});
