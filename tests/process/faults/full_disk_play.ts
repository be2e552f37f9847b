// Run by full_disk.ts on a small disk of its own (the folder `data` in `folder`): the disk fills up
// while a charger plays sessions, and has room again. Prints the outcome as JSON.

import assert from "node:assert/strict";
import { pause, until } from "../../support/until.ts";
import { Household } from "../support/household.ts";
import { Random } from "../support/random.ts";
import { BACK_MS, type Outcome } from "./outcome.ts";

export interface FullDiskPlay {
  readonly script?: string;
  readonly seed: number;
  readonly rounds: number;
  readonly folder: string;
}

const HEARTBEAT_MS = 1_000;

/** What other programs' files would do. */
function fillUp(path: string): void {
  const file = Deno.openSync(path, { write: true, create: true });
  try {
    for (let size = 65_536; size >= 1;) {
      try {
        file.writeSync(new Uint8Array(size).fill(1));
      } catch {
        size = size >> 1;
      }
    }
  } finally {
    file.close();
  }
}

const { seed, script, folder, rounds }: FullDiskPlay = JSON.parse(Deno.args[0]!);
const household = await Household.start({ random: new Random(seed), script, folder });
const { program, charger } = household;
const ballast = `${program.dataDir}/ballast`;
let heartbeatMs = 0;
let backMs = 0;
try {
  for (let round = 1; round <= rounds; round++) {
    const before = charger.confirmed;
    await until(() => charger.confirmed > before + 20, 20_000, "messages to be confirmed");
    fillUp(ballast);
    const refused = charger.refusals.length;
    await until(() => charger.refusals.length > refused + 20, 20_000, "messages to be refused");
    const confirmed = charger.confirmed;
    for (let beat = 0; beat < 5; beat++) {
      const begin = performance.now();
      assert.ok((await charger.heartbeat()).currentTime);
      heartbeatMs = Math.max(heartbeatMs, performance.now() - begin);
      await pause(50);
    }
    assert.equal(charger.confirmed, confirmed);
    Deno.removeSync(ballast);
    const emptied = performance.now();
    await until(() => charger.confirmed > confirmed, 20_000, "a message to be confirmed again");
    backMs = Math.max(backMs, performance.now() - emptied);
  }
  assert.deepEqual(new Set(charger.refusals), new Set(["InternalError"]));
  await household.wind();
  household.check();
  // One each time, however often the charger tried; and when a little room was found and used up.
  const alarms = household.logLines("error");
  for (const alarm of alarms) assert.match(alarm, /cannot be written.*no space left/);
  const outcome: Outcome = {
    injected: `${rounds} times no room, ${charger.refusals.length} refusals`,
    ...household.account(),
    figures: [
      { name: "alarms", value: alarms.length, most: 3 * rounds },
      { name: "lines in the log", value: program.stderr.split("\n").length, most: 20 * rounds },
      { name: "heartbeats meanwhile, longest", value: heartbeatMs, unit: "ms", most: HEARTBEAT_MS },
      { name: "confirmed again after", value: backMs, unit: "ms", most: BACK_MS },
      { name: "charger's connections", value: charger.connections, most: 1 },
    ],
  };
  console.log(JSON.stringify(outcome));
} finally {
  await household.close();
}
