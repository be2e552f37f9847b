// The naive books: what the charger metered, message by message, beside what the tables say.

import assert from "node:assert/strict";
import type { LogEntry } from "../../src/core/record.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import type { Tables } from "../support/tables.ts";
import { BACKENDS, TAGS } from "./move.ts";

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

/** Everything the charger ever had to tell, in its order; the log has to be the same list. */
export class Books {
  readonly messages: Message[] = [];
  readonly charges: Charge[] = [];
  /** So many messages have been found in the log. */
  logged = 0;
  /** So many have been acknowledged. */
  acknowledged = 0;
  readonly #ids = new Set<number>();

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
      const message = this.messages[this.logged];
      assert.ok(message, `P1: the charger never sent what is logged as ${entry.sequence}`);
      this.#compare(entry, message);
      this.#compareSession(tables, entry, message, this.logged + 1 === log.length);
    }
  }

  /** The machine has sent the confirmation of a message. */
  acknowledge(tables: Tables, message: Message, confirmation: JsonObject): void {
    const number = this.messages.indexOf(message, Math.max(0, this.acknowledged - 3));
    assert.ok(number >= 0 && number < tables.log.length, "P1: acknowledged, and not stored");
    this.acknowledged = Math.max(this.acknowledged, number + 1);
    if (message.action !== "StartTransaction") return;
    const entry = tables.log[number]!;
    assert.equal(confirmation.transactionId, entry.transactionId, "P1: the id is not the stored");
  }

  /** All that was sent is there, and adds up. */
  checkEnd(tables: Tables): void {
    this.check(tables);
    assert.equal(tables.log.length, this.messages.length, "P1: messages are missing from the log");
    assert.equal(tables.sessions.size, this.charges.length, "P1: not one session for each charge");
    const sum = (items: number[]) => items.reduce((total, wh) => total + wh, 0);
    assert.equal(
      sum([...tables.sessions.values()].map(({ energyWh }) => energyWh)),
      sum(this.charges.map(({ register, meterStart }) => register - meterStart)),
      "P1: the books and the meter differ",
    );
  }

  #compare(entry: LogEntry, { action, register, charge }: Message): void {
    assert.equal(entry.sequence, this.logged + 1, "P1: the log has a gap");
    assert.ok(!entry.synthetic, "P1: the proxy invented a message");
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
    assert.equal(session.backendId, ownerOf(charge.idTag), "P1: booked to somebody else");
    if (!newest) return;
    assert.equal(session.energyWh, register - charge.meterStart, "P1: Wh");
    assert.equal(session.stoppedAt !== null, action === "StopTransaction", "P1: running or ended");
  }
}

/** Whose tag it is; null: the household's. */
export function ownerOf(idTag: string): string | null {
  return BACKENDS[TAGS.indexOf(idTag as (typeof TAGS)[number])] ?? null;
}
