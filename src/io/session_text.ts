// Sessions as CSV, JSON and JSON Lines, in pieces that are small whatever the number of sessions.

import type { SessionFilter, SessionPosition, SessionReader } from "./session_reader.ts";
import { RECORD_CSV, RECORD_JSON, SESSION_FIELDS } from "./session_row.ts";
import { type TotalsBy, totalsFields, totalsRecord } from "./session_totals.ts";

export type SessionFormat = "csv" | "json" | "jsonl";

/** The media types of the formats, for HTTP. */
export const SESSION_MEDIA_TYPES: Readonly<Record<SessionFormat, string>> = {
  csv: "text/csv; charset=utf-8; header=present",
  json: "application/json",
  jsonl: "application/jsonl",
};

/** Control characters but white space: a terminal that shows an export must not obey an id tag. */
const STEERING = /[^\P{Cc}\t\r\n]/gu;

/** Those that SQLite leaves as they are in JSON. */
const UNESCAPED = /[\u007f-\u009f]/g;

/** Rows as the database makes them. */
interface Source {
  readonly fields: readonly string[];
  /** SQL expressions: a row as a record of CSV, and as a JSON object. */
  readonly csv: string;
  readonly json: string;
  /** What `record` makes of each row, with `separator` between them. */
  pieces(record: string, separator: string): Iterable<string>;
}

/**
 * The sessions of the filter, the one that ended first first. CSV: RFC 4180 with a header line,
 * text that a spreadsheet would run as a formula gets a leading `'`, control characters are `?`. JSON: one array, one
 * session a line. The next piece is made when it is asked for.
 */
export function sessionText(
  format: SessionFormat,
  reader: SessionReader,
  filter: SessionFilter,
  options: { showIdTags: boolean },
): Generator<string, void> {
  return textOf(format, {
    fields: SESSION_FIELDS,
    csv: RECORD_CSV,
    json: RECORD_JSON,
    pieces: (record, separator) => reader.pieces(filter, { ...options, record, separator }),
  });
}

/** The totals of these sessions by month and backend, or by backend, in the same forms. */
export function totalsText(
  format: SessionFormat,
  reader: SessionReader,
  filter: SessionFilter,
  by: TotalsBy,
): Generator<string, void> {
  return textOf(format, {
    fields: totalsFields(by),
    csv: totalsRecord(by, "csv"),
    json: totalsRecord(by, "json"),
    pieces: (record, separator) => {
      const rows = reader.totals(filter, by, record);
      return rows.length === 0 ? [] : [rows.join(separator)];
    },
  });
}

function* textOf(format: SessionFormat, source: Source): Generator<string, void> {
  switch (format) {
    case "csv":
      yield `${source.fields.join(",")}\r\n`;
      for (const piece of source.pieces(source.csv, "")) yield piece.replace(STEERING, "?");
      return;
    case "jsonl":
      for (const piece of source.pieces(`${source.json} || char(10)`, "")) {
        yield piece.replace(UNESCAPED, escaped);
      }
      return;
    case "json": {
      let before = "[\n";
      for (const piece of source.pieces(source.json, ",\n")) {
        yield before + piece.replace(UNESCAPED, escaped);
        before = ",\n";
      }
      yield before === "[\n" ? "[]\n" : "\n]\n";
    }
  }
}

/**
 * One page, the newest first: a whole CSV file, or a JSON array. `next` is where the following page
 * begins; undefined at the end.
 */
export function sessionPage(
  format: "csv" | "json",
  reader: SessionReader,
  filter: SessionFilter,
  options: { showIdTags: boolean; limit: number; after: SessionPosition | undefined },
): { records: string; next: SessionPosition | undefined } {
  const record = format === "csv" ? RECORD_CSV : RECORD_JSON;
  const { records, next } = reader.newestRecords(filter, { ...options, record });
  const text = format === "csv"
    ? `${SESSION_FIELDS.join(",")}\r\n${records.join("").replace(STEERING, "?")}`
    : `[${records.join(",").replace(UNESCAPED, escaped)}]`;
  return { records: text, next };
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
