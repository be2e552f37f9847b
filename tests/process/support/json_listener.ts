// A client of the JSON protocol that only listens, comes back at once, and forgets nothing.

import { WebSocket } from "ws";
import type { Payload } from "../../support/strict_peer.ts";
import { pause } from "../../support/until.ts";

const RETRY_MS = 5;

/** One dial-in JSON backend. */
export class JsonListener {
  readonly #url: string;
  readonly #token: string;
  #socket: WebSocket | undefined;
  #stopped = false;
  #listening: Promise<void> | undefined;
  /** Everything that came, oldest first. */
  readonly events: Payload[] = [];
  /** Connections that came about. */
  connections = 0;
  /** How the last connection ended; 1006 also where none came about. */
  closed: { readonly code: number; readonly reason: string } | undefined;

  /** `url` with the id of the backend. */
  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  start(): void {
    if (this.#listening) return;
    this.#stopped = false;
    this.#listening = this.#listen();
  }

  /** Breaks the connection; it comes back. */
  drop(): void {
    this.#socket?.terminate();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.drop();
    await this.#listening;
    this.#listening = undefined;
  }

  async #listen(): Promise<void> {
    while (!this.#stopped) {
      const socket = new WebSocket(this.#url, {
        headers: { authorization: `Bearer ${this.#token}` },
        perMessageDeflate: false,
      });
      this.#socket = socket;
      socket.on("error", () => {});
      socket.on("open", () => this.connections++);
      socket.on("message", (data) => this.events.push(JSON.parse(String(data))));
      this.closed = await new Promise((resolve) =>
        socket.once("close", (code, reason) => resolve({ code, reason: String(reason) }))
      );
      if (!this.#stopped) await pause(RETRY_MS);
    }
  }
}
