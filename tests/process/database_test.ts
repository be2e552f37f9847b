// The database locked by another process, damaged, or no database at all: `serve` copes and says so.

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Program, startProgram } from "../support/program.ts";
import { bootStrictCharger, strictCharger } from "../support/strict_charger.ts";
import { pause, until } from "../support/until.ts";
import { Household } from "./support/household.ts";
import { query } from "./support/ledger.ts";
import { chosenSeed, Random } from "./support/random.ts";

const LOCKED_MS = 3_000;

Deno.test("another process locks the database for 3 s: late or refused, nothing lost, nobody leaves", async () => {
  const household = await Household.start({ random: new Random(chosenSeed()) });
  const { charger } = household;
  try {
    await until(() => charger.confirmed > 20, 20_000, "messages to be confirmed");
    const before = charger.confirmed;
    const other = new DatabaseSync(household.databasePath, { timeout: 5_000 });
    other.exec("BEGIN IMMEDIATE");
    await pause(LOCKED_MS);
    // One message may have been confirmed between the count and the lock.
    assert.ok(charger.confirmed <= before + 2, `${charger.confirmed - before} confirmed`);
    other.exec("ROLLBACK");
    other.close();
    const released = performance.now();
    await until(() => charger.confirmed > before + 20, 20_000, "messages to be confirmed again");
    assert.ok(performance.now() - released < 10_000);
    assert.equal(charger.connections, 1);
    assert.deepEqual(charger.refusals, charger.refusals.map(() => "InternalError"));
    await household.wind();
    household.check();
    const alarms = household.logLines("error");
    assert.equal(alarms.length, 1, alarms.join("\n"));
    assert.match(alarms[0]!, /cannot be written.*keeps the database locked/);
  } finally {
    await household.close();
  }
});

/** A program that has played a session and was stopped. */
async function withHistory(test: (program: Program, database: string) => Promise<void>) {
  const program = await startProgram({ config: "log: { level: warning }" });
  try {
    const charger = await strictCharger(program.chargerUrl, "CP001");
    await bootStrictCharger(charger);
    for (let session = 1; session <= 20; session++) {
      const { transactionId } = await charger.call("StartTransaction", {
        connectorId: 1,
        idTag: "TAG",
        meterStart: session * 1000,
        timestamp: "2026-11-22T12:00:00Z",
      });
      await charger.call("StopTransaction", {
        transactionId,
        meterStop: session * 1000 + 500,
        timestamp: "2026-11-22T13:00:00Z",
      });
    }
    await charger.close();
    await program.kill("SIGTERM");
    await test(program, `${program.dataDir}/ocpp-proxy.db`);
  } finally {
    await program.close();
  }
}

/** Starts on what is there now, charges once more, and returns where the damaged file is kept. */
async function startsOver(program: Program, damaged: Uint8Array): Promise<string> {
  await program.start();
  const charger = await strictCharger(program.chargerUrl, "CP001");
  await bootStrictCharger(charger);
  await charger.call("StartTransaction", {
    connectorId: 1,
    idTag: "TAG",
    meterStart: 100_000,
    timestamp: "2026-11-23T12:00:00Z",
  });
  await charger.close();
  assert.equal((await program.kill("SIGTERM")).code, 0);
  const alarms = program.stderr.split("\n").filter((line) => line.split(" ")[1] === "error");
  assert.equal(alarms.length, 1, program.stderr);
  assert.match(alarms[0]!, /the database was damaged and is set aside; a new one was begun/);
  const kept = alarms[0]!.match(/kept=(\S+)/)?.[1] ?? "";
  assert.deepEqual(await Deno.readFile(kept), damaged);
  return kept;
}

Deno.test("noise in a page of the database: it starts, keeps the damaged file and what can be read", () =>
  withHistory(async (program, database) => {
    const bytes = await Deno.readFile(database);
    // Past the header and the schema, in the first page that holds rows.
    crypto.getRandomValues(bytes.subarray(bytes.length - 2 * 4096, bytes.length - 4096));
    await Deno.writeFile(database, bytes);
    await startsOver(program, bytes);
    const rows = query(database, "SELECT meter_start_wh FROM session ORDER BY transaction_id");
    assert.equal(rows.at(-1)?.meter_start_wh, 100_000);
    assert.match(program.stderr, /salvagedRows=\d+/);
  }));

Deno.test("a file that is no database: it starts with a new one and keeps the file", () =>
  withHistory(async (program, database) => {
    const text = new TextEncoder().encode("this was a database once\n".repeat(1_000));
    await Deno.writeFile(database, text);
    await startsOver(program, text);
    assert.equal(query(database, "SELECT * FROM session").length, 1);
  }));

Deno.test("an empty file where the database was: it starts", () =>
  withHistory(async (program, database) => {
    await Deno.writeFile(database, new Uint8Array());
    await program.start();
    assert.equal((await program.kill("SIGTERM")).code, 0);
    assert.deepEqual(query(database, "SELECT * FROM session"), []);
  }));
