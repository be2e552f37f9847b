// The power fails while the program writes: from what it did to its files, those are rebuilt that a
// disk may have then, and every message that had been confirmed must be in them.

import { DatabaseSync } from "node:sqlite";
import { startProgram } from "../../support/program.ts";
import { PowerLoss as Loss, readJournal } from "../support/journal.ts";
import { Preload } from "../support/preload.ts";
import type { Random } from "../support/random.ts";
import { TimedCharger } from "../support/timed_charger.ts";
import type { Outcome } from "./outcome.ts";

export interface PowerLoss {
  readonly script?: string;
  readonly random: Random;
  /** MeterValues in the session that is played; a few hundred fill the write-ahead log once. */
  readonly messages: number;
  /** Times at which the power fails. */
  readonly losses: number;
}

/** How long the journal was when the charger had the answer: what it did until then is in it. */
type Confirmed = readonly number[];

/** One in so many losses is a control as well. */
const CONTROLS = 20;

/** A control in which the syncs of the write-ahead log are forgotten must lose messages. */
export async function losePower(
  { script, random, messages, losses }: PowerLoss,
): Promise<Outcome> {
  const folder = await Deno.makeTempDir({ prefix: "ocpp-proxy-test-" });
  try {
    const preload = await Preload.build(folder);
    const confirmed = await play(preload, script, messages);
    const journal = Deno.readFileSync(preload.journal);
    const ends = Array.from({ length: losses }, () => random.between(confirmed[0]!, journal.length))
      .sort((a, b) => a - b);
    const synced = check(folder, journal, confirmed, ends, false, random);
    const some = ends.filter((_, index) => index % CONTROLS === 0);
    const control = check(folder, journal, confirmed, some, true, random);
    return {
      injected: `${losses} losses of power`,
      acknowledged: messages,
      lost: synced.lost,
      figures: [
        { name: "files that are damaged", value: synced.damaged, most: 0 },
        { name: "with lost messages", value: synced.losing, most: 0 },
        { name: `of ${some.length} controls without syncs`, value: control.losing },
        // Else the method sees nothing.
        { name: "controls that see nothing", value: control.losing === 0 ? 1 : 0, most: 0 },
      ],
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** One session, and a kill at its end. */
async function play(
  preload: Preload,
  script: string | undefined,
  messages: number,
): Promise<Confirmed> {
  const program = await startProgram({
    script,
    environment: { ...preload.environment, FAULTS_JOURNAL: preload.journal },
    config: "charger: { id: CP1 }\nlog: { level: error }",
  });
  const confirmed: number[] = [];
  try {
    const charger = await TimedCharger.connect(program.chargerUrl, "CP1");
    const note = () => confirmed.push(Deno.statSync(preload.journal).size);
    await charger.begin();
    note();
    while (confirmed.length <= messages) {
      await charger.meter();
      note();
    }
    await program.kill("SIGKILL");
    charger.cut();
    return confirmed;
  } finally {
    await program.close();
  }
}

function check(
  folder: string,
  journal: Uint8Array,
  confirmed: Confirmed,
  ends: readonly number[],
  ignoresLogSyncs: boolean,
  random: Random,
): { lost: number; losing: number; damaged: number } {
  const path = `${folder}/rebuilt.db`;
  const loss = new Loss(readJournal(journal), ignoresLogSyncs);
  let lost = 0;
  let losing = 0;
  let damaged = 0;
  for (const end of ends) {
    loss.advance(end);
    const files = loss.leave(random);
    Deno.writeFileSync(path, files.database);
    Deno.writeFileSync(`${path}-wal`, files.log);
    // The start of the session and each reading is one entry.
    const expected = confirmed.filter((size) => size <= end).length;
    const found = entriesIn(path);
    if (found === undefined) damaged++;
    const missing = Math.max(0, expected - (found ?? 0));
    lost += missing;
    if (missing > 0) losing++;
    for (const suffix of ["", "-wal", "-shm"]) removeIfThere(path + suffix);
  }
  return { lost, losing, damaged };
}

/** How many messages the database has; undefined: it is damaged. */
function entriesIn(path: string): number | undefined {
  const database = new DatabaseSync(path);
  try {
    // It is looked at and thrown away.
    database.exec("PRAGMA synchronous = OFF");
    if (database.prepare("PRAGMA quick_check(1)").get()?.quick_check !== "ok") return undefined;
    return Number(database.prepare("SELECT count(*) AS count FROM log").get()?.count);
  } catch {
    return undefined;
  } finally {
    database.close();
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
