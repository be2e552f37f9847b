// The program as a process, a charger that plays, and a backend of every kind; and what must be true.

import assert from "node:assert/strict";
import { join } from "node:path";
import { Program, type ProgramOptions } from "../../support/program.ts";
import { type StrictBackendServer, strictBackendServer } from "../../support/strict_backend.ts";
import { Recorder } from "../../support/strict_peer.ts";
import { until } from "../../support/until.ts";
import {
  checkDelivery,
  confirmedMessages,
  type DeliveryReport,
  jsonDelivery,
  ocppDelivery,
} from "./delivery_check.ts";
import { Dialler } from "./dialler.ts";
import { JsonListener } from "./json_listener.ts";
import { books, COMPANY_TAG, expectedBooks, loggedMessages, TARIFFS } from "./ledger.ts";
import { PlayingCharger } from "./playing_charger.ts";
import type { Random } from "./random.ts";
import { TransactionIds } from "./recording_backend.ts";

export interface HouseholdOptions {
  readonly random: Random;
  /** The script to run; absent: the sources. */
  readonly script?: string | undefined;
  /** How else the program is run. */
  readonly program?: Pick<ProgramOptions, "environment" | "runner">;
  /** Where the program keeps its things; absent: a folder of its own, removed at the end. */
  readonly folder?: string;
  /** MeterValues of one session; default: a few. */
  readonly meters?: { readonly least: number; readonly most: number };
}

const DRAIN_TIMEOUT_MS = 30_000;
const EMPLOYER_IDS = 10_000_000;
const UTILITY_IDS = 20_000_000;
/** Widens the moment between a start that is stored and its confirmation. */
const EMPLOYER_THINKS_MS = 100;

/** `employer` is dialled, `utility` and `evcc` dial in, evcc by the JSON protocol and durable. */
export class Household {
  readonly program: Program;
  readonly charger: PlayingCharger;
  readonly employer: StrictBackendServer;
  readonly utility: Dialler;
  readonly evcc: JsonListener;
  readonly #employerIds: TransactionIds;
  readonly #utilityIds = new TransactionIds(UTILITY_IDS, 0);
  readonly #utilityRecorder = new Recorder(this.#utilityIds.answers());
  readonly #ownsFolder: boolean;

  private constructor(
    program: Program,
    employer: StrictBackendServer,
    employerIds: TransactionIds,
    { random, folder, meters }: HouseholdOptions,
  ) {
    this.program = program;
    this.employer = employer;
    this.#employerIds = employerIds;
    this.#ownsFolder = folder === undefined;
    this.utility = new Dialler({
      url: program.backendUrl,
      id: "utility",
      password: "utility-token",
      recorder: this.#utilityRecorder,
    });
    this.evcc = new JsonListener(`${program.backendUrl}/evcc`, "evcc-token");
    this.charger = new PlayingCharger({
      url: program.chargerUrl,
      id: "CP001",
      random,
      idTags: [COMPANY_TAG, "UTILITY", "FAMILY"],
      meters: meters ?? { least: 2, most: 12 },
    });
  }

  /** Starts the program and everybody else. */
  static async start(options: HouseholdOptions): Promise<Household> {
    const employerIds = new TransactionIds(EMPLOYER_IDS, EMPLOYER_THINKS_MS);
    const employer = await strictBackendServer({ answers: employerIds.answers() });
    const folder = options.folder ?? await Deno.makeTempDir({ prefix: "ocpp-proxy-test-" });
    const program = new Program(folder, {
      ...options.program,
      config: configuration(employer.url),
      ...options.script !== undefined && { script: options.script },
    });
    await program.start();
    const household = new Household(program, employer, employerIds, options);
    household.charger.start();
    household.dialIn();
    return household;
  }

  get databasePath(): string {
    return join(this.program.dataDir, "ocpp-proxy.db");
  }

