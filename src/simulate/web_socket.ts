// Dialling with the `ws` client, once or again and again, with failures in words.

import type { ClientRequest } from "node:http";
// @ts-types="@types/ws"
import { WebSocket } from "ws";
import { MAX_MESSAGE_BYTES } from "../io/socket.ts";

export { WebSocket };

export interface DialOptions {
  readonly url: string;
  /** Subprotocols to offer; none: no header. */
  readonly protocols: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM certificates to trust in place of the system's. */
  readonly ca?: string;
  /** Whether a ping is answered; default true. */
  readonly pong?: boolean;
  /** Header fields of the handshake that are left out, or have another value than is due. */
  readonly handshake?: Readonly<Record<string, string | undefined>>;
}

/** A URL with an identity as the last part of its path; what is behind a `?` stays there. */
export function withIdentity(url: string, id: string): string {
  const [, address = "", query = ""] = /^([^?]*)(.*)$/s.exec(url) ?? [];
  return `${address.replace(/\/+$/, "")}/${encodeURIComponent(id)}${query}`;
}

/** The value of an Authorization header for HTTP Basic authentication. */
export function basicAuthorization(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/**
 * Opens a WebSocket; rejects with a sentence that says why not. `opened` is called before the
 * first message can arrive, which a promise cannot promise.
 */
export function openWebSocket(
  options: DialOptions,
  timeoutMs: number,
  opened: (socket: WebSocket) => void,
  signal?: AbortSignal,
): Promise<void> {
  const socket = new WebSocket(options.url, [...options.protocols], {
    headers: { ...options.headers },
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handshakeTimeout: timeoutMs,
    autoPong: options.pong ?? true,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.handshake ? { finishRequest: spoil(options.handshake) } : {}),
  });
  const giveUp = () => socket.terminate();
  signal?.addEventListener("abort", giveUp);
  return new Promise((resolve, reject) => {
    socket.once("open", () => {
      signal?.removeEventListener("abort", giveUp);
      opened(socket);
      resolve();
    });
    socket.on("error", (error) => reject(new Error(describe(error, options.url))));
    socket.once("unexpected-response", (_request, response) => {
      reject(new Error(`${options.url} answered HTTP ${response.statusCode}`));
      socket.terminate();
    });
  });
}

function spoil(handshake: NonNullable<DialOptions["handshake"]>) {
  return (request: ClientRequest): void => {
    for (const [name, value] of Object.entries(handshake)) {
      if (value === undefined) request.removeHeader(name);
      else request.setHeader(name, value);
    }
    request.end();
  };
}

function describe(error: Error, url: string): string {
  const code = "code" in error ? String(error.code) : "";
  if (code === "ECONNREFUSED") return `nothing listens at ${url}`;
  if (code === "ENOTFOUND") return `the host of ${url} is unknown`;
  return `${url}: ${error.message || code}`;
}

export interface LinkOptions extends DialOptions {
  /** Called with every socket that opens. */
  readonly opened: (socket: WebSocket) => void;
  readonly closed: (code: number, reason: string) => void;
  readonly failed?: (reason: string) => void;
  /** Wait before the first repeat, wall-clock milliseconds; doubles up to MAX_RECONNECT_MS. */
  readonly reconnectMs?: number;
  readonly handshakeTimeoutMs?: number;
  /** Changes how one connection is dialled; `attempt` counts from 0. */
  readonly vary?: (dial: DialOptions, attempt: number) => DialOptions;
}

const RECONNECT_MS = 1_000;
const MAX_RECONNECT_MS = 30_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How long the peer may take to close, before the socket is destroyed. */
const CLOSE_TIMEOUT_MS = 2_000;

/** A connection that comes back until it is told to stay away. */
export class Link {
  readonly #options: LinkOptions;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #delayMs: number;
  #attempt = 0;
  #wanted = false;
  #dialling: Promise<void> | undefined;
  #abort = new AbortController();
  /** Connections that were overtaken by a newer one, and are not closed yet. */
  readonly #abandoned = new Set<WebSocket>();

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#delayMs = this.#firstDelayMs;
  }

  get #firstDelayMs(): number {
    return this.#options.reconnectMs ?? RECONNECT_MS;
  }

  /** Connects, and reconnects whenever the connection ends. */
  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#dial();
  }

  /** Breaks the connection without a closing handshake; it comes back after the usual wait. */
  drop(): void {
    this.#socket?.terminate();
  }

  /** Opens another connection over the present one, which is left to whoever closes it. */
  overlap(): void {
    if (!this.#socket || !this.#wanted) return;
    this.#abandoned.add(this.#socket);
    this.#dial();
  }

  /** Sends a WebSocket ping, if connected. */
  ping(): void {
    this.#socket?.ping();
  }

  /** Closes and stays away until `start`; resolves when the socket is gone. */
  async stop(code = 1000): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#abort.abort();
    await this.#dialling;
    for (const abandoned of this.#abandoned) abandoned.terminate();
    const socket = this.#socket;
    if (!socket) return;
    const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
    socket.close(code);
    await gone;
    clearTimeout(timer);
  }

  #dial(): void {
    const timeoutMs = this.#options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS;
    this.#abort = new AbortController();
    const opened = (socket: WebSocket) => this.#opened(socket);
    const { vary } = this.#options;
    const dial = vary?.(this.#options, this.#attempt++) ?? this.#options;
    const dialling = openWebSocket(dial, timeoutMs, opened, this.#abort.signal);
    this.#dialling = dialling.catch((error: Error) => {
      if (this.#wanted) this.#options.failed?.(error.message);
      this.#again();
    });
  }

  #opened(socket: WebSocket): void {
    if (!this.#wanted) {
      socket.terminate();
      return;
    }
    this.#socket = socket;
    this.#delayMs = this.#firstDelayMs;
    socket.once("close", (code, reason) => {
      this.#abandoned.delete(socket);
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#options.closed(code, String(reason));
      this.#again();
    });
    this.#options.opened(socket);
  }

  #again(): void {
    if (!this.#wanted) return;
    this.#timer = setTimeout(() => this.#dial(), this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, MAX_RECONNECT_MS);
  }
}
