// The end of the log that a restarted core begins with.

import assert from "node:assert/strict";
import { WINDOW_CHARACTERS, WINDOW_ENTRIES } from "../../src/core/log_window.ts";
import type { LogEntry } from "../../src/core/record.ts";
import { Store } from "../../src/io/store.ts";
import { entry, withDatabasePath } from "./store_fixture.ts";

/** The sequences that a restart after these entries begins with. */
function afterRestart(path: string, entries: readonly LogEntry[]): number[] {
  const store = Store.open(path);
  store.commit(entries.map((item) => ({ table: "log", entry: item })));
  const sequences = store.load().newestEntries.map(({ sequence }) => sequence);
  store.close();
  return sequences;
}

Deno.test("a restart begins with as many of the newest entries as are kept in memory", () =>
  withDatabasePath((path) => {
    const entries = Array.from({ length: WINDOW_ENTRIES + 10 }, (_, index) => entry(index + 1));
    assert.deepEqual(
      afterRestart(path, entries),
      entries.slice(-WINDOW_ENTRIES).map(({ sequence }) => sequence),
    );
  }));

Deno.test("a restart begins behind the newest gap that pruning has left", () =>
  withDatabasePath((path) => {
    assert.deepEqual(afterRestart(path, [1, 2, 4, 5].map((sequence) => entry(sequence))), [4, 5]);
  }));

Deno.test("a restart reads no more of large entries than is kept in memory", () =>
  withDatabasePath((path) => {
    const raw = "x".repeat(WINDOW_CHARACTERS / 3);
    const entries = [1, 2, 3, 4].map((sequence) => entry(sequence, { raw }));
    assert.deepEqual(afterRestart(path, entries), [3, 4]);
  }));
