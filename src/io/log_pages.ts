// Pages of the log for backends that are behind: what one has read, the next ones need soon.

import type { LogEntry } from "../core/record.ts";

/** Pages kept in memory. */
export const MAX_PAGES = 4;

/** The part of the store that is read. */
interface LogReader {
  readLog(after: number, limit: number): LogEntry[];
}

/** The log by pages that begin and end at the same entries for everybody. */
export class LogPages {
  readonly #store: LogReader;
  /** By the sequence before their first entry, in the order of their reading. */
  readonly #pages = new Map<number, readonly LogEntry[]>();

  constructor(store: LogReader) {
    this.#store = store;
  }

  /** Entries after a sequence, oldest first, at most `limit`. Throws StoreError. */
  read(after: number, limit: number): readonly LogEntry[] {
    const known = this.#pages.get(after);
    if (known !== undefined && known.length <= limit) return known;
    const wanted = limit - after % limit;
    const entries = this.#store.readLog(after, wanted);
    // A shorter one is the end of the log, or very large: not to be kept.
    if (entries.length === wanted) this.#keep(after, entries);
    return entries;
  }

  #keep(after: number, entries: readonly LogEntry[]): void {
    this.#pages.set(after, entries);
    if (this.#pages.size <= MAX_PAGES) return;
    for (const oldest of this.#pages.keys()) {
      this.#pages.delete(oldest);
      return;
    }
  }
}
