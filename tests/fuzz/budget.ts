// How long a fuzz campaign goes on: a fixed number of cases, or as many as fit into its time.

import fc from "fast-check";
import "../support/seed.ts";

/** Campaigns that share `--minutes`. */
const CAMPAIGNS = 15;

/** More cases than any time is enough for. */
const ENDLESS = 1_000_000_000;

/** What a generator makes. */
export type Drawn<Made> = Made extends fc.Arbitrary<infer One> ? One : never;

/**
 * Runs a campaign: `cases` of them, the same ones every time (SEED=… for others). With
 * `--minutes N`, other cases each time, for this campaign's share of N minutes. What fails is made
 * small and printed, with its seed.
 */
export async function campaign<Case>(
  property: fc.IProperty<[Case]> | fc.IAsyncProperty<[Case]>,
  cases: number,
): Promise<void> {
  const minutes = minutesWanted();
  await fc.assert(
    property as fc.IAsyncProperty<[Case]>,
    minutes === undefined ? { numRuns: cases } : {
      numRuns: ENDLESS,
      interruptAfterTimeLimit: minutes * 60_000 / CAMPAIGNS,
      markInterruptAsFailure: false,
      seed: Date.now() % 2 ** 31,
    },
  );
}

/** The last `--minutes N` of the command line; undefined: there is none. */
function minutesWanted(): number | undefined {
  const at = Deno.args.lastIndexOf("--minutes");
  if (at < 0) return undefined;
  const minutes = Number(Deno.args[at + 1]);
  if (!(minutes > 0)) throw new Error("--minutes needs a number above 0");
  return minutes;
}
