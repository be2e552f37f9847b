import assert from "node:assert/strict";
import type { LogEntry, Write } from "../../src/core/record.ts";
import { MAX_ABSENT } from "../../src/core/backend.ts";
import { BACKEND_TRANSACTION_DAYS, MAX_SET_ASIDE, PRUNE_STEP_ROWS } from "../../src/io/prune.ts";
import { Store } from "../../src/io/store.ts";
import { entry, NOW, session, withDatabasePath } from "./store_fixture.ts";

const DAY_MS = 86_400_000;
const RETENTION = { logDays: 30, logRows: 1_000_000, decisions: 10_000 };

const NOTHING = {
  logEntries: 0,
  meterValues: 0,
  undelivered: 0,
  decisions: 0,
  setAside: 0,
  backendTransactions: 0,
  cursors: 0,
  more: false,
};

async function withStore(test: (store: Store) => void): Promise<void> {
  await withDatabasePath((path) => {
    const store = Store.open(path);
    try {
      test(store);
    } finally {
      store.close();
    }
  });
}

function log(...entries: LogEntry[]): Write[] {
  return entries.map((row) => ({ table: "log", entry: row }));
}

function cursor(backendId: string, sequence: number): Write {
  return { table: "cursor", cursor: { backendId, sequence } };
}

function sequences(store: Store): number[] {
  return store.readLog(0, 10_000).map(({ sequence }) => sequence);
}

Deno.test("log entries go when they are old, acknowledged by all, and of no open session", () =>
  withStore((store) => {
    const old = NOW - 31 * DAY_MS;
    store.commit([
      { table: "session", session: session(1, { stoppedAt: old }) },
      { table: "session", session: session(2) },
      ...log(
        entry(1, { at: old }),
        entry(2, { at: old, transactionId: 2 }),
        entry(3, { at: NOW + DAY_MS }),
        entry(4, { at: old }),
        entry(5, { at: old }),
        entry(6, { at: NOW - 29 * DAY_MS }),
        entry(7, { at: NOW }),
      ),
      cursor("a", 7),
      cursor("b", 4),
    ]);
    assert.deepEqual(store.prune(NOW, RETENTION, ["a", "b"]), { ...NOTHING, logEntries: 2 });
    assert.deepEqual(sequences(store), [2, 3, 5, 6, 7]);
    assert.deepEqual(store.prune(NOW, RETENTION, ["a"]), { ...NOTHING, logEntries: 1 });
    assert.deepEqual(sequences(store), [2, 3, 6, 7]);
    assert.deepEqual(store.prune(NOW, RETENTION, ["a", "new"]), NOTHING);
  }));

Deno.test("the newest entry stays whatever its age, so that its sequence is not used again", () =>
  withStore((store) => {
    store.commit(log(entry(1), entry(2)));
    store.prune(NOW + 365 * DAY_MS, RETENTION, []);
    assert.deepEqual(sequences(store), [2]);
    assert.equal(store.load().lastSequence, 2);
  }));

Deno.test("beyond the bound of rows the oldest meter values go, starts and stops never", () =>
  withStore((store) => {
    store.commit([
      ...log(
        entry(1, { action: "StartTransaction" }),
        entry(2),
        entry(3),
        entry(4, { action: "StopTransaction" }),
        entry(5),
        entry(6),
      ),
      cursor("a", 2),
    ]);
    const report = store.prune(NOW, { ...RETENTION, logRows: 4 }, ["a"]);
    assert.deepEqual(report, { ...NOTHING, meterValues: 2, undelivered: 1 });
    assert.deepEqual(sequences(store), [1, 4, 5, 6]);
    store.commit(log(entry(7), entry(8)));
    store.prune(NOW, { ...RETENTION, logRows: 3 }, ["a"]);
    assert.deepEqual(sequences(store), [1, 4, 8]);
    store.prune(NOW, { ...RETENTION, logRows: 1 }, ["a"]);
    assert.deepEqual(sequences(store), [1, 4, 8]);
  }));

