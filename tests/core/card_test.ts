// Cards at the charger: who may charge when nobody could be asked, and what becomes of a refused start.

import assert from "node:assert/strict";
import type { IdTagConfiguration } from "../../src/core/configuration.ts";
import { MAX_TAG_GRANTS, TAG_GRANT_MS } from "../../src/core/card.ts";
import type { OwnerMode } from "../../src/core/event.ts";
import { books } from "./charging.ts";
import { outcome } from "./command_fixture.ts";
import { backend, configuration, Harness, START } from "./harness.ts";

const YES = { idTagInfo: { status: "Accepted" } };
const BLOCKED = { idTagInfo: { status: "Blocked" } };

const TABLE: readonly IdTagConfiguration[] = [
  { tag: "OURS", owner: true, action: "allow" },
  { tag: "WORK", owner: false, backend: "employer", action: "allow" },
  { tag: "LOST", name: "Lost card", owner: true, action: "deny" },
];

function stage(changes: Parameters<typeof configuration>[0] = {}): Harness {
  const backends = [backend("employer", "biller"), backend("evcc", "controller")];
  const h = new Harness(configuration({ backends, idTags: TABLE, ...changes }));
  h.bootCharger(2);
  for (const { id } of backends) h.attach(id);
  return h;
}

function owner(h: Harness, mode: OwnerMode): void {
  h.event({ type: "owner", mode });
}

function authorize(h: Harness, idTag: string) {
  return outcome(h.chargerCalls("Authorize", { idTag }));
}

/** A transaction begins `secondsAgo`; what the charger hears, without the transaction's id. */
function begin(h: Harness, idTag: string, secondsAgo = 0, connectorId = 1): unknown {
  const timestamp = new Date(h.now - 1000 * secondsAgo).toISOString();
  const request = { connectorId, idTag, meterStart: 0, timestamp };
  const answer = h.chargerCalls("StartTransaction", request, `start-${idTag}`) ??
    (h.serve("employer"), h.serve("evcc"), newest(h, `start-${idTag}`));
  assert.equal(answer?.type, "result");
  return answer.payload.idTagInfo;
}

function newest(h: Harness, id: string) {
  const text = h.charger.findLast((sent) => sent.text.startsWith(`[3,"${id}"`))?.text;
  return text === undefined ? undefined : { type: "result", payload: JSON.parse(text)[2] } as const;
}

function end(h: Harness): void {
  const { transactionId } = books(h).at(-1)!;
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StopTransaction", { transactionId, meterStop: 7, timestamp });
  h.serve("employer");
  h.serve("evcc");
}

/** What was decided about cards and starts, newest last. */
function decisions(h: Harness): string[] {
  return h.tables.decisions.filter(({ request }) => request === "Authorize")
    .map(({ backendId, reason }) => `${backendId ?? "household"}: ${reason}`);
}

function stops(h: Harness): unknown[] {
  return h.callsToCharger("RemoteStopTransaction").map(({ payload }) => payload.transactionId);
}

Deno.test("a card is decided by the owner's mode and whose it is", () => {
  const giveWork: OwnerMode = { mode: "backend", backendId: "employer" };
  const giveEvcc: OwnerMode = { mode: "backend", backendId: "evcc" };
  const cases: [OwnerMode, ours: string, work: string, unknown: string][] = [
    [{ mode: "auto" }, "Accepted", "Accepted", "Accepted"],
    [{ mode: "owner_only" }, "Accepted", "Blocked", "Accepted"],
    [{ mode: "paused" }, "Blocked", "Blocked", "Blocked"],
    [giveWork, "Accepted", "Accepted", "Accepted"],
    [giveEvcc, "Accepted", "Blocked", "Accepted"],
  ];
  for (const [mode, ...expected] of cases) {
    const h = stage();
    h.disconnectBackend("employer");
    owner(h, mode);
    for (const [index, tag] of ["OURS", "WORK", "UNKNOWN"].entries()) {
      const status = expected[index];
      const label = `${JSON.stringify(mode)} ${tag}`;
      assert.deepEqual(authorize(h, tag), { idTagInfo: { status } }, label);
      // Some begin without asking: it is all the same to the household.
      const other = stage();
      other.disconnectBackend("employer");
      owner(other, mode);
      assert.deepEqual(begin(other, tag), { status }, `start: ${label}`);
    }
  }
});

Deno.test("every decision about a card has its sentence", () => {
  const h = stage();
  authorize(h, "OURS");
  authorize(h, "WORK");
  authorize(h, "lost");
  owner(h, { mode: "owner_only" });
  authorize(h, "WORK");
  assert.deepEqual(decisions(h), [
    "household: granted: the card is the household's own",
    "employer: granted: the card is employer's",
    "household: denied: the id tag table denies 'Lost card'",
    "employer: denied: the owner has switched sharing off",
  ]);
});

