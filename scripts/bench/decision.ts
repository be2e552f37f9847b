// What deciding costs: one decision with fifty rules, and a Heartbeat while much is to be decided.

import type { Decided } from "./deciding.ts";
import { median, type Row, time } from "./figures.ts";
import {
  ANNOUNCED,
  ASKING,
  backends,
  FACTS,
  HOUSE_POWER,
  LAST_RULE,
  MUCH_POWER,
  RULES,
  rules,
  tokenOf,
} from "./household.ts";
import { JsonPeer } from "./json_peer.ts";
import { boot, Caller, startTransaction } from "./peer.ts";
import { Process, type Proxy, scriptPath, serveFlags, startProxy, useCores } from "./processes.ts";
import { connect } from "./wire.ts";

const DECISIONS = 100_000;
const MAX_DECISION_MS = 0.1;

/** No two processes run equally fast: several pairs are compared, one after the other. */
const PAIRS = 5;
/** In every round both of a pair take turns, each with some messages so that it pays for itself. */
const ROUNDS = 15;
const WARM_UP_ROUNDS = 5;
const TURNS = 20;
const HEARTBEATS = 50;
const KINDS = ["plain", "ruled"] as const;
const MAX_RATIO = 1.05;

/** How long limits may take until the charger has them. */
const SETTLE_MS = 5_000;

export async function measureDecision(program: string, folder: string): Promise<Row[]> {
  return [...await decisions(), await heartbeats(program, folder)];
}

async function decisions(): Promise<Row[]> {
  const args = ["run", "--quiet", ...serveFlags(), scriptPath("deciding.ts"), String(DECISIONS)];
  await using process = new Process(args);
  const decided: Decided = JSON.parse(await process.line());
  return Object.entries(decided).map(([kind, { p50, p99 }]) => ({
    name: `decision with ${RULES} rules, the last one ${kind}`,
    figure: `p50 ${time(p50)}, p99 ${time(p99)}`,
    target: `p99 <= ${time(MAX_DECISION_MS)}`,
    met: p99 <= MAX_DECISION_MS,
  }));
}

async function heartbeats(program: string, folder: string): Promise<Row> {
  const pairs: Pair[] = [];
  for (let number = 0; number < PAIRS; number++) {
    const own = `${folder}/${number}`;
    await Deno.mkdir(own);
    pairs.push(await measurePair(program, own));
  }
  const ratio = median(pairs.map((pair) => pair.ratio));
  return {
    name: `Heartbeat with ${RULES} rules, a holder, a queue, limits and a question`,
    figure: `${time(median(pairs.map((pair) => pair.ms)))} = ${ratio.toFixed(2)} × without`,
    target: `<= ${MAX_RATIO} ×`,
    met: ratio <= MAX_RATIO,
  };
}

/** A Heartbeat of the proxy that has much to decide, and how that compares with the other one. */
interface Pair {
  readonly ms: number;
  readonly ratio: number;
}

async function measurePair(program: string, folder: string): Promise<Pair> {
  await using plain = await Household.start(program, `${folder}/plain`, "");
  await using ruled = await Household.start(program, `${folder}/ruled`, rules());
  await ruled.contest();
  const charger = { plain: await plain.charge(), ruled: await ruled.charge() };
  await ruled.verify();
  for (const pid of [Deno.pid, plain.pid, ruled.pid]) await useCores(pid, "0");
  const medians: Pair[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const took = { plain: [] as number[], ruled: [] as number[] };
    for (let turn = 0; turn < TURNS; turn++) {
      for (const kind of turn % 2 === 0 ? KINDS : KINDS.toReversed()) {
        took[kind].push(...await charger[kind].repeat(HEARTBEATS, "Heartbeat", () => "{}"));
      }
    }
    if (round < WARM_UP_ROUNDS) continue;
    const ms = median(took.ruled);
    medians.push({ ms, ratio: ms / median(took.plain) });
  }
  await useCores(Deno.pid, `0-${navigator.hardwareConcurrency - 1}`);
  await ruled.verify();
  if (Deno.env.has("BENCH_VERBOSE")) {
    console.error(medians.map(({ ratio }) => ratio.toFixed(3)).join(" "));
  }
  return { ms: median(medians.map(({ ms }) => ms)), ratio: median(medians.map((m) => m.ratio)) };
}

