// What one backend is told of transactions: all that it may see, in order, under its own ids.

import assert from "node:assert/strict";
import type { LogEntry } from "../../src/core/record.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import type { Tables } from "../support/tables.ts";
import type { Backend } from "./backend.ts";
import type { ViewJudge } from "./view_judge.ts";

/** The id of a transaction whose StartTransaction was set aside. */
const NO_TRANSACTION = -1;

export class DeliveryJudge {
  /** Everything up to this sequence has been sent, or was not for this backend at that time. */
  #checked = 0;
  /** What has been sent above it. */
  readonly #sent = new Set<number>();
  /** The text of each transaction message by its id. */
  readonly #texts = new Map<string, string>();
  /** By our transaction id, the ids of the messages that began it. */
  readonly #starts = new Map<number, string>();
  /** Our transactions of which it has refused something. */
  readonly #setAside = new Set<number>();

  constructor(
    readonly backend: Backend,
    readonly tables: Tables,
    readonly view: ViewJudge,
  ) {}

  /** A CALL has been sent to an OCPP backend. */
  call(id: string, action: string, payload: JsonObject, text: string): void {
    const sent = this.#texts.get(id);
    if (sent !== undefined) {
      return assert.ok(text === sent, `P1: a repetition that differs: ${text}, before ${sent}`);
    }
    const ofTransaction = action.endsWith("Transaction") ||
      (action === "MeterValues" && payload.transactionId !== undefined);
    if (!ofTransaction) return this.view.call(action, payload);
    this.#texts.set(id, text);
    const entry = this.next();
    assert.ok(entry, `P1: ${this.backend.id} is told of what is not in the log`);
    this.#sent.add(entry.sequence);
    assert.equal(action, entry.action, `P1: ${this.backend.id} is told out of order`);
    assert.equal(told(payload), told(entry.payload), `P1: ${this.backend.id} is told out of order`);
    if (action === "StartTransaction") {
      assert.ok(!("transactionId" in payload), "P4: an id in StartTransaction");
      this.#starts.set(entry.transactionId, id);
      return;
    }
    this.#checkId(entry, Number(payload.transactionId));
  }

  /** An event of the log has been sent to a JSON backend. */
  event(sequence: number): void {
    if (sequence <= this.#checked || this.#sent.has(sequence)) return;
    const entry = this.next();
    assert.equal(sequence, entry?.sequence, `P1: ${this.backend.id} is told out of order`);
    this.#sent.add(sequence);
  }

  /** A step has ended: nothing was passed over that this backend may see. */
  check(cursor: number): void {
    for (; this.#checked < cursor; this.#checked++) {
      const entry = this.tables.log[this.#checked]!;
      const told = this.#sent.delete(entry.sequence);
      assert.ok(
        told || !this.#isFor(entry),
        `P1: ${this.backend.id} is not told of ${this.#checked + 1}`,
      );
    }
  }

  /** The backend has refused a message for good. */
  setAside(sequence: number): void {
    this.#setAside.add(this.tables.log[sequence - 1]!.transactionId);
  }

  /** The next entry that this backend is entitled to; undefined: it has had them all. */
  next(): LogEntry | undefined {
    const { log } = this.tables;
    for (let index = this.#checked; index < log.length; index++) {
      const entry = log[index]!;
      if (!this.#sent.has(entry.sequence) && this.#isFor(entry)) return entry;
    }
    return undefined;
  }

  /** Of a transaction whose begin it was not to see it is told nothing. */
  #isFor({ action, transactionId }: LogEntry): boolean {
    const begun = this.backend.json || action === "StartTransaction" ||
      this.#starts.has(transactionId);
    return begun && this.view.mayKnow(this.tables.sessions.get(transactionId)?.backendId ?? null);
  }

  /** Our transaction that the backend means by an id that it gave. */
  meant(theirs: number): number | undefined {
    if (this.backend.json) return theirs;
    for (const [transactionId, message] of this.#starts) {
      if (this.backend.given.get(message)?.has(theirs)) return transactionId;
    }
    return undefined;
  }

  #checkId({ transactionId }: LogEntry, theirs: number): void {
    const { backend } = this;
    if (theirs === NO_TRANSACTION) {
      const aside = this.#setAside.has(transactionId);
      return assert.ok(aside, `P4: ${backend.id} is told −1 of a transaction that it knows`);
    }
    const start = this.#starts.get(transactionId) ?? "";
    assert.ok(backend.given.get(start)?.has(theirs), `P4: ${backend.id} never gave ${theirs}`);
  }
}

function told({ meterValue, meterStop, meterStart }: JsonObject): number {
  const values = meterValue as { sampledValue: { value: string }[] }[] | undefined;
  return Number(values?.[0]?.sampledValue[0]?.value ?? meterStop ?? meterStart);
}