Deno.test("a card that was allowed a moment ago is not decided again when it starts", () => {
  const h = stage();
  authorize(h, "WORK");
  h.pass(60_000);
  assert.deepEqual(begin(h, "work"), { status: "Accepted" });
  assert.equal(decisions(h).length, 1);
  end(h);
  h.pass(2_000);
  begin(h, "WORK");
  assert.equal(decisions(h).length, 2, "the second start is another request");
});

Deno.test("a grant to a card ends after ten minutes, with a new mode, and with the process", () => {
  const cases: [string, (h: Harness) => void, decisions: number][] = [
    ["nothing", () => {}, 1],
    ["a moment less", (h) => h.pass(TAG_GRANT_MS - 1), 1],
    ["ten minutes", (h) => h.pass(TAG_GRANT_MS), 2],
    ["a clock set back", (h) => h.now -= 1, 2],
    ["a mode and back", (h) => {
      owner(h, { mode: "owner_only" });
      owner(h, { mode: "auto" });
    }, 1],
    ["another mode", (h) => owner(h, { mode: "backend", backendId: "employer" }), 2],
    ["a restart", (h) => {
      h.restart();
      h.bootCharger(2);
    }, 2],
    ["many others", (h) => {
      h.disconnectBackend("employer");
      for (let card = 0; card < MAX_TAG_GRANTS; card++) authorize(h, `CARD${card}`);
    }, 2],
  ];
  for (const [name, happens, expected] of cases) {
    const h = stage();
    authorize(h, "WORK");
    const before = decisions(h).length;
    happens(h);
    const others = decisions(h).length - before;
    assert.deepEqual(begin(h, "WORK"), { status: "Accepted" }, name);
    assert.equal(decisions(h).length - others, expected, name);
  }
});

Deno.test("a clock that is set moves the grant to a card with it", () => {
  for (const byMs of [-3_600_000, 3_600_000]) {
    const h = stage();
    authorize(h, "WORK");
    h.now += byMs;
    h.event({ type: "clock_set", byMs });
    h.pass(TAG_GRANT_MS - 1);
    assert.deepEqual(begin(h, "WORK"), { status: "Accepted" });
    assert.equal(decisions(h).length, 1);
  }
});

Deno.test("the owner's word counts between the card and the start", () => {
  const h = stage();
  assert.deepEqual(authorize(h, "OURS"), YES);
  owner(h, { mode: "paused" });
  assert.deepEqual(begin(h, "OURS"), { status: "Blocked" });
});

Deno.test("what a backend started by remote is not decided as a card", () => {
  const h = stage({ idTags: [...TABLE, { tag: "EVCC", owner: true, action: "allow" }] });
  h.backendCalls("evcc", "RemoteStartTransaction", { connectorId: 1, idTag: "evcc" });
  h.chargerAnswers({ status: "Accepted" });
  assert.deepEqual(authorize(h, "EVCC"), YES);
  assert.deepEqual(begin(h, "EVCC"), { status: "Accepted" });
  assert.deepEqual(decisions(h), []);
  assert.equal(books(h).at(-1)?.backendId, "evcc");
});

Deno.test("a refused transaction is booked, told, stopped, and refused again when repeated", () => {
  const h = stage();
  assert.deepEqual(begin(h, "LOST"), { status: "Blocked" });
  const [session] = books(h);
  assert.deepEqual([session?.backendId, session?.bookedBy], [null, "id_tag"]);
  h.serve("employer", () => 11);
  assert.equal(h.callsToBackend("employer", "StartTransaction").length, 1);
  assert.deepEqual(stops(h), [session?.transactionId]);
  assert.deepEqual(begin(h, "LOST"), { status: "Blocked" });
  assert.equal(books(h).length, 1);
  assert.deepEqual(h.tables.facts.get("refused"), [session?.transactionId]);
  end(h);
  assert.equal(h.tables.facts.get("refused"), undefined);
  const [stop] = h.callsToBackend("employer", "StopTransaction");
  assert.equal(stop?.payload.transactionId, 11);
});

Deno.test("a refused transaction of a backend gives it no control", () => {
  const rule = { name: "not the employer", backends: ["employer"], then: "deny" as const };
  const h = stage({ rules: [{ ...rule, askTimeoutMs: 1, default: "deny", onUnknown: "deny" }] });
  assert.deepEqual(begin(h, "WORK"), { status: "Blocked" });
  assert.equal(books(h)[0]?.backendId, "employer");
  assert.equal(h.state.control.lease, undefined);
});

