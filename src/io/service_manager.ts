// The manager that started this process (systemd): told when it is ready, and that it still works.

import type { Environment } from "../config/load.ts";
import type { Log } from "./log.ts";
import { atMost } from "./pause.ts";
import { printable } from "./printable.ts";
import { messageOf } from "./thrown.ts";

/** How often the status is told where no watchdog wants to hear more often, milliseconds. */
const STATUS_INTERVAL_MS = 30_000;

/** Messages that may wait for a manager that does not read; what exceeds them is not sent. */
const MAX_WAITING = 8;

/** How long its last word may take, ms. */
const FAREWELL_MS = 500;

/** The longest status, characters: a part of it is chosen by peers. */
const MAX_STATUS_LENGTH = 200;

/**
 * Speaks the protocol of sd_notify(3); without NOTIFY_SOCKET in the environment, and once it has
 * failed, it is silent or tries again, but never in the way of anybody.
 */
export class ServiceManager {
  readonly #status: () => string;
  readonly #log: Log;
  readonly #address: string | undefined;
  readonly #watchdogMs: number | undefined;
  #socket: Deno.DatagramConn | undefined;
  #sending: Promise<void> = Promise.resolve();
  #waiting = 0;
  #complained = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `status`: one line for people, asked for now and then. */
  constructor(environment: Environment, status: () => string, log: Log) {
    this.#status = status;
    this.#log = log;
    this.#address = environment.get("NOTIFY_SOCKET");
    this.#watchdogMs = watchdogMs(environment);
  }

  /** It serves. From now on the watchdog hears of it for as long as the event loop turns. */
  ready(): void {
    if (!this.#address || this.#timer !== undefined) return;
    this.#send("READY=1", this.#statusLine());
    const intervalMs = this.#watchdogMs === undefined ? STATUS_INTERVAL_MS : this.#watchdogMs / 2;
    this.#timer = setInterval(() => this.#beat(), intervalMs);
  }

  /** It takes a new configuration over, or `problem`: it kept the old one. */
  reload(take: () => string | undefined): void {
    this.#send("RELOADING=1");
    const problem = take();
    this.#send("READY=1", problem === undefined ? this.#statusLine() : statusLine(problem));
  }

  /** It was told to stop, and does. */
  stopping(): void {
    clearInterval(this.#timer);
    this.#send("STOPPING=1", statusLine("Stopping."));
  }

  /** Resolves when what was said is sent, or the manager does not take it. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await atMost(FAREWELL_MS, this.#sending);
    this.#socket?.close();
    this.#socket = undefined;
  }

  #beat(): void {
    this.#send(...this.#watchdogMs === undefined ? [] : ["WATCHDOG=1"], this.#statusLine());
  }

  #statusLine(): string {
    return statusLine(this.#status());
  }

  #send(...lines: readonly string[]): void {
    if (!this.#address || this.#waiting >= MAX_WAITING) return;
    const bytes = new TextEncoder().encode(lines.join("\n"));
    const path = this.#address.replace(/^@/, "\0");
    this.#waiting++;
    this.#sending = this.#sending.then(async () => {
      try {
        this.#socket ??= openSocket();
        await this.#socket.send(bytes, { transport: "unixpacket", path });
      } catch (error) {
        this.#complain(error);
      }
      this.#waiting--;
    });
  }

  #complain(error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    const reason = messageOf(error);
    this.#log("warning", "the service manager cannot be told", { reason });
  }
}

/** An abstract address of its own: nothing in a folder that a killed process would leave behind. */
function openSocket(): Deno.DatagramConn {
  if (typeof Deno.listenDatagram !== "function") {
    throw new Error("Deno runs without --unstable-net");
  }
  const path = `\0ocpp-proxy-${Deno.pid}-${crypto.randomUUID()}`;
  return Deno.listenDatagram({ transport: "unixpacket", path });
}

/** Undefined: nobody watches this process. */
function watchdogMs(environment: Environment): number | undefined {
  const watched = environment.get("WATCHDOG_PID") ?? String(Deno.pid);
  const ms = Number(environment.get("WATCHDOG_USEC")) / 1000;
  return watched === String(Deno.pid) && ms > 0 ? ms : undefined;
}

/** A line end would begin a message of its own. */
function statusLine(status: string): string {
  return `STATUS=${printable(status).slice(0, MAX_STATUS_LENGTH)}`;
}
