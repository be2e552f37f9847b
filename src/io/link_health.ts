// How a connection to the household's own systems is doing, as status and page show it.

import { formatTime } from "../ocpp/time.ts";

/** A connection, or why there is none. */
export interface LinkHealth {
  readonly connected: boolean;
  /** ISO 8601; null while it is not connected. */
  readonly since: string | null;
  /** null: nothing is wrong. */
  readonly problem: string | null;
}

/** Keeps the health of one connection; tells problems on, each once. */
export class LinkRecord {
  readonly #tell: (problem: string) => void;
  #since: number | undefined;
  #problem: string | undefined = "it has not been reached yet";
  #told: string | undefined;

  /** `tell` gets a problem that is not the one before. */
  constructor(tell: (problem: string) => void) {
    this.#tell = tell;
  }

  /** It is connected now; returns whether it was not before. */
  connected(now: number): boolean {
    const fresh = this.#since === undefined;
    this.#since ??= now;
    this.#problem = undefined;
    this.#told = undefined;
    return fresh;
  }

  /** It is not connected, or only in part. */
  failed(problem: string): void {
    this.#since = undefined;
    this.#problem = problem;
    if (this.#told === problem) return;
    this.#told = problem;
    this.#tell(problem);
  }

  health(): LinkHealth {
    return {
      connected: this.#since !== undefined,
      since: this.#since === undefined ? null : formatTime(this.#since),
      problem: this.#problem ?? null,
    };
  }
}
