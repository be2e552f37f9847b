// The disk of the simulation: full, out of order, or slow for a while.

import type { Deed } from "./move.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** No trouble lasts longer, ms. */
const LONGEST_TROUBLE_MS = 20_000;

/** What a worn memory card takes for one write now and then, ms. */
const SLOWEST_WRITE_MS = 5_000;

export class Disk {
  /** So long everything has stood still while it was written, ms. */
  frozenMs = 0;
  #full = false;
  /** So many writes fail, one after the other. */
  #failures = 0;
  #slow = false;

  constructor(readonly timeline: Timeline, readonly random: Random) {}

  /** Whether it can be read. */
  get readable(): boolean {
    return !this.#full;
  }

  trouble(how: (Deed & { type: "disk" })["how"]): void {
    const { timeline, random } = this;
    const ms = random.below(LONGEST_TROUBLE_MS);
    switch (how) {
      case "fails_once":
      case "fails_thrice":
        this.#failures = how === "fails_once" ? 1 : 3;
        return;
      case "full":
        this.#full = true;
        return timeline.after(ms, () => this.#full = false);
      case "slow":
        this.#slow = true;
        return timeline.after(ms, () => this.#slow = false);
      default:
        return how satisfies never;
    }
  }

  /** All is well again. */
  mend(): void {
    this.#failures = 0;
    this.#full = this.#slow = false;
  }

  /** Takes the time of a write, for everybody, as one thread does it; false: it came to nothing. */
  write(): boolean {
    if (this.#slow) {
      const ms = this.random.below(SLOWEST_WRITE_MS);
      this.timeline.now += ms;
      this.frozenMs += ms;
    }
    if (this.#full) return false;
    if (this.#failures === 0) return true;
    this.#failures--;
    return false;
  }
}
