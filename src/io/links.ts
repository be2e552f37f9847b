// The open sockets of the charger and the backends, and what happens to a peer that does not read.

import type { LogLevel } from "../core/effect.ts";
import { MAX_UNSENT_BYTES, type Socket } from "./socket.ts";

/** A backend that has not read for this long is disconnected, ms. */
export const SLOW_CONSUMER_MS = 10_000;

/** Unsent bytes at which the charger's socket is given up: it has stopped reading for good. */
const MAX_UNSENT_TO_CHARGER_BYTES = 2 * 1024 * 1024;

/** The sockets by connection number. */
export class Links {
  readonly #sockets = new Map<number, { socket: Socket; slowSince: number | undefined }>();
  readonly #log: (level: LogLevel, message: string, values: Record<string, string>) => void;

  constructor(log: (level: LogLevel, message: string, values: Record<string, string>) => void) {
    this.#log = log;
  }

  add(socket: Socket): void {
    this.#sockets.set(socket.connection, { socket, slowSince: undefined });
  }

  remove(connection: number): void {
    this.#sockets.delete(connection);
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
    if (link.socket.bufferedAmount <= MAX_UNSENT_BYTES) {
      link.slowSince = undefined;
      link.socket.send(text);
      return;
    }
    const now = performance.now();
    if (link.slowSince === undefined) {
      link.slowSince = now;
      setTimeout(() => this.#dropIfSlow(backendId, connection), SLOW_CONSUMER_MS);
    }
  }

  ping(connection: number, payload: string): void {
    this.#sockets.get(connection)?.socket.ping(payload);
  }

  close(connection: number, code: number, reason: string): void {
    this.#sockets.get(connection)?.socket.close(code, reason);
  }

  /** Closes everything, as a proxy does that is being stopped. */
  closeAll(code: number, reason: string): void {
    for (const { socket } of this.#sockets.values()) socket.close(code, reason);
  }

  get size(): number {
    return this.#sockets.size;
  }

  #dropIfSlow(backendId: string, connection: number): void {
    const link = this.#sockets.get(connection);
    if (!link || link.slowSince === undefined) return;
    if (link.socket.bufferedAmount <= MAX_UNSENT_BYTES / 2) {
      // It reads again, but events were left out: it starts over from the log.
      link.socket.close(1013, "events were left out; please connect again");
      return;
    }
    this.#log("warning", "a backend does not read; it is disconnected", { backend: backendId });
    link.socket.terminate();
  }
}
