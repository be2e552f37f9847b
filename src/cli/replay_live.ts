// `replay --to`: the charger's side of a recording at a live central system.

import { chargerScript, type Cue } from "../replay/charger_script.ts";
import { type Discrepancy, LiveCharger } from "../replay/live_charger.ts";
import type { Source } from "../replay/play_file.ts";
import { printable } from "../io/printable.ts";
import { basicAuthorization, openWebSocket, type WebSocket } from "../simulate/web_socket.ts";
import type { CommandContext } from "./context.ts";
import type { ReplayFlags } from "./flags.ts";

/** How long a handshake may take, ms. */
const CONNECT_MS = 10_000;

/** After the last message, for what the server still asks, ms. */
const EPILOGUE_MS = 500;

/** 0: every status was as recorded; 1: no connection; 3: one was not. */
export async function playLive(
  source: Source,
  url: string,
  flags: ReplayFlags,
  context: CommandContext,
): Promise<number> {
  const stage = new LiveStage(url, flags, context);
  try {
    for (const cue of chargerScript(source)) await stage.play(cue);
    await pause(EPILOGUE_MS);
  } catch (error) {
    context.error(`ocpp-proxy: ${(error as Error).message}`);
    return 1;
  } finally {
    await stage.close();
  }
  if (source.type === "foreign") {
    const unused = source.log.unused.sentence();
    if (unused !== undefined) context.error(unused);
  }
  return stage.conclude();
}

class LiveStage {
  readonly #url: string;
  readonly #flags: ReplayFlags;
  readonly #context: CommandContext;
  #chargePointId = "CP001";
  #socket: WebSocket | undefined;
  #charger: LiveCharger | undefined;
  /** The recorded time, and when it was played. */
  #clock: { readonly at: number; readonly playedAt: number } | undefined;
  #calls = 0;
  #differences = 0;

  constructor(url: string, flags: ReplayFlags, context: CommandContext) {
    this.#url = url;
    this.#flags = flags;
    this.#context = context;
  }

  async play(cue: Cue): Promise<void> {
    switch (cue.type) {
      case "connect":
        this.#chargePointId = cue.chargePointId;
        await this.#waitUntil(cue.at);
        await this.close();
        await this.#connect();
        return;
      case "disconnect":
        await this.#waitUntil(cue.at);
        await this.close();
        return;
      case "asked":
        this.#charger?.asked(cue.number, cue.call.action, cue.call.payload, cue.answer);
        return;
      case "say":
        await this.#waitUntil(cue.at);
        (await this.#connected()).say(cue.text);
        return;
      case "call": {
        await this.#waitUntil(cue.at);
        this.#calls++;
        const difference = await (await this.#connected()).call(cue.text, cue.answer);
        if (difference) this.#tell(difference);
      }
    }
  }

  conclude(): number {
    const { out } = this.#context;
    if (!this.#flags.quiet || this.#differences > 0) {
      out(`${this.#calls} messages, ${this.#differences} answered otherwise than recorded\n`);
    }
    return this.#differences === 0 ? 0 : 3;
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#charger = undefined;
    if (!socket || socket.readyState === socket.CLOSED) return;
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.close(1000);
    await closed;
  }

  /** A recording may begin while the charger was connected, and the server may hang up. */
  async #connected(): Promise<LiveCharger> {
    if (this.#charger === undefined || this.#charger.closed) await this.#connect();
    return this.#charger!;
  }

  async #connect(): Promise<void> {
    const { password } = this.#flags;
    const id = this.#chargePointId;
    const headers = password === undefined
      ? {}
      : { authorization: basicAuthorization(id, password) };
    const url = `${this.#url}/${encodeURIComponent(id)}`;
    await openWebSocket({ url, protocols: ["ocpp1.6"], headers }, CONNECT_MS, (socket) => {
      this.#socket = socket;
      this.#charger = new LiveCharger(socket, (direction, text) => {
        if (this.#flags.quiet) return;
        this.#context.out(`${direction === "sent" ? ">" : "<"} ${printable(text)}\n`);
      });
    });
  }

  async #waitUntil(at: number): Promise<void> {
    this.#clock ??= { at, playedAt: performance.now() };
    const due = this.#clock.playedAt + (at - this.#clock.at) / this.#flags.speed;
    const ms = due - performance.now();
    if (ms > 0) await pause(ms);
  }

  #tell({ action, recorded, found }: Discrepancy): void {
    this.#differences++;
    const said = (outcome: string) => outcome === "" ? "an answer without a status" : outcome;
    this.#context.out(`! ${action}: recorded ${said(recorded)}, now ${said(found)}\n`);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
