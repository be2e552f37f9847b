// Sessions as CSV, JSON and JSON Lines, in pieces that are small whatever the number of sessions.

import type { SessionFilter, SessionPosition, SessionReader } from "./session_reader.ts";
import { RECORD_CSV, RECORD_JSON, SESSION_FIELDS } from "./session_row.ts";

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

/**
 * The sessions of the filter, the one that ended first first. CSV: RFC 4180 with a header line,
 * text that a spreadsheet would run as a formula gets a leading `'`, control characters are `?`. JSON: one array, one
 * session a line. The next piece is made when it is asked for.
 */
export function* sessionText(
  format: SessionFormat,
  reader: SessionReader,
  filter: SessionFilter,
  options: { showIdTags: boolean },
): Generator<string, void> {
  const { showIdTags } = options;
  switch (format) {
    case "csv":
      yield `${SESSION_FIELDS.join(",")}\r\n`;
      for (
        const piece of reader.pieces(filter, { record: RECORD_CSV, separator: "", showIdTags })
      ) {
        yield piece.replace(STEERING, "?");
      }
      return;
    case "jsonl": {
      const record = `${RECORD_JSON} || char(10)`;
      for (const piece of reader.pieces(filter, { record, separator: "", showIdTags })) {
        yield piece.replace(UNESCAPED, escaped);
      }
      return;
    }
    case "json": {
      let before = "[\n";
      const form = { record: RECORD_JSON, separator: ",\n", showIdTags };
      for (const piece of reader.pieces(filter, form)) {
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
