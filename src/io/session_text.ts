// Sessions as CSV, JSON and JSON Lines, in pieces that are small whatever the number of sessions.

import type { SessionFilter, SessionReader } from "./session_reader.ts";
import { RECORD_CSV, RECORD_JSON, SESSION_FIELDS } from "./session_row.ts";

export type SessionFormat = "csv" | "json" | "jsonl";

/** The media types of the formats, for HTTP. */
export const SESSION_MEDIA_TYPES: Readonly<Record<SessionFormat, string>> = {
  csv: "text/csv; charset=utf-8; header=present",
  json: "application/json",
  jsonl: "application/jsonl",
};

/**
 * The sessions of the filter, the one that ended first first. CSV: RFC 4180 with a header line,
 * and text that a spreadsheet would run as a formula gets a leading `'`. JSON: one array, one
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
      yield* reader.pieces(filter, { record: RECORD_CSV, separator: "", showIdTags });
      return;
    case "jsonl": {
      const record = `${RECORD_JSON} || char(10)`;
      yield* reader.pieces(filter, { record, separator: "", showIdTags });
      return;
    }
    case "json": {
      let before = "[\n";
      const form = { record: RECORD_JSON, separator: ",\n", showIdTags };
      for (const piece of reader.pieces(filter, form)) {
        yield before + piece;
        before = ",\n";
      }
      yield before === "[\n" ? "[]\n" : "\n]\n";
    }
  }
}
