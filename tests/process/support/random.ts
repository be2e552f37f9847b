// Chance that can be repeated: a seeded generator, so that a failed run can be played again.

/** Numbers that look random and follow from the seed alone. */
export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 ≤ n < 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, `least` ≤ n ≤ `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** True in `share` of the cases. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.between(0, items.length - 1)]!;
  }
}

/** The seed to use: that of the variable SEED, else another one in each run. Throws if it is none. */
export function chosenSeed(): number {
  const chosen = Deno.env.get("SEED");
  if (chosen === undefined) return Math.floor(Math.random() * 2 ** 32);
  if (!/^\d+$/.test(chosen)) throw new Error("SEED needs a whole number");
  return Number(chosen);
}
