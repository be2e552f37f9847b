// A JSON backend for tests, by the ws library: what it receives, and its requests.

import { WebSocket } from "ws";
import type { Payload } from "../support/strict_peer.ts";
import { until } from "../support/until.ts";

export interface JsonClientOptions {
  /** Sent as a Bearer token. */
  readonly token?: string;
  /** Default: none. */
  readonly protocols?: readonly string[];
}

export class JsonClient {
  readonly #socket: WebSocket;
  /** Everything that came in, oldest first. */
  readonly messages: Payload[] = [];
  /** The close code, once it is closed. */
  closed: number | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => this.messages.push(JSON.parse(String(data))));
    socket.on("close", (code) => this.closed = code);
  }

  /** Connects; rejects with "Unexpected server response: STATUS" when it is refused. */
  static connect(url: string, options: JsonClientOptions = {}): Promise<JsonClient> {
    const { token, protocols = [] } = options;
    const headers: Record<string, string> = {};
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, [...protocols], { headers, perMessageDeflate: false });
      const client = new JsonClient(socket);
      socket.on("open", () => resolve(client));
      socket.on("error", reject);
    });
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  events(type: string): Payload[] {
    return this.messages.filter((message) => message.type === type);
  }

  send(message: Payload | string): void {
    this.#socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Sends a request and returns its reply: the next message that is no event. */
  async request(message: Payload): Promise<Payload> {
    const known = this.messages.length;
    this.send(message);
    return await until(
      () => this.messages.slice(known).find(({ type }) => type === undefined),
      5_000,
      `the reply to ${JSON.stringify(message)}`,
    );
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => this.#socket.once("close", resolve));
    this.#socket.close(1000);
    await closed;
  }
}
