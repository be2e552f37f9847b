// A WebSocket of the listening side, from the 101 answer to the last byte.

import type { ByteConnection } from "./byte_connection.ts";
import { nextConnectionNumber } from "./connection_number.ts";
import { type LivenessOptions, LivenessWatch } from "./liveness.ts";
import { MAX_MESSAGE_BYTES, type Socket, type SocketHandler } from "./socket.ts";
import {
  CLOSE_TIMEOUT_MS,
  MAX_QUEUED_BYTES,
  MAX_UNSENT_FOR_PONG_BYTES,
} from "./websocket_limits.ts";
import { closeFrame, closeReason, controlFrame, OPCODE, pingFrame } from "./websocket_frame.ts";
import { decodeText, textFrame } from "./websocket_frame.ts";
import { FrameReader, type FrameSink } from "./websocket_reader.ts";

/** What a closed socket may still send before it is cut off; all of it is thrown away. */
const MAX_DISCARDED_BYTES = 1024 * 1024;

export interface ServerSocketOptions {
  readonly protocol: string;
  readonly liveness: LivenessOptions;
  /** The peer broke RFC 6455 or a bound of ours. */
  violated(): void;
  /** The owner's handler has thrown, which is a bug of ours; the socket goes on. */
  failed(error: unknown): void;
}

interface Ending {
  readonly code: number;
  readonly reason: string;
}

/** Give it a handler in the turn it is made in, then `run` it. */
export class ServerSocket implements Socket, FrameSink {
  readonly connection = nextConnectionNumber();
  readonly remoteAddress: string;
  readonly protocol: string;
  handler!: SocketHandler;
  readonly #bytes: ByteConnection;
  readonly #options: ServerSocketOptions;
  readonly #reader: FrameReader;
  readonly #watch: LivenessWatch;
  /** Set once nothing more is sent or delivered; says what `closed` will be told. */
  #ending: Ending | undefined;
  #discardFrom: number | undefined;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(bytes: ByteConnection, options: ServerSocketOptions) {
    this.#bytes = bytes;
    this.#options = options;
    this.remoteAddress = bytes.remoteAddress;
    this.protocol = options.protocol;
    this.#reader = new FrameReader(this, MAX_MESSAGE_BYTES);
    this.#watch = new LivenessWatch({
      bytesRead: () => bytes.bytesRead,
      ping: (payload) => this.ping(payload),
      dead: (reason) => this.#destroy(1006, reason),
    }, options.liveness);
  }

  get bufferedAmount(): number {
    return this.#bytes.unsentBytes;
  }

  send(text: string): void {
    if (this.#ending !== undefined) return;
    this.#bytes.write(textFrame(text));
    if (this.#bytes.unsentBytes > MAX_QUEUED_BYTES) this.#destroy(1006, "the peer does not read");
  }

  ping(payload: string): void {
    if (this.#ending === undefined) this.#bytes.write(pingFrame(payload));
  }

  close(code: number, reason: string): void {
    if (this.#ending !== undefined) return;
    this.#bytes.write(closeFrame(code, reason));
    this.#ending = { code, reason: closeReason(reason) };
    this.#closeTimer = setTimeout(
      () => this.#destroy(1006, "closing handshake not answered"),
      CLOSE_TIMEOUT_MS,
    );
  }

  terminate(): void {
    this.#destroy(1006, "terminated");
  }

  /** For a socket that never got a handler. */
  abandon(): void {
    this.#watch.stop();
    this.#bytes.destroy();
  }

  /** Reads until the connection is over, then tells the handler. */
  async run(): Promise<void> {
    const bytes = this.#bytes;
    do {
      do {
        bytes.start = this.#reader.consume(bytes.buffer, bytes.start, bytes.end);
      } while (await bytes.turn.pass());
      if (this.#discardFrom !== undefined) {
        bytes.start = bytes.end;
        if (bytes.bytesRead - this.#discardFrom > MAX_DISCARDED_BYTES) break;
      }
    } while (!bytes.destroyed && await bytes.fill());
    bytes.destroy();
    clearTimeout(this.#closeTimer);
    this.#watch.stop();
    const { code, reason } = this.#ending ?? { code: 1006, reason: bytes.failure };
    this.#ending = { code, reason };
    this.#call(() => this.handler.closed(code, reason));
  }

  get hasEnough(): boolean {
    return this.#bytes.turn.isOver;
  }

  message(text: string): void {
    if (this.#ending === undefined) this.#call(() => this.handler.message(text));
  }

  ponged(payload: Uint8Array): void {
    if (this.#ending !== undefined) return;
    let text: string;
    try {
      text = decodeText(payload);
    } catch {
      return;
    }
    if (!this.#watch.pong(text)) this.#call(() => this.handler.pong(text));
  }

  pinged(payload: Uint8Array): void {
    if (this.#ending !== undefined) return;
    if (this.#bytes.unsentBytes > MAX_UNSENT_FOR_PONG_BYTES) return;
    this.#bytes.write(controlFrame(OPCODE.pong, payload.slice()));
  }

  peerClosed(code: number, reason: string): void {
    if (this.#ending !== undefined) {
      // The answer to our own close: its code and reason are ours.
      this.#bytes.destroy();
      return;
    }
    this.#bytes.write(closeFrame(code, ""));
    this.#stop(code, reason);
    void this.#bytes.drained().then(() => this.#bytes.destroy());
  }

  violation(code: number, reason: string): void {
    this.#options.violated();
    if (this.#ending === undefined) {
      this.#bytes.write(closeFrame(code, reason));
      this.#stop(code, reason);
    }
    this.#discardFrom = this.#bytes.bytesRead;
  }

  /** Nothing more is delivered; the connection is given CLOSE_TIMEOUT_MS to end in an orderly way. */
  #stop(code: number, reason: string): void {
    this.#ending = { code, reason };
    this.#closeTimer = setTimeout(() => this.#bytes.destroy(), CLOSE_TIMEOUT_MS);
  }

  #destroy(code: number, reason: string): void {
    this.#ending = { code, reason };
    this.#bytes.destroy();
  }

  #call(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.#options.failed(error);
    }
  }
}
