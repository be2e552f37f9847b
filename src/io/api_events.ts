// `GET /api/v1/events`: what happens, as Server-Sent Events, to a bounded number of listeners.

import { answer, problemAnswer } from "./api_answer.ts";
import type { EventFeed, FedEvent } from "./event_feed.ts";

/** Listeners at a time. */
export const MAX_LISTENERS = 32;

/** What may wait for one listener to read it, bytes; beyond it the stream ends. */
export const MAX_UNSENT_BYTES = 128 * 1024;

/** A comment goes out this often, so that whoever stands between knows that we are there. */
const COMMENT_MS = 15_000;

/** What a listener waits before it comes back, ms. */
const RETRY_MS = 3_000;

/** Others than the usual ones. */
export interface EventLimits {
  /** In place of MAX_UNSENT_BYTES. */
  readonly unsentBytes?: number;
  /** Between two comments. */
  readonly commentMs?: number;
}

interface Listener {
  /** Whether it would still be let in. */
  readonly mayStay: () => boolean;
  send(text: string): void;
  end(): void;
}

/** The streams that are open. */
export class ApiEvents {
  readonly #feed: EventFeed;
  readonly #listeners = new Set<Listener>();
  readonly #unsentBytes: number;
  readonly #commentMs: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(feed: EventFeed, limits: EventLimits = {}) {
    this.#feed = feed;
    this.#unsentBytes = limits.unsentBytes ?? MAX_UNSENT_BYTES;
    this.#commentMs = limits.commentMs ?? COMMENT_MS;
  }

  /** Listeners that are there. */
  get size(): number {
    return this.#listeners.size;
  }

  /**
   * A stream without end. `lastId`: the newest event that the listener knows; what came after it is
   * sent first, after an event `missed` if that is not everything. 503: too many listen.
   */
  respond(lastId: string | undefined, mayStay: () => boolean, bodiless = false): Response {
    if (this.#listeners.size >= MAX_LISTENERS) {
      return problemAnswer(503, "too_many_listeners", `at most ${MAX_LISTENERS} may listen`, {
        headers: { "retry-after": "30" },
      });
    }
    // Nobody would end the stream of an answer without a body.
    const stream = bodiless ? "" : this.#stream(lastId, mayStay);
    return answer(stream, "text/event-stream", {
      headers: { "x-accel-buffering": "no" },
    });
  }

  /** Ends every stream. */
  close(): void {
    for (const listener of this.#listeners) listener.end();
  }

  #stream(lastId: string | undefined, mayStay: () => boolean): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    let stop = () => {};
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        const listener: Listener = {
          mayStay,
          send: (text) => {
            controller.enqueue(encoder.encode(text));
            // It may still read what it has been sent, and come back for the rest.
            if ((controller.desiredSize ?? 0) <= 0) listener.end();
          },
          end: () => {
            stop();
            controller.close();
          },
        };
        const following = this.#feed.follow((event) => listener.send(eventText(event)), lastId);
        stop = () => {
          following.stop();
          this.#remove(listener);
        };
        this.#add(listener);
        const missed = following.missed ? 'event: missed\ndata: {"type":"missed"}\n\n' : "";
        listener.send(
          `retry: ${RETRY_MS}\n\n${missed}${following.since.map(eventText).join("")}`,
        );
      },
      cancel: () => stop(),
    }, { highWaterMark: this.#unsentBytes, size: ({ length }) => length });
  }

  #add(listener: Listener): void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => this.#comment(), this.#commentMs);
  }

  #remove(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #comment(): void {
    for (const listener of this.#listeners) {
      if (listener.mayStay()) listener.send(":\n\n");
      else listener.end();
    }
  }
}

function eventText({ id, type, data }: FedEvent): string {
  return `id: ${id}\nevent: ${type}\ndata: ${data}\n\n`;
}
