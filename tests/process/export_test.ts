// The command `export` beside a running `serve` that writes.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { until } from "../support/until.ts";
import { Household } from "./support/household.ts";
import { COMPANY_TAG, employerOwes } from "./support/ledger.ts";
import { chosenSeed, Random } from "./support/random.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

async function exported(configPath: string, ...flags: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-read", "--allow-write", "--allow-env", MAIN],
      ...["export", "--config", configPath, "--format", "json", ...flags],
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  assert.equal(code, 0, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}

Deno.test("export while serve writes: whole sessions only, and the charger does not notice", async () => {
  const household = await Household.start({
    random: new Random(chosenSeed()),
    meters: { least: 1, most: 2 },
  });
  const { program, charger } = household;
  try {
    for (let round = 1; round <= 5; round++) {
      await until(() => charger.sessions.length > round * 5, 30_000, "sessions to be played");
      const ended = charger.sessions.filter(({ meterStopWh }) => meterStopWh !== undefined);
      const rows = await exported(program.configPath) as {
        energy_kwh: number;
        revenue: number | null;
      }[];
      assert.ok(rows.length >= ended.length, `${rows.length} of ${ended.length}`);
      assert.deepEqual(
        rows.slice(0, ended.length).map(({ energy_kwh }) => Math.round(energy_kwh * 1000)),
        ended.map(({ meterStartWh, meterStopWh }) => meterStopWh! - meterStartWh),
      );
      assert.deepEqual(
        rows.slice(0, ended.length).map(({ revenue }) => revenue),
        ended.map(({ idTag, meterStartWh, meterStopWh }) =>
          idTag === COMPANY_TAG ? employerOwes(meterStopWh! - meterStartWh) / 1_000_000 : null
        ),
      );
    }
    assert.deepEqual(charger.refusals, []);
    await household.wind();
    household.check();
    const owed = charger.sessions.filter(({ idTag }) => idTag === COMPANY_TAG)
      .map(({ meterStartWh, meterStopWh }) => employerOwes(meterStopWh! - meterStartWh));
    const totals = await exported(program.configPath, "--summary", "backend") as {
      backend_id: string;
      sessions: number;
      revenue: number | null;
    }[];
    const { sessions, revenue } = totals.find(({ backend_id }) => backend_id === "employer")!;
    assert.deepEqual(
      [sessions, revenue],
      [owed.length, owed.reduce((sum, micros) => sum + micros, 0) / 1_000_000],
    );
  } finally {
    await household.close();
  }
});
