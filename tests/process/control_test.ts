// kill -9 while everybody wants the charger: the owner's word holds, the books are right, nothing stays.

import assert from "node:assert/strict";
import { join } from "node:path";
import { Program } from "../support/program.ts";
import { type StrictBackendServer, strictBackendServer } from "../support/strict_backend.ts";
import { pause, until } from "../support/until.ts";
import { bundleProgram } from "./support/bundle.ts";
import { query } from "./support/ledger.ts";
import { ObeyingCharger } from "./support/obeying_charger.ts";
import { Owner } from "./support/owner.ts";
import { chosenSeed, Random } from "./support/random.ts";
import { Rivals, tagOwner } from "./support/rivals.ts";

/** How often; the variable KILLS asks for another number, SEED for the same chances. */
const KILLS = Number(Deno.env.get("KILLS") ?? 40);

/** The longest life after the program listens, ms; commands reach a charger 300 ms after its boot. */
const LONGEST_LIFE_MS = 600;
/** The part of the lives that end as soon as a start is on its way to the charger. */
const ENDS_WITH_START = 0.4;
const DRAIN_TIMEOUT_MS = 15_000;

function configuration(gridUrl: string): string {
  return `
log: { level: warning }
charger: { answer_deadline_ms: 100, limit_spacing_s: 0 }
start_spacing_ms: 0
rate_limit_seconds: 0
reconnect_grace_s: 2
control_timeout_s: 3
backends:
  - { id: grid, url: "${gridUrl}", role: controller, priority: 20, min_hold_s: 0 }
  - { id: evcc, token: evcc-token, role: controller, priority: 10, min_hold_s: 0 }
  - { id: home, token: home-token, role: controller, permissions: [receive, read, guard, start_stop, reserve] }
  - { id: script, token: script-token, role: controller, priority: 10, min_hold_s: 0 }
  - { id: panel, token: panel-token, role: controller, min_hold_s: 0 }
id_tags:
  - { tag: COMPANY, backend: grid }
  - { tag: FAMILY, owner: true }
rules:
  - { name: start, backends: [panel, home], when: action == "RemoteStartTransaction", then: ask, ask_timeout_s: 600 }
  - { name: limit, backends: [script], when: action == "set_limit", then: ask, ask_timeout_s: 600 }
  - { name: stop, when: action == "RemoteStopTransaction", then: ask, ask_timeout_s: 600 }
  - { name: unlock, when: action == "UnlockConnector", then: ask, ask_timeout_s: 600 }
  - { name: reserve, when: action == "ReserveNow", then: ask, ask_timeout_s: 600 }
`;
}

Deno.test(`${KILLS} kills while control changes hands: word kept, books right, nothing left`, async () => {
  const random = new Random(chosenSeed());
  const folder = await Deno.makeTempDir({ prefix: "ocpp-proxy-test-" });
  const script = await bundleProgram(folder);
  const grid = await strictBackendServer();
  const program = new Program(folder, { config: configuration(grid.url), script });
  await program.start();
  const charger = new ObeyingCharger(program.chargerUrl, random);
  const rivals = new Rivals(program, grid, random);
  const owner = new Owner(program, script, random);
  try {
    charger.start();
    rivals.start();
    for (let kill = 0; kill < KILLS; kill++) {
      let over = false;
      const speaking = owner.speak(() => over);
      await Promise.race([live(random, charger), speaking]);
      over = true;
      await program.kill("SIGKILL");
      await speaking;
      await program.start();
      await owner.check();
    }
    await wind(program, charger, rivals, owner);
    check(program, charger, rivals, grid);
    console.log([
      `${KILLS} kills`,
      `${charger.sessions.length} sessions, ${begun(program, "remote_start")} of them by command`,
      `${handovers(program)} hand-overs`,
      `${charger.heard("RemoteStopTransaction")} RemoteStops`,
      `${charger.heard("SetChargingProfile")} limits sent`,
      `${charger.heard("ReserveNow")} reservations`,
      `${owner.words} words and ${owner.answers} answers of the owner`,
      `${owner.questions} questions`,
    ].join("; "));
  } catch (error) {
    console.error(`repeat this with SEED=${random.seed} KILLS=${KILLS}`);
    throw error;
  } finally {
    await rivals.stop();
    await charger.stop();
    await program.close();
    await grid.close();
  }
});

