// What is open between the machine and one peer: one answer to each CALL, one CALL at a time.

import assert from "node:assert/strict";
import type { Message } from "./books.ts";

/** After this long a peer may take it that an answer will not come, ms. */
const CALL_TIMEOUT_MS = 30_000;

/** A CALL of the peer. */
export interface Waiting {
  /** By the timeline. */
  readonly at: number;
  /** How long the machine had stood still by then, ms. */
  readonly frozenMs: number;
  readonly action: string;
  /** The transaction message that it carries. */
  readonly message?: Message | undefined;
}

export class Dialogue {
  connection: number | undefined;
  /** The peer's CALLs without an answer. */
  readonly waiting: Map<string, Waiting> = new Map();
  /** The machine's CALL without an answer. */
  #outstanding: { readonly id: string; readonly at: number } | undefined;

  constructor(readonly who: string) {}

  /** A new connection, or none: what was open on the old one is forgotten. */
  open(connection: number | undefined): void {
    this.connection = connection;
    this.waiting.clear();
    this.#outstanding = undefined;
  }

  /** The machine sends a CALL. */
  call(id: string, now: number): void {
    const { who } = this;
    const open = this.#outstanding;
    const free = open === undefined || now - open.at >= CALL_TIMEOUT_MS;
    assert.ok(free, `P4: two CALLs at once to ${who}`);
    this.#outstanding = { id, at: now };
  }

  /** The peer sends an answer. */
  settle(id: unknown): void {
    if (this.#outstanding?.id === id) this.#outstanding = undefined;
  }

  /** The machine answers, exactly once; what the peer never asked may be garbage of its own. */
  answer(connection: number, id: unknown): Waiting | undefined {
    if (this.connection !== connection || typeof id !== "string") return undefined;
    const waiting = this.waiting.get(id);
    // Names of CALLs are the peer's letter and a number.
    const asked = id.startsWith(this.who) && Number(id.slice(this.who.length)) > 0;
    assert.ok(waiting || !asked, `P4: ${id} is answered twice`);
    this.waiting.delete(id);
    return waiting;
  }
}
