// Who answers the core's CALLs where the recorded ids do not fit: the recorded answer to the same
// question, or a stand-in.

import { comparable } from "../core/id_tag.ts";
import type { MessageId } from "../ocpp/frame.ts";
import { type JsonObject, stringifyJson } from "../ocpp/json.ts";

/** A CALL that was recorded. */
export interface RecordedCall {
  readonly action: string;
  readonly payload: JsonObject;
}

/** A CALL of the core that has no answer yet. */
export interface OpenCall extends RecordedCall {
  readonly id: MessageId;
  readonly connection: number;
}

/** An answer for the core; `recorded` undefined: a stand-in is to answer. */
export interface Reply {
  readonly call: OpenCall;
  /** The frame as it was recorded, with its own id. */
  readonly recorded: string | undefined;
}

/** Recorded CALLs and CALLs of the core that are remembered each. */
const MAX_REMEMBERED = 200;

/** How long a CALL that nobody recorded waits for one that may yet come, ms. */
const STAND_IN_MS = 1_000;

/** What tells two CALLs of one action apart. */
const TELLING = ["idTag", "connectorId", "key", "requestedMessage", "vendorId", "messageId"];

interface Pair {
  readonly number: number;
  readonly recorded: RecordedCall;
  call: OpenCall | undefined;
  answer: string | undefined;
}

/** One peer, who was asked and has answered in a recording. */
export class Counterpart {
  readonly #patienceMs: number;
  readonly #pairs: Pair[] = [];
  /** With the time at which a stand-in answers. */
  readonly #open = new Map<OpenCall, number>();

  /** `patienceMs`: how long an answer that is recorded, or was never given, is waited for. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** When a stand-in has to answer. */
  get due(): number {
    return Math.min(Infinity, ...this.#open.values());
  }

  /** The core has sent a CALL; the answer, if it is known already. */
  sent(call: OpenCall, now: number): Reply | undefined {
    const pair = this.#pairs.find(({ call: other, recorded }) =>
      other === undefined && fits(recorded, call)
    );
    if (pair?.answer !== undefined) return this.#reply(pair, call);
    if (pair !== undefined) pair.call = call;
    this.#open.set(call, now + (pair === undefined ? STAND_IN_MS : this.#patienceMs));
    return undefined;
  }

  /** The peer was asked this in the recording; `number` names it. */
  asked(number: number, recorded: RecordedCall, now: number): void {
    const paired = new Set(this.#pairs.map(({ call }) => call));
    const call = [...this.#open.keys()].find((open) => !paired.has(open) && fits(recorded, open));
    this.#pairs.push({ number, recorded, call, answer: undefined });
    if (call !== undefined) this.#open.set(call, now + this.#patienceMs);
    if (this.#pairs.length > MAX_REMEMBERED) this.#pairs.shift();
  }

  /** The peer has answered it in the recording; the answer for the core, if that has asked. */
  answered(number: number, text: string): Reply | undefined {
    const pair = this.#pairs.find((candidate) => candidate.number === number);
    if (pair === undefined) return undefined;
    if (pair.call === undefined) {
      pair.answer = text;
      return undefined;
    }
    if (!this.#open.has(pair.call)) {
      this.#forget(pair);
      return undefined;
    }
    pair.answer = text;
    return this.#reply(pair, pair.call);
  }

  /** CALLs that a stand-in answers now. */
  overdue(now: number): Reply[] {
    const calls = [...this.#open].filter(([, at]) => at <= now).map(([call]) => call);
    for (const call of calls) this.#open.delete(call);
    return calls.map((call) => ({ call, recorded: undefined }));
  }

  /** The clock was set, by so many ms. */
  shift(byMs: number): void {
    for (const [call, at] of this.#open) this.#open.set(call, at + byMs);
  }

  /** The connection has ended: nobody answers what was asked on it. */
  closed(): void {
    this.#open.clear();
    for (const pair of [...this.#pairs]) if (pair.call) this.#forget(pair);
  }

  #reply(pair: Pair, call: OpenCall): Reply {
    this.#open.delete(call);
    this.#forget(pair);
    return { call, recorded: pair.answer };
  }

  #forget(pair: Pair): void {
    this.#pairs.splice(this.#pairs.indexOf(pair), 1);
  }
}

function fits(one: RecordedCall, other: RecordedCall): boolean {
  return one.action === other.action && TELLING.every((key) => {
    const a = one.payload[key];
    const b = other.payload[key];
    if (a === undefined || b === undefined) return true;
    if (typeof a === "string" && typeof b === "string") return comparable(a) === comparable(b);
    return stringifyJson(a) === stringifyJson(b);
  });
}
