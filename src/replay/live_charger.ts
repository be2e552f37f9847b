// Plays the charger's side of a recording at a live central system, with the ids that it gives.

import { type Frame, type MessageId, parseFrame } from "../ocpp/frame.ts";
import { isJsonObject, type JsonObject } from "../ocpp/json.ts";
import type { WebSocket } from "../simulate/web_socket.ts";
import { Counterpart, type OpenCall, type Reply } from "./counterpart.ts";
import { withId } from "./recorded_answer.ts";
import { chargerStandIn } from "./stand_in.ts";
import { TransactionIds } from "./transaction_ids.ts";

/** How long an answer is waited for, ms. */
const ANSWER_MS = 30_000;

/** What a CALL came to. */
export interface Outcome {
  readonly action: string;
  /** A status, `CALLERROR <code>`, `a broken answer` or `no answer`; empty: one without a status. */
  readonly recorded: string;
  readonly found: string;
  /** False: no answer came in time, or the server hung up. */
  readonly answered: boolean;
  /** Whether that is what was recorded, or nothing was. */
  readonly agrees: boolean;
}

/** Sees every frame. */
export type Watch = (direction: "sent" | "received", text: string) => void;

interface Pending {
  readonly id: MessageId;
  readonly answered: (frame: Frame | undefined) => void;
}

/** One connection. */
export class LiveCharger {
  readonly #socket: WebSocket;
  readonly #watch: Watch;
  readonly #transactionIds = new TransactionIds();
  readonly #server = new Counterpart(ANSWER_MS);
  #pending: Pending | undefined;
  /** With which words the connection has ended. */
  #closed: string | undefined;

  constructor(socket: WebSocket, watch: Watch) {
    this.#socket = socket;
    this.#watch = watch;
    socket.on("message", (data) => this.#received(String(data)));
    socket.on("close", (code, reason) => {
      this.#closed = `hung up with code ${code} ${reason}`.trimEnd();
      this.#pending?.answered(undefined);
    });
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Says something that is answered by nobody. */
  say(text: string): void {
    this.#send(this.#transactionIds.translate(text));
  }

  /** Sends a CALL and waits for its answer, up to half a minute. */
  async call(text: string, recorded: string | undefined): Promise<Outcome> {
    const translated = this.#transactionIds.translate(text);
    const call = parseFrame(translated);
    if (call.type !== "call") throw new Error("expected a CALL");
    const answer = await this.#ask(call.id, translated);
    if (answer?.type === "result" && call.action === "StartTransaction") {
      this.#learn(call.id, recorded, answer.payload);
    }
    const expected = recorded === undefined ? "no answer" : outcome(parseFrame(recorded));
    const found = answer === undefined ? this.#closed ?? "no answer" : outcome(answer);
    return {
      action: call.action,
      recorded: expected,
      found,
      answered: answer !== undefined,
      agrees: recorded === undefined || agreed(expected) === agreed(found),
    };
  }

  /** What the recorded central system asked, and what the charger answered, is known from now on. */
  asked(number: number, action: string, payload: JsonObject, answer: string | undefined): void {
    this.#server.asked(number, { action, payload }, Date.now());
    if (answer !== undefined) this.#reply(this.#server.answered(number, answer));
  }

  #learn(id: MessageId, recorded: string | undefined, given: JsonObject): void {
    const old = recorded === undefined ? undefined : parseFrame(recorded);
    const oldId = old?.type === "result" ? old.payload.transactionId : undefined;
    if (oldId === undefined || given.transactionId === undefined) return;
    this.#transactionIds.recorded(id, String(oldId));
    this.#transactionIds.given(id, String(given.transactionId));
  }

  #ask(id: MessageId, text: string): Promise<Frame | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => answered(undefined), ANSWER_MS);
      const answered = (frame: Frame | undefined) => {
        clearTimeout(timer);
        this.#pending = undefined;
        resolve(frame);
      };
      this.#pending = { id, answered };
      if (this.closed) answered(undefined);
      else this.#send(text);
    });
  }

  #received(text: string): void {
    this.#watch("received", text);
    const frame = parseFrame(text);
    if (frame.type === "call") {
      const { id, action, payload } = frame;
      const call: OpenCall = { id, action, payload, connection: 0 };
      // What was not recorded up to now gets an answer that fits; a server would wait for it.
      const reply = this.#server.sent(call, Date.now());
      if (reply) this.#reply(reply);
      else for (const due of this.#server.overdue(Infinity)) this.#reply(due);
      return;
    }
    const id = frame.type === "malformed" ? frame.failedCall : frame.id;
    if (id !== undefined && id === this.#pending?.id) this.#pending.answered(frame);
  }

  #reply(reply: Reply | undefined): void {
    if (reply === undefined) return;
    const { call, recorded } = reply;
    this.#send(recorded === undefined ? chargerStandIn(call) : withId(recorded, call.id));
  }

  #send(text: string): void {
    this.#watch("sent", text);
    this.#socket.send(text);
  }
}

/** What an answer says, without its ids and times. */
function outcome(frame: Frame): string {
  if (frame.type === "error") return `CALLERROR ${frame.code}`;
  if (frame.type !== "result") return "a broken answer";
  const { status, idTagInfo } = frame.payload;
  if (typeof status === "string") return status;
  return isJsonObject(idTagInfo) ? String(idTagInfo.status) : "";
}

/** An idTagInfo may be left out where there is nothing against it. */
function agreed(outcome: string): string {
  return outcome === "" ? "Accepted" : outcome;
}
