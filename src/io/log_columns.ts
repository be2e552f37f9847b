// A log entry as a row of the `log` table, and back.

import type { SQLInputValue } from "node:sqlite";
import { payloadText } from "../core/payload_text.ts";
import type { LogEntry, SessionRecord, TransactionMessage } from "../core/record.ts";
import { UNBILLED } from "../core/session.ts";
import { type JsonObject, parseJson } from "../ocpp/json.ts";
import type { Row } from "./statements.ts";

/** Appends one entry; a sequence that is taken is an error. */
export const INSERT_LOG = `
  INSERT INTO log (sequence, at, action, transaction_id, connector_id, payload_json, raw_json,
    synthetic, session_json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const SIZE = `octet_length(payload_json) + ifnull(octet_length(raw_json), 0) +
  ifnull(octet_length(session_json), 0)`;

/** The sequences after one, oldest first, at most so many, each with the bytes of its row. */
export const SELECT_LOG_SIZES =
  `SELECT sequence, ${SIZE} FROM log WHERE sequence > ? ORDER BY sequence LIMIT ?`;

/** The same of the newest, newest first. */
export const SELECT_NEWEST_SIZES =
  `SELECT sequence, ${SIZE} FROM log ORDER BY sequence DESC LIMIT ?`;

/** The entries after one sequence up to another, oldest first, for `logEntryFromRow`. */
export const SELECT_LOG = `
  SELECT sequence, at, action, transaction_id, connector_id, payload_json, raw_json,
    synthetic, session_json FROM log WHERE sequence > ? AND sequence <= ? ORDER BY sequence`;

/** The values for INSERT_LOG. */
export function logEntryToRow(entry: LogEntry): SQLInputValue[] {
  return [
    entry.sequence,
    entry.at,
    entry.action,
    entry.transactionId,
    entry.connectorId,
    payloadText(entry.payload),
    // JSON keeps what SQLite's text would not: NUL characters and lone surrogates.
    entry.raw === undefined ? null : JSON.stringify(entry.raw),
    entry.synthetic ? 1 : 0,
    entry.session === undefined ? null : JSON.stringify(entry.session),
  ];
}

/** The entry in a row of SELECT_LOG. */
export function logEntryFromRow(row: Row): LogEntry {
  const [sequence, at, action, transactionId, connectorId, payload, raw, synthetic, session] = row;
  return {
    sequence: sequence as number,
    at: at as number,
    action: action as TransactionMessage,
    transactionId: transactionId as number,
    connectorId: connectorId as number,
    payload: parseJson(payload as string) as JsonObject,
    ...(raw === null ? {} : { raw: JSON.parse(raw as string) as string }),
    ...(synthetic === 0 ? {} : { synthetic: true }),
    ...(session === null
      ? {}
      : { session: { ...UNBILLED, ...JSON.parse(session as string) as SessionRecord } }),
  };
}
