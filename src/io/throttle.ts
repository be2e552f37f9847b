// Not more often than so: several requests in a short time become one.

/** Runs a job at once when it has not run for a while, else as soon as that time is over. */
export class Throttle {
  readonly #spacingMs: number;
  readonly #job: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #again = false;

  constructor(spacingMs: number, job: () => void) {
    this.#spacingMs = spacingMs;
    this.#job = job;
  }

  /** Asks for a run that sees everything that has happened until now. */
  request(): void {
    if (this.#timer !== undefined) {
      this.#again = true;
      return;
    }
    this.#again = false;
    this.#timer = setTimeout(() => this.#elapsed(), this.#spacingMs);
    this.#job();
  }

  /** What was asked for is not done any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#again = false;
  }

  #elapsed(): void {
    this.#timer = undefined;
    if (this.#again) this.request();
  }
}
