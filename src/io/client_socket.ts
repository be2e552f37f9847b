// A WebSocket that we dialled, carried by the ws library.

import type { WebSocket } from "ws";
import { nextConnectionNumber } from "./connection_number.ts";
import { type LivenessOptions, LivenessWatch } from "./liveness.ts";
import type { Socket, SocketHandler } from "./socket.ts";
import { closeReason, decodeText, isSendableCode } from "./websocket_frame.ts";
import {
  CLOSE_TIMEOUT_MS,
  MAX_QUEUED_BYTES,
  MAX_UNSENT_FOR_PONG_BYTES,
} from "./websocket_limits.ts";

export interface ClientSocketOptions {
  readonly liveness: LivenessOptions;
  readonly remoteAddress: string;
  /** Bytes received so far, of any kind. */
  bytesRead(): number;
  /** The owner's handler has thrown, which is a bug of ours; the socket goes on. */
  failed(error: unknown): void;
}

const encoder = new TextEncoder();

interface Ending {
  readonly code: number;
  readonly reason: string;
}

/** An open socket of the library; it reads nothing until it has a handler. */
export class ClientSocket implements Socket {
  readonly connection = nextConnectionNumber();
  readonly remoteAddress: string;
  readonly protocol: string;
  readonly #library: WebSocket;
  readonly #options: ClientSocketOptions;
  readonly #watch: LivenessWatch;
  #handler: SocketHandler | undefined;
  /** Set once nothing more is sent or delivered; says what `closed` will be told. */
  #ending: Ending | undefined;
  #over = false;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(library: WebSocket, options: ClientSocketOptions) {
    this.#library = library;
    this.#options = options;
    this.remoteAddress = options.remoteAddress;
    this.protocol = library.protocol;
    this.#watch = new LivenessWatch({
      bytesRead: () => options.bytesRead(),
      ping: (payload) => this.ping(payload),
      dead: (reason) => this.#destroy(1006, reason),
    }, options.liveness);
    library.pause();
    library.on("message", (data) => this.#message(data as Uint8Array));
    library.on("ping", (payload) => this.#pinged(payload));
    library.on("pong", (payload) => this.#ponged(payload));
    library.on("error", (error) => this.#broken(error));
    library.on("close", (code, reason) => this.#closed(code, reason.toString()));
  }

  get handler(): SocketHandler {
    if (this.#handler === undefined) throw new Error("the socket has no handler yet");
    return this.#handler;
  }

  set handler(handler: SocketHandler) {
    const first = this.#handler === undefined;
    this.#handler = handler;
    if (!first) return;
    if (this.#over) queueMicrotask(() => this.#report());
    else this.#library.resume();
  }

  get bufferedAmount(): number {
    return this.#library.bufferedAmount;
  }

  send(text: string): void {
    if (this.#ending !== undefined) return;
    // Bytes become one frame in one buffer, text a header and a payload, written separately.
    this.#library.send(encoder.encode(text), { binary: false });
    if (this.bufferedAmount > MAX_QUEUED_BYTES) this.#destroy(1006, "the peer does not read");
  }

  ping(payload: string): void {
    if (this.#ending === undefined) this.#library.ping(payload);
  }

  close(code: number, reason: string): void {
    if (this.#ending !== undefined) return;
    this.#stop(code, closeReason(reason));
    this.#library.close(isSendableCode(code) ? code : 1000, closeReason(reason));
    // It may wait for the peer with reading paused, when no handler was ever set.
    this.#library.resume();
  }

  terminate(): void {
    this.#destroy(1006, "terminated");
  }

  #message(data: Uint8Array): void {
    if (this.#ending !== undefined) return;
    let text: string;
    try {
      text = decodeText(data);
    } catch {
      this.#stop(1007, "message that is not UTF-8");
      this.#library.close(1007, "message that is not UTF-8");
      return;
    }
    this.#call((handler) => handler.message(text));
  }

  #pinged(payload: Uint8Array): void {
    if (this.#ending !== undefined || this.bufferedAmount > MAX_UNSENT_FOR_PONG_BYTES) return;
    this.#library.pong(payload);
  }

  #ponged(payload: Uint8Array): void {
    if (this.#ending !== undefined) return;
    let text: string;
    try {
      text = decodeText(payload);
    } catch {
      return;
    }
    if (!this.#watch.pong(text)) this.#call((handler) => handler.pong(text));
  }

  /** The library closes by itself, but would wait for half a minute. */
  #broken(error: Error & { code?: unknown }): void {
    if (this.#ending === undefined) this.#stop(closeCodeOf(String(error.code)), error.message);
  }

  #closed(code: number, reason: string): void {
    this.#over = true;
    clearTimeout(this.#closeTimer);
    this.#watch.stop();
    this.#ending ??= { code, reason: code === 1006 ? "connection closed by the peer" : reason };
    if (this.#handler !== undefined) this.#report();
  }

  #report(): void {
    const { code, reason } = this.#ending!;
    this.#call((handler) => handler.closed(code, reason));
  }

  #stop(code: number, reason: string): void {
    this.#ending = { code, reason };
    this.#closeTimer = setTimeout(
      () => this.#destroy(1006, "closing handshake not answered"),
      CLOSE_TIMEOUT_MS,
    );
  }

  #destroy(code: number, reason: string): void {
    if (this.#over) return;
    this.#ending = { code, reason };
    this.#library.terminate();
  }

  #call(handler: (handler: SocketHandler) => void): void {
    try {
      handler(this.#handler!);
    } catch (error) {
      this.#options.failed(error);
    }
  }
}

function closeCodeOf(errorCode: string): number {
  switch (errorCode) {
    case "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH":
      return 1009;
    case "WS_ERR_INVALID_UTF8":
      return 1007;
    default:
      return errorCode.startsWith("WS_ERR_") ? 1002 : 1006;
  }
}
