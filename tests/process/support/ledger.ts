// Compares the database with what the charger was told.

import { DatabaseSync } from "node:sqlite";
import { registerOf } from "./delivery_check.ts";
import type { PlayedSession } from "./playing_charger.ts";

/** Its sessions are the employer's. */
export const COMPANY_TAG = "COMPANY";

/** The prices in the configuration of every household here, millionths. */
const EMPLOYER_MICROS_PER_KWH = 290_001;
const EMPLOYER_FEE = 350_000;
const HOUSEHOLD_MICROS_PER_WH = 250;

/** Those prices as they stand in the configuration. */
export const TARIFFS = `
tariffs:
  - { name: work, energy_per_kwh: 0.290001, per_session: 0.35 }
  - { name: grid, energy_per_kwh: 0.25 }
household: { tariff: grid }
`;

/** The transaction messages in the log, oldest first, named as in `confirmedMessages`. */
export function loggedMessages(databasePath: string): string[] {
  return query(databasePath, "SELECT action, payload_json FROM log ORDER BY sequence")
    .map(({ action, payload_json }) =>
      `${action} ${registerOf(String(action), JSON.parse(String(payload_json)))}`
    );
}

/** What the books say of every session, as `expectedBooks` writes it, but for these flags. */
export function books(databasePath: string, allowedFlags: readonly string[] = []): string[] {
  return query(
    databasePath,
    `SELECT transaction_id, meter_start_wh, meter_stop_wh, energy_wh, stop_reason, flags_json,
       revenue_micros, cost_micros
     FROM session ORDER BY transaction_id`,
  ).map((row) => {
    const flags: string[] = JSON.parse(String(row.flags_json));
    const flags_json = JSON.stringify(flags.filter((flag) => !allowedFlags.includes(flag)));
    return JSON.stringify(Object.values({ ...row, flags_json }));
  });
}

/** The books that sessions played to their end must have made. */
export function expectedBooks(sessions: readonly PlayedSession[]): string[] {
  return sessions.map(({ idTag, transactionId, meterStartWh, meterStopWh = NaN }) =>
    JSON.stringify([
      transactionId,
      meterStartWh,
      meterStopWh,
      meterStopWh - meterStartWh,
      "Local",
      "[]",
      idTag === COMPANY_TAG ? employerOwes(meterStopWh - meterStartWh) : null,
      HOUSEHOLD_MICROS_PER_WH * (meterStopWh - meterStartWh),
    ])
  );
}

/** What the employer owes for a session, millionths, rounded half up. */
export function employerOwes(energyWh: number): number {
  return EMPLOYER_FEE + Math.floor((energyWh * EMPLOYER_MICROS_PER_KWH + 500) / 1_000);
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