Deno.test("a rule that limits a card limits its transaction, for as long as it runs", () => {
  const rule = {
    name: "slow",
    when: 'action == "Authorize"',
    then: "limit" as const,
    currentA: 10,
  };
  const h = stage({ rules: [{ ...rule, askTimeoutMs: 1, default: "deny", onUnknown: "deny" }] });
  authorize(h, "WORK");
  begin(h, "WORK");
  h.pass(120_000);
  assert.deepEqual(h.state.control.lease?.limit, { rule: "slow", currentA: 10 });
  assert.deepEqual(h.tables.decisions.map(({ reason }) => reason), [
    "granted: the card is employer's, with at most 10 A: rule 'slow' — action is Authorize",
    "granted: its transaction began on connector 1, with at most 10 A: rule 'slow'",
  ]);
});

Deno.test("a charger that stops by itself on a refused card is left to it, until it reconnects", () => {
  const cases: [value: string | undefined, stops: number][] = [
    ["true", 0],
    ["True", 0],
    ["false", 1],
    [undefined, 1],
  ];
  for (const [value, expected] of cases) {
    const h = stage();
    const key = { key: "StopTransactionOnInvalidId", readonly: false };
    h.backendCalls("evcc", "GetConfiguration", {});
    h.chargerAnswers({ configurationKey: [value === undefined ? key : { ...key, value }] });
    begin(h, "LOST");
    assert.equal(stops(h).length, expected, `${value}`);
    if (expected === 1) h.chargerAnswers({ status: "Accepted" });
    h.disconnectCharger();
    h.crash();
    h.bootCharger(2);
    h.pass(20_000);
    assert.equal(stops(h).length, expected + 1, `${value}, after a reconnect`);
  }
});

Deno.test("what began while the charger could not ask goes on, unless the table denies the card", () => {
  const modes: OwnerMode[] = [{ mode: "auto" }, { mode: "owner_only" }, { mode: "paused" }];
  for (const mode of modes) {
    const h = stage({ unknownIdTags: "reject" });
    h.disconnectCharger();
    owner(h, mode);
    h.pass(3_600_000);
    h.bootCharger(2);
    assert.deepEqual(begin(h, "WORK", 1_800), { status: "Accepted" }, mode.mode);
    end(h);
    assert.deepEqual(begin(h, "STRANGER", 1_700), { status: "Accepted" }, mode.mode);
    end(h);
    assert.deepEqual(begin(h, "LOST", 1_600), { status: "Blocked" }, mode.mode);
    end(h);
    assert.deepEqual(
      books(h).map(({ idTag, backendId, stoppedAt }) => [
        idTag,
        backendId,
        stoppedAt !== null,
      ]),
      [["WORK", "employer", true], ["STRANGER", null, true], ["LOST", null, true]],
    );
    for (let turn = 0; turn < 3; turn++) {
      h.pass(2_000);
      h.serve("employer");
    }
    assert.equal(h.callsToBackend("employer", "StopTransaction").length, 3);
  }
});

Deno.test("what begins while the charger is connected is decided, however it comes to begin", () => {
  const h = stage();
  owner(h, { mode: "owner_only" });
  h.pass(60_000);
  assert.deepEqual(begin(h, "WORK", 59), { status: "Blocked" });
  assert.ok(h.now - 59_000 > START);
});

Deno.test("whoever charges may end it with the same card, whatever has been decided since", () => {
  const h = stage();
  begin(h, "WORK");
  owner(h, { mode: "paused" });
  assert.deepEqual(authorize(h, "w-o-r-k"), YES);
  const idTags = [{ tag: "WORK", owner: false, backend: "employer", action: "deny" as const }];
  h.event({ type: "configured", configuration: { ...h.core, idTags } });
  assert.deepEqual(authorize(h, "WORK"), YES);
  assert.equal(decisions(h).length, 1, "ending is no request");
  end(h);
  assert.deepEqual(authorize(h, "WORK"), BLOCKED);
});

Deno.test("the card of a running transaction does not start another one unasked", () => {
  const h = stage();
  begin(h, "WORK");
  owner(h, { mode: "owner_only" });
  assert.deepEqual(authorize(h, "WORK"), YES);
  assert.deepEqual(begin(h, "WORK", 0, 2), { status: "Blocked" });
});

Deno.test("an adopted transaction, whose card nobody knows, opens the charger to nobody", () => {
  const h = stage({ unknownIdTags: "reject" });
  h.disconnectBackend("employer");
  h.chargerCalls("MeterValues", {
    connectorId: 1,
    transactionId: 77,
    meterValue: [{ timestamp: new Date(h.now).toISOString(), sampledValue: [{ value: "1" }] }],
  });
  assert.equal(books(h).at(-1)?.idTag, "");
  assert.deepEqual(authorize(h, ""), { idTagInfo: { status: "Invalid" } });
});
