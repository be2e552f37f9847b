// Another process holds the database locked: messages are late or refused, and none is lost.

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { pause, until } from "../../support/until.ts";
import { Household } from "../support/household.ts";
import type { Random } from "../support/random.ts";
import { BACK_MS, type Outcome } from "./outcome.ts";

export interface LockedDatabase {
  readonly script?: string;
  readonly random: Random;
  readonly locks: number;
  readonly lockedMs: number;
}

/** Confirmed messages between two locks, at least. */
const BETWEEN = 20;

/** While a household plays. */
export async function lockDatabase(
  { script, random, locks, lockedMs }: LockedDatabase,
): Promise<Outcome> {
  const household = await Household.start({ random, script });
  const { charger } = household;
  let confirmedLocked = 0;
  let backMs = 0;
  try {
    await until(() => charger.confirmed > BETWEEN, 20_000, "messages to be confirmed");
    for (let lock = 0; lock < locks; lock++) {
      const other = new DatabaseSync(household.databasePath, { timeout: 5_000 });
      other.exec("BEGIN IMMEDIATE");
      // One that was stored before the lock may be confirmed after it.
      await pause(50);
      const before = charger.confirmed;
      await pause(lockedMs);
      confirmedLocked += charger.confirmed - before;
      other.exec("ROLLBACK");
      other.close();
      const released = performance.now();
      await until(() => charger.confirmed > before, 20_000, "a message to be confirmed again");
      backMs = Math.max(backMs, performance.now() - released);
      await until(() => charger.confirmed > before + BETWEEN, 20_000, "messages to be confirmed");
    }
    assert.deepEqual(charger.refusals, charger.refusals.map(() => "InternalError"));
    await household.wind();
    household.check();
    const alarms = household.logLines("error");
    for (const alarm of alarms) {
      assert.match(alarm, /cannot be written.*keeps the database locked/);
    }
    return {
      injected: `${locks} locks of ${lockedMs / 1000} s`,
      ...household.account(),
      figures: [
        { name: "confirmed while locked", value: confirmedLocked, most: 0 },
        { name: "refused", value: charger.refusals.length },
        { name: "confirmed again after", value: backMs, unit: "ms", most: BACK_MS },
        { name: "charger's connections", value: charger.connections, most: 1 },
        { name: "alarms beside one each", value: Math.abs(alarms.length - locks), most: 0 },
      ],
    };
  } finally {
    await household.close();
  }
}
