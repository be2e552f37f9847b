// Reads sessions out of the database, beside the proxy that writes them or without one.

import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { openDatabaseReadOnly } from "./database.ts";
import { clockChanges } from "./household_clock.ts";
import { CREATE_CLOCK, RECORD_JSON, rowColumns, type SessionRow } from "./session_row.ts";
import { type TotalsBy, totalsQuery } from "./session_totals.ts";
import { type Row, Statements } from "./statements.ts";
import { asStoreError } from "./store_error.ts";

/** Which of the sessions that have ended; all of them if it is empty. */
export interface SessionFilter {
  /** Ended at or after this, epoch milliseconds. */
  readonly since?: number;
  /** Ended before this, epoch milliseconds. */
  readonly until?: number;
  /** Booked to this backend; null: to the household. */
  readonly backendId?: string | null;
}

/** A place in the order of the ends: right after this session. */
export interface SessionPosition {
  /** Epoch milliseconds. */
  readonly stoppedAt: number;
  readonly transactionId: number;
}

/** Sessions that are made into one piece of text; between two pieces the writer may move on. */
const PIECE_SESSIONS = 100;

/** Running sessions that are shown: more than a charger has connectors. */
const MAX_RUNNING = 100;

/** A connection that can only read; `close` it. Every method throws StoreError. */
export class SessionReader {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;

  private constructor(path: string, database: DatabaseSync) {
    this.#path = path;
    this.#database = database;
    this.#statements = new Statements(database);
  }

  /**
   * Times are shown as in `timeZone`, an IANA name. Throws StoreError, `missing` where there is no
   * database, and RangeError for a time zone that nobody knows.
   */
  static open(path: string, timeZone: string): SessionReader {
    const changes = clockChanges(timeZone);
    const reader = new SessionReader(path, openDatabaseReadOnly(path));
    reader.#database.exec("PRAGMA temp_store = MEMORY");
    reader.#database.exec(CREATE_CLOCK);
    for (const { start, offsetMs, suffix } of changes) {
      reader.#statements.run("INSERT INTO clock VALUES (?, ?, ?)", start, offsetMs, suffix);
    }
    return reader;
  }

  /**
   * One page of sessions that have ended, the newest first. `next` is where the following page
   * begins; undefined at the end.
   */
  newest(
    filter: SessionFilter,
    options: { showIdTags: boolean; limit: number; after?: SessionPosition | undefined },
  ): { rows: SessionRow[]; next: SessionPosition | undefined } {
    const { records, next } = this.newestRecords(filter, { ...options, record: RECORD_JSON });
    return { rows: records.map((json) => JSON.parse(json) as SessionRow), next };
  }

  /** The same as texts: what the SQL expression `record` makes of each session. */
  newestRecords(
    filter: SessionFilter,
    options: {
      record: string;
      showIdTags: boolean;
      limit: number;
      after?: SessionPosition | undefined;
    },
  ): { records: string[]; next: SessionPosition | undefined } {
    const { record, showIdTags, limit, after } = options;
    const { where, values } = conditions(filter);
    const rows = this.#read(
      `SELECT ${record}, ended_at, transaction_id FROM (
         SELECT ${rowColumns(showIdTags)}, session.stopped_at AS ended_at FROM session
         WHERE ${where} ${after ? `AND ${POSITION} < (?, ?)` : ""}
         ORDER BY ${POSITION_DESCENDING} LIMIT ?)`,
      ...values,
      ...positionValues(after),
      limit,
    );
    return {
      records: rows.map(([text]) => String(text)),
      next: rows.length < limit ? undefined : position(rows.at(-1)?.slice(1)),
    };
  }

  /** The sessions that are running, the oldest first. */
  running(options: { showIdTags: boolean }): SessionRow[] {
    return this.#read(
      `SELECT ${RECORD_JSON} FROM (
         SELECT ${rowColumns(options.showIdTags)} FROM session
         WHERE session.stopped_at IS NULL ORDER BY session.transaction_id LIMIT ?)`,
      MAX_RUNNING,
    ).map(sessionRow);
  }

  /**
   * The text of all sessions of the filter, the oldest first, in pieces: what the SQL expression
   * `record` makes of each, with `separator` between them. SQLite builds the text, which takes a
   * third of the memory that objects would; no read stays open between two pieces.
   */
  *pieces(
    filter: SessionFilter,
    options: { record: string; separator: string; showIdTags: boolean },
  ): Generator<string, void> {
    let after: SessionPosition | undefined;
    do {
      const end = this.#endOfPiece(filter, after);
      const { where, values } = conditions(filter);
      const [row] = this.#read(
        `SELECT group_concat(${options.record}, ?) FROM (
           SELECT ${rowColumns(options.showIdTags)} FROM session
           WHERE ${where} ${after ? `AND ${POSITION} > (?, ?)` : ""}
             ${end ? `AND ${POSITION} <= (?, ?)` : ""}
           ORDER BY ${POSITION_ASCENDING} LIMIT ?)`,
        options.separator,
        ...values,
        ...positionValues(after),
        ...positionValues(end),
        PIECE_SESSIONS,
      );
      if (typeof row?.[0] === "string") yield row[0];
      after = end;
    } while (after);
  }

  /** Totals of the sessions of the filter: what the SQL expression `record` makes of each row. */
  totals(filter: SessionFilter, by: TotalsBy, record: string): string[] {
    const { where, values } = conditions(filter);
    return this.#read(totalsQuery(by, record, where), ...values).map(([text]) => String(text));
  }

  close(): void {
    this.#database.close();
  }

  /** Undefined: what is left is less than a whole piece. */
  #endOfPiece(
    filter: SessionFilter,
    after: SessionPosition | undefined,
  ): SessionPosition | undefined {
    const { where, values } = conditions(filter);
    const [row] = this.#read(
      `SELECT stopped_at, transaction_id FROM session
       WHERE ${where} ${after ? `AND ${POSITION} > (?, ?)` : ""}
       ORDER BY ${POSITION_ASCENDING} LIMIT 1 OFFSET ${PIECE_SESSIONS - 1}`,
      ...values,
      ...positionValues(after),
    );
    return position(row);
  }

  #read(sql: string, ...values: SQLInputValue[]): Row[] {
    try {
      return this.#statements.all(sql, ...values);
    } catch (error) {
      throw asStoreError(error, this.#path);
    }
  }
}

// The columns of the table, not those of the row that have the same names.
const POSITION = "(session.stopped_at, session.transaction_id)";
const POSITION_ASCENDING = "session.stopped_at, session.transaction_id";
const POSITION_DESCENDING = "session.stopped_at DESC, session.transaction_id DESC";

function positionValues(place: SessionPosition | undefined): number[] {
  return place ? [place.stoppedAt, place.transactionId] : [];
}

function position(row: Row | undefined): SessionPosition | undefined {
  return row && { stoppedAt: Number(row[0]), transactionId: Number(row[1]) };
}

function sessionRow([json]: Row): SessionRow {
  return JSON.parse(json as string) as SessionRow;
}

function conditions(filter: SessionFilter): { where: string; values: SQLInputValue[] } {
  const parts = ["session.stopped_at IS NOT NULL"];
  const values: SQLInputValue[] = [];
  const add = (part: string, value: SQLInputValue) => {
    parts.push(part);
    values.push(value);
  };
  if (filter.since !== undefined) add("session.stopped_at >= ?", filter.since);
  if (filter.until !== undefined) add("session.stopped_at < ?", filter.until);
  if (filter.backendId !== undefined) add("session.backend_id IS ?", filter.backendId);
  return { where: parts.join(" AND "), values };
}
