// One side of an OCPP-J conversation: calls with time-outs out, handlers for calls that come in.

import { callText, errorText, parseFrame, resultText } from "../ocpp/frame.ts";
import type { ErrorCode, MessageId } from "../ocpp/frame.ts";
import type { Action, Messages } from "../ocpp/types.ts";
import { checkConfirmation } from "../ocpp/validate.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { type Manner, PROPER, sendFrame } from "./manner.ts";
import type { WebSocket } from "./web_socket.ts";

/** An answer to a CALL, and what is to be done once it is on its way. */
export interface Reply {
  readonly payload: JsonObject;
  readonly afterwards?: () => void;
}

/** Answers one CALL; throws `Refusal` for a CALLERROR; "silence" leaves it unanswered. */
export type Handler = (
  action: string,
  payload: JsonObject,
) => Reply | "silence" | Promise<Reply | "silence">;

/** Thrown by a handler: the CALL is answered with this CALLERROR. */
export class Refusal extends Error {
  constructor(readonly code: ErrorCode, description: string) {
    super(description);
    this.name = "Refusal";
  }
}

/** Why a call has no confirmation. */
export type Failure = "disconnected" | "timeout" | "error" | "invalid";

/** A call that was not confirmed. */
export class CallFailed extends Error {
  constructor(readonly failure: Failure, message: string) {
    super(message);
    this.name = "CallFailed";
  }
}

export interface PeerOptions {
  readonly handle: Handler;
  /** How long a CALL may stay unanswered, wall-clock milliseconds. */
  readonly callTimeoutMs?: number;
  /** Sees every frame. */
  readonly watch?: (direction: "sent" | "received", text: string) => void;
  /** How it words what it sends; default: properly. */
  readonly manner?: Manner;
}

interface Call {
  readonly id: MessageId;
  readonly action: Action;
  readonly payload: JsonObject;
  readonly resolve: (confirmation: JsonObject) => void;
  readonly reject: (error: CallFailed) => void;
}

/** Wall-clock milliseconds. */
const CALL_TIMEOUT_MS = 30_000;
/** CALLs that wait behind the open one; what comes on top fails. */
export const MAX_WAITING_CALLS = 1_000;

/** One OCPP-J peer over one socket after another; at most one of its CALLs is open at a time. */
export class Peer {
  readonly #options: PeerOptions;
  readonly #manner: Manner;
  readonly #waiting: Call[] = [];
  #socket: WebSocket | undefined;
  #open: Call | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#manner = options.manner ?? PROPER;
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  /** Takes over an open socket; the former one is no longer listened to. */
  attach(socket: WebSocket): void {
    this.detach("another connection took over");
    this.#socket = socket;
    socket.on("message", (data) => {
      if (this.#socket === socket) this.#received(String(data));
    });
  }

  /** Forgets the socket; calls that wait fail with "disconnected". */
  detach(reason: string): void {
    this.#socket = undefined;
    const calls = this.#open ? [this.#open, ...this.#waiting] : [...this.#waiting];
    this.#waiting.length = 0;
    this.#settled();
    for (const call of calls) {
      call.reject(new CallFailed("disconnected", `${call.action}: ${reason}`));
    }
  }

  /** Sends a CALL and waits for its CALLRESULT; rejects with CallFailed. */
  call<A extends Action>(
    action: A,
    payload: Messages[A]["request"],
  ): Promise<Messages[A]["confirmation"]> {
    const answer = new Promise<JsonObject>((resolve, reject) => {
      if (!this.#socket) {
        reject(new CallFailed("disconnected", `${action}: not connected`));
        return;
      }
      if (this.#waiting.length >= MAX_WAITING_CALLS) {
        reject(new CallFailed("timeout", `${action}: too many messages wait for their turn`));
        return;
      }
      const plan = this.#manner.plan(action, payload);
      if (plan.confirmation) resolve(plan.confirmation);
      else this.#enqueue(action, plan.payload, resolve, reject);
      for (const extra of plan.extras) {
        this.#enqueue(extra.action, extra.payload, () => {}, () => {});
      }
      this.#next();
    });
    return answer.then((confirmation) => {
      const checked = checkConfirmation(action, confirmation);
      if (checked.ok) return checked.value;
      throw new CallFailed("invalid", `${action}: ${checked.fault.message}`);
    });
  }

  #enqueue(
    action: Action,
    payload: JsonObject,
    resolve: Call["resolve"],
    reject: Call["reject"],
  ): void {
    const id = this.#manner.messageId(action);
    this.#waiting.push({ id, action, payload, resolve, reject });
  }

  #next(): void {
    if (this.#open || !this.#socket) return;
    const call = this.#waiting.shift();
    if (!call) return;
    this.#open = call;
    this.#timer = setTimeout(() => {
      this.#settled();
      call.reject(new CallFailed("timeout", `${call.action} was not answered in time`));
      this.#next();
    }, this.#options.callTimeoutMs ?? CALL_TIMEOUT_MS);
    this.#send(callText(call.id, call.action, call.payload));
  }

  #settled(): void {
    clearTimeout(this.#timer);
    this.#open = undefined;
  }

  /** The open call, when it is the one with this id: late and foreign answers are nobody's. */
  #take(id: MessageId | undefined): Call | undefined {
    const call = this.#open;
    if (!call || call.id !== id) return undefined;
    this.#settled();
    return call;
  }

  #received(text: string): void {
    this.#options.watch?.("received", text);
    const frame = parseFrame(text);
    switch (frame.type) {
      case "call":
        void this.#answer(frame.id, frame.action, frame.payload);
        return;
      case "result":
        this.#take(frame.id)?.resolve(frame.payload);
        break;
      case "error": {
        const call = this.#take(frame.id);
        const why = `${frame.code} ${frame.description}`.trim();
        call?.reject(new CallFailed("error", `${call.action} was refused: ${why}`));
        break;
      }
      case "malformed": {
        const call = this.#take(frame.failedCall);
        call?.reject(new CallFailed("invalid", `${call.action}: ${frame.reason}`));
        if (frame.reply) {
          this.#send(errorText(frame.reply.id, frame.reply.code, frame.reply.description));
        }
        break;
      }
    }
    this.#next();
  }

  async #answer(id: MessageId, action: string, payload: JsonObject): Promise<void> {
    const socket = this.#socket;
    let reply: Reply | "silence";
    try {
      reply = await this.#options.handle(action, payload);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : undefined;
      if (this.#socket !== socket) return;
      this.#send(
        errorText(id, refusal?.code ?? "InternalError", String(refusal?.message ?? error)),
      );
      return;
    }
    if (reply === "silence") return;
    // An answer belongs to the connection that asked.
    if (this.#socket === socket) this.#send(resultText(id, reply.payload));
    reply.afterwards?.();
  }

  #send(text: string): void {
    if (!this.#socket) return;
    for (const frame of this.#manner.frames(text)) {
      this.#options.watch?.("sent", frame);
      sendFrame(this.#socket, frame, this.#manner.coding);
    }
  }
}
