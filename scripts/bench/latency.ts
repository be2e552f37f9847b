// How long one message takes, beside the least that any program would take for it.

import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { median, type Row, time } from "./figures.ts";
import {
  answering,
  boot,
  Caller,
  meterPayload,
  startTransaction,
  stopTransaction,
  timeStarts,
} from "./peer.ts";
import { Process, scriptPath, startProxy, useCores } from "./processes.ts";
import { connect, serve, type Wire } from "./wire.ts";

/** Every kind of message takes its turn in every round, so that all see the same machine. */
const ROUNDS = 11;
const WARM_UP_ROUNDS = 2;

/** Messages of one kind in one round. */
const MESSAGES = 250;
const DURABLE_MESSAGES = 40;

/** What one append of the baseline writes, bytes. */
const APPEND_BYTES = 512;

/** The medians of one kind of message, one of each round, ms. */
type Series = Map<string, number[]>;

export async function measureLatency(program: string, folder: string): Promise<Row[]> {
  await using bare = new Process(["run", "--quiet", "--allow-net", scriptPath("bare.ts")]);
  const barePort = Number(await bare.line());
  const echo = new Caller(await connect(barePort, "/echo"), true);
  const left = new Caller(await connect(barePort, "/left"));
  answering(await connect(barePort, "/right"));

  const { promise: dialled, resolve: dial } = Promise.withResolvers<Wire>();
  const csms = serve(dial);
  await using proxy = await startProxy(
    program,
    folder,
    `backends:
  - { id: b0, token: token-of-b0 }
  - { id: out, url: "ws://127.0.0.1:${csms.port}/" }
`,
  );
  const into = new Caller(
    await connect(proxy.port, "/backend/b0", {
      "Authorization": "Bearer token-of-b0",
      "Sec-WebSocket-Protocol": "ocpp1.6",
    }),
  );
  const charger = new Caller(
    await connect(proxy.port, "/charger/BENCH", { "Sec-WebSocket-Protocol": "ocpp1.6" }),
  );
  await boot(charger);
  const out = new Caller(await dialled);
  // No CALL reaches a charger right after its BootNotification.
  await new Promise((resolve) => setTimeout(resolve, 500));

  // Waking a process on another core takes longer than all that is measured here, and which ones
  // share a core is chance.
  const cores = `0-${navigator.hardwareConcurrency - 1}`;
  for (const pid of [Deno.pid, bare.pid, proxy.process.pid]) await useCores(pid, "0");

  const disk = new Disk(folder);
  const kinds: Readonly<Record<string, () => Promise<number[]> | number[]>> = {
    echo: () => echo.repeat(MESSAGES, "Heartbeat", empty),
    heartbeat: () => charger.repeat(MESSAGES, "Heartbeat", empty),
    relay: () => left.repeat(MESSAGES, "GetLocalListVersion", empty),
    into: () => into.repeat(MESSAGES, "GetLocalListVersion", empty),
    out: () => out.repeat(MESSAGES, "GetLocalListVersion", empty),
    fdatasync: () => disk.appends(DURABLE_MESSAGES),
    commit: () => disk.commits(DURABLE_MESSAGES),
    start: () => timeStarts(charger, DURABLE_MESSAGES),
    meter: () => meterValues(charger),
  };
  const series: Series = new Map(Object.keys(kinds).map((kind) => [kind, []]));
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    for (const [kind, measure] of Object.entries(kinds)) {
      const took = await measure();
      if (round >= WARM_UP_ROUNDS) series.get(kind)!.push(median(took));
    }
  }
  await useCores(Deno.pid, cores);
  disk.close();
  csms.close();
  for (const { wire } of [echo, left, into, out, charger]) wire.close();
  return rowsOf(series);
}

const empty = () => "{}";

async function meterValues(charger: Caller): Promise<number[]> {
  const transactionId = await startTransaction(charger, Math.floor(performance.now() * 1000));
  const took = await charger.repeat(
    DURABLE_MESSAGES,
    "MeterValues",
    (n) => meterPayload(transactionId, n),
  );
  await stopTransaction(charger, transactionId);
  return took;
}

/** What durability costs without a proxy, on the same file system as the proxy's database. */
class Disk {
  readonly #descriptor: number;
  readonly #database: DatabaseSync;

  constructor(folder: string) {
    this.#descriptor = openSync(`${folder}/appended`, "a");
    this.#database = new DatabaseSync(`${folder}/committed.db`);
    this.#database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (text TEXT)`,
    );
  }

  appends(count: number): number[] {
    const bytes = new Uint8Array(APPEND_BYTES);
    return timed(count, () => {
      writeSync(this.#descriptor, bytes);
      fdatasyncSync(this.#descriptor);
    });
  }

  commits(count: number): number[] {
    const insert = this.#database.prepare("INSERT INTO t VALUES (?)");
    const text = "x".repeat(APPEND_BYTES);
    return timed(count, () => insert.run(text));
  }

  close(): void {
    closeSync(this.#descriptor);
    this.#database.close();
  }
}

function timed(count: number, work: () => void): number[] {
  return Array.from({ length: count }, () => {
    const begin = performance.now();
    work();
    return performance.now() - begin;
  });
}

function rowsOf(series: Series): Row[] {
  const of = (kind: string) => series.get(kind)!;
  const plain = (name: string, kind: string): Row => ({ name, figure: time(median(of(kind))) });
  const compared = (name: string, kind: string, baseline: string, limit: number): Row => {
    const ratio = median(of(kind).map((ms, round) => ms / of(baseline)[round]!));
    return {
      name,
      figure: `${time(median(of(kind)))} = ${ratio.toFixed(2)} × ${baseline}`,
      target: `<= ${limit} ×`,
      met: ratio <= limit,
    };
  };
  const durable = (name: string, kind: string): Row => {
    const more = median(
      of(kind).map((ms, round) => ms - of("echo")[round]! - of("fdatasync")[round]!),
    );
    return {
      name,
      figure: `${time(median(of(kind)))} = echo + fdatasync + ${more.toFixed(2)} ms`,
      target: "<= + 1 ms",
      met: more <= 1,
    };
  };
  return [
    plain("bare echo", "echo"),
    plain("bare relay, there and back", "relay"),
    plain(`append of ${APPEND_BYTES} bytes and fdatasync`, "fdatasync"),
    plain("SQLite commit", "commit"),
    compared("Heartbeat", "heartbeat", "echo", 2.5),
    compared("command of a backend that dials in", "into", "relay", 1.6),
    compared("command of a backend that is dialled", "out", "relay", 1.6),
    durable("StartTransaction", "start"),
    durable("MeterValues in a transaction", "meter"),
  ];
}
