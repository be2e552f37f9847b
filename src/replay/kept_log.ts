// The newest entries of the log, for backends that are behind: a replay has no disk.

import type { LogEntry } from "../core/record.ts";
import { KEPT_ENTRIES } from "../recording/recording_format.ts";

/** The log as far as it is kept. */
export class KeptLog {
  #entries: LogEntry[];

  constructor(entries: readonly LogEntry[]) {
    this.#entries = [...entries];
  }

  add(entries: readonly LogEntry[]): void {
    this.#entries.push(...entries);
    if (this.#entries.length > 2 * KEPT_ENTRIES) this.#entries = this.#entries.slice(-KEPT_ENTRIES);
  }

  /** Entries after a sequence; what was before those that are kept is not to be had. */
  read(after: number, limit: number): LogEntry[] {
    // Sequences rise: what is asked for is mostly near the end.
    const from = this.#entries.findLastIndex(({ sequence }) => sequence <= after) + 1;
    return this.#entries.slice(from, from + limit);
  }
}
