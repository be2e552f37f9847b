// Compares the database with what the charger was told.

import { DatabaseSync } from "node:sqlite";
import { registerOf } from "./delivery_check.ts";
import type { PlayedSession } from "./playing_charger.ts";

/** The transaction messages in the log, oldest first, named as in `confirmedMessages`. */
export function loggedMessages(databasePath: string): string[] {
  return query(databasePath, "SELECT action, payload_json FROM log ORDER BY sequence")
    .map(({ action, payload_json }) =>
      `${action} ${registerOf(String(action), JSON.parse(String(payload_json)))}`
    );
}

/** What the books say of every session, as `expectedBooks` writes it. */
export function books(databasePath: string): string[] {
  return query(
    databasePath,
    `SELECT transaction_id, meter_start_wh, meter_stop_wh, energy_wh, stop_reason, flags_json
     FROM session ORDER BY transaction_id`,
  ).map((row) => JSON.stringify(Object.values(row)));
}

/** The books that sessions played to their end must have made. */
export function expectedBooks(sessions: readonly PlayedSession[]): string[] {
  return sessions.map(({ transactionId, meterStartWh, meterStopWh = NaN }) =>
    JSON.stringify([
      transactionId,
      meterStartWh,
      meterStopWh,
      meterStopWh - meterStartWh,
      "Local",
      "[]",
    ])
  );
}

/** Rows of a query on a database that nobody writes. */
export function query(databasePath: string, sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(databasePath, { readOnly: true });
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}