  /** The dial-in backends come, if they are not there. */
  dialIn(): void {
    this.utility.keepOpen();
    this.evcc.start();
  }

  /** The dial-in backends go and stay away. */
  async goAway(): Promise<void> {
    await this.utility.stop();
    await this.evcc.stop();
  }

  /** What each backend got, compared with what was confirmed to the charger. */
  deliveries(): Record<"employer" | "utility" | "evcc", DeliveryReport> {
    const { sessions } = this.charger;
    const expected = confirmedMessages(sessions);
    return {
      employer: this.#ocpp(expected, this.employer.received, this.#employerIds),
      utility: this.#ocpp(expected, this.#utilityRecorder.received, this.#utilityIds),
      evcc: checkDelivery(expected, jsonDelivery(this.evcc.events)),
    };
  }

  /** Ends the last session, waits until every backend has everything, and stops the program. */
  async wind(): Promise<void> {
    await this.charger.finish();
    this.dialIn();
    await until(
      () => Object.values(this.deliveries()).every(({ faults }) => faults.length === 0),
      DRAIN_TIMEOUT_MS,
      "every backend to get everything",
    ).catch((error) => console.error(error.message));
    await this.goAway();
    assert.equal((await this.program.kill("SIGTERM")).code, 0);
  }

  /** What became of the transaction messages, in a household that is wound up. */
  account(): { readonly acknowledged: number; readonly lost: number; readonly duplicates: number } {
    const logged = new Set(loggedMessages(this.databasePath));
    const confirmed = confirmedMessages(this.charger.sessions);
    const reports = Object.values(this.deliveries());
    return {
      acknowledged: confirmed.length,
      lost: confirmed.filter((message) => !logged.has(message)).length,
      duplicates: reports.reduce((sum, { duplicates }) => sum + duplicates, 0),
    };
  }

  /** Asserts the promises, on a household that is wound up; sessions may have these flags. */
  check(allowedFlags: readonly string[] = []): void {
    const { sessions } = this.charger;
    const { employer, utility, evcc } = this.deliveries();
    assert.deepEqual(books(this.databasePath, allowedFlags), expectedBooks(sessions));
    assert.deepEqual(loggedMessages(this.databasePath), confirmedMessages(sessions));
    assert.deepEqual(employer.faults, []);
    assert.deepEqual(utility.faults, []);
    assert.deepEqual(evcc.faults, []);
    assert.deepEqual(this.charger.violations, []);
    assert.deepEqual(this.employer.violations, []);
    assert.deepEqual(this.#utilityRecorder.violations, []);
  }

  /** The lines of the program's log with this level. */
  logLines(level: "warning" | "error"): string[] {
    return this.program.stderr.split("\n").filter((line) => line.split(" ")[1] === level);
  }

  /** Ends everybody, whatever has happened. */
  async close(): Promise<void> {
    await this.charger.stop();
    await this.goAway();
    if (this.#ownsFolder) await this.program.close();
    else if (this.program.running) await this.program.kill("SIGKILL");
    await this.employer.close();
  }

  #ocpp(
    expected: readonly string[],
    received: StrictBackendServer["received"],
    ids: TransactionIds,
  ): DeliveryReport {
    const { delivered, faults } = ocppDelivery(received, ids, this.charger.sessions);
    const report = checkDelivery(expected, delivered);
    return { ...report, faults: [...faults, ...report.faults] };
  }
}

function configuration(employerUrl: string): string {
  return `
log: { level: warning }
charger: { answer_deadline_ms: 200 }
# Nobody here needs the pause between two starts that some backends do.
start_spacing_ms: 0
backends:
  - { id: employer, url: "${employerUrl}", role: biller, tariff: work }
  - { id: utility, token: utility-token, role: biller }
  - { id: evcc, token: evcc-token, role: observer, durable: true }
id_tags:
  - { tag: ${COMPANY_TAG}, backend: employer }
  - { tag: UTILITY, backend: utility }
${TARIFFS}`;
}
