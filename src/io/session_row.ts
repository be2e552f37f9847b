// A session as export and REST show it: the fields of the contract, in its order, made by SQLite.

import type { BookedBy, SessionFlag } from "../core/record.ts";

/** One row; times are ISO 8601 in the household's time zone. */
export interface SessionRow {
  /** When it was booked: its end. null: it is still running. */
  readonly timestamp: string | null;
  /** null: the household. */
  readonly backend_id: string | null;
  /** Whole seconds; null while it runs. */
  readonly duration_s: number | null;
  readonly energy_kwh: number;
  /** null: there is no tariff. */
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
  /** ISO 4217; null: there is no tariff. */
  readonly currency: string | null;
}

/** How a field is written. */
interface Field {
  /** Its value, from the columns of `session`. */
  readonly sql: string;
  /** `text` may hold anything, `plain` nothing that needs care, `number` and `list` are JSON. */
  readonly type: "plain" | "text" | "number" | "list";
  /** The field that it repeats, so that its value is made once. */
  readonly is?: keyof SessionRow;
}

const FIELDS: Readonly<Record<keyof SessionRow, Field>> = {
  timestamp: { sql: "NULL", type: "plain", is: "stopped_at" },
  backend_id: { sql: "backend_id", type: "text" },
  duration_s: { sql: "max(0, stopped_at / 1000 - started_at / 1000)", type: "plain" },
  energy_kwh: {
    sql: "format('%d.%03d', max(0, energy_wh) / 1000, max(0, energy_wh) % 1000)",
    type: "number",
  },
  revenue: { sql: "NULL", type: "plain" },
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
  currency: { sql: "NULL", type: "plain" },
};

const MASKED_ID_TAG = `CASE WHEN length(id_tag) < 8 THEN '******'
  ELSE substr(id_tag, 1, 2) || '******' || substr(id_tag, -2) END`;

/** The names of the fields in the order of the CSV columns. */
export const SESSION_FIELDS = Object.keys(FIELDS) as readonly (keyof SessionRow)[];

/** Makes the table that `rowColumns` looks into, to be filled with ClockChanges. */
export const CREATE_CLOCK = `
  CREATE TEMP TABLE clock (
    start INTEGER PRIMARY KEY, offset_ms INTEGER NOT NULL, suffix TEXT NOT NULL
  ) STRICT`;

/** The columns of a query on `session` that RECORD_CSV and RECORD_JSON are made from. */
export function rowColumns(showIdTags: boolean): string {
  const columns = Object.entries(FIELDS).map(([name, { sql }]) =>
    `${name === "id_tag" && !showIdTags ? MASKED_ID_TAG : sql} AS "${name}"`
  );
  return columns.join(", ");
}

/** An SQL expression: a row as a CSV record of RFC 4180, line end included. */
export const RECORD_CSV: string = `concat_ws(',', ${
  Object.entries(FIELDS).map(([name, { type, is = name }]) => csvCell(`"${is}"`, type)).join(", ")
}) || char(13, 10)`;

/** An SQL expression: a row as the text of a JSON object. */
export const RECORD_JSON: string = `json_object(${
  Object.entries(FIELDS).map(([name, { type, is = name }]) =>
    `'${name}', ${type === "number" || type === "list" ? `json("${is}")` : `"${is}"`}`
  ).join(", ")
})`;

/** Epoch milliseconds as ISO 8601 with the household's offset; fractions of a second are cut off. */
function householdTime(column: string): string {
  return `(SELECT strftime('%Y-%m-%dT%H:%M:%S', (${column} + offset_ms) / 1000, 'unixepoch') || suffix
    FROM temp.clock WHERE start <= ${column} ORDER BY start DESC LIMIT 1)`;
}

function csvCell(column: string, type: Field["type"]): string {
  switch (type) {
    case "plain":
    case "number":
      return `ifnull(${column}, '')`;
    case "text":
      // A spreadsheet runs what begins like a formula; a leading apostrophe makes it text.
      return `CASE
        WHEN ${column} IS NULL THEN ''
        WHEN ${column} GLOB '[=+@\t\r\uff1d\uff0b\uff0d\uff20-]*'
          THEN ${quoted(`('''' || ${column})`)}
        ELSE ${quoted(column)} END`;
    case "list":
      return `CASE ${column} WHEN '[]' THEN ''
        ELSE (SELECT group_concat(value, ' ') FROM json_each(${column})) END`;
  }
}

function quoted(text: string): string {
  return `CASE WHEN ${text} GLOB '*[",\r\n]*' THEN '"' || replace(${text}, '"', '""') || '"'
    ELSE ${text} END`;
}
