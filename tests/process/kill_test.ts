// kill -9 at any instant, again and again: nothing that was confirmed is lost or booked twice.

import assert from "node:assert/strict";
import { pause, until } from "../support/until.ts";
import { bundleProgram } from "./support/bundle.ts";
import { Household } from "./support/household.ts";
import { chosenSeed, Random } from "./support/random.ts";

/** How often; the variable KILLS asks for another number, SEED for the same chances. */
const KILLS = Number(Deno.env.get("KILLS") ?? 200);

/** The part of the lives in which a backend loses its connection, each by itself. */
const DROPPED = 0.15;
/** The part of the lives after which the dial-in backends stay away for a few. */
const GOES_AWAY = 0.1;
/** The part of the lives that end before the program listens, or just then. */
const STILLBORN = 0.2;
/** The longest life after the first confirmed message, ms. */
const LONGEST_LIFE_MS = 300;
/** Half of the restarts confirm a transaction message within this; the promise is 400 ms, unladen. */
const USUAL_ANSWER_MS = 2_000;

Deno.test(`${KILLS} kills: nothing lost, nothing booked twice, every backend told`, async () => {
  const random = new Random(chosenSeed());
  const begin = performance.now();
  const folder = await Deno.makeTempDir();
  const household = await Household.start({ random, script: await bundleProgram(folder) });
  try {
    const answerMs = await killAgainAndAgain(household, random);
    const drainBegin = performance.now();
    await household.wind();
    const end = performance.now();

    const { charger } = household;
    const { employer, utility, evcc } = household.deliveries();
    console.log([
      `${KILLS} kills in ${seconds(end - begin)}`,
      `${charger.sessions.length} sessions, ${charger.confirmed} messages confirmed`,
      `${charger.repeated} sent again by the charger`,
      "came again to employer, utility, evcc: " +
      `${employer.duplicates}, ${utility.duplicates}, ${evcc.duplicates}`,
      `from start to the first durable answer: p50 ${share(answerMs, 0.5)} ms, ` +
      `p95 ${share(answerMs, 0.95)} ms, longest ${share(answerMs, 1)} ms`,
      `drained in ${seconds(end - drainBegin)}`,
    ].join("; "));
    household.check();
    assert.deepEqual(household.logLines("error"), []);
    assert.ok(share(answerMs, 0.5) < USUAL_ANSWER_MS);
  } catch (error) {
    console.error(`repeat this with SEED=${random.seed} KILLS=${KILLS}`);
    throw error;
  } finally {
    await household.close();
    await Deno.remove(folder, { recursive: true });
  }
});

/** Returns how long each start took to its first confirmed transaction message, sorted. */
async function killAgainAndAgain(household: Household, random: Random): Promise<number[]> {
  const { program, charger, employer, utility, evcc } = household;
  const answerMs: number[] = [];
  /** At which kill the dial-in backends come back. */
  let back = 0;
  for (let kill = 0; kill < KILLS; kill++) {
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
    for (; random.chance(STILLBORN) && kill < KILLS - 1; kill++) {
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

function share(sorted: readonly number[], part: number): number {
  return Math.round(sorted[Math.ceil((sorted.length - 1) * part)] ?? NaN);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
