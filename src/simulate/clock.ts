// Compressed time: a clock that runs `speed` times as fast as the wall, with timers that follow it.

/** A simulated clock. All times and delays are simulated epoch milliseconds and milliseconds. */
export class Clock {
  readonly #speed: number;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  /** Simulated time at the moment `#wallStart` of the monotonic clock. */
  #start: number;
  #wallStart: number;
  #shiftMs = 0;
  #stopped = false;

  /** `speed` 60 makes a simulated hour pass in a minute; it must be above 0. */
  constructor(speed = 1, startAt: number = Date.now()) {
    if (!(speed > 0)) throw new RangeError(`speed must be above 0, got ${speed}`);
    this.#speed = speed;
    this.#start = startAt;
    this.#wallStart = performance.now();
  }

  /** The simulated time, epoch milliseconds. */
  now(): number {
    return this.#start + (performance.now() - this.#wallStart) * this.#speed;
  }

  /** Sets the clock, as a charger does with the `currentTime` of its central system. */
  set(epochMs: number): void {
    this.#shiftMs += epochMs - this.now();
    this.#start = epochMs;
    this.#wallStart = performance.now();
  }

  /** By how much it was set forward, or back, since it began; ms. */
  get shiftMs(): number {
    return this.#shiftMs;
  }

  /** Runs `action` after `delayMs` of simulated time; returns what cancels it. */
  after(delayMs: number, action: () => void): () => void {
    if (this.#stopped) return () => {};
    const wallMs = Math.min(Math.max(0, delayMs) / this.#speed, MAX_TIMER_MS);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, wallMs);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  /** Cancels every timer for good. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

/** The longest a timer can wait: 2³¹−1 ms. */
const MAX_TIMER_MS = 2_147_483_647;
