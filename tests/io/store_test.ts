import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import {
  REMEMBERED_DECISIONS,
  REMEMBERED_SESSIONS,
  type SessionRecord,
  type Write,
} from "../../src/core/record.ts";
import { COUNTED_ENTRIES } from "../../src/io/backlog.ts";
import { openDatabase } from "../../src/io/database.ts";
import { LOG_PAGE_BYTES, Store } from "../../src/io/store.ts";
import { readStoredState } from "../../src/io/stored_state.ts";
import { entry, NOW, session, withDatabasePath } from "./store_fixture.ts";

/** Every column with a value of its own. */
const CLOSED: SessionRecord = {
  transactionId: 7,
  chargerTransactionId: "9007199254740993",
  connectorId: 2,
  idTag: "04ÄÖ\u20ac",
  backendId: null,
  bookedBy: "remote_start",
  reservationId: 12,
  startKey: "2|04|1|x",
  startedAt: NOW + 1,
  stoppedAt: NOW + 2,
  meterStartWh: 3,
  meterStopWh: 4,
  energyWh: 5,
  registerWh: 6,
  resetCandidateWh: 7,
  meteredAt: NOW + 8,
  energyRoseAt: NOW + 9,
  stopReason: "EVDisconnected",
  flags: ["estimated_stop", "clock_corrected"],
  tariff: "employer, valid from 2024-01-01",
  vat: "21 % included",
  currency: "EUR",
  revenueMicros: -10,
  costCurrency: "GBP",
  costMicros: 11,
  bill: {
    until: NOW + 12,
    energyWh: 13,
    revenue: {
      currency: "EUR",
      amount: "123456789012345678901234567890",
      idle: "-14",
      tariffs: ["employer, valid from 2024-01-01"],
      vat: ["21 % included"],
    },
    cost: null,
    revenuePrices: {
      offers: [{
        label: "employer, valid from 2024-01-01",
        currency: "EUR",
        vat: "21 % included",
        prices: {
          energyMicrosPerKwh: 290_000,
          timeMicrosPerMinute: -1,
          sessionMicros: 2,
          idleMicrosPerMinute: 3,
        },
        idleAfterMs: 4,
        validFrom: "2024-01-01",
        validUntil: "2025-01-01",
        billed: true,
      }],
      spans: [{ from: NOW + 1, to: NOW + 12, offer: 0 }, { from: NOW + 12, to: NOW, offer: null }],
    },
    costPrices: { offers: [], spans: [] },
  },
};

Deno.test("every kind of write comes back after a restart as it was", () =>
  withDatabasePath((path) => {
    const start = entry(1, {
      action: "StartTransaction",
      payload: { connectorId: 1, idTag: "04A2B3C4D5", meterStart: 9007199254740993n },
      raw: '[2,"1","StartTransaction",{"info":"\0\ud800"}]',
    });
    const stop = entry(2, {
      action: "StopTransaction",
      transactionId: 7,
      synthetic: true,
      session: CLOSED,
    });
    const decision = {
      at: NOW,
      backendId: null,
      request: "RemoteStartTransaction",
      outcome: "denied",
      rule: "home in the evening",
      reason: "the charger is away",
    } as const;
    const setAside = { backendId: "evcc", sequence: 1, at: NOW, reason: "three times CALLERROR" };
    const backendTransaction = {
      backendId: "evcc",
      transactionId: 7,
      backendTransactionId: "9223372036854775807",
    };
    const writes: Write[] = [
      { table: "log", entry: start },
      { table: "log", entry: stop },
      { table: "session", session: session(1) },
      { table: "session", session: CLOSED },
      { table: "cursor", cursor: { backendId: "evcc", sequence: 1 } },
      { table: "cursor", cursor: { backendId: "evcc", sequence: 2 } },
      { table: "backend_transaction", row: backendTransaction },
      { table: "set_aside", row: setAside },
      { table: "decision", row: decision },
      { table: "fact", key: "gone", value: 1 },
      { table: "fact", key: "gone", value: undefined },
      { table: "fact", key: "boot", value: { reason: null, id: 18446744073709551615n } },
    ];

    const store = Store.open(path);
    store.commit(writes);
    store.close();

    const again = Store.open(path);
    assert.deepEqual(again.load(), {
      facts: new Map([["boot", { reason: null, id: 18446744073709551615n }]]),
      sessions: [session(1), CLOSED],
      lastTransactionId: 7,
      lastSequence: 2,
      cursors: [{ backendId: "evcc", sequence: 2 }],
      backendTransactions: [backendTransaction],
      startSequences: new Map([[1, 1]]),
      decisions: [decision],
      setAside: [setAside],
      newestEntries: [start, stop],
    });
    assert.deepEqual(again.readLog(0, 10), [start, stop]);
    again.close();
  }));

