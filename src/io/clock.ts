// The time for the core: the wall clock, but it runs evenly and says so when it is set.

/** How often the wall clock is compared, ms. */
const COMPARE_MS = 1_000;

/** A difference from which the clock was set, not merely corrected, ms. */
const SET_MS = 2_000;

/** What a small difference is corrected by at once, ms. */
const CORRECTION_MS = 20;

/** Epoch milliseconds that never jump without notice. */
export interface Clock {
  /** Whole epoch milliseconds. */
  now(): number;
  stop(): void;
}

/** Starts a clock; `set` is told by how much the wall clock has jumped, after `now` has moved. */
export function startClock(set: (byMs: number) => void): Clock {
  let offset = Date.now() - performance.now();
  const now = () => Math.round(offset + performance.now());
  const timer = setInterval(() => {
    const difference = Date.now() - now();
    if (Math.abs(difference) < SET_MS) {
      offset += Math.min(Math.max(difference, -CORRECTION_MS), CORRECTION_MS);
      return;
    }
    offset += difference;
    set(difference);
  }, COMPARE_MS);
  Deno.unrefTimer(timer);
  return { now, stop: () => clearInterval(timer) };
}
