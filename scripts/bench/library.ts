// The same work by the proxy and by a library that is not ours, in turns: central system, relay, fan-out.
//
// npm has no finished proxy between one charger and several central systems; ocpp-protocol-proxy there
// translates between versions of OCPP. So the library is given the few lines that forward everything.

import { median, type Row, time } from "./figures.ts";
import { AHEAD, BACKENDS, openScene, Scene, startBackends } from "./load.ts";
import { answering, boot, Caller, timeStarts } from "./peer.ts";
import { Process, scriptPath, startProxy, useCores } from "./processes.ts";
import { connect, serve, type Wire } from "./wire.ts";

const ROUNDS = 9;
const WARM_UP_ROUNDS = 2;
/** Messages of one kind in one round. */
const MESSAGES = 200;
const STARTS = 30;
const FAN_OUT_SECONDS = 1.5;

const OCPP = { "Sec-WebSocket-Protocol": "ocpp1.6" };

/** What a process of library_peer.ts does: as a central system, or between these ports. */
function startLibrary(does: readonly string[]): Process {
  const args = ["run", "--quiet", "--allow-net", "--allow-env", "--allow-read", "--allow-sys"];
  return new Process([...args, scriptPath("library_peer.ts"), ...does]);
}

/** A charger and what sends commands to it, on both sides of something that relays. */
interface Sides {
  readonly charger: Caller;
  readonly commander: Caller;
}

/** By name: one round with the proxy, and the same with the library; ms. */
type Kinds = Readonly<
  Record<string, readonly [ours: () => Promise<number[]>, theirs: () => Promise<number[]>]>
>;

export async function measureLibrary(program: string, folder: string): Promise<Row[]> {
  for (const name of ["latency", "fan_out"]) await Deno.mkdir(`${folder}/${name}`);
  return [
    ...await compareLatency(program, `${folder}/latency`),
    await compareFanOut(program, `${folder}/fan_out`),
  ];
}

async function compareLatency(program: string, folder: string): Promise<Row[]> {
  const [oursDialled, theirsDialled] = [dialled(), dialled()];
  await using server = startLibrary(["server"]);
  const system = new Caller(await connect(Number(await server.line()), "/BENCH", OCPP));
  await boot(system);
  await using relay = startLibrary([String(theirsDialled.port)]);
  const theirs = await sides(Number(await relay.line()), "/BENCH", theirsDialled.wire);
  const url = `ws://127.0.0.1:${oursDialled.port}/`;
  await using proxy = await startProxy(
    program,
    folder,
    `backends: [{ id: out, url: "${url}" }]\n`,
  );
  const ours = await sides(proxy.port, "/charger/BENCH", oursDialled.wire);
  // No CALL reaches a charger right after its BootNotification.
  await new Promise((resolve) => setTimeout(resolve, 500));

  // As in latency.ts: which processes share a core must not be chance.
  const cores = `0-${navigator.hardwareConcurrency - 1}`;
  for (const pid of [Deno.pid, server.pid, relay.pid, proxy.process.pid]) await useCores(pid, "0");
  const repeat = (caller: Caller, action: string) => () =>
    caller.repeat(MESSAGES, action, () => "{}");
  const kinds: Kinds = {
    "Heartbeat": [repeat(ours.charger, "Heartbeat"), repeat(system, "Heartbeat")],
    "StartTransaction, on disk by us alone": [
      () => timeStarts(ours.charger, STARTS),
      () => timeStarts(system, STARTS),
    ],
    "command of a central system": [
      repeat(ours.commander, "GetLocalListVersion"),
      repeat(theirs.commander, "GetLocalListVersion"),
    ],
  };
  const rows = await inTurns(kinds);
  await useCores(Deno.pid, cores);
  for (const { wire } of [system, ...Object.values(ours), ...Object.values(theirs)]) wire.close();
  for (const { close } of [oursDialled, theirsDialled]) close();
  return rows;
}

/** A central system that is dialled, and its first connection. */
function dialled(): { port: number; close(): void; wire: Promise<Wire> } {
  const { promise, resolve } = Promise.withResolvers<Wire>();
  // What is said before anybody listens has to be answered as well.
  const { port, close } = serve((wire) => {
    answering(wire);
    resolve(wire);
  });
  return { port, close, wire: promise };
}

async function sides(port: number, path: string, wire: Promise<Wire>): Promise<Sides> {
  const charger = new Caller(await connect(port, path, OCPP));
  await boot(charger);
  return { charger, commander: new Caller(await wire) };
}

async function inTurns(kinds: Kinds): Promise<Row[]> {
  const series = Object.entries(kinds).map(([name, pair]) => ({
    name,
    pair,
    rounds: [] as Pair[],
  }));
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    for (const { pair: [ours, theirs], rounds } of series) {
      const pair = { ours: median(await ours()), theirs: median(await theirs()) };
      if (round >= WARM_UP_ROUNDS) rounds.push(pair);
    }
  }
  return series.map(({ name, rounds }) => ({
    name: `${name}, beside ocpp-rpc`,
    figure: `${time(median(rounds.map(({ ours }) => ours)))} = ${ratio(rounds)} × ${
      time(median(rounds.map(({ theirs }) => theirs)))
    }`,
  }));
}

interface Pair {
  readonly ours: number;
  readonly theirs: number;
}

function ratio(rounds: readonly Pair[]): string {
  return median(rounds.map(({ ours, theirs }) => ours / theirs)).toFixed(2);
}

async function compareFanOut(program: string, folder: string): Promise<Row> {
  await using ours = await openScene(program, folder);
  await using theirs = await openLibraryScene();
  const rounds: Pair[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    const pair = {
      ours: (await ours.fanOut(AHEAD, FAN_OUT_SECONDS)).rate,
      theirs: (await theirs.fanOut(AHEAD, FAN_OUT_SECONDS)).rate,
    };
    if (round >= WARM_UP_ROUNDS) rounds.push(pair);
  }
  const [our, their] = [
    median(rounds.map(({ ours }) => ours)),
    median(rounds.map(({ theirs }) => theirs)),
  ];
  return {
    name: `MeterValues to ${BACKENDS}, on disk by us alone, beside ocpp-rpc`,
    figure: `${our.toFixed(0)}/s = ${ratio(rounds)} × ${their.toFixed(0)}/s`,
  };
}

/** The scene of the load with the library in the proxy's place, which dials the backends. */
async function openLibraryScene(): Promise<Scene> {
  const backends = startBackends("listen");
  const process = startLibrary((await backends.line()).split(" "));
  const charger = new Caller(await connect(Number(await process.line()), "/BENCH", OCPP));
  await boot(charger);
  const scene = new Scene({ process }, backends, charger);
  await scene.begin();
  return scene;
}
