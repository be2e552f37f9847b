// The newest entries of the log, for backends that are behind: a replay has no disk.

import type { LogEntry } from "../core/record.ts";

/** Entries that are kept. */
export const KEPT_ENTRIES = 10_000;

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
    return this.#entries.filter(({ sequence }) => sequence > after).slice(0, limit);
  }
}
