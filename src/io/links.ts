// The open sockets of the charger and the backends, and what happens to a peer that does not read.

import type { LogLevel } from "../core/effect.ts";
import { MAX_UNSENT_BYTES, type Socket } from "./socket.ts";

/** A backend that has not read for this long is disconnected, ms. */
export const SLOW_CONSUMER_MS = 10_000;

/** Unsent bytes at which the charger's socket is given up: it has stopped reading for good. */
const MAX_UNSENT_TO_CHARGER_BYTES = 2 * 1024 * 1024;

/** A proxy that is being stopped waits so long for its peers to close, ms. */
const FAREWELL_MS = 1_000;

interface Link {
  readonly socket: Socket;
  /** Runs once something was left out for a backend, which is then disconnected in any case. */
  stalled: ReturnType<typeof setTimeout> | undefined;
}

/** The sockets by connection number. */
export class Links {
  readonly #sockets = new Map<number, Link>();
  readonly #log: (level: LogLevel, message: string, values: Record<string, string>) => void;
  #emptied: (() => void) | undefined;

  constructor(log: (level: LogLevel, message: string, values: Record<string, string>) => void) {
    this.#log = log;
  }

  add(socket: Socket): void {
    this.#sockets.set(socket.connection, { socket, stalled: undefined });
  }

  remove(connection: number): void {
    clearTimeout(this.#sockets.get(connection)?.stalled);
    this.#sockets.delete(connection);
    if (this.#sockets.size === 0) this.#emptied?.();
  }

  /** To the charger; its answers are never dropped. */
  sendToCharger(connection: number, text: string): void {
    const link = this.#sockets.get(connection);
    if (!link) return;
    link.socket.send(text);
    if (link.socket.bufferedAmount > MAX_UNSENT_TO_CHARGER_BYTES) {
      this.#log("error", "the charger does not read; its connection is given up", {});
      link.socket.terminate();
    }
  }

  /** To a backend: one that does not read gets nothing more, and is disconnected in the end. */
  sendToBackend(backendId: string, connection: number, text: string): void {
    const link = this.#sockets.get(connection);
    if (!link) return;
    if (link.stalled !== undefined) {
      this.#startOver(link);
    } else if (link.socket.bufferedAmount <= MAX_UNSENT_BYTES) {
      link.socket.send(text);
    } else {
      link.stalled = setTimeout(() => {
        if (this.#startOver(link)) return;
        this.#log("warning", "a backend does not read; it is disconnected", { backend: backendId });
        link.socket.terminate();
      }, SLOW_CONSUMER_MS);
    }
  }

  /** Asks for a pong, unless something was left out: the pong would vouch for that too. */
  ping(connection: number, payload: string): void {
    const link = this.#sockets.get(connection);
    if (link?.stalled === undefined) link?.socket.ping(payload);
  }

  close(connection: number, code: number, reason: string): void {
    this.#sockets.get(connection)?.socket.close(code, reason);
  }

  /** Closes everything, as a proxy does that is being stopped; resolves when all is closed. */
  async closeAll(code: number, reason: string): Promise<void> {
    if (this.#sockets.size === 0) return;
    const emptied = new Promise<void>((resolve) => this.#emptied = resolve);
    for (const { socket } of this.#sockets.values()) socket.close(code, reason);
    const patience = setTimeout(() => {
      for (const { socket } of this.#sockets.values()) socket.terminate();
    }, FAREWELL_MS);
    await emptied;
    clearTimeout(patience);
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** If it reads again: something was left out, so it has to begin anew, from the log. */
  #startOver({ socket }: Link): boolean {
    if (socket.bufferedAmount > MAX_UNSENT_BYTES / 2) return false;
    socket.close(1013, "messages were left out; please connect again");
    return true;
  }
}
