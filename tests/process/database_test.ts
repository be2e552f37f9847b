// The database locked by another process, damaged, or no database at all: `serve` copes and says so.

import assert from "node:assert/strict";
import { startProgram } from "../support/program.ts";
import { damageDatabase } from "./faults/damaged_database.ts";
import { lockDatabase } from "./faults/locked_database.ts";
import { assertKept } from "./faults/outcome.ts";
import { query } from "./support/ledger.ts";
import { chosenSeed, Random } from "./support/random.ts";

Deno.test("another process locks the database for 3 s: late or refused, nothing lost, nobody leaves", async () => {
  const random = new Random(chosenSeed());
  assertKept(await lockDatabase({ random, locks: 1, lockedMs: 3_000 }));
});

Deno.test("noise in the database or its header, and no database at all: it starts and keeps the file", async () => {
  const random = new Random(chosenSeed());
  assertKept(await damageDatabase({ random, damages: ["page", "header", "text"] }));
});

Deno.test("an empty file where the database was: it starts", async () => {
  const program = await startProgram({ config: "log: { level: warning }" });
  try {
    await program.kill("SIGTERM");
    const database = `${program.dataDir}/ocpp-proxy.db`;
    await Deno.writeFile(database, new Uint8Array());
    await program.start();
    assert.equal((await program.kill("SIGTERM")).code, 0);
    assert.deepEqual(query(database, "SELECT * FROM session"), []);
  } finally {
    await program.close();
  }
});