/** Those parts of the status that tell whether there is what is to be measured. */
interface Standing {
  readonly holder: {
    readonly backend_id: string;
    readonly transaction_id: number | null;
    readonly limit: { readonly rule: string } | null;
  } | null;
  readonly queue: readonly unknown[];
  readonly questions: readonly unknown[];
  readonly sessions: readonly unknown[];
  readonly limit: { readonly applied: boolean; readonly current_a: number | null };
}

/** A proxy with its charger and five backends that speak JSON. */
class Household implements AsyncDisposable {
  readonly #proxy: Proxy;
  readonly #charger: Caller;
  readonly #backends: ReadonlyMap<string, JsonPeer>;

  private constructor(proxy: Proxy, charger: Caller, peers: ReadonlyMap<string, JsonPeer>) {
    this.#proxy = proxy;
    this.#charger = charger;
    this.#backends = peers;
  }

  static async start(program: string, folder: string, rules: string): Promise<Household> {
    await Deno.mkdir(folder);
    const proxy = await startProxy(program, folder, backends() + rules);
    const { port } = proxy;
    const charger = new Caller(
      await connect(port, "/charger/BENCH", { "Sec-WebSocket-Protocol": "ocpp1.6" }),
    );
    await boot(charger);
    const peers = new Map<string, JsonPeer>();
    for (const id of [...ASKING, ANNOUNCED]) {
      const headers = { "Authorization": `Bearer ${tokenOf(id)}` };
      peers.set(id, new JsonPeer(await connect(port, `/backend/${id}`, headers)));
    }
    const household = new Household(proxy, charger, peers);
    // With what answers HTTP loaded, whatever was asked, a proxy takes longer for everything else.
    await household.#api("POST", "override", { mode: "auto" });
    await household.#status();
    return household;
  }

  get pid(): number {
    return this.#proxy.process.pid;
  }

  /** The owner is asked about one; the next holds control and limits, the others wait. */
  async contest(): Promise<void> {
    const facts = { ...FACTS, [HOUSE_POWER]: { value: MUCH_POWER } };
    for (const [name, fact] of Object.entries(facts)) await this.#api("PUT", `facts/${name}`, fact);
    await this.#api("POST", "override", { limit_a: 20 });
    await this.#ask(ANNOUNCED, { action: "request_control" });
    const [holder, ...others] = ASKING;
    await this.#ask(holder, { action: "request_control" });
    await this.#ask(holder, { action: "set_limit", current_a: 16 });
    for (const id of others) await this.#ask(id, { action: "request_control", queue: true });
  }

  /** Begins a transaction, and returns the charger. */
  async charge(): Promise<Caller> {
    await startTransaction(this.#charger);
    return this.#charger;
  }

  /** That there is all that is to be measured. */
  async verify(): Promise<void> {
    const begin = performance.now();
    while (true) {
      const { holder, queue, questions, limit, sessions } = await this.#status();
      const found = holder?.backend_id === ASKING[0] && holder.limit?.rule === LAST_RULE &&
        holder.transaction_id !== null && queue.length === ASKING.length - 1 &&
        questions.length === 1 && sessions.length === 1 && limit.applied && limit.current_a === 10;
      if (found) return;
      if (performance.now() - begin > SETTLE_MS) {
        const what = JSON.stringify({ holder, queue, questions, limit, sessions });
        throw new Error(`the household is not as it is to be measured: ${what}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #status(): Promise<Standing> {
    return await this.#api("GET", "status") as Standing;
  }

  async #ask(id: string, request: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#backends.get(id)!.ask(request);
  }

  async #api(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.#proxy.port}/api/v1/${path}`, {
      method,
      ...body !== undefined && {
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text}`);
    return JSON.parse(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy[Symbol.asyncDispose]();
    this.#charger.wire.close();
    for (const peer of this.#backends.values()) peer.wire.close();
  }
}
