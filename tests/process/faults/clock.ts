// A wall clock that is set while the program runs, or wrong when it starts: books and order hold.

import assert from "node:assert/strict";
import { until } from "../../support/until.ts";
import { Household } from "../support/household.ts";
import { query } from "../support/ledger.ts";
import { Preload } from "../support/preload.ts";
import type { Random } from "../support/random.ts";
import type { Outcome } from "./outcome.ts";

export interface Clock {
  readonly script?: string;
  readonly random: Random;
  /** How often it is set while sessions are played. */
  readonly jumps: number;
  /** Whether it stands at 1970 at first. */
  readonly fromEpoch: boolean;
}

const DAY_MS = 86_400_000;
/** Confirmed messages between two jumps, at least. */
const BETWEEN = 5;
/** The clock is compared every second; and one answer more. */
const NOTICED_MS = 2_000;

/** Sets the clock a day ahead, right, a day back, right …; what a Heartbeat tells follows it. */
export async function moveClock(
  { script, random, jumps, fromEpoch }: Clock,
): Promise<Outcome> {
  const folder = await Deno.makeTempDir({ prefix: "ocpp-proxy-test-" });
  const preload = await Preload.build(folder);
  if (fromEpoch) preload.clockMs = -Math.floor(Date.now() / 1000) * 1000;
  const household = await Household.start({
    random,
    script,
    program: { environment: preload.environment },
  });
  const { charger } = household;
  const begun = performance.now();
  const noticedMs: number[] = [];
  try {
    const played = async () => {
      const before = charger.confirmed;
      await until(() => charger.confirmed >= before + BETWEEN, 20_000, "messages to be confirmed");
    };
    await played();
    for (let jump = fromEpoch ? 0 : 1; jump <= jumps; jump++) {
      preload.clockMs = jump % 2 === 0 ? 0 : jump % 4 === 1 ? DAY_MS : -DAY_MS;
      const set = performance.now();
      await until(
        async () => {
          const { currentTime } = await charger.heartbeat();
          const told = Date.parse(String(currentTime));
          return Math.abs(told - Date.now() - preload.clockMs) < 2_000;
        },
        20_000,
        "the new time to be told",
      );
      noticedMs.push(performance.now() - set);
      await played();
    }
    preload.clockMs = 0;
    assert.deepEqual(charger.refusals, []);
    await household.wind();
    household.check(["clock_corrected"]);
    assert.deepEqual(household.logLines("error"), []);
    return {
      injected: `${fromEpoch ? "1970 at the start, " : ""}${jumps} jumps of a day`,
      ...household.account(),
      figures: [
        {
          name: "new time told after",
          value: Math.max(...noticedMs),
          unit: "ms",
          most: NOTICED_MS,
        },
        {
          name: "longest session in the books",
          value: longestSessionMs(household.databasePath) / 1_000,
          unit: "s",
          most: (performance.now() - begun) / 1_000,
        },
        { name: "charger's connections", value: charger.connections, most: 1 },
      ],
    };
  } finally {
    await household.close();
    await Deno.remove(folder, { recursive: true });
  }
}

function longestSessionMs(databasePath: string): number {
  const [row] = query(databasePath, "SELECT max(stopped_at - started_at) AS longest FROM session");
  return Number(row?.longest ?? NaN);
}