Deno.test("the folder and the files can be read by their owner alone", () =>
  withDatabasePath((path) => {
    const store = Store.open(path);
    store.commit([{ table: "fact", key: "a", value: 1 }]);
    const mode = (name: string) => (Deno.statSync(name).mode ?? 0) & 0o777;
    assert.equal(mode(path.replace(/\/[^/]*$/, "")), 0o700);
    for (const suffix of ["", "-wal", "-shm", ".lock"]) assert.equal(mode(path + suffix), 0o600);
    store.close();
  }));

Deno.test("a commit waits until the disk has it", () =>
  withDatabasePath((path) => {
    Store.open(path).close();
    const database = openDatabase(path);
    const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {});
    assert.deepEqual(pragma("journal_mode"), ["wal"]);
    // 2 is FULL: NORMAL loses acknowledged rows when the power fails.
    assert.deepEqual(pragma("synchronous"), [2]);
    database.close();
  }));

Deno.test("a session that is written again replaces what was known of it", () =>
  withDatabasePath((path) => {
    const store = Store.open(path);
    store.commit([{ table: "session", session: session(7) }]);
    store.commit([{ table: "session", session: CLOSED }]);
    assert.deepEqual(store.load().sessions, [CLOSED]);
    store.close();
  }));

Deno.test("odd figures and characters are stored in a form that SQLite takes", () =>
  withDatabasePath((path) => {
    const store = Store.open(path);
    const odd = session(1, { idTag: "a\0b", meterStartWh: 1.6, energyWh: NaN, registerWh: 1e300 });
    assert.throws(() => store.commit([{ table: "session", session: odd }]), { kind: "other" });
    store.commit([{ table: "session", session: { ...odd, energyWh: 0 } }]);
    assert.deepEqual(
      store.load().sessions,
      [session(1, {
        idTag: "a\ufffdb",
        meterStartWh: 2,
        registerWh: Number.MAX_SAFE_INTEGER,
      })],
    );
    store.close();
  }));

Deno.test("a commit that fails half-way leaves nothing", () =>
  withDatabasePath((path) => {
    const store = Store.open(path);
    store.commit([{ table: "log", entry: entry(1) }]);
    const before = store.load();
    assert.throws(
      () =>
        store.commit([
          { table: "session", session: session(1) },
          { table: "fact", key: "a", value: 1 },
          { table: "log", entry: entry(1) },
        ]),
      { name: "StoreError", kind: "other" },
    );
    assert.deepEqual(store.load(), before);
    store.commit([{ table: "log", entry: entry(2) }]);
    assert.equal(store.load().lastSequence, 2);
    store.close();
  }));

Deno.test("a snapshot has all open sessions and the newest closed ones, oldest first", () =>
  withDatabasePath((path) => {
    const store = Store.open(path);
    const closed = REMEMBERED_SESSIONS + 5;
    const writes: Write[] = [{ table: "session", session: session(1) }];
    for (let id = 2; id < 2 + closed; id++) {
      writes.push({ table: "session", session: session(id, { stoppedAt: NOW }) });
    }
    for (const transactionId of [1, 2, closed]) {
      const row = { backendId: "a", transactionId, backendTransactionId: "5" };
      writes.push({ table: "backend_transaction", row });
    }
    store.commit(writes);
    const snapshot = store.load();
    const ids = snapshot.sessions.map(({ transactionId }) => transactionId);
    assert.deepEqual(ids, [1, ...Array.from({ length: REMEMBERED_SESSIONS }, (_, i) => i + 7)]);
    assert.equal(snapshot.lastTransactionId, closed + 1);
    assert.deepEqual(
      snapshot.backendTransactions.map(({ transactionId }) => transactionId),
      [1, closed],
    );
    store.close();
  }));

Deno.test("a snapshot tells where each open session began, if it began with a StartTransaction", () =>
  withDatabasePath((path) => {
    const store = Store.open(path);
    const start = (sequence: number, transactionId: number): Write => ({
      table: "log",
      entry: entry(sequence, { action: "StartTransaction", transactionId }),
    });
    store.commit([
      { table: "session", session: session(1, { stoppedAt: NOW }) },
      { table: "session", session: session(2) },
      { table: "session", session: session(3) },
      start(1, 1),
      start(2, 2),
      { table: "log", entry: entry(3, { transactionId: 2 }) },
      { table: "log", entry: entry(4, { transactionId: 3 }) },
    ]);
    assert.deepEqual(store.load().startSequences, new Map([[2, 2]]));
    store.close();
  }));

