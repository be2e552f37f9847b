// The charger's own queue of transaction messages: in order, kept while offline, repeated by rule.

import type { Clock } from "./clock.ts";
import { CallFailed, type Peer } from "./peer.ts";

export type QueuedAction = "StartTransaction" | "MeterValues" | "StopTransaction";

/** A message that waits for its turn. */
export interface QueuedMessage {
  readonly action: QueuedAction;
  /** Sends it and takes the answer; rejects with CallFailed. The payload is made late, for its ids. */
  readonly deliver: (peer: Peer) => Promise<void>;
}

export interface TransactionQueueOptions {
  readonly clock: Clock;
  readonly peer: Peer;
  /** TransactionMessageAttempts. */
  readonly attempts: () => number;
  /** TransactionMessageRetryInterval, simulated milliseconds. */
  readonly retryIntervalMs: () => number;
  /** A message that was not processed after all attempts, and is dropped. */
  readonly abandoned: (message: QueuedMessage, reason: string) => void;
  /** A message that is repeated after a wait, simulated milliseconds. */
  readonly repeated: (message: QueuedMessage, reason: string, waitMs: number) => void;
}

/** Messages kept; above it the oldest MeterValues go first (OCPP 1.6, section 3.7.1). */
export const MAX_QUEUED_MESSAGES = 10_000;

/** Sends transaction messages one at a time, oldest first, whenever it is online. */
export class TransactionQueue {
  readonly #options: TransactionQueueOptions;
  readonly #messages: QueuedMessage[] = [];
  #online = false;
  #sending = false;
  #transmissions = 0;
  #cancelWait: (() => void) | undefined;

  constructor(options: TransactionQueueOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#messages.length;
  }

  add(message: QueuedMessage): void {
    this.#messages.push(message);
    if (this.#messages.length > MAX_QUEUED_MESSAGES) {
      const index = this.#messages.findIndex((one, at) => at > 0 && one.action === "MeterValues");
      if (index > 0) this.#messages.splice(index, 1);
    }
    this.#next();
  }

  get online(): boolean {
    return this.#online;
  }

  /** Tells whether messages may be sent: connected and registered. */
  set online(online: boolean) {
    if (online && !this.#online) {
      // A new connection does not wait for the former one's retry interval.
      this.#cancelWait?.();
      this.#cancelWait = undefined;
    }
    this.#online = online;
    this.#next();
  }

  #next(): void {
    const message = this.#messages[0];
    if (!message || !this.#online || this.#sending || this.#cancelWait) return;
    this.#sending = true;
    message.deliver(this.#options.peer).then(
      () => this.#processed(),
      (error: unknown) => this.#failed(message, error),
    );
  }

  #processed(): void {
    this.#sending = false;
    this.#done();
    this.#next();
  }

  #failed(message: QueuedMessage, error: unknown): void {
    this.#sending = false;
    const reason = error instanceof Error ? error.message : String(error);
    // A lost connection is no failure to process: the message waits for the next one.
    if (error instanceof CallFailed && error.failure === "disconnected") {
      this.#next();
      return;
    }
    this.#transmissions += 1;
    if (this.#transmissions >= this.#options.attempts()) {
      this.#done();
      this.#options.abandoned(message, reason);
      this.#next();
      return;
    }
    const waitMs = this.#options.retryIntervalMs() * this.#transmissions;
    this.#options.repeated(message, reason, waitMs);
    this.#cancelWait = this.#options.clock.after(waitMs, () => {
      this.#cancelWait = undefined;
      this.#next();
    });
  }

  #done(): void {
    this.#messages.shift();
    this.#transmissions = 0;
  }
}
