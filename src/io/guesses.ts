// Wrong passwords per address: after a few of them in a minute none is looked at any more.

/** Wrong passwords of one address … */
export const MAX_GUESSES = 5;

/** … within this time, ms. */
export const GUESS_WINDOW_MS = 60_000;

/** Addresses remembered; beyond it the oldest is forgotten. */
const MAX_ADDRESSES = 1_000;

/** Counts wrong passwords. An address may be one with a door: each is counted for itself. */
export class Guesses {
  readonly #byAddress = new Map<string, { count: number; since: number }>();

  /** Whether nothing of this address is to be looked at now. */
  tooMany(address: string): boolean {
    const entry = this.#byAddress.get(address);
    if (!entry) return false;
    if (performance.now() - entry.since <= GUESS_WINDOW_MS) return entry.count >= MAX_GUESSES;
    this.#byAddress.delete(address);
    return false;
  }

  record(address: string): void {
    const entry = this.#byAddress.get(address);
    if (entry) {
      entry.count++;
      return;
    }
    this.#byAddress.set(address, { count: 1, since: performance.now() });
    if (this.#byAddress.size > MAX_ADDRESSES) {
      this.#byAddress.delete(this.#byAddress.keys().next().value!);
    }
  }
}
