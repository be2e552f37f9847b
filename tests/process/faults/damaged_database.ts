// A database that is damaged when the program starts: set aside, never deleted, and charging goes on.

import assert from "node:assert/strict";
import { startProgram } from "../../support/program.ts";
import { bootStrictCharger, strictCharger } from "../../support/strict_charger.ts";
import type { Random } from "../support/random.ts";
import { query } from "../support/ledger.ts";
import { BACK_MS, type Outcome } from "./outcome.ts";

/** Noise in a page that holds rows, in the header of the file, or another file in its place. */
export type Damage = "page" | "header" | "text";

export interface DamagedDatabase {
  readonly script?: string;
  readonly random: Random;
  readonly damages: readonly Damage[];
}

const PAGE_BYTES = 4_096;
const HEADER_BYTES = 100;
/** Sessions before each damage; they fill a few pages. */
const SESSIONS = 20;

/** One after the other, to the same program, which plays sessions in between. */
export async function damageDatabase(
  { script, random, damages }: DamagedDatabase,
): Promise<Outcome> {
  const program = await startProgram({
    script,
    config: "log: { level: warning }",
  });
  const database = `${program.dataDir}/ocpp-proxy.db`;
  let meterStart = 0;
  const play = async () => {
    const charger = await strictCharger(program.chargerUrl, "CP001");
    await bootStrictCharger(charger);
    for (let session = 0; session < SESSIONS; session++) {
      meterStart += 1_000;
      const { transactionId } = await charger.call("StartTransaction", {
        connectorId: 1,
        idTag: "TAG",
        meterStart,
        timestamp: new Date().toISOString(),
      });
      await charger.call("StopTransaction", {
        transactionId,
        meterStop: meterStart + 500,
        timestamp: new Date().toISOString(),
      });
    }
    await charger.close();
    assert.equal((await program.kill("SIGTERM")).code, 0);
  };
  let salvaged = 0;
  let kept = 0;
  let longestMs = 0;
  try {
    await play();
    for (const damage of damages) {
      const damaged = damagedBytes(await Deno.readFile(database), damage, random);
      await Deno.writeFile(database, damaged);
      const known = program.stderr.length;
      const begun = performance.now();
      await program.start();
      longestMs = Math.max(longestMs, performance.now() - begun);
      await play();
      const alarms = program.stderr.slice(known).split("\n").filter((line) => / error /.test(line));
      assert.equal(alarms.length, 1, program.stderr);
      assert.match(alarms[0]!, /the database was damaged and is set aside; a new one was begun/);
      salvaged += Number(alarms[0]!.match(/salvagedRows=(\d+)/)?.[1]);
      const aside = await Deno.readFile(alarms[0]!.match(/kept=(\S+)/)?.[1] ?? "");
      if (damaged.every((byte, index) => byte === aside[index])) kept++;
      const rows = query(
        database,
        `SELECT meter_stop_wh FROM session WHERE meter_start_wh = ${meterStart}`,
      );
      assert.equal(rows[0]?.meter_stop_wh, meterStart + 500);
    }
    return {
      injected: `${damages.length} damaged files`,
      figures: [
        { name: "not kept as they were", value: damages.length - kept, most: 0 },
        { name: "rows saved", value: salvaged },
        { name: "start, longest", value: longestMs, unit: "ms", most: BACK_MS },
      ],
    };
  } catch (error) {
    console.error(program.stderr);
    throw error;
  } finally {
    await program.close();
  }
}

function damagedBytes(bytes: Uint8Array, damage: Damage, random: Random): Uint8Array {
  switch (damage) {
    case "page": {
      // Past the schema.
      const page = random.between(1, bytes.length / PAGE_BYTES - 1);
      return withNoise(bytes, page * PAGE_BYTES, PAGE_BYTES, random);
    }
    case "header":
      return withNoise(bytes, 0, HEADER_BYTES, random);
    case "text":
      return new TextEncoder().encode("this was a database once\n".repeat(1_000));
    default:
      return damage satisfies never;
  }
}

function withNoise(bytes: Uint8Array, from: number, length: number, random: Random): Uint8Array {
  for (let at = from; at < from + length; at++) bytes[at] = random.between(0, 255);
  return bytes;
}
