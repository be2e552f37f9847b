// What is going to happen, in virtual time: earliest first, and at one time in the order of its making.

interface Plan {
  readonly at: number;
  readonly order: number;
  readonly happen: () => void;
}

/** A clock that nothing sets, ms since the world began, and what is planned by it. */
export class Timeline {
  now = 0;
  #order = 0;
  /** A binary heap. */
  readonly #plans: Plan[] = [];

  /** Plans something after so many ms. */
  after(ms: number, happen: () => void): void {
    const plans = this.#plans;
    const plan: Plan = { at: this.now + ms, order: this.#order++, happen };
    let index = plans.length;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(plan, plans[parent]!)) break;
      plans[index] = plans[parent]!;
      index = parent;
    }
    plans[index] = plan;
  }

  /** When the next plan is due; Infinity: there is none. */
  get nextAt(): number {
    return this.#plans[0]?.at ?? Infinity;
  }

  /** Takes the next plan, and moves the clock to its time. */
  take(): () => void {
    const plans = this.#plans;
    const first = plans[0];
    const last = plans.pop();
    if (first === undefined || last === undefined) throw new Error("nothing is planned");
    if (plans.length > 0) sink(plans, last);
    this.now = Math.max(this.now, first.at);
    return first.happen;
  }
}

function sink(plans: Plan[], plan: Plan): void {
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= plans.length) break;
    if (child + 1 < plans.length && before(plans[child + 1]!, plans[child]!)) child++;
    if (!before(plans[child]!, plan)) break;
    plans[index] = plans[child]!;
    index = child;
  }
  plans[index] = plan;
}

function before(one: Plan, other: Plan): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
