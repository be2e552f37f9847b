// What stands on the command line of a soak: read strictly, so that nothing is played in vain.

import { parseArgs } from "node:util";

export interface SoakArguments {
  /** Infinity: until it is stopped. */
  readonly minutes: number;
  /** undefined: any. */
  readonly seed: number | undefined;
  /** Where recordings of broken promises are kept. */
  readonly keep: string | undefined;
}

/** Throws with what is wrong, as a sentence. */
export function soakArguments(words: readonly string[]): SoakArguments {
  const { values } = parseArgs({
    args: [...words],
    options: { minutes: { type: "string" }, seed: { type: "string" }, keep: { type: "string" } },
  });
  const minutes = values.minutes === undefined ? Infinity : Number(values.minutes || NaN);
  if (!(minutes > 0)) throw new Error("--minutes needs a number above 0");
  const seed = values.seed === undefined ? undefined : Number(values.seed || NaN);
  if (seed !== undefined && !(Number.isSafeInteger(seed) && seed >= 0)) {
    throw new Error("--seed needs a whole number");
  }
  return { minutes, seed, keep: values.keep };
}
