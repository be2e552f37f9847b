// The sessions that have ended: streamed whole as the first ocpp-proxy had them, and in pages.

import type { ApiScope } from "../config/configuration.ts";
import { answer, problemAnswer } from "./api_answer.ts";
import type { Query } from "./api_query.ts";
import { databasePath } from "./database.ts";
import type { Proxy } from "./proxy.ts";
import { type SessionFilter, type SessionPosition, SessionReader } from "./session_reader.ts";
import type { SessionRow } from "./session_row.ts";
import { SESSION_MEDIA_TYPES, sessionPage, sessionText } from "./session_text.ts";

/** Sessions of one page that names no `limit`. */
const USUAL_LIMIT = 100;

/** Reads beside the proxy, through a connection of its own that is opened when it is needed. */
export class ApiSessions {
  readonly #proxy: Proxy;
  readonly #path: string;
  #open: { readonly reader: SessionReader; readonly timeZone: string } | undefined;

  constructor(proxy: Proxy) {
    this.#proxy = proxy;
    // The database stays where it is, whatever a new configuration says.
    this.#path = databasePath(proxy.configuration.dataDir);
  }

  /** All of them, the oldest first; with `limit` so many of the newest. Throws StoreError. */
  stream(format: "csv" | "json", query: Query, scopes: ReadonlySet<ApiScope>): Response {
    const refusal = refuseIdTags(query, scopes);
    if (refusal) return refusal;
    const reader = this.#reader();
    const pieces = sessionText(format, reader, newest(reader, query), query);
    return answer(streamOf(pieces), SESSION_MEDIA_TYPES[format], { headers: headers(format) });
  }

  /** One page, the newest first. Throws StoreError. */
  page(query: Query, url: URL, scopes: ReadonlySet<ApiScope>): Response {
    const refusal = refuseIdTags(query, scopes);
    if (refusal) return refusal;
    const after = query.after === undefined ? undefined : positionOf(query.after);
    if (query.after !== undefined && after === undefined) {
      return problemAnswer(400, "invalid_request", "after has to be the `next` of a page");
    }
    const { format = "json", limit = USUAL_LIMIT, showIdTags } = query;
    const { records, next } = sessionPage(format, this.#reader(), filterOf(query), {
      showIdTags,
      limit,
      after,
    });
    const cursor = next && `${next.stoppedAt}.${next.transactionId}`;
    const more = cursor === undefined ? {} : { link: `<${linkTo(url, cursor)}>; rel="next"` };
    const body = format === "csv"
      ? records
      : `{"sessions":${records},"next":${JSON.stringify(cursor ?? null)}}\n`;
    return answer(body, SESSION_MEDIA_TYPES[format], { headers: { ...headers(format), ...more } });
  }

  /** The newest that have ended. Throws StoreError. */
  latest(limit: number): SessionRow[] {
    return this.#reader().newest({}, { showIdTags: false, limit }).rows;
  }

  close(): void {
    this.#open?.reader.close();
    this.#open = undefined;
  }

  #reader(): SessionReader {
    const { timeZone } = this.#proxy.configuration.core;
    if (this.#open?.timeZone !== timeZone) {
      this.close();
      this.#open = { reader: SessionReader.open(this.#path, timeZone), timeZone };
    }
    return this.#open.reader;
  }
}

function refuseIdTags(query: Query, scopes: ReadonlySet<ApiScope>): Response | undefined {
  if (!query.showIdTags || scopes.has("control")) return undefined;
  const reason = "whole id tags are shown to a token of the scope control only";
  return problemAnswer(403, "not_permitted", reason);
}

function headers(format: "csv" | "json"): Record<string, string> {
  return format === "csv" ? { "content-disposition": 'attachment; filename="sessions.csv"' } : {};
}

function filterOf({ since, until, backendId }: Query): SessionFilter {
  return {
    ...since !== undefined && { since },
    ...until !== undefined && { until },
    ...backendId !== undefined && { backendId },
  };
}

/** The filter for the newest ones; those that ended at the same instant stay together. */
function newest(reader: SessionReader, query: Query): SessionFilter {
  const filter = filterOf(query);
  if (query.limit === undefined) return filter;
  const { next } = reader.newest(filter, { showIdTags: false, limit: query.limit });
  return next ? { ...filter, since: next.stoppedAt } : filter;
}

function positionOf(cursor: string): SessionPosition | undefined {
  const [, stoppedAt, transactionId] = /^(-?\d{1,15})\.(\d{1,15})$/.exec(cursor) ?? [];
  return stoppedAt === undefined
    ? undefined
    : { stoppedAt: Number(stoppedAt), transactionId: Number(transactionId) };
}

/** The same query for the next page, as a reference relative to the host; no token in it. */
function linkTo(url: URL, cursor: string): string {
  const query = new URLSearchParams(url.search);
  query.set("after", cursor);
  query.delete("token");
  return `${url.pathname}?${query}`;
}

/** What begins the text is made at once, so that a database that fails is told by the status. */
function streamOf(pieces: Generator<string, void>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  // The first piece of CSV is its header line, which needs no database.
  const ready = [pieces.next(), pieces.next()];
  return new ReadableStream({
    async pull(controller) {
      // A client that takes everything at once must not keep the charger waiting.
      await nextTurn();
      const piece = ready.shift()!;
      if (piece.done) return controller.close();
      controller.enqueue(encoder.encode(piece.value));
      ready.push(pieces.next());
    },
    cancel: () => void pieces.return(),
  }, { highWaterMark: 0 });
}

/** Lets the event loop look at everybody else. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
