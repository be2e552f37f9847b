// Files of older versions: what is in them stays, and new columns are there.

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { migrate, MIGRATIONS } from "../../src/io/migrations.ts";
import { salvage } from "../../src/io/salvage.ts";
import { SessionReader } from "../../src/io/session_reader.ts";
import { Store } from "../../src/io/store.ts";
import { NOW, session, withDatabasePath } from "./store_fixture.ts";

/** A file as version 1 of the database left it: two sessions, a StopTransaction, a decision. */
function writeVersionOne(path: string): void {
  Deno.mkdirSync(path.replace(/\/[^/]*$/, ""), { recursive: true });
  const database = new DatabaseSync(path);
  migrate(database, path, MIGRATIONS.slice(0, 1));
  const insert = database.prepare(`
    INSERT INTO session VALUES (?, NULL, 1, '04A2B3C4D5', 'employer', 'id_tag', NULL, ?, ?, ?, 1000,
      NULL, ?, 1000, NULL, NULL, NULL, NULL, '[]')`);
  insert.run(1, "1|04A2B3C4D5|1", NOW, NOW + 60_000, 500);
  insert.run(2, "1|04A2B3C4D5|2", NOW, null, 0);
  const { tariff: _1, vat: _2, currency: _3, bill: _4, ...old } = session(1);
  database.prepare(`
    INSERT INTO log VALUES (1, ?, 'StopTransaction', 1, 1, '{"meterStop":1500}', NULL, 0, ?)`)
    .run(NOW, JSON.stringify(old));
  database.prepare(
    "INSERT INTO decision VALUES (1, ?, 'employer', 'RemoteStartTransaction', 'denied', 'away')",
  ).run(NOW);
  database.close();
}

Deno.test("a file of version 1 is brought up to date, and says nothing of money it never knew", () =>
  withDatabasePath((path) => {
    writeVersionOne(path);
    const store = Store.open(path);
    const { sessions, decisions, newestEntries } = store.load();
    assert.deepEqual(sessions, [
      session(1, { stoppedAt: NOW + 60_000, energyWh: 500 }),
      session(2),
    ]);
    assert.deepEqual(newestEntries[0]?.session, session(1));
    assert.deepEqual(decisions, [{
      at: NOW,
      backendId: "employer",
      request: "RemoteStartTransaction",
      outcome: "denied",
      rule: null,
      reason: "away",
    }]);
    store.commit([{ table: "session", session: session(3, { stoppedAt: NOW, costMicros: 5 }) }]);
    store.close();
    const reader = SessionReader.open(path, "Europe/Brussels");
    const { rows } = reader.newest({}, { showIdTags: false, limit: 10 });
    assert.deepEqual(rows.map(({ transaction_id, revenue }) => [transaction_id, revenue]), [
      [1, null],
      [3, null],
    ]);
    reader.close();
  }));

Deno.test("a file of version 1 that is only read has to be brought up to date first", () =>
  withDatabasePath((path) => {
    writeVersionOne(path);
    assert.throws(() => SessionReader.open(path, "UTC"), {
      kind: "version",
      message: /older version of the program: run 'serve' once/,
    });
  }));

Deno.test("what is saved out of a damaged file may be of an older version", () =>
  withDatabasePath((path) => {
    writeVersionOne(path);
    const target = new DatabaseSync(":memory:");
    migrate(target, "new");
    assert.equal(salvage(path, target), 4);
    assert.deepEqual(
      target.prepare("SELECT transaction_id, energy_wh, revenue_micros FROM session").all()
        .map((row) => Object.values(row)),
      [[1, 500, null], [2, 0, null]],
    );
    target.close();
  }));
