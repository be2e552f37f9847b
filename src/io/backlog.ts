// How far the backends are behind the log.

import { SELECT_CURSOR, type Statements } from "./statements.ts";

/** How much of the log a backend still has to get. */
export interface Backlog {
  readonly backendId: string;
  /** Entries, also those that it will not be shown. */
  readonly pending: number;
  /** When the oldest pending entry was received, epoch milliseconds; null: none pending. */
  readonly oldestAt: number | null;
}

/** One answer for each of these backends, in their order. */
export function readBacklog(statements: Statements, backendIds: readonly string[]): Backlog[] {
  return backendIds.map((backendId) => {
    const cursor = statements.number(SELECT_CURSOR, backendId) ?? 0;
    const oldestAt = statements.number(
      "SELECT at FROM log WHERE sequence > ? ORDER BY sequence LIMIT 1",
      cursor,
    );
    if (oldestAt === undefined) return { backendId, pending: 0, oldestAt: null };
    // The index is a tenth of the size of the table.
    const pending = statements.number(
      "SELECT count(*) FROM log INDEXED BY log_by_transaction WHERE sequence > ?",
      cursor,
    );
    return { backendId, pending: pending ?? 0, oldestAt };
  });
}
