// One WebSocket as the library for Home Assistant uses it, guarded: what is sent there may be anything.

import { dial } from "./dial.ts";
import type { Socket } from "./socket.ts";

/** The longest message: states of many entities at once, bytes. */
export const MAX_HOME_MESSAGE_BYTES = 4 * 1024 * 1024;

/** What may come within a second; whoever sends more is as good as broken. */
export const MAX_HOME_MESSAGES_PER_SECOND = 500;
const MAX_CHARACTERS_PER_SECOND = 2 * MAX_HOME_MESSAGE_BYTES;

type Listener = (event: { readonly data?: string }) => unknown;

/** Open until `close` is told; a listener that throws closes it. */
export class HomeAssistantWire {
  readonly OPEN = WebSocket.OPEN;
  /** Set once it is known. */
  haVersion = "";
  /** Says whether what has been taken in is still bearable. */
  bearable: () => boolean = () => true;
  readonly #socket: Socket;
  readonly #listeners = { message: new Set<Listener>(), close: new Set<Listener>() };
  #open = true;
  /** Why it was given up by us; undefined: it was not. */
  fault: string | undefined;
  #second = 0;
  #messages = 0;
  #characters = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Rejects with a DialError. */
  static async open(
    url: string,
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<HomeAssistantWire> {
    const socket = await dial({
      url,
      headers: {},
      protocols: [],
      handshakeTimeoutMs: timeoutMs,
      maxMessageBytes: MAX_HOME_MESSAGE_BYTES,
      signal,
      failed: () => wire.giveUp("it does not speak as Home Assistant does"),
    });
    const wire = new HomeAssistantWire(socket);
    return wire;
  }

  /** Begins to take messages in; listeners are there by now. */
  start(): void {
    this.#socket.handler = {
      message: (text) => this.#message(text),
      pong: () => {},
      closed: () => this.#closed(),
    };
  }

  get readyState(): number {
    return this.#open ? WebSocket.OPEN : WebSocket.CLOSED;
  }

  send(text: string): void {
    if (this.#open) this.#socket.send(text);
  }

  addEventListener(type: "message" | "close", listener: Listener): void {
    this.#listeners[type].add(listener);
  }

  removeEventListener(type: "message" | "close", listener: Listener): void {
    this.#listeners[type].delete(listener);
  }

  /** Politely; it is over in any case soon. */
  close(): void {
    this.#socket.close(1000, "");
  }

  /** At once. */
  giveUp(fault: string): void {
    this.fault ??= fault;
    this.#socket.terminate();
    this.#closed();
  }

  #message(text: string): void {
    if (!this.#open) return;
    if (this.#isTooMuch(text.length)) return this.giveUp("it sends too much");
    for (const listener of [...this.#listeners.message]) listener({ data: text });
    if (!this.bearable()) this.giveUp("it answers what was not asked");
  }

  #isTooMuch(characters: number): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#messages = this.#characters = 0;
    }
    this.#messages++;
    this.#characters += characters;
    return this.#messages > MAX_HOME_MESSAGES_PER_SECOND ||
      this.#characters > MAX_CHARACTERS_PER_SECOND;
  }

  #closed(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const listener of [...this.#listeners.close]) listener({});
  }
}
