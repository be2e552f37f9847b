// Turns: however much one connection sends at once, the others are heard in between.

/** How long one connection is served before the others have their turn, ms. */
export const TURN_MS = 10;

/** The time that is spent on one connection; waiting for its peer does not count. */
export class Turn {
  #usedMs = 0;
  #resumedAt = performance.now();

  /** Whether it is time for the others. */
  get isOver(): boolean {
    return this.#usedMs + performance.now() - this.#resumedAt >= TURN_MS;
  }

  /** From now on it is the peer that is waited for. */
  interrupt(): void {
    this.#usedMs += performance.now() - this.#resumedAt;
  }

  /** There is something to do again. */
  resume(): void {
    this.#resumedAt = performance.now();
  }

  /**
   * Once it is over, lets the others have theirs and begins anew; whether it was over. A read that
   * finds bytes waiting lets nobody in between.
   */
  async pass(): Promise<boolean> {
    if (!this.isOver) return false;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#usedMs = 0;
    this.resume();
    return true;
  }
}
