// `GET /sessions` and `/sessions.csv`: the sessions that have ended, streamed from the database.

import { parsePeriod } from "../cli/period.ts";
import { answer, problemAnswer } from "./api_answer.ts";
import { databasePath } from "./database.ts";
import type { Proxy } from "./proxy.ts";
import { type SessionFilter, SessionReader } from "./session_reader.ts";
import { SESSION_MEDIA_TYPES, sessionText } from "./session_text.ts";

/** The highest `limit`; without one there are all of them. */
export const MAX_LIMIT = 1_000;

const PARAMETERS = ["since", "until", "backend", "limit", "show_id_tags", "token"];

/** What the query asks for. */
interface Wish {
  readonly filter: SessionFilter;
  /** Only so many of the newest. */
  readonly limit: number | undefined;
  readonly showIdTags: boolean;
}

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

  /** The oldest first. `maySeeIdTags`: whether `show_id_tags=1` is granted. Throws StoreError. */
  respond(format: "csv" | "json", query: URLSearchParams, maySeeIdTags: boolean): Response {
    const wish = wishOf(query, this.#proxy.configuration.core.timeZone);
    if (typeof wish === "string") return problemAnswer(400, "invalid_request", wish);
    if (wish.showIdTags && !maySeeIdTags) {
      const reason = "whole id tags are shown to a token of the scope control only";
      return problemAnswer(403, "not_permitted", reason);
    }
    const reader = this.#reader();
    const pieces = sessionText(format, reader, newest(reader, wish), wish);
    return answer(streamOf(pieces), SESSION_MEDIA_TYPES[format], {
      headers: format === "csv"
        ? { "content-disposition": 'attachment; filename="sessions.csv"' }
        : {},
    });
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

/** The sentence that says what is wrong with the query, or what it means. */
function wishOf(query: URLSearchParams, timeZone: string): Wish | string {
  const unknown = [...query.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) {
    return `there is no parameter ${JSON.stringify(unknown)}, only ${PARAMETERS.join(", ")}`;
  }
  const [sinceText, untilText] = [query.get("since"), query.get("until")];
  const since = sinceText === null ? undefined : parsePeriod(sinceText, timeZone);
  const until = untilText === null ? undefined : parsePeriod(untilText, timeZone);
  if ((sinceText !== null && !since) || (untilText !== null && !until)) {
    return "since and until have to be a year (2024), month (2024-03), day (2024-03-15) or " +
      "instant (2024-03-15T08:00:00Z)";
  }
  const limit = query.get("limit") ?? undefined;
  if (limit !== undefined && !(/^\d{1,4}$/.test(limit) && +limit >= 1 && +limit <= MAX_LIMIT)) {
    return `limit has to be a whole number from 1 to ${MAX_LIMIT}`;
  }
  const backend = query.get("backend");
  return {
    filter: {
      ...since && { since: since.start },
      ...until && { until: until.end },
      // An empty id: the household's own.
      ...backend !== null && { backendId: backend === "" ? null : backend },
    },
    limit: limit === undefined ? undefined : Number(limit),
    showIdTags: query.get("show_id_tags") === "1",
  };
}

/** The filter for the newest ones; those that ended at the same instant stay together. */
function newest(reader: SessionReader, { filter, limit }: Wish): SessionFilter {
  if (limit === undefined) return filter;
  const { next } = reader.newest(filter, { showIdTags: false, limit });
  return next ? { ...filter, since: next.stoppedAt } : filter;
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
