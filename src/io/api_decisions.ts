// `GET /api/v1/decisions`: what was decided, and why, read from the database.

import { formatTime } from "../ocpp/time.ts";
import { jsonAnswer, problemAnswer } from "./api_answer.ts";
import { MAX_LIMIT, type Query } from "./api_query.ts";
import { databasePath } from "./database.ts";
import { DecisionReader } from "./decision_reader.ts";
import type { Proxy } from "./proxy.ts";

/** Decisions of one page that names no `limit`. */
const USUAL_LIMIT = 100;

/** Reads beside the proxy, through a connection of its own that is opened when it is needed. */
export class ApiDecisions {
  readonly #proxy: Proxy;
  readonly #path: string;
  #reader: DecisionReader | undefined;

  constructor(proxy: Proxy) {
    this.#proxy = proxy;
    this.#path = databasePath(proxy.configuration.dataDir);
  }

  /** One page, the newest first. Throws StoreError. */
  respond({ limit = USUAL_LIMIT, after, ...filter }: Query): Response {
    if (after !== undefined && !/^\d{1,15}$/.test(after)) {
      return problemAnswer(400, "invalid_request", "after has to be the `next` of a page");
    }
    // Somebody who has just decided wants to see it.
    this.#proxy.flush();
    this.#reader ??= new DecisionReader(this.#path);
    const page = this.#reader.newest(filter, {
      limit: Math.min(limit, MAX_LIMIT),
      before: after === undefined ? undefined : Number(after),
    });
    return jsonAnswer({
      decisions: page.map(({ id, at, backendId, request, outcome, rule, reason }) => ({
        id,
        time: formatTime(at),
        backend_id: backendId,
        request,
        outcome,
        rule,
        reason,
      })),
      next: page.length < limit ? null : String(page.at(-1)!.id),
    });
  }

  close(): void {
    this.#reader?.close();
    this.#reader = undefined;
  }
}
