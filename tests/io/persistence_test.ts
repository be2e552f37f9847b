// Writes that wait, and what becomes of them when the database refuses.

import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Write } from "../../src/core/record.ts";
import { Persistence } from "../../src/io/persistence.ts";
import { Store } from "../../src/io/store.ts";

async function withStore(
  use: (store: Store, path: string) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "ocpp-proxy.db");
  const store = Store.open(path);
  try {
    await use(store, path);
  } finally {
    store.close();
    await Deno.remove(folder, { recursive: true });
  }
}

const cursor = (backendId: string, sequence: number): Write => ({
  table: "cursor",
  cursor: { backendId, sequence },
});

Deno.test("of several notes for one row the newest is written, together with the next commit", () =>
  withStore((store) => {
    const persistence = new Persistence(store, () => {});
    for (const value of [1, 2, 3]) {
      persistence.note({ type: "note", write: { table: "fact", key: "mode", value } });
    }
    assert.equal(store.load().facts.get("mode"), undefined);
    assert.equal(persistence.store([cursor("evcc", 9)]), undefined);
    assert.equal(store.load().facts.get("mode"), 3);
    assert.deepEqual(store.load().cursors, [{ backendId: "evcc", sequence: 9 }]);
    persistence.close();
  }));

Deno.test("a noted cursor is in no commit for the charger, but in the next of its own kind", () =>
  withStore((store) => {
    const persistence = new Persistence(store, () => {});
    for (const sequence of [1, 2]) {
      persistence.note({ type: "note", write: cursor("employer", sequence) });
    }
    assert.equal(persistence.store([{ table: "fact", key: "mode", value: 1 }]), undefined);
    assert.deepEqual(store.load().cursors, []);
    persistence.persist([cursor("evcc", 9)]);
    assert.deepEqual(store.load().cursors, [
      { backendId: "employer", sequence: 2 },
      { backendId: "evcc", sequence: 9 },
    ]);
    persistence.close();
  }));

Deno.test("a noted cursor never takes the place of a newer one that was committed", () =>
  withStore((store) => {
    const persistence = new Persistence(store, () => {});
    persistence.note({ type: "note", write: cursor("employer", 3) });
    assert.equal(persistence.store([cursor("employer", 4)]), undefined);
    persistence.close();
    assert.deepEqual(store.load().cursors, [{ backendId: "employer", sequence: 4 }]);
  }));

Deno.test("notes are on disk within a second, whatever else is committed meanwhile", () =>
  withStore(async (store) => {
    const persistence = new Persistence(store, () => {});
    persistence.note({ type: "note", write: cursor("employer", 1) });
    const begin = performance.now();
    while (store.load().cursors.length === 0) {
      assert.ok(performance.now() - begin < 1_000, "the cursor is not on disk after a second");
      assert.equal(persistence.store([{ table: "fact", key: "mode", value: 1 }]), undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    persistence.close();
  }));

Deno.test("what could not be written at once goes with the next commit, and is owed until then", () =>
  withStore((store, path) => {
    const persistence = new Persistence(store, () => {});
    using other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    persistence.persist([cursor("evcc", 9), { table: "fact", key: "control", value: 1 }]);
    assert.equal(persistence.owes("control"), true);
    other.exec("ROLLBACK");
    assert.equal(persistence.store([{ table: "fact", key: "mode", value: 1 }]), undefined);
    assert.deepEqual(store.load().cursors, [{ backendId: "evcc", sequence: 9 }]);
    assert.equal(persistence.owes("control"), false);
    persistence.note({ type: "note", write: cursor("evcc", 10) });
    assert.equal(persistence.store([{ table: "fact", key: "mode", value: 2 }]), undefined);
    assert.equal(store.load().cursors[0]?.sequence, 9, "a noted cursor waits again");
    persistence.close();
  }));

Deno.test("a write that the database can never take does not hold up the others", () =>
  withStore((store) => {
    const logged: string[] = [];
    const persistence = new Persistence(store, (_level, message) => logged.push(message));
    persistence.note({ type: "note", write: cursor("broken", NaN) });
    persistence.note({ type: "note", write: cursor("employer", 5) });
    persistence.persist([cursor("evcc", 9)]);
    assert.deepEqual(store.load().cursors.map(({ backendId }) => backendId), ["employer", "evcc"]);
    assert.deepEqual(logged, ["a defect of the proxy; please report it"]);
    persistence.close();
  }));
