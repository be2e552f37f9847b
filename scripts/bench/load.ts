// One charger under load with ten backends: how much goes through, and what it leaves in memory.

import { type Row, slope, time } from "./figures.ts";
import { boot, Caller, meterPayload, startTransaction, stopTransaction } from "./peer.ts";
import { Process, type Proxy, scriptPath, startProxy } from "./processes.ts";
import { connect } from "./wire.ts";

export const BACKENDS = 10;
/** CALLs that a charger in a hurry has under way. */
export const AHEAD = 8;
const LOAD_SECONDS = 5;
/** Of so many rounds the best counts: what else the machine does shows in the others. */
const ROUNDS = 3;
const WARM_UP_METER_VALUES = 2_000;
/** The charger's CALLs are made in pieces, after each of which it looks at the clock. */
const PIECE = 100;
const LEAST_FRAMES_PER_SECOND = 1_500;

/** The memory is looked at after every so many frames … */
const STEP_HEARTBEATS = 20_000;
const STEP_METER_VALUES = 1_000;
/** … so many times. */
const STEPS = 40;
const WARM_UP_STEPS = 10;
const MAX_RESIDENT_MIB = 100;
const MAX_GROWTH_MIB = 1;
const MIB = 1024 * 1024;

export async function measureLoad(program: string, folder: string): Promise<Row[]> {
  await using scene = await openScene(program, folder);
  const single: FanOut[] = [];
  const ahead: FanOut[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    single.push(await scene.fanOut(1));
    ahead.push(await scene.fanOut(AHEAD));
  }
  const rows = [
    fanOutRow(`MeterValues to ${BACKENDS} backends, one at a time`, single),
    fanOutRow(`MeterValues to ${BACKENDS} backends, ${AHEAD} at a time`, ahead),
    ...await scene.memory(),
  ];
  return rows;
}

/** A proxy, its backends and a charger that charges; `more`: keys of its configuration. */
export async function openScene(program: string, folder: string, more = ""): Promise<Scene> {
  const ids = Array.from({ length: BACKENDS }, (_, index) => `b${index}`);
  const list = ids.map((id) => `  - { id: ${id}, token: token-of-${id} }\n`).join("");
  const proxy = await startProxy(program, folder, `${more}backends:\n${list}`);
  const backends = startBackends(proxy.port);
  await backends.line();
  const charger = new Caller(
    await connect(proxy.port, "/charger/BENCH", { "Sec-WebSocket-Protocol": "ocpp1.6" }),
  );
  await boot(charger);
  const scene = new Scene(proxy, backends, charger);
  await scene.begin();
  return scene;
}

/** All backends in one process: they dial in at a port, or listen. */
export function startBackends(at: number | "listen"): Process {
  const args = ["run", "--quiet", "--allow-net", "--allow-read", scriptPath("backends.ts")];
  return new Process([...args, String(at), String(BACKENDS)]);
}

/** One round: frames a second until every backend had everything, and how it ended. */
export interface FanOut {
  readonly rate: number;
  readonly doneMs: number;
  /** Frames that the slowest backend had not acknowledged when the charger stopped. */
  readonly behind: number;
  readonly catchUpMs: number;
}

function fanOutRow(name: string, rounds: readonly FanOut[]): Row {
  const rates = rounds.map(({ rate }) => rate.toFixed(0)).join(", ");
  const best = rounds.reduce((one, other) => one.rate > other.rate ? one : other);
  return {
    name,
    figure: `${rates}/s; the best for ${(best.doneMs / 1000).toFixed(1)} s, at its end ` +
      `${best.behind} behind, ${time(best.catchUpMs)} to catch up`,
    target: `>= ${LEAST_FRAMES_PER_SECOND}/s`,
    met: best.rate >= LEAST_FRAMES_PER_SECOND,
  };
}

export class Scene implements AsyncDisposable {
  readonly #proxy: Pick<Proxy, "process">;
  readonly #backends: Process;
  readonly #charger: Caller;
  #transactionId = 0;
  /** MeterValues sent so far. */
  #sent = 0;

  constructor(proxy: Pick<Proxy, "process">, backends: Process, charger: Caller) {
    this.#proxy = proxy;
    this.#backends = backends;
    this.#charger = charger;
  }

  async begin(): Promise<void> {
    this.#transactionId = await startTransaction(this.#charger);
    await this.#meterValues(WARM_UP_METER_VALUES, AHEAD);
    await this.#backends.ask(this.#sent);
  }

  /** Sends for so long, then waits until every backend has acknowledged everything. */
  async fanOut(depth: number, seconds = LOAD_SECONDS): Promise<FanOut> {
    const first = this.#sent;
    const begin = performance.now();
    while (performance.now() - begin < seconds * 1000) await this.#meterValues(PIECE, depth);
    const sentMs = performance.now() - begin;
    const behind = this.#sent - Number(await this.#backends.ask("count"));
    await this.#backends.ask(this.#sent);
    const doneMs = performance.now() - begin;
    const rate = (this.#sent - first) / doneMs * 1000;
    return { rate, doneMs, behind, catchUpMs: doneMs - sentMs };
  }

  async memory(): Promise<Row[]> {
    const resident: number[] = [];
    for (let step = 0; step < WARM_UP_STEPS + STEPS; step++) {
      await this.#charger.repeat(STEP_HEARTBEATS, "Heartbeat", () => "{}", AHEAD);
      await this.#meterValues(STEP_METER_VALUES, AHEAD);
      await this.#backends.ask(this.#sent);
      resident.push(this.#proxy.process.residentBytes() / MIB);
    }
    if (Deno.env.has("BENCH_VERBOSE")) {
      console.error(resident.map((mib) => mib.toFixed(1)).join(" "));
    }
    const frames = STEP_HEARTBEATS + STEP_METER_VALUES;
    const growth = slope(resident.slice(WARM_UP_STEPS)) / frames * 1e6;
    const now = resident.at(-1)!;
    const millions = (steps: number) => `${(frames * steps / 1e6).toFixed(2)} million`;
    return [
      {
        name: `resident memory with ${BACKENDS} backends, after ${
          millions(resident.length)
        } frames`,
        figure: `${now.toFixed(0)} MiB`,
        target: `<= ${MAX_RESIDENT_MIB} MiB`,
        met: now <= MAX_RESIDENT_MIB,
      },
      {
        name: `its growth over the last ${millions(STEPS)} frames`,
        figure: `${growth.toFixed(2)} MiB per million`,
        target: `<= ${MAX_GROWTH_MIB} MiB`,
        met: growth <= MAX_GROWTH_MIB,
      },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stopTransaction(this.#charger, this.#transactionId);
    this.#charger.wire.close();
    await this.#backends[Symbol.asyncDispose]();
    await this.#proxy.process[Symbol.asyncDispose]();
  }

  async #meterValues(count: number, depth: number): Promise<void> {
    const first = this.#sent;
    await this.#charger.repeat(
      count,
      "MeterValues",
      (number) => meterPayload(this.#transactionId, first + number),
      depth,
    );
    this.#sent += count;
  }
}