Deno.test("a snapshot has the newest decisions, newest last", () =>
  withDatabasePath((path) => {
    const store = Store.open(path);
    for (let at = 1; at <= REMEMBERED_DECISIONS + 3; at++) {
      const row = {
        at,
        backendId: "a",
        request: "x",
        outcome: "granted",
        rule: null,
        reason: "y",
      } as const;
      store.commit([{ table: "decision", row }]);
    }
    const times = store.load().decisions.map(({ at }) => at);
    assert.deepEqual(times, Array.from({ length: REMEMBERED_DECISIONS }, (_, i) => i + 4));
    store.close();
  }));

Deno.test("sequences go on after the highest ever used, also where only a cursor tells", () =>
  withDatabasePath((path) => {
    const store = Store.open(path);
    store.commit([
      { table: "log", entry: entry(3) },
      { table: "cursor", cursor: { backendId: "a", sequence: 9 } },
      {
        table: "backend_transaction",
        row: { backendId: "a", transactionId: 8, backendTransactionId: "1" },
      },
    ]);
    assert.equal(store.load().lastSequence, 9);
    assert.equal(store.load().lastTransactionId, 8);
    store.close();
  }));

Deno.test("a page of the log ends at its limit of entries or of bytes", () =>
  withDatabasePath((path) => {
    const store = Store.open(path);
    const large = { text: "x".repeat(LOG_PAGE_BYTES / 2 - 100) };
    const oversized = { text: "x".repeat(LOG_PAGE_BYTES + 100) };
    store.commit([
      ...[1, 2, 3].map((n): Write => ({ table: "log", entry: entry(n, { payload: large }) })),
      { table: "log", entry: entry(5, { payload: oversized }) },
      ...[6, 7, 8].map((n): Write => ({ table: "log", entry: entry(n) })),
    ]);
    const sequences = (after: number, limit: number) =>
      store.readLog(after, limit).map(({ sequence }) => sequence);
    assert.deepEqual(sequences(0, 100), [1, 2]);
    assert.deepEqual(sequences(2, 100), [3]);
    assert.deepEqual(sequences(3, 100), [5]);
    assert.deepEqual(sequences(5, 2), [6, 7]);
    assert.deepEqual(sequences(8, 100), []);
    store.close();
  }));

Deno.test("the backlog of a backend is what comes after its cursor", () =>
  withDatabasePath((path) => {
    const store = Store.open(path);
    store.commit([
      ...[1, 2, 4].map((n): Write => ({ table: "log", entry: entry(n, { at: NOW + n }) })),
      { table: "cursor", cursor: { backendId: "a", sequence: 1 } },
      { table: "cursor", cursor: { backendId: "b", sequence: 4 } },
    ]);
    assert.deepEqual(store.backlog(["a", "b", "new"]), [
      { backendId: "a", pending: 2, oldestAt: NOW + 2 },
      { backendId: "b", pending: 0, oldestAt: null },
      { backendId: "new", pending: 3, oldestAt: NOW + 1 },
    ]);
    store.close();
  }));

Deno.test("the stored state can be read with and without the proxy", () =>
  withDatabasePath((path) => {
    assert.throws(() => readStoredState(path, []), { kind: "missing" });
    const store = Store.open(path);
    store.commit([{ table: "log", entry: entry(1) }, { table: "session", session: session(1) }]);
    const expected = { snapshot: store.load(), backlog: store.backlog(["a"]) };
    assert.deepEqual(readStoredState(path, ["a"]), expected);
    store.close();
    assert.deepEqual(readStoredState(path, ["a"]), expected);
  }));

Deno.test("a long backlog is told from the sequences, not counted", () =>
  withDatabasePath((path) => {
    const store = Store.open(path);
    const entries = Array.from({ length: COUNTED_ENTRIES }, (_, index) => entry(index + 1));
    store.commit(entries.map((row): Write => ({ table: "log", entry: row })));
    store.commit([{ table: "log", entry: entry(COUNTED_ENTRIES + 5) }]);
    store.commit([{ table: "cursor", cursor: { backendId: "b", sequence: 2 } }]);
    assert.deepEqual(store.backlog(["a", "b"]).map(({ pending }) => pending), [
      COUNTED_ENTRIES + 5,
      COUNTED_ENTRIES - 1,
    ]);
    store.close();
  }));

Deno.test("closing leaves one file with everything in it", () =>
  withDatabasePath((path) => {
    const store = Store.open(path);
    store.commit([{ table: "log", entry: entry(1) }]);
    store.close();
    assert.throws(() => Deno.statSync(`${path}-wal`), Deno.errors.NotFound);
    const database = new DatabaseSync(path, { readOnly: true });
    assert.deepEqual({ ...database.prepare("SELECT count(*) AS n FROM log").get() }, { n: 1 });
    database.close();
  }));
