// Reads from the tables what a restarted core begins from.

import { WINDOW_CHARACTERS, WINDOW_ENTRIES } from "../core/log_window.ts";
import {
  type DecisionRecord,
  type LogEntry,
  REMEMBERED_DECISIONS,
  REMEMBERED_SESSIONS,
  type Snapshot,
} from "../core/record.ts";
import { parseJson } from "../ocpp/json.ts";
import { logEntryFromRow, SELECT_LOG, SELECT_NEWEST_SIZES } from "./log_columns.ts";
import { SESSION_COLUMNS, sessionFromRow } from "./session_columns.ts";
import type { Row, Statements } from "./statements.ts";

/** Reads all tables but the log, in one go: nobody else may write meanwhile. */
export function readSnapshot(statements: Statements): Snapshot {
  // A cursor, or a backend's id, can be ahead of a log and books that were salvaged in part.
  const lastSequence = highest(statements, "sequence", ["log", "cursor", "set_aside"]);
  const lastTransactionId = highest(
    statements,
    "transaction_id",
    ["session", "log", "backend_transaction"],
  );
  const sessions = statements.all(
    `SELECT ${SESSION_COLUMNS} FROM session WHERE stopped_at IS NULL
     UNION ALL SELECT * FROM (
       SELECT ${SESSION_COLUMNS} FROM session WHERE stopped_at IS NOT NULL
       ORDER BY transaction_id DESC LIMIT ?)
     ORDER BY transaction_id`,
    REMEMBERED_SESSIONS,
  ).map(sessionFromRow);

  return {
    facts: new Map(
      statements.all("SELECT key, value_json FROM fact")
        .map(([key, value]) => [key as string, parseJson(value as string)]),
    ),
    sessions,
    lastTransactionId,
    lastSequence,
    cursors: statements.all("SELECT backend_id, sequence FROM cursor")
      .map(([backendId, sequence]) => ({
        backendId: backendId as string,
        sequence: sequence as number,
      })),
    backendTransactions: readBackendTransactions(
      statements,
      new Set(sessions.map((session) => session.transactionId)),
    ),
    startSequences: new Map(
      statements.all(`SELECT transaction_id, (
          SELECT sequence FROM log
          WHERE log.transaction_id = session.transaction_id AND action = 'StartTransaction'
          ORDER BY sequence LIMIT 1) AS start
        FROM session WHERE stopped_at IS NULL AND start IS NOT NULL`)
        .map(([transactionId, sequence]) => [transactionId as number, sequence as number]),
    ),
    decisions: statements.all(
      `SELECT at, backend_id, request, outcome, rule, reason FROM decision ORDER BY id DESC LIMIT ?`,
      REMEMBERED_DECISIONS,
    ).map(decisionFromRow).reverse(),
    setAside: statements.all("SELECT backend_id, sequence, at, reason FROM set_aside ORDER BY id")
      .map(([backendId, sequence, at, reason]) => ({
        backendId: backendId as string,
        sequence: sequence as number,
        at: at as number,
        reason: reason as string,
      })),
    newestEntries: readNewestEntries(statements, lastSequence),
  };
}

/** Stops at a gap, and at the bounds of the window in memory. */
function readNewestEntries(statements: Statements, lastSequence: number): LogEntry[] {
  let after = lastSequence;
  let characters = 0;
  for (const [sequence, size] of statements.all(SELECT_NEWEST_SIZES, WINDOW_ENTRIES)) {
    characters += Number(size);
    if (Number(sequence) !== after || characters > WINDOW_CHARACTERS) break;
    after--;
  }
  return statements.all(SELECT_LOG, after, lastSequence).map(logEntryFromRow);
}

/** One query a table: SQLite looks up the end of an index only where it is asked for nothing else. */
function highest(statements: Statements, column: string, tables: readonly string[]): number {
  return Math.max(
    0,
    ...tables.map((table) => statements.number(`SELECT max(${column}) FROM ${table}`) ?? 0),
  );
}

function readBackendTransactions(
  statements: Statements,
  transactionIds: ReadonlySet<number>,
): Snapshot["backendTransactions"] {
  return statements.all(
    `SELECT backend_id, transaction_id, backend_transaction_id FROM backend_transaction
     WHERE transaction_id >= ? ORDER BY transaction_id`,
    Math.min(...transactionIds, Number.MAX_SAFE_INTEGER),
  )
    .filter(([, transactionId]) => transactionIds.has(transactionId as number))
    .map(([backendId, transactionId, backendTransactionId]) => ({
      backendId: backendId as string,
      transactionId: transactionId as number,
      backendTransactionId: backendTransactionId as string,
    }));
}

function decisionFromRow([at, backendId, request, outcome, rule, reason]: Row): DecisionRecord {
  return {
    at: at as number,
    backendId: backendId as string | null,
    request: request as string,
    outcome: outcome as DecisionRecord["outcome"],
    rule: rule as string | null,
    reason: reason as string,
  };
}
