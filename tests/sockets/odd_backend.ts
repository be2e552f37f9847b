// A central system that misbehaves: it does with each frame what the test says.

import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { centralSystemAnswers } from "../support/strict_backend.ts";
import type { Payload } from "../support/strict_peer.ts";

/** A CALL of the proxy. */
export interface Call {
  readonly id: string;
  readonly action: string;
  readonly payload: Payload;
  readonly socket: WebSocket;
}

/** What becomes of a CALL. */
export type Manner = (call: Call, backend: OddBackend) => void;

/** Its transaction ids count up from here. */
export const FIRST_TRANSACTION_ID = 700;

const ANSWERS = centralSystemAnswers(FIRST_TRANSACTION_ID);

/** A valid CALLRESULT for a CALL. */
export function rightAnswer({ id, action, payload }: Call): string {
  return JSON.stringify([3, id, ANSWERS[action]!(payload)]);
}

export class OddBackend implements AsyncDisposable {
  readonly #server: WebSocketServer;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  /** Every CALL that came in, oldest first. */
  readonly calls: Call[] = [];
  /** How often it was dialled. */
  dials = 0;

  private constructor(server: WebSocketServer, manner: Manner) {
    this.#server = server;
    server.on("connection", (socket) => {
      this.dials++;
      socket.on("error", () => {});
      socket.on("message", (data) => {
        const [type, id, action, payload] = JSON.parse(String(data));
        if (type !== 2) return;
        const call = { id, action, payload, socket };
        this.calls.push(call);
        manner(call, this);
      });
    });
  }

  /** Listens at a free port. */
  static async open(manner: Manner): Promise<OddBackend> {
    const server = new WebSocketServer({
      port: 0,
      host: "127.0.0.1",
      handleProtocols: () => "ocpp1.6",
    });
    await new Promise((resolve) => server.once("listening", resolve));
    return new OddBackend(server, manner);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  actions(): string[] {
    return this.calls.map(({ action }) => action);
  }

  /** Does something after a while, unless it is closed before. */
  later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const client of this.#server.clients) client.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
