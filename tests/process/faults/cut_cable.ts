// A cable that is cut between the program and its peers: no packet passes, nobody is told.

import { once } from "node:events";
import { WebSocket, WebSocketServer } from "ws";
import { startProgram } from "../../support/program.ts";
import { until } from "../../support/until.ts";
import type { Figure, Outcome } from "./outcome.ts";

export interface CutCable {
  readonly script?: string;
}

/** 30 s of silence until the probe, 20 s until it is held for unanswered. */
const DEAD_S = 50;
/** How often each peer gives a sign of life until then. */
const LIFE_MS = 200;
/** Nobody has this hardware address. */
const NOWHERE = "02:00:00:00:00:99";

const HERE = "198.18.77.1";
const THERE = "198.18.77.2";

/** Whether networks can be made here; if not, says why. */
export function canCutCable(): boolean {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    console.log("no cable to cut: that takes Linux and its root");
    return false;
  }
  try {
    const namespace = new Namespace();
    namespace[Symbol.dispose]();
    return true;
  } catch (error) {
    console.log(`no cable to cut: ${(error as Error).message}`);
    return false;
  }
}

/** Cuts it while a charger and two backends are connected. */
export async function cutCable({ script }: CutCable): Promise<Outcome> {
  using namespace = new Namespace();
  const dialled = new WebSocketServer({ port: 0, host: HERE });
  await once(dialled, "listening");
  const program = await startProgram({
    script,
    runner: ["ip", "netns", "exec", namespace.name],
    flags: ["--host", "0.0.0.0"],
    config: `
charger: { id: CP1 }
log: { level: warning }
backends:
  - { id: dials-in, token: d }
  - { id: dialled, url: "ws://${HERE}:${(dialled.address() as { port: number }).port}" }
`,
  });
  const sockets: WebSocket[] = [];
  const { port } = new URL(program.httpUrl);
  for (const path of ["/charger/CP1", "/backend/dials-in?token=d"]) {
    const socket = new WebSocket(`ws://${THERE}:${port}${path}`, "ocpp1.6");
    await once(socket, "open");
    sockets.push(socket);
  }
  for (const socket of sockets) socket.on("error", () => {});
  const alive = setInterval(() => {
    for (const socket of [...sockets, ...dialled.clients]) socket.ping();
  }, LIFE_MS);
  try {
    await until(() => dialled.clients.size > 0, 10_000, "the backend to be dialled");
    // Each has answered the ping by which it is learnt that it answers pings.
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    namespace.cut();
    const cutAt = performance.now();
    clearInterval(alive);
    const deadS = async (line: RegExp) => {
      await until(() => line.test(program.stderr), 2_000 * DEAD_S, `${line}`);
      return (performance.now() - cutAt) / 1_000;
    };
    const lines = {
      "charger dead after": /charger disconnected/,
      "backend that dialled in": /backend disconnected.*dials-in/,
      "backend that was dialled": /backend disconnected.*dialled/,
    };
    const figures = await Promise.all(
      Object.entries(lines).map(async ([name, line]): Promise<Figure> => {
        return { name, value: await deadS(line), unit: "s", most: DEAD_S };
      }),
    );
    return { injected: "a cable cut, 3 peers", figures };
  } finally {
    clearInterval(alive);
    for (const socket of [...sockets, ...dialled.clients]) socket.terminate();
    dialled.close();
    await program.close();
  }
}

/** A network of its own, and a cable from it to ours. */
class Namespace implements Disposable {
  readonly name = `ocpp-proxy-${Deno.pid}`;
  readonly #near = `op${Deno.pid}a`;
  readonly #far = `op${Deno.pid}b`;

  constructor() {
    ip("netns", "add", this.name);
    try {
      ip("link", "add", this.#near, "type", "veth", "peer", this.#far, "netns", this.name);
      ip("address", "add", `${HERE}/30`, "dev", this.#near);
      ip("link", "set", this.#near, "up");
      ip("-n", this.name, "address", "add", `${THERE}/30`, "dev", this.#far);
      ip("-n", this.name, "link", "set", this.#far, "up");
      ip("-n", this.name, "link", "set", "lo", "up");
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** From now on every packet goes to a machine that is not there, both ways. */
  cut(): void {
    const astray = (address: string, device: string) => {
      return ["neigh", "replace", address, "lladdr", NOWHERE, "dev", device, "nud", "permanent"];
    };
    ip(...astray(THERE, this.#near));
    ip("-n", this.name, ...astray(HERE, this.#far));
  }

  [Symbol.dispose](): void {
    ip("netns", "delete", this.name);
    // It goes with the namespace, but not at once.
    try {
      ip("link", "delete", this.#near);
    } catch {
      // It has gone.
    }
  }
}

function ip(...args: string[]): void {
  const { success, stderr } = new Deno.Command("ip", { args }).outputSync();
  if (!success) throw new Error(`ip ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
}
