// Four backends that all want the charger, and ask for everything at random, over every restart.

import { JsonBackend } from "../../../src/simulate/json_backend.ts";
import type { Program } from "../../support/program.ts";
import { limitOf } from "../../support/set_charging_profile.ts";
import { centralSystemAnswers, type StrictBackendServer } from "../../support/strict_backend.ts";
import { type Payload, Recorder } from "../../support/strict_peer.ts";
import { pause } from "../../support/until.ts";
import { Dialler } from "./dialler.ts";
import type { Random } from "./random.ts";

/** Whose tag it is: each RemoteStartTransaction has one of its own, such as `evcc-12`. */
export function tagOwner(idTag: string): string {
  return idTag.split("-")[0]!;
}

interface Rival {
  readonly id: string;
  /** Its own id of the running transaction; undefined: it knows none. */
  readonly lastTransaction: () => number | undefined;
  readonly ask: (action: string, payload: Payload) => Promise<unknown>;
}

/** `grid` is dialled, `evcc` and `home` dial in, `script` and `panel` by the JSON protocol. */
export class Rivals {
  readonly #random: Random;
  readonly #diallers: Dialler[] = [];
  readonly #json: JsonBackend[] = [];
  readonly #recorders: Recorder[] = [];
  readonly #rivals: Rival[] = [];
  #tag = 0;
  #stopped = false;
  #asking: Promise<unknown> = Promise.resolve();
  /** What was asked for, and how it was answered: `evcc RemoteStartTransaction Accepted`. */
  readonly outcomes = new Map<string, number>();

  constructor(program: Program, grid: StrictBackendServer, random: Random) {
    this.#random = random;
    this.#rivals.push({
      id: "grid",
      lastTransaction: () => grid.payloads("StartTransaction").length || undefined,
      ask: async (action, payload) => (await grid.call(action, payload)).status,
    });
    for (const id of ["evcc", "home"]) {
      const recorder = new Recorder(centralSystemAnswers());
      const dialler = new Dialler({
        url: program.backendUrl,
        id,
        password: `${id}-token`,
        recorder,
      });
      this.#recorders.push(recorder);
      this.#diallers.push(dialler);
      this.#rivals.push({
        id,
        lastTransaction: () => recorder.payloads("StartTransaction").length || undefined,
        ask: async (action, payload) => {
          const client = await dialler.connected();
          return (await client?.call(action, payload) as Payload | undefined)?.status;
        },
      });
    }
    for (const id of ["script", "panel"]) {
      const token = `${id}-token`;
      const json = new JsonBackend({ url: program.backendUrl, id, token, reconnectMs: 5 });
      this.#json.push(json);
      this.#rivals.push({
        id,
        lastTransaction: () =>
          Number(
            json.events.findLast(({ type }) => type === "transaction_started")
              ?.transaction_id,
          ) || undefined,
        ask: (action, payload) => json.request(action, payload as Record<string, string>),
      });
    }
  }

  get violations(): string[] {
    return this.#recorders.flatMap(({ violations }) => violations);
  }

  /** They come, and begin to ask. */
  start(): void {
    for (const dialler of this.#diallers) dialler.keepOpen();
    for (const json of this.#json) json.start();
    this.#asking = Promise.all(this.#rivals.map((rival) => this.#ask(rival)));
  }

  /** They go, in the middle of whatever they wait for. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const dialler of this.#diallers) await dialler.stop();
    for (const json of this.#json) await json.stop();
    await this.#asking;
  }

  async #ask(rival: Rival): Promise<void> {
    while (!this.#stopped) {
      await pause(this.#random.between(5, 60));
      if (this.#stopped) return;
      const [action, payload] = this.#wish(rival);
      // A held command may take its time; the rival goes on meanwhile.
      const asked = rival.ask(action, payload).then(
        String,
        (error) => String(error.code ?? "lost"),
      );
      const outcome = await Promise.race([asked, pause(100).then(() => "waits")]);
      const key = `${rival.id} ${action} ${outcome}`;
      this.outcomes.set(key, 1 + (this.outcomes.get(key) ?? 0));
    }
  }

  #wish(rival: Rival): [action: string, payload: Payload] {
    const { id } = rival;
    const random = this.#random;
    const idTag = `${id}-${++this.#tag}`;
    const transaction = rival.lastTransaction() ?? 1;
    const limit = random.between(0, 32);
    if (id === "script" || id === "panel") {
      return random.pick<[string, Payload]>([
        ["RemoteStartTransaction", { id_tag: idTag }],
        ["RemoteStartTransaction", { id_tag: idTag }],
        ["RemoteStopTransaction", { transaction_id: transaction }],
        ["request_control", { queue: random.chance(0.7) }],
        ["release_control", {}],
        ["set_limit", { current_a: limit }],
        ["clear_limit", {}],
      ]);
    }
    const expiryDate = new Date(Date.now() + 3_600_000).toISOString();
    return random.pick<[string, Payload]>([
      ["RemoteStartTransaction", { connectorId: 1, idTag }],
      ["RemoteStartTransaction", { connectorId: 1, idTag }],
      ["RemoteStopTransaction", { transactionId: transaction }],
      ["SetChargingProfile", limitOf(limit)],
      ["ClearChargingProfile", {}],
      ["UnlockConnector", { connectorId: 1 }],
      [
        "ReserveNow",
        { connectorId: 1, expiryDate, idTag: "GUEST", reservationId: random.between(1, 9) },
      ],
    ]);
  }
}
