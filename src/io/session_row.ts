// A session as export and REST show it: the fields of the contract, in its order, made by SQLite.

import type { BookedBy, SessionFlag } from "../core/record.ts";
import { APPLIED_JSON, type AppliedPrices } from "./session_applied.ts";
import {
  columnsOf,
  csvRecord,
  decimalAmount,
  energyKwh,
  type Field,
  jsonRecord,
} from "./sql_record.ts";

/** One row; times are ISO 8601 in the household's time zone. */
export interface SessionRow {
  /** When it was booked: its end. null: it is still running. */
  readonly timestamp: string | null;
  /** null: the household. */
  readonly backend_id: string | null;
  /** Whole seconds; null while it runs. */
  readonly duration_s: number | null;
  readonly energy_kwh: number;
  /** What its backend owes, so far while it runs, exact to a millionth; null: there is no tariff. */
  readonly revenue: number | null;
  readonly transaction_id: number;
  readonly connector_id: number;
  /** `04******D5` unless asked for; a tag of less than 8 characters is masked as a whole. */
  readonly id_tag: string;
  readonly started_at: string;
  readonly stopped_at: string | null;
  /** Seconds from the last rise of the register to the end; null: unknown. */
  readonly idle_s: number | null;
  readonly meter_start_wh: number | null;
  readonly meter_stop_wh: number | null;
  readonly stop_reason: string | null;
  readonly booked_by: BookedBy;
  readonly flags: readonly SessionFlag[];
  /** ISO 4217, of the revenue; of the cost where there is no revenue. */
  readonly currency: string | null;
  /** What the household pays; null: nobody knows. */
  readonly cost: number | null;
  /** ISO 4217, of the cost. */
  readonly cost_currency: string | null;
  /** The tariff that was applied to the revenue. */
  readonly tariff: string | null;
  /** Its note on VAT. */
  readonly vat: string | null;
  /** The prices that something was billed by; not in CSV. */
  readonly applied: readonly AppliedPrices[];
}

const MASKED_ID_TAG = `CASE WHEN length(id_tag) < 8 THEN '******'
  ELSE substr(id_tag, 1, 2) || '******' || substr(id_tag, -2) END`;

const FIELDS: Readonly<Record<Exclude<keyof SessionRow, "applied">, Field>> = {
  timestamp: { sql: "NULL", type: "plain", is: "stopped_at" },
  backend_id: { sql: "backend_id", type: "text" },
  duration_s: { sql: "max(0, stopped_at / 1000 - started_at / 1000)", type: "plain" },
  energy_kwh: { sql: energyKwh("max(0, energy_wh)"), type: "number" },
  revenue: { sql: decimalAmount("revenue_micros"), type: "number" },
  transaction_id: { sql: "transaction_id", type: "plain" },
  connector_id: { sql: "connector_id", type: "plain" },
  id_tag: { sql: "id_tag", type: "text" },
  started_at: { sql: householdTime("started_at"), type: "plain" },
  stopped_at: { sql: householdTime("stopped_at"), type: "plain" },
  idle_s: { sql: "max(0, stopped_at / 1000 - energy_rose_at / 1000)", type: "plain" },
  meter_start_wh: { sql: "meter_start_wh", type: "plain" },
  meter_stop_wh: { sql: "meter_stop_wh", type: "plain" },
  stop_reason: { sql: "stop_reason", type: "text" },
  booked_by: { sql: "booked_by", type: "plain" },
  flags: { sql: "flags_json", type: "list" },
  currency: { sql: "ifnull(currency, cost_currency)", type: "plain" },
  cost: { sql: decimalAmount("cost_micros"), type: "number" },
  cost_currency: { sql: "cost_currency", type: "plain" },
  tariff: { sql: "tariff", type: "text" },
  vat: { sql: "vat", type: "text" },
};

/** What a cell of CSV has no room for is in JSON only. */
const JSON_FIELDS: Readonly<Record<keyof SessionRow, Field>> = {
  ...FIELDS,
  applied: { sql: APPLIED_JSON, type: "list" },
};

/** The names of the fields in the order of the CSV columns. */
export const SESSION_FIELDS = Object.keys(FIELDS) as readonly (keyof SessionRow)[];

/** Makes the table that `rowColumns` looks into, to be filled with ClockChanges. */
export const CREATE_CLOCK = `
  CREATE TEMP TABLE clock (
    start INTEGER PRIMARY KEY, offset_ms INTEGER NOT NULL, suffix TEXT NOT NULL
  ) STRICT`;

/** The columns of a query on `session` that RECORD_CSV and RECORD_JSON are made from. */
export function rowColumns(showIdTags: boolean): string {
  const id_tag = showIdTags ? FIELDS.id_tag : { ...FIELDS.id_tag, sql: MASKED_ID_TAG };
  return columnsOf({ ...JSON_FIELDS, id_tag });
}

/** An SQL expression: a row as a CSV record of RFC 4180, line end included. */
export const RECORD_CSV: string = csvRecord(FIELDS);

/** An SQL expression: a row as the text of a JSON object. */
export const RECORD_JSON: string = jsonRecord(JSON_FIELDS);

/** Epoch milliseconds as ISO 8601 with the household's offset; fractions of a second are cut off. */
function householdTime(column: string): string {
  return `(SELECT ${shifted("%Y-%m-%dT%H:%M:%S", column)} || suffix
    FROM temp.clock WHERE start <= ${column} ORDER BY start DESC LIMIT 1)`;
}

/** Epoch milliseconds as the month on the household's calendar, YYYY-MM. */
export function householdMonth(column: string): string {
  return `(SELECT ${shifted("%Y-%m", column)}
    FROM temp.clock WHERE start <= ${column} ORDER BY start DESC LIMIT 1)`;
}

function shifted(format: string, column: string): string {
  return `strftime('${format}', (${column} + offset_ms) / 1000, 'unixepoch')`;
}
