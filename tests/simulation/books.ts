// The naive books: what the charger metered, message by message, beside what the tables say.

import assert from "node:assert/strict";
import type { LogEntry } from "../../src/core/record.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import type { Tables } from "../support/tables.ts";
import { BACKENDS, TAGS } from "./move.ts";
import { Starts } from "./starts.ts";
import type { Timeline } from "./timeline.ts";

/** One transaction as the charger remembers it. */
export interface Charge {
  readonly idTag: string;
  readonly connectorId: number;
  /** Wh; no other transaction begins there. */
  readonly meterStart: number;
  /** Wh. */
  register: number;
  /** The id that the charger was told. */
  id: number | undefined;
  running: boolean;
  /** By the timeline. */
  readonly beganAt: number;
  /** Whoever asked for it was not the only one who asked for a start there. */
  contested: boolean;
  /** The charger has forgotten it: it will never be stopped. */
  lost: boolean;
  /** Messages of it that have not been acknowledged. */
  unacknowledged: number;
}

/** One transaction message of the charger. */
export interface Message {
  readonly charge: Charge;
  readonly action: "StartTransaction" | "MeterValues" | "StopTransaction";
  /** Without the transaction id, which is added when it is sent. */
  readonly payload: JsonObject;
  /** Wh, what the register said. */
  readonly register: number;
}

/** A card that only a backend knows is booked to it by the start that it asked for, so long, ms. */
const CLAIMED_MS = 60_000;

/** Everything the charger ever had to tell, in its order; the log has to be the same list. */
export class Books {
  readonly messages: Message[] = [];
  readonly charges: Charge[] = [];
  /** So many entries of the log have been compared. */
  logged = 0;
  /** The entries of the messages that have been found in it. */
  readonly #entries: LogEntry[] = [];
  /** So many have been acknowledged. */
  acknowledged = 0;
  readonly #ids = new Set<number>();

  readonly #starts: Starts;

  constructor(readonly timeline: Timeline) {
    this.#starts = new Starts(timeline);
  }

  /** What began last on a connector. */
  last(connectorId: number): Charge | undefined {
    return this.charges.findLast((one) => one.connectorId === connectorId);
  }

  /** The machine tells the charger to start, whether that hears it or not. */
  start(connectorId: number): void {
    this.#starts.tell(connectorId, this.last(connectorId));
  }

  /** Whether what begins there may be booked to nobody. */
  isContested(connectorId: number): boolean {
    return this.#starts.isContested(connectorId, this.last(connectorId));
  }

  add(message: Message): void {
    this.messages.push(message);
    message.charge.unacknowledged++;
  }

  /** Compares what the tables have got since the last time. */
  check(tables: Tables): void {
    const { log } = tables;
    assert.ok(log.length >= this.logged, "P1: the log has lost entries");
    for (; this.logged < log.length; this.logged++) {
      const entry = log[this.logged]!;
      const newest = this.logged + 1 === log.length;
      if (entry.synthetic) {
        this.#checkEstimate(tables, entry, log[this.logged + 1]);
        continue;
      }
      const message = this.messages[this.#entries.length];
      assert.ok(message, `P1: the charger never sent what is logged as ${entry.sequence}`);
      this.#compare(entry, message);
      this.#entries.push(entry);
      this.#compareSession(tables, entry, message, newest);
    }
  }

  /** The machine has sent the confirmation of a message. */
  acknowledge(tables: Tables, message: Message, confirmation: JsonObject): void {
    this.check(tables);
    const number = this.messages.indexOf(message, Math.max(0, this.acknowledged - 3));
    const entry = this.#entries[number];
    assert.ok(entry, "P1: acknowledged, and not stored");
    this.acknowledged = Math.max(this.acknowledged, number + 1);
    if (message.action !== "StartTransaction") return;
    assert.equal(confirmation.transactionId, entry.transactionId, "P1: the id is not the stored");
  }

  /** All that was sent is there, and adds up. */
  checkEnd(tables: Tables): void {
    this.check(tables);
    assert.equal(this.#entries.length, this.messages.length, "P1: messages are missing");
    assert.equal(tables.sessions.size, this.charges.length, "P1: not one session for each charge");
    const sum = (items: number[]) => items.reduce((total, wh) => total + wh, 0);
    assert.equal(
      sum([...tables.sessions.values()].map(({ energyWh }) => energyWh)),
      sum(this.charges.map(({ register, meterStart }) => register - meterStart)),
      "P1: the books and the meter differ",
    );
  }

  /** The proxy closes what the charger has forgotten, and nothing else. */
  #checkEstimate(
    { sessions }: Tables,
    { action, transactionId, connectorId }: LogEntry,
    next: LogEntry | undefined,
  ): void {
    const charge = this.charges.find(({ id }) => id === transactionId);
    assert.ok(charge?.lost && action === "StopTransaction", "P1: the proxy invented a message");
    const session = sessions.get(transactionId)!;
    // Where the next one begins the one before may have ended, if that is to be believed.
    const closes = next?.action === "StartTransaction" && next.connectorId === connectorId;
    const began = Number(closes ? next.payload.meterStart : charge.register);
    if (session.energyWh === began - charge.meterStart) charge.register = began;
    assert.equal(session.energyWh, charge.register - charge.meterStart, "P1: Wh of an estimate");
    assert.ok(session.flags.includes("estimated_stop"), "P1: an estimate that is not called one");
  }

  #compare(entry: LogEntry, { action, register, charge }: Message): void {
    assert.equal(entry.sequence, this.logged + 1, "P1: the log has a gap");
    assert.equal(entry.action, action, "P1: booked twice, lost, or out of order");
    const { payload } = entry;
    const values = payload.meterValue as { sampledValue: { value: string }[] }[] | undefined;
    const told = values?.[0]?.sampledValue[0]?.value ?? payload.meterStop ?? payload.meterStart;
    assert.equal(Number(told), register, "P1: booked twice, lost, or out of order");
    if (action === "StartTransaction") {
      assert.ok(!this.#ids.has(entry.transactionId), "P1: a transaction id was used again");
      this.#ids.add(entry.transactionId);
    } else {
      assert.equal(entry.transactionId, charge.id, "P1: booked to another transaction");
    }
  }

  #compareSession(tables: Tables, entry: LogEntry, message: Message, newest: boolean): void {
    const { charge, register, action } = message;
    const session = tables.sessions.get(entry.transactionId);
    assert.ok(session, "P1: a message without its session");
    assert.equal(session.meterStartWh, charge.meterStart, "P1: the meter's start");
    const late = this.timeline.now > charge.beganAt + CLAIMED_MS;
    const unclaimed = charge.idTag.startsWith("R") && (late || charge.contested);
    const nobody = unclaimed && session.backendId === null;
    assert.ok(nobody || session.backendId === ownerOf(charge.idTag), "P1: booked to somebody else");
    if (!newest) return;
    assert.equal(session.energyWh, register - charge.meterStart, "P1: Wh");
    assert.equal(session.stoppedAt !== null, action === "StopTransaction", "P1: running or ended");
  }
}

/** Whose tag it is, in the table or, with an R before it, by a start alone; null: the household's. */
export function ownerOf(idTag: string): string | null {
  return BACKENDS[TAGS.indexOf(idTag.replace(/^R/, "") as (typeof TAGS)[number])] ?? null;
}
