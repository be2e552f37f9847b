// Keeps every table within its bound, a little at a time, so that no call holds up the charger.

import { MAX_ABSENT } from "../core/backend.ts";
import { SELECT_CURSOR, type Statements } from "./statements.ts";

/** How long things are kept; sessions are kept for ever. */
export interface Retention {
  /** Log entries that every backend has, days. */
  readonly logDays: number;
  /** Log entries altogether; beyond it the oldest MeterValues go, whoever lacks them. */
  readonly logRows: number;
  /** Decisions, rows. */
  readonly decisions: number;
}

/** What one call deleted, in rows. */
export interface PruneReport {
  /** Log entries that were old and acknowledged by every backend. */
  readonly logEntries: number;
  /** MeterValues beyond `logRows`. */
  readonly meterValues: number;
  /** Those of `meterValues` that some backend will never get. */
  readonly undelivered: number;
  readonly decisions: number;
  readonly setAside: number;
  readonly backendTransactions: number;
  /** Of backends that are gone. */
  readonly cursors: number;
  /** There may be more to delete: call again soon. */
  readonly more: boolean;
}

/** Messages set aside that are kept, newest first. */
export const MAX_SET_ASIDE = 10_000;

/** How long after its end a session's ids at the backends are kept, days. */
export const BACKEND_TRANSACTION_DAYS = 90;

/** Rows of one table that one call looks at or deletes. */
export const PRUNE_STEP_ROWS = 1_000;

const DAY_MS = 86_400_000;

/** The deleting part of the store; it remembers where it stopped. */
export class Pruner {
  readonly #statements: Statements;
  /** Entries up to here were looked at in this round. */
  #lookedAt = 0;
  /** No MeterValues are left up to here. */
  #withoutMeterValues = 0;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** Runs within the caller's transaction. `backendIds`: whose cursors count. */
  prune(now: number, retention: Retention, backendIds: readonly string[]): PruneReport {
    const acknowledged = this.#acknowledged(backendIds);
    const logEntries = this.#pruneOldEntries(now, now - retention.logDays * DAY_MS, acknowledged);
    const moreEntries = this.#lookedAt > 0;
    const dropped = this.#pruneMeterValues(retention.logRows);
    const decisions = this.#pruneByCount("decision", retention.decisions);
    const setAside = this.#pruneByCount("set_aside", MAX_SET_ASIDE);
    const backendTransactions = this.#pruneBackendTransactions(now);
    const cursors = this.#pruneCursors(backendIds);
    return {
      logEntries,
      meterValues: dropped.length,
      undelivered: dropped.filter((sequence) => sequence > acknowledged).length,
      decisions,
      setAside,
      backendTransactions,
      cursors,
      more: moreEntries ||
        [dropped.length, decisions, setAside, backendTransactions, cursors].includes(
          PRUNE_STEP_ROWS,
        ),
    };
  }

  /** The sequence that every one of these backends has acknowledged. */
  #acknowledged(backendIds: readonly string[]): number {
    return Math.min(
      Number.MAX_SAFE_INTEGER,
      ...backendIds.map((id) => this.#statements.number(SELECT_CURSOR, id) ?? 0),
    );
  }

  #pruneOldEntries(now: number, before: number, acknowledged: number): number {
    const rows = this.#statements.all(
      `SELECT log.sequence, log.at,
         session.transaction_id IS NOT NULL AND session.stopped_at IS NULL
       FROM log LEFT JOIN session USING (transaction_id)
       WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?`,
      this.#lookedAt,
      // The newest entry stays whatever its age: it says which sequence comes next.
      Math.min(acknowledged, this.#newestSequence() - 1),
      PRUNE_STEP_ROWS,
    );
    let deleted = 0;
    this.#lookedAt = rows.length < PRUNE_STEP_ROWS ? 0 : Number(rows.at(-1)?.[0]);
    for (const [sequence, at, open] of rows) {
      // A time to come means that a clock was or is wrong, and then nobody knows how old it is.
      if (open || Number(at) > now) continue;
      if (Number(at) >= before) {
        this.#lookedAt = 0;
        break;
      }
      this.#deleteEntry(Number(sequence));
      deleted++;
    }
    return deleted;
  }

  /** Returns the sequences of what was deleted. */
  #pruneMeterValues(logRows: number): number[] {
    const newest = this.#newestSequence();
    const oldest = this.#statements.number("SELECT min(sequence) FROM log") ?? 0;
    if (newest - oldest < logRows) return [];
    const count = this.#statements.number("SELECT count(*) FROM log") ?? 0;
    const excess = Math.min(count - logRows, PRUNE_STEP_ROWS);
    if (excess <= 0) return [];
    const sequences = this.#statements.all(
      `SELECT sequence FROM log
       WHERE sequence > ? AND sequence < ? AND action = 'MeterValues' ORDER BY sequence LIMIT ?`,
      this.#withoutMeterValues,
      newest,
      excess,
    ).map(([sequence]) => Number(sequence));
    for (const sequence of sequences) this.#deleteEntry(sequence);
    this.#withoutMeterValues = sequences.length < excess ? newest - 1 : sequences.at(-1) ?? 0;
    return sequences;
  }

  #pruneByCount(table: "decision" | "set_aside", count: number): number {
    return this.#statements.run(
      `DELETE FROM ${table} WHERE id IN (
         SELECT id FROM ${table} WHERE id <= (SELECT max(id) FROM ${table}) - ?
         ORDER BY id LIMIT ?)`,
      count,
      PRUNE_STEP_ROWS,
    );
  }

  #pruneBackendTransactions(now: number): number {
    return this.#statements.run(
      `DELETE FROM backend_transaction WHERE (transaction_id, backend_id) IN (
         SELECT transaction_id, backend_transaction.backend_id
         FROM backend_transaction JOIN session USING (transaction_id)
         WHERE stopped_at < ? AND NOT EXISTS (
           SELECT 1 FROM log WHERE log.transaction_id = session.transaction_id)
         ORDER BY transaction_id LIMIT ?)`,
      now - BACKEND_TRANSACTION_DAYS * DAY_MS,
      PRUNE_STEP_ROWS,
    );
  }

  /** Anybody who is let in once has a cursor: of those that are gone, the foremost are kept. */
  #pruneCursors(backendIds: readonly string[]): number {
    return this.#statements.run(
      `DELETE FROM cursor WHERE backend_id IN (
         SELECT backend_id FROM cursor
         WHERE backend_id NOT IN (SELECT value FROM json_each(?))
         ORDER BY sequence DESC LIMIT ? OFFSET ?)`,
      JSON.stringify(backendIds),
      PRUNE_STEP_ROWS,
      MAX_ABSENT,
    );
  }

  #newestSequence(): number {
    return this.#statements.number("SELECT max(sequence) FROM log") ?? 0;
  }

  #deleteEntry(sequence: number): void {
    this.#statements.run("DELETE FROM log WHERE sequence = ?", sequence);
  }
}
