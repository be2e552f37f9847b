// Decides when a peer that says nothing is dead. Chargers that never answer a ping exist.

import { everyTick } from "./ticker.ts";

export interface LivenessOptions {
  /** Silence after which a ping is sent. */
  readonly probeAfterMs: number;
  /** A peer known to answer pings is dead this long after the first unanswered one. */
  readonly deadAfterMs: number;
  /** Any peer is dead after this much silence; at least three heartbeats. */
  readonly silentAfterMs: number;
}

/**
 * Fits a peer that sends something at least every five minutes, or answers pings. Each time is met
 * within a tick, and a peer that is gone is dead 20 s after the first unanswered ping, not later.
 */
export const DEFAULT_LIVENESS: LivenessOptions = {
  probeAfterMs: 30_000,
  deadAfterMs: 19_000,
  silentAfterMs: 15 * 60_000,
};

/** When a fresh connection is pinged to learn whether it answers pings at all. */
const FIRST_PROBE_MS = 5_000;

/** What our own pings carry; their pongs are not shown to the socket's owner. */
export const LIVENESS_PAYLOAD = "still there?";

/** What the watch needs of a socket. */
export interface Watched {
  /** Every byte counts as life, so the total is compared. */
  bytesRead(): number;
  ping(payload: string): void;
  /** Called once, with a sentence for people. */
  dead(reason: string): void;
}

/** Watches one socket from now on. */
export class LivenessWatch {
  readonly #socket: Watched;
  readonly #options: LivenessOptions;
  readonly #stop: () => void;
  readonly #openedAt = performance.now();
  #bytesRead: number;
  #lastLifeAt = this.#openedAt;
  #probedAt: number | undefined;
  #firstProbeSent = false;
  #answersPings = false;

  constructor(socket: Watched, options: LivenessOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#bytesRead = socket.bytesRead();
    this.#stop = everyTick((now, late) => this.#check(now, late));
  }

  /** Takes note of a pong; true: it answers our own probe and concerns nobody else. */
  pong(payload: string): boolean {
    if (payload !== LIVENESS_PAYLOAD) return false;
    this.#answersPings = true;
    return true;
  }

  stop(): void {
    this.#stop();
  }

  #check(now: number, late: boolean): void {
    const bytesRead = this.#socket.bytesRead();
    if (bytesRead !== this.#bytesRead) {
      this.#bytesRead = bytesRead;
      this.#lastLifeAt = now;
      this.#probedAt = undefined;
    }
    const silentMs = now - this.#lastLifeAt;
    const { probeAfterMs, deadAfterMs, silentAfterMs } = this.#options;

    if (!late && this.#isDead(now, silentMs, deadAfterMs, silentAfterMs)) {
      this.stop();
      this.#socket.dead(`no sign of life for ${Math.round(silentMs / 1000)} s`);
    } else if (silentMs >= probeAfterMs && this.#probedAt === undefined) {
      this.#probedAt = now;
      this.#socket.ping(LIVENESS_PAYLOAD);
    } else if (!this.#firstProbeSent && now - this.#openedAt >= FIRST_PROBE_MS) {
      this.#socket.ping(LIVENESS_PAYLOAD);
    } else {
      return;
    }
    this.#firstProbeSent = true;
  }

  #isDead(now: number, silentMs: number, deadAfterMs: number, silentAfterMs: number): boolean {
    if (silentMs >= silentAfterMs) return true;
    return this.#answersPings && this.#probedAt !== undefined &&
      now - this.#probedAt >= deadAfterMs;
  }
}
