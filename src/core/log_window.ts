// The newest entries of the log in memory, so that a backend that keeps up never reads the disk.

import type { LogEntry } from "./record.ts";

/** Entries kept in memory. */
export const WINDOW_ENTRIES = 256;

/** Kept whatever their size. */
const ALWAYS_KEPT = 8;

/** Characters of frames kept beyond ALWAYS_KEPT entries. */
const WINDOW_CHARACTERS = 1024 * 1024;

/** The tail of the log; sequences rise by one from entry to entry. */
export interface LogWindow {
  lastSequence: number;
  readonly entries: LogEntry[];
  readonly sizes: number[];
  characters: number;
}

export function createLogWindow(lastSequence: number): LogWindow {
  return { lastSequence, entries: [], sizes: [], characters: 0 };
}

/** Appends an entry that is already on disk; `characters` is about its size. */
export function appendEntry(tail: LogWindow, entry: LogEntry, characters: number): void {
  tail.entries.push(entry);
  tail.sizes.push(characters);
  tail.characters += characters;
  tail.lastSequence = entry.sequence;
  while (
    tail.entries.length > WINDOW_ENTRIES ||
    (tail.characters > WINDOW_CHARACTERS && tail.entries.length > ALWAYS_KEPT)
  ) {
    tail.entries.shift();
    tail.characters -= tail.sizes.shift() ?? 0;
  }
}

/** The entry with this sequence, if it is still in memory. */
export function entryAt(tail: LogWindow, sequence: number): LogEntry | undefined {
  const first = tail.entries[0];
  return first === undefined ? undefined : tail.entries[sequence - first.sequence];
}
