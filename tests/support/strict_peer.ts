// What the independent peers of the tests have in common: ocpp-rpc in strict mode, and a record.

import type { Buffer } from "node:buffer";
import type { EventEmitter } from "node:events";
import { createRPCError, type IHandlersOption } from "ocpp-rpc";

/** A payload as an independent peer sees it. */
export type Payload = Record<string, unknown>;

/** One CALL that a peer received. */
export interface Received {
  /** The message id of the CALL. */
  readonly id: string;
  readonly action: string;
  readonly payload: Payload;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Answers a CALL; what it throws becomes a CALLERROR (see `callError`). */
export type Answer = (payload: Payload) => Payload | Promise<Payload>;

/** Answers by action. */
export type Answers = Readonly<Record<string, Answer>>;

/** An error that an Answer throws to send this CALLERROR. */
export function callError(code: string, description = ""): ReturnType<typeof createRPCError> {
  return createRPCError(code, description, {});
}

/** The options that every ocpp-rpc socket of the tests has. */
export const STRICT_OPTIONS = {
  protocols: ["ocpp1.6"],
  strictMode: true,
  // No pings: their timer would outlive the test.
  pingIntervalMs: 0,
  callTimeoutMs: 10_000,
};

/** The part of an ocpp-rpc socket that is used here. */
export interface RpcSocket {
  call(action: string, payload: Payload): Promise<unknown>;
  handle(handler: (options: IHandlersOption) => Promise<Payload>): void;
  sendRaw(text: string): void;
}

/** Collects what comes in on ocpp-rpc sockets, and answers it. */
export class Recorder {
  /** Every valid CALL that came in, oldest first. */
  readonly received: Received[] = [];
  /** What ocpp-rpc had against a frame, in or out: tests assert that it is empty. */
  readonly violations: string[] = [];
  readonly #answers: Map<string, Answer>;

  constructor(answers: Answers) {
    this.#answers = new Map(Object.entries(answers));
  }

  /** Changes how an action is answered from now on. */
  answer(action: string, answer: Answer): void {
    this.#answers.set(action, answer);
  }

  /** The payloads of one action, oldest first. */
  payloads(action: string): Payload[] {
    return this.received.filter((one) => one.action === action).map((one) => one.payload);
  }

  /** Records and answers what comes in on this socket. */
  watch(socket: RpcSocket & EventEmitter): void {
    socket.on("strictValidationFailure", (failure: { method: string; error: Error }) => {
      this.violations.push(`${failure.method}: ${failure.error.message}`);
    });
    socket.on("badMessage", (bad: { buffer: Buffer; error: Error }) => {
      this.violations.push(`${bad.error.message}: ${bad.buffer.toString()}`);
    });
    socket.handle(async ({ messageId = "", method = "", params = {} }) => {
      this.received.push({ id: messageId, action: method, payload: params, at: Date.now() });
      const answer = this.#answers.get(method);
      if (!answer) throw callError("NotImplemented");
      return await answer(params);
    });
  }
}

/** `YYYY-MM-DDTHH:MM:SSZ`. */
export function nowText(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}
