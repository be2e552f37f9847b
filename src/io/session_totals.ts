// Totals of sessions by month and backend, or by backend: exact sums, made by SQLite.

import { householdMonth } from "./session_row.ts";
import {
  columnsOf,
  csvRecord,
  decimalAmount,
  energyKwh,
  type Field,
  jsonRecord,
} from "./sql_record.ts";

/** What one row of totals is about. */
export type TotalsBy = "month" | "backend";

/** One row; sessions whose money has other currencies have rows of their own. */
export interface TotalsRow {
  /** YYYY-MM on the household's calendar, of the ends of the sessions; only by month. */
  readonly month?: string;
  /** null: the household. */
  readonly backend_id: string | null;
  /** ISO 4217, of the revenue; null: nobody knows of any money. */
  readonly currency: string | null;
  readonly sessions: number;
  readonly energy_kwh: number;
  readonly duration_s: number;
  /** Exact to a millionth; null: none of them has any. */
  readonly revenue: number | null;
  readonly cost: number | null;
  /** ISO 4217, of the cost. */
  readonly cost_currency: string | null;
}

const BACKEND_FIELDS: Readonly<Record<Exclude<keyof TotalsRow, "month">, Field>> = {
  backend_id: { sql: "backend_id", type: "text" },
  currency: { sql: "currency", type: "plain" },
  sessions: { sql: "sessions", type: "plain" },
  energy_kwh: { sql: energyKwh("energy_wh"), type: "number" },
  duration_s: { sql: "duration_s", type: "plain" },
  revenue: { sql: decimalAmount("revenue_micros"), type: "number" },
  cost: { sql: decimalAmount("cost_micros"), type: "number" },
  cost_currency: { sql: "iif(cost_micros IS NULL, NULL, cost_currency)", type: "plain" },
};

const FIELDS: Readonly<Record<TotalsBy, Readonly<Record<string, Field>>>> = {
  month: { month: { sql: "month", type: "plain" }, ...BACKEND_FIELDS },
  backend: BACKEND_FIELDS,
};

/** The names of the fields in the order of the CSV columns. */
export function totalsFields(by: TotalsBy): readonly string[] {
  return Object.keys(FIELDS[by]);
}

/** An SQL expression: a row of totals as a record. */
export function totalsRecord(by: TotalsBy, format: "csv" | "json"): string {
  return format === "csv" ? csvRecord(FIELDS[by]) : jsonRecord(FIELDS[by]);
}

/** A query for rows of totals, in order; `where` is a condition on `session`. */
export function totalsQuery(by: TotalsBy, record: string, where: string): string {
  const month = by === "month" ? householdMonth("stopped_at") : "NULL";
  return `
    SELECT ${record} FROM (
      SELECT ${columnsOf(FIELDS[by])} FROM (
        SELECT ${month} AS month, backend_id,
          ifnull(currency, cost_currency) AS currency,
          ifnull(cost_currency, currency) AS cost_currency,
          count(*) AS sessions,
          sum(max(0, energy_wh)) AS energy_wh,
          sum(max(0, stopped_at / 1000 - started_at / 1000)) AS duration_s,
          sum(revenue_micros) AS revenue_micros,
          sum(cost_micros) AS cost_micros
        FROM session WHERE ${where} GROUP BY 1, 2, 3, 4)
      ORDER BY month, backend_id, currency, cost_currency)`;
}
