// How far the backends are behind the log.

import { SELECT_CURSOR, type Statements } from "./statements.ts";

/** How much of the log a backend still has to get. */
export interface Backlog {
  readonly backendId: string;
  /** Entries, also those that it will not be shown; above COUNTED_ENTRIES at most so many. */
  readonly pending: number;
  /** When the oldest pending entry was received, epoch milliseconds; null: none pending. */
  readonly oldestAt: number | null;
}

/** Beyond this, entries are not counted one by one. */
export const COUNTED_ENTRIES = 10_000;

/** One answer for each of these backends, in their order. */
export function readBacklog(statements: Statements, backendIds: readonly string[]): Backlog[] {
  return backendIds.map((backendId) => {
    const cursor = statements.number(SELECT_CURSOR, backendId) ?? 0;
    const oldestAt = statements.number(
      "SELECT at FROM log WHERE sequence > ? ORDER BY sequence LIMIT 1",
      cursor,
    );
    if (oldestAt === undefined) return { backendId, pending: 0, oldestAt: null };
    const counted = statements.number(
      "SELECT count(*) FROM (SELECT 1 FROM log WHERE sequence > ? LIMIT ?)",
      cursor,
      COUNTED_ENTRIES,
    ) ?? 0;
    const newest = statements.number("SELECT max(sequence) FROM log") ?? 0;
    const pending = counted < COUNTED_ENTRIES ? counted : newest - cursor;
    return { backendId, pending, oldestAt };
  });
}
