// kill -9 at any instant, again and again: nothing that was confirmed is lost or booked twice.

import assert from "node:assert/strict";
import { pause, until } from "../../support/until.ts";
import { Household } from "../support/household.ts";
import type { Random } from "../support/random.ts";
import { quantile } from "../support/timed_charger.ts";
import type { Outcome } from "./outcome.ts";

export interface Kills {
  readonly script?: string;
  readonly random: Random;
  readonly kills: number;
}

/** The part of the lives in which a backend loses its connection, each by itself. */
const DROPPED = 0.15;
/** The part of the lives after which the dial-in backends stay away for a few. */
const GOES_AWAY = 0.1;
/** The part of the lives that end before the program listens, or just then. */
const STILLBORN = 0.2;
/** The longest life after the first confirmed message, ms. */
const LONGEST_LIFE_MS = 300;
/** From a start to the first confirmed transaction message, half of the times, ms. */
const USUAL_ANSWER_MS = 400;

/** A household plays sessions all the while. */
export async function killUnderLoad({ script, random, kills }: Kills): Promise<Outcome> {
  const household = await Household.start({ random, script });
  try {
    const answerMs = await killAgainAndAgain(household, random, kills);
    await household.wind();
    household.check();
    assert.deepEqual(household.logLines("error"), []);
    const { charger } = household;
    return {
      injected: `${kills} kills`,
      ...household.account(),
      figures: [
        {
          name: "first durable answer, median",
          value: quantile(answerMs, 0.5),
          unit: "ms",
          most: USUAL_ANSWER_MS,
        },
        { name: "p95", value: quantile(answerMs, 0.95), unit: "ms" },
        { name: "sent again by the charger", value: charger.repeated },
      ],
    };
  } finally {
    await household.close();
  }
}

/** Returns how long each start took to its first confirmed transaction message, sorted. */
async function killAgainAndAgain(
  household: Household,
  random: Random,
  kills: number,
): Promise<number[]> {
  const { program, charger, employer, utility, evcc } = household;
  const answerMs: number[] = [];
  /** At which kill the dial-in backends come back. */
  let back = 0;
  for (let kill = 0; kill < kills; kill++) {
    if (random.chance(DROPPED)) await employer.drop();
    if (random.chance(DROPPED)) await utility.drop();
    if (random.chance(DROPPED)) evcc.drop();
    if (back <= kill) {
      household.dialIn();
      if (random.chance(GOES_AWAY)) {
        await household.goAway();
        back = kill + random.between(1, 5);
      }
    }
    await pause(random.between(0, LONGEST_LIFE_MS));
    await program.kill("SIGKILL");
    for (; random.chance(STILLBORN) && kill < kills - 1; kill++) {
      const starting = program.start().then(() => true, () => false);
      await pause(random.between(0, LONGEST_LIFE_MS));
      program.signal("SIGKILL");
      if (await starting) await program.kill("SIGKILL");
    }
    const { confirmed } = charger;
    const restarted = performance.now();
    await program.start();
    await until(() => charger.confirmed > confirmed, 30_000, "a message to be confirmed");
    answerMs.push(performance.now() - restarted);
  }
  return answerMs.sort((a, b) => a - b);
}
