// `replay --to`: the charger's side of a recording at a live central system.

import { chargerScript, type Cue } from "../replay/charger_script.ts";
import { LiveCharger, type Outcome } from "../replay/live_charger.ts";
import type { Source } from "../replay/play_file.ts";
import { printable } from "../io/printable.ts";
import {
  basicAuthorization,
  openWebSocket,
  type WebSocket,
  withIdentity,
} from "../simulate/web_socket.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_DIFFERS, EXIT_DONE, EXIT_FAILED } from "./exit_code.ts";
import type { ReplayFlags } from "./flags.ts";
import { problemIn } from "./replay_files.ts";

/** How long a handshake may take, ms. */
const CONNECT_MS = 10_000;

/** CALLs in a row without an answer, after which the play ends. */
const MAX_UNANSWERED = 3;

/** After the last message, for what the server still asks, ms. */
const EPILOGUE_MS = 500;

/** 0: every status was as recorded; 1: no connection, or no messages; 3: one was not. */
export async function playLive(
  source: Source,
  file: string,
  url: string,
  flags: ReplayFlags,
  context: CommandContext,
): Promise<number> {
  const stage = new LiveStage(url, flags, context);
  try {
    for (const cue of chargerScript(source)) await stage.play(cue);
    await pause(EPILOGUE_MS);
  } catch (error) {
    context.error(`ocpp-proxy: ${problemIn(file, error) ?? (error as Error).message}`);
    return EXIT_FAILED;
  } finally {
    await stage.close();
  }
  if (source.type === "foreign") {
    const unused = source.log.unused.sentence();
    if (unused !== undefined) context.error(unused);
  }
  if (stage.calls > 0) return stage.conclude();
  context.error(`ocpp-proxy: ${file}: there is no message of a charger in it`);
  return EXIT_FAILED;
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
  #unanswered = 0;

  constructor(url: string, flags: ReplayFlags, context: CommandContext) {
    this.#url = url;
    this.#flags = flags;
    this.#context = context;
  }

  /** The charger's CALLs so far. */
  get calls(): number {
    return this.#calls;
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
        this.#judge(await (await this.#connected()).call(cue.text, cue.answer));
      }
    }
  }

  conclude(): number {
    const { out } = this.#context;
    if (!this.#flags.quiet || this.#differences > 0) {
      out(`${this.#calls} messages, ${this.#differences} answered otherwise than recorded\n`);
    }
    return this.#differences === 0 ? EXIT_DONE : EXIT_DIFFERS;
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
    const url = withIdentity(this.#url, id);
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
    const due = this.#clock.playedAt + (at - this.#clock.at) / (this.#flags.speed ?? 1);
    const ms = due - performance.now();
    if (ms > 0) await pause(ms);
  }

  #judge({ action, recorded, found, answered, agrees }: Outcome): void {
    if (!agrees) {
      this.#differences++;
      const said = (outcome: string) => outcome === "" ? "an answer without a status" : outcome;
      this.#context.out(
        printable(`! ${action}: recorded ${said(recorded)}, now ${said(found)}`) + "\n",
      );
    }
    this.#unanswered = answered ? 0 : this.#unanswered + 1;
    if (this.#unanswered < MAX_UNANSWERED) return;
    const last = found === "no answer" ? "does not answer" : found;
    throw new Error(`${this.#url} ${last}: given up after ${MAX_UNANSWERED} messages`);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