function begun({ dataDir }: Program, bookedBy: string): number {
  const sql = `SELECT 1 FROM session WHERE booked_by = '${bookedBy}'`;
  return query(join(dataDir, "ocpp-proxy.db"), sql).length;
}

function handovers({ dataDir }: Program): number {
  const sql = "SELECT 1 FROM decision WHERE outcome = 'revoked' AND reason LIKE '%comes before%'";
  return query(join(dataDir, "ocpp-proxy.db"), sql).length;
}

/** One life: somebody shows a card or pulls the cable now and then. */
async function live(random: Random, charger: ObeyingCharger): Promise<void> {
  const end = performance.now() + random.between(0, LONGEST_LIFE_MS);
  const endsWithStart = random.chance(ENDS_WITH_START);
  const starts = charger.heard("RemoteStartTransaction");
  while (performance.now() < end) {
    await pause(random.between(1, 20));
    if (endsWithStart && charger.heard("RemoteStartTransaction") > starts) return;
    if (random.chance(0.01)) charger.card(random.pick(["COMPANY", "FAMILY"]));
    if (random.chance(0.04)) charger.unplug();
  }
}

/** Everybody goes and the owner takes back what was said: the charger is its own again. */
async function wind(
  program: Program,
  charger: ObeyingCharger,
  rivals: Rivals,
  owner: Owner,
): Promise<void> {
  await owner.say({ mode: "auto" }, { mode: "auto", backend_id: null, limit_a: null });
  await rivals.stop();
  await charger.finish();
  const status = async () => await (await fetch(`${program.httpUrl}/api/v1/status`)).json();
  const left = () => [...charger.shelf.profiles, ...charger.reservations];
  await until(
    async () => {
      const { holder, queue } = await status();
      return left().length === 0 && holder === null && queue.length === 0;
    },
    DRAIN_TIMEOUT_MS,
    "the end of control",
  ).catch(async (error) => {
    const { holder, queue, limit } = await status();
    throw new Error(`${error.message}: ${JSON.stringify({ holder, queue, limit, left: left() })}`);
  });
  const { limit, handover } = await status();
  assert.deepEqual([limit.current_a, limit.applied, handover], [null, true, null]);
  assert.equal((await program.kill("SIGTERM")).code, 0);
}

/** The books are those of the charger, and each session is whose command or card began it. */
function check(
  program: Program,
  charger: ObeyingCharger,
  rivals: Rivals,
  grid: StrictBackendServer,
): void {
  const database = join(program.dataDir, "ocpp-proxy.db");
  const rows = query(
    database,
    `SELECT transaction_id, meter_start_wh, meter_stop_wh, energy_wh, backend_id FROM session
     ORDER BY transaction_id`,
  );
  const revoked = query(database, "SELECT at, backend_id FROM decision WHERE outcome = 'revoked'");
  const expected = charger.sessions.map((session, index) => {
    const { idTag, transactionId, meterStartWh, meterStopWh = NaN, wantedAt, startedAt } = session;
    const owner = tagOwner(idTag);
    // What was revoked before it began is nobody's.
    const lost = owner !== idTag && rows[index]?.backend_id === null &&
      revoked.some(({ at, backend_id }) =>
        backend_id === owner && Number(at) >= wantedAt - 1_000 && Number(at) <= startedAt
      );
    return {
      transaction_id: transactionId,
      meter_start_wh: meterStartWh,
      meter_stop_wh: meterStopWh,
      energy_wh: meterStopWh - meterStartWh,
      backend_id: idTag === "FAMILY" || lost ? null : idTag === "COMPANY" ? "grid" : owner,
    };
  });
  assert.deepEqual(rows.map((row) => ({ ...row })), expected);
  assert.deepEqual([...charger.violations, ...rivals.violations, ...grid.violations], []);
  const errors = program.stderr.split("\n").filter((line) => line.split(" ")[1] === "error");
  assert.deepEqual(errors, []);
}
