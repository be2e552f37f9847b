// The household of the simulation: the owner's words and answers, the facts of the house, a reload.

import type { Machine } from "./machine.ts";
import type { Deed } from "./move.ts";
import { HOUSEHOLDS } from "./stage.ts";

/** What somebody in the household does. */
export type HouseholdDeed = Deed & {
  readonly type: "owner" | "owner_limit" | "answer" | "fact" | "configure";
};

export class Household {
  /** What the house's sensors say now; what cannot be told is not there. */
  readonly #facts = new Map<string, string>();

  /** `open`: the numbers of the questions that are open. */
  constructor(readonly machine: () => Machine, readonly open: () => readonly number[]) {}

  do(deed: HouseholdDeed): void {
    const machine = this.machine();
    const end = (forMs: number | undefined) =>
      forMs === undefined ? {} : { until: machine.wallMs() + forMs };
    switch (deed.type) {
      case "owner": {
        const { mode } = deed;
        const own = mode === "auto" || mode === "owner_only" || mode === "paused";
        const word = own ? { mode } : { mode: "backend" as const, backendId: mode };
        return machine.tell({ type: "owner", mode: word, ...mode !== "auto" && end(deed.forMs) });
      }
      case "owner_limit": {
        const { currentA } = deed;
        const until = currentA === undefined ? {} : end(deed.forMs);
        return machine.tell({ type: "owner_limit", currentA, ...until });
      }
      case "answer": {
        const { which, allow } = deed;
        const open = this.open();
        const requestId = open[which % (open.length + 1)] ?? which;
        return machine.tell({ type: "owner_answer", requestId, allow });
      }
      case "fact": {
        const { name, value } = deed;
        if (value === null) this.#facts.delete(name);
        else this.#facts.set(name, value);
        return machine.tell({ type: "fact", name, value });
      }
      case "configure":
        return this.configure(deed.household);
      default:
        return deed satisfies never;
    }
  }

  /** The configuration is read again. */
  configure(number: number): void {
    const machine = this.machine();
    const configuration = HOUSEHOLDS[number % HOUSEHOLDS.length]!;
    machine.configuration = configuration;
    machine.reloads++;
    machine.tell({ type: "configured", configuration });
  }

  /** After a start whoever tells of the house does so anew. */
  retell(): void {
    for (const [name, value] of this.#facts) {
      this.machine().tell({ type: "fact", name, value });
    }
  }

  /** No more words, and the first household again. */
  calm(): void {
    const machine = this.machine();
    this.configure(0);
    machine.tell({ type: "owner_limit", currentA: undefined });
    machine.tell({ type: "owner", mode: { mode: "auto" } });
  }
}
