// What each write of the core does to the tables.

import type { Write } from "../core/record.ts";
import { stringifyJson } from "../ocpp/json.ts";
import { INSERT_LOG, logEntryToRow } from "./log_columns.ts";
import { sessionToRow, storableText, UPSERT_SESSION } from "./session_columns.ts";
import type { Statements } from "./statements.ts";

/** Makes one change; returns the number of rows it touched. */
export function applyWrite(statements: Statements, write: Write): number {
  switch (write.table) {
    case "log":
      return statements.run(INSERT_LOG, ...logEntryToRow(write.entry));
    case "session":
      return statements.run(UPSERT_SESSION, ...sessionToRow(write.session));
    case "cursor":
      return statements.run(
        "INSERT OR REPLACE INTO cursor (backend_id, sequence) VALUES (?, ?)",
        write.cursor.backendId,
        write.cursor.sequence,
      );
    case "backend_transaction":
      return statements.run(
        `INSERT OR REPLACE INTO backend_transaction
           (transaction_id, backend_id, backend_transaction_id) VALUES (?, ?, ?)`,
        write.row.transactionId,
        write.row.backendId,
        write.row.backendTransactionId,
      );
    case "set_aside":
      return statements.run(
        `INSERT INTO set_aside (backend_id, sequence, at, reason) VALUES (?, ?, ?, ?)
         ON CONFLICT (backend_id, sequence) DO UPDATE SET at = excluded.at, reason = excluded.reason`,
        write.row.backendId,
        write.row.sequence,
        write.row.at,
        storableText(write.row.reason),
      );
    case "decision":
      return statements.run(
        `INSERT INTO decision (at, backend_id, request, outcome, rule, reason)
         VALUES (?, ?, ?, ?, ?, ?)`,
        write.row.at,
        write.row.backendId,
        storableText(write.row.request),
        write.row.outcome,
        write.row.rule === null ? null : storableText(write.row.rule),
        storableText(write.row.reason),
      );
    case "fact":
      if (write.value === undefined) {
        return statements.run("DELETE FROM fact WHERE key = ?", write.key);
      }
      return statements.run(
        "INSERT OR REPLACE INTO fact (key, value_json) VALUES (?, ?)",
        write.key,
        stringifyJson(write.value),
      );
  }
}
