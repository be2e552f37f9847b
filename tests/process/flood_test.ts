// Floods of requests for control: each is answered once, the record stays small, the charger is served.

import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocket } from "ws";
import { MAX_UNKNOWN_BACKENDS } from "../../src/core/backend_link.ts";
import { startProgram } from "../support/program.ts";
import { bootStrictCharger, strictCharger } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";

/** At least so many requests of the OCPP backend, and as many of the unknown ones together. */
const FLOOD = 1_000;
/** So many of both at once; the next ones come with the last answer. */
const WAVE = 50;
/** The flood goes on until the charger has sent so many messages … */
const HEARTBEATS = 200;
/** … of which 99 % are answered within this. */
const SLOWEST_MS = 50;

/** A peer that costs the test as little as it can: it keeps the texts that come, answers apart. */
class Flooder {
  readonly #socket: WebSocket;
  readonly answers: string[] = [];
  readonly texts: string[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => {
      const text = String(data);
      const isAnswer = text.startsWith('[3,"m') || text.startsWith('{"id":');
      (isAnswer ? this.answers : this.texts).push(text);
    });
  }

  static async connect(url: string, protocols: string[], token?: string): Promise<Flooder> {
    const headers: Record<string, string> = {};
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    const socket = new WebSocket(url, protocols, { headers, perMessageDeflate: false });
    const flooder = new Flooder(socket);
    await once(socket, "open");
    return flooder;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, "close");
    this.#socket.close(1000);
    await closed;
  }
}

Deno.test("a flood of requests is answered, each once, and the charger does not notice", async () => {
  const program = await startProgram({
    config: `
allow_unknown_backends: true
rate_limit_seconds: 0
backends:
  - { id: holder, token: h, role: controller, priority: 9 }
  - { id: greedy, token: g, role: controller }
`,
  });
  const peers: Flooder[] = [];
  const connect = async (id: string, protocols: string[], token?: string) => {
    const peer = await Flooder.connect(`${program.backendUrl}/${id}`, protocols, token);
    peers.push(peer);
    return peer;
  };
  const charger = await strictCharger(program.chargerUrl, "CP1", { reconnect: false });
  try {
    await bootStrictCharger(charger);
    const holder = await connect("holder", [], "h");
    holder.send('{"action":"request_control"}');
    await until(
      () => holder.texts.some((text) => text.includes('"granted":true')),
      5_000,
      "control",
    );
    const greedy = await connect("greedy", ["ocpp1.6"], "g");
    const boot = await until(
      () => greedy.texts.find((text) => text.includes("Boot")),
      5_000,
      "boot",
    );
    const currentTime = new Date().toISOString();
    const registered = { status: "Accepted", currentTime, interval: 300 };
    greedy.send(JSON.stringify([3, JSON.parse(boot)[1], registered]));
    const crowd: Flooder[] = [];
    for (let index = 0; index < MAX_UNKNOWN_BACKENDS; index++) {
      crowd.push(await connect(`unknown${index}`, []));
    }
    const replies = () => crowd.reduce((count, { answers }) => count + answers.length, 0);
    const answered = () => Math.min(greedy.answers.length, replies());
    let sent = 0;
    const sendWave = () => {
      for (const end = sent + WAVE; sent < end; sent++) {
        const remoteStart = { connectorId: 1, idTag: `T${sent}` };
        greedy.send(JSON.stringify([2, `m${sent}`, "RemoteStartTransaction", remoteStart]));
        const request = { id: sent, action: "request_control", queue: true };
        crowd[sent % crowd.length]!.send(JSON.stringify(request));
      }
    };
    const roundTrips: number[] = [];
    const begun = performance.now();
    while (answered() < Math.max(FLOOD, sent) || roundTrips.length < HEARTBEATS) {
      if (answered() === sent) sendWave();
      const asked = performance.now();
      await charger.call("Heartbeat");
      roundTrips.push(performance.now() - asked);
      assert.ok(asked - begun < 20_000, `${answered()} of ${sent} are answered`);
    }
    const tookMs = performance.now() - begun;
    roundTrips.sort((a, b) => a - b);
    const p99Ms = roundTrips[Math.ceil(0.99 * roundTrips.length) - 1]!;
    console.log(
      `${2 * sent} requests in ${Math.round(tookMs)} ms; ${roundTrips.length} heartbeats ` +
        `beside them: p99 ${p99Ms.toFixed(1)} ms, longest ${roundTrips.at(-1)!.toFixed(1)} ms`,
    );
    assert.ok(p99Ms < SLOWEST_MS, `p99 ${p99Ms} ms`);

    const numbers = Array.from({ length: sent }, (_, id) => id);
    const rejected = greedy.answers.map((text) => JSON.parse(text));
    assert.deepEqual(
      rejected,
      numbers.map((id) => [3, `m${id}`, { status: "Rejected" }]),
    );
    const ids = crowd.flatMap(({ answers }) => answers.map((text) => Number(JSON.parse(text).id)));
    assert.deepEqual(ids.toSorted((a, b) => a - b), numbers);
    const response = await fetch(`${program.httpUrl}/api/v1/decisions?limit=1000`);
    const { decisions } = await response.json();
    // One for each refusal within a minute, none for what was said before.
    assert.ok(decisions.length <= 2 + 2 * crowd.length, `${decisions.length} decisions`);
    assert.deepEqual(charger.received.map(({ action }) => action), []);
    assert.deepEqual(charger.violations, []);
  } finally {
    await charger.close();
    for (const peer of peers) await peer.close();
    await program.close();
  }
});
