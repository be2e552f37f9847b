// Run by disk_full_test.ts on a small disk of its own (the folder `data` in the first argument):
// the disk fills up while a charger plays sessions, and has room again.

import assert from "node:assert/strict";
import { pause, until } from "../support/until.ts";
import { Household } from "./support/household.ts";
import { chosenSeed, Random } from "./support/random.ts";

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

const random = new Random(chosenSeed());
const household = await Household.start({ random, folder: Deno.args[0]! });
const { program, charger } = household;
const ballast = `${program.dataDir}/ballast`;
try {
  for (let round = 1; round <= 2; round++) {
    const before = charger.confirmed;
    await until(() => charger.confirmed > before + 20, 20_000, "messages to be confirmed");
    fillUp(ballast);
    const refused = charger.refusals.length;
    await until(() => charger.refusals.length > refused + 20, 20_000, "messages to be refused");
    const confirmed = charger.confirmed;
    for (let beat = 0; beat < 5; beat++) {
      const begin = performance.now();
      assert.ok((await charger.heartbeat()).currentTime);
      assert.ok(performance.now() - begin < 1_000);
      await pause(50);
    }
    assert.equal(charger.confirmed, confirmed);
    Deno.removeSync(ballast);
  }
  assert.deepEqual(new Set(charger.refusals), new Set(["InternalError"]));
  const before = charger.confirmed;
  await until(() => charger.confirmed > before + 20, 20_000, "messages to be confirmed again");
  assert.equal(charger.connections, 1);
  await household.wind();
  household.check();
  // One alarm each time, however often the charger tried.
  const alarms = household.logLines("error");
  assert.equal(alarms.length, 2, alarms.join("\n"));
  for (const alarm of alarms) assert.match(alarm, /cannot be written.*no space left/);
  assert.ok(program.stderr.split("\n").length < 40, program.stderr);
  console.log(`${charger.confirmed} confirmed, ${charger.refusals.length} refused`);
} finally {
  await household.close();
}
