// A disk whose syncs take seconds, as SD cards do: answers come late, and none is lost.

import assert from "node:assert/strict";
import { pause, until } from "../../support/until.ts";
import { Household } from "../support/household.ts";
import { Preload } from "../support/preload.ts";
import type { Random } from "../support/random.ts";
import { BACK_MS, type Outcome } from "./outcome.ts";

export interface SlowDisk {
  readonly script?: string;
  readonly random: Random;
  readonly forMs: number;
  /** The slowest sync. */
  readonly longestMs: number;
}

/** How often another slowness is drawn, ms. */
const CHANGE_MS = 100;
/** The part of the draws that are the slowest. */
const SLOWEST = 0.05;
/** All others are at most this slow, ms. */
const USUAL_MS = 300;

/** Syncs take 0 … longestMs for so long, then as long as ever. */
export async function slowDisk(
  { script, random, forMs, longestMs }: SlowDisk,
): Promise<Outcome> {
  const folder = await Deno.makeTempDir({ prefix: "ocpp-proxy-test-" });
  const preload = await Preload.build(folder);
  const household = await Household.start({
    random,
    script,
    program: { environment: preload.environment },
  });
  const { charger } = household;
  try {
    await until(() => charger.confirmed > 20, 20_000, "messages to be confirmed");
    const before = charger.confirmed;
    for (let left = forMs; left > 0; left -= CHANGE_MS) {
      preload.syncMs = random.chance(SLOWEST) ? longestMs : random.between(0, USUAL_MS);
      await pause(CHANGE_MS);
    }
    const during = charger.confirmed - before;
    preload.syncMs = 0;
    const ended = performance.now();
    // What waits in a sync ends it as it began.
    await until(() => charger.confirmed > before + during + 20, 30_000, "messages to go on");
    const backMs = performance.now() - ended;
    assert.deepEqual(charger.refusals, []);
    await household.wind();
    household.check();
    assert.deepEqual(household.logLines("error"), []);
    return {
      injected: `syncs of 0 to ${longestMs / 1000} s for ${forMs / 1000} s`,
      ...household.account(),
      figures: [
        { name: "confirmed meanwhile", value: during },
        { name: "as before after", value: backMs, unit: "ms", most: longestMs + BACK_MS },
        { name: "charger's connections", value: charger.connections, most: 1 },
      ],
    };
  } finally {
    await household.close();
    await Deno.remove(folder, { recursive: true });
  }
}
