// A peer that sends text as it is and keeps what comes back, by the ws library.

import { WebSocket } from "ws";
import { until } from "../support/until.ts";

/** A frame as it came in: [type, id, …]. */
export type RawAnswer = readonly [number, unknown, ...unknown[]];

export class RawPeer {
  readonly #socket: WebSocket;
  /** Everything that came in, oldest first. */
  readonly frames: RawAnswer[] = [];
  /** The close code, once it is closed. */
  closed: number | undefined;
  /** What it answers to a CALL; default: nothing. */
  answers: (action: string, payload: unknown, id: string) => string | undefined = () => undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("close", (code) => this.closed = code);
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data));
      this.frames.push(frame);
      if (frame[0] !== 2) return;
      const answer = this.answers(frame[2], frame[3], frame[1]);
      if (answer !== undefined) socket.send(answer);
    });
  }

  /** Opens a socket with the subprotocol ocpp1.6. */
  static async connect(
    url: string,
    token?: string,
    others: Readonly<Record<string, string>> = {},
  ): Promise<RawPeer> {
    const headers: Record<string, string> = { ...others };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    const socket = new WebSocket(url, "ocpp1.6", { headers, perMessageDeflate: false });
    const peer = new RawPeer(socket);
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    return peer;
  }

  send(data: string | Uint8Array): void {
    this.#socket.send(data);
  }

  /** The CALLs that came in. */
  get calls(): RawAnswer[] {
    return this.frames.filter(([type]) => type === 2);
  }

  /** The answers to this id, so far. */
  answersTo(id: unknown): RawAnswer[] {
    return this.frames.filter(([type, answered]) => type !== 2 && answered === id);
  }

  /** Sends text and waits for the answer to this id. */
  async ask(text: string, id: unknown): Promise<RawAnswer> {
    const known = this.answersTo(id).length;
    this.send(text);
    return await until(() => this.answersTo(id)[known], 5_000, `an answer to ${text}`);
  }

  /** A Heartbeat that is answered: everything before it has been dealt with. */
  async settle(): Promise<void> {
    const id = `settle-${this.frames.length}`;
    const [type] = await this.ask(`[2,"${id}","Heartbeat",{}]`, id);
    if (type !== 3) throw new Error("the Heartbeat was refused");
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => this.#socket.once("close", resolve));
    this.#socket.close(1000);
    await closed;
  }
}
