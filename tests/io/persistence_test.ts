// Writes that wait, and what becomes of them when the database refuses.

import assert from "node:assert/strict";
import { join } from "node:path";
import type { Write } from "../../src/core/record.ts";
import { Persistence } from "../../src/io/persistence.ts";
import { Store } from "../../src/io/store.ts";

async function withStore(use: (store: Store) => void): Promise<void> {
  const folder = await Deno.makeTempDir();
  const store = Store.open(join(folder, "ocpp-proxy.db"));
  try {
    use(store);
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
    for (const sequence of [1, 2, 3]) {
      persistence.note({ type: "note", write: cursor("employer", sequence) });
    }
    assert.deepEqual(store.load().cursors, []);
    assert.equal(persistence.store([cursor("evcc", 9)]), undefined);
    assert.deepEqual(store.load().cursors, [
      { backendId: "employer", sequence: 3 },
      { backendId: "evcc", sequence: 9 },
    ]);
    persistence.close();
  }));

Deno.test("a write that the database can never take does not hold up the others", () =>
  withStore((store) => {
    const logged: string[] = [];
    const persistence = new Persistence(store, (_level, message) => logged.push(message));
    persistence.note({ type: "note", write: cursor("broken", NaN) });
    persistence.note({ type: "note", write: cursor("employer", 5) });
    assert.equal(persistence.store([cursor("evcc", 9)]), undefined);
    assert.deepEqual(store.load().cursors.map(({ backendId }) => backendId), ["employer", "evcc"]);
    assert.deepEqual(logged, ["a defect of the proxy; please report it"]);
    persistence.close();
  }));
