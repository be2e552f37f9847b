// How fast programs may say the owner's word: each is a row on disk, and the charger comes first.

/** Words at once; beyond that, the newest of each kind waits. */
export const MAX_WORDS_AT_ONCE = 20;

/** So long until one more is allowed, ms. */
export const WORD_SPACING_MS = 1_000;

/** Kinds of words that wait; the oldest goes first. */
export const MAX_WAITING_WORDS = 16;

/** Lets words through one by one; of those that come too fast the newest of each kind counts. */
export class OwnerPace {
  readonly #waiting = new Map<string, () => void>();
  #left = MAX_WORDS_AT_ONCE;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Says it now, or as soon as it is its turn; `kind` names what the next one would replace. */
  say(kind: string, word: () => void): void {
    if (this.#left > 0 && this.#waiting.size === 0) {
      this.#left--;
      this.#timer ??= setInterval(() => this.#next(), WORD_SPACING_MS);
      return word();
    }
    this.#waiting.delete(kind);
    this.#waiting.set(kind, word);
    if (this.#waiting.size > MAX_WAITING_WORDS) {
      this.#waiting.delete(this.#waiting.keys().next().value!);
    }
  }

  /** What waits is not said any more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
  }

  #next(): void {
    const [first] = this.#waiting;
    if (first !== undefined) {
      const [kind, word] = first;
      this.#waiting.delete(kind);
      return word();
    }
    this.#left++;
    if (this.#left === MAX_WORDS_AT_ONCE) this.stop();
  }
}