Deno.test("one call looks at a bounded number of rows and says that there is more", () =>
  withStore((store) => {
    const count = 2 * PRUNE_STEP_ROWS + 500;
    store.commit([
      { table: "session", session: session(2) },
      ...log(...Array.from({ length: count }, (_, i) =>
        // The first ones belong to an open session and are looked at in vain.
        entry(i + 1, { transactionId: i < PRUNE_STEP_ROWS ? 2 : 1 }))),
    ]);
    const later = NOW + 31 * DAY_MS;
    const reports = [1, 2, 3].map(() => store.prune(later, RETENTION, []));
    assert.deepEqual(reports, [
      { ...NOTHING, more: true },
      { ...NOTHING, logEntries: PRUNE_STEP_ROWS, more: true },
      { ...NOTHING, logEntries: 499 },
    ]);
    assert.equal(sequences(store).length, PRUNE_STEP_ROWS + 1);
  }));

Deno.test("one call takes no more than 50 ms on a log of 100,000 entries", () =>
  withStore((store) => {
    for (let first = 1; first < 100_000; first += 5_000) {
      store.commit(log(...Array.from({ length: 5_000 }, (_, i) => entry(first + i))));
    }
    const times = Array.from({ length: 20 }, () => {
      const begin = performance.now();
      assert.ok(store.prune(NOW, { ...RETENTION, logRows: 50_000 }, ["a"]).more);
      return performance.now() - begin;
    });
    const median = times.sort((a, b) => a - b)[10] ?? Infinity;
    assert.ok(median <= 50, `${median} ms`);
  }));

Deno.test("decisions and messages set aside are kept up to their bounds, the newest", () =>
  withStore((store) => {
    const writes: Write[] = [];
    for (let n = 1; n <= MAX_SET_ASIDE + 3; n++) {
      writes.push({
        table: "set_aside",
        row: { backendId: "a", sequence: n, at: NOW, reason: "refused" },
      });
    }
    for (let at = 1; at <= 15; at++) {
      writes.push({
        table: "decision",
        row: { at, backendId: "a", request: "x", outcome: "denied", rule: null, reason: "y" },
      });
    }
    store.commit(writes);
    const report = store.prune(NOW, { ...RETENTION, decisions: 10 }, []);
    assert.deepEqual(report, { ...NOTHING, decisions: 5, setAside: 3 });
    const { decisions, setAside } = store.load();
    assert.deepEqual(decisions.map(({ at }) => at), [6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    assert.equal(setAside.length, MAX_SET_ASIDE);
    assert.equal(setAside[0]?.sequence, 4);
  }));

Deno.test("a backend's transaction ids go long after the session, once the log has nothing of it", () =>
  withStore((store) => {
    const ended = NOW - (BACKEND_TRANSACTION_DAYS + 1) * DAY_MS;
    const row = (transactionId: number): Write => ({
      table: "backend_transaction",
      row: { backendId: "a", transactionId, backendTransactionId: "5" },
    });
    store.commit([
      { table: "session", session: session(1, { stoppedAt: ended }) },
      { table: "session", session: session(2, { stoppedAt: ended }) },
      { table: "session", session: session(3, { stoppedAt: NOW }) },
      { table: "session", session: session(4) },
      ...[1, 2, 3, 4].map(row),
      ...log(entry(1, { transactionId: 2 })),
    ]);
    assert.deepEqual(store.prune(NOW, RETENTION, ["a"]), { ...NOTHING, backendTransactions: 1 });
    assert.deepEqual(
      store.load().backendTransactions.map(({ transactionId }) => transactionId),
      [2, 3, 4],
    );
    assert.equal(store.load().sessions.length, 4);
  }));

Deno.test("of backends that are gone, only as many cursors are kept as the core remembers", () =>
  withStore((store) => {
    const strangers = Array.from({ length: MAX_ABSENT + 5 }, (_, i) => cursor(`stranger-${i}`, i));
    store.commit([cursor("here", 0), ...strangers]);
    assert.deepEqual(store.prune(NOW, RETENTION, ["here"]), { ...NOTHING, cursors: 5 });
    const left = store.load().cursors.map(({ backendId }) => backendId);
    assert.equal(left.length, MAX_ABSENT + 1);
    assert.ok(left.includes("here") && !left.includes("stranger-4"));
    assert.deepEqual(store.prune(NOW, RETENTION, ["here"]), NOTHING);
  }));
