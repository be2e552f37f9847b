// Independent models of a charger and of central systems, which judge what the core does to them.

import assert from "node:assert/strict";
import { parseFrame } from "../../src/ocpp/frame.ts";
import { type JsonObject, stringifyJson } from "../../src/ocpp/json.ts";
import { at } from "./charging.ts";
import { Crash, friendlyAnswer, type Harness, START } from "./harness.ts";

/** The longest that a charger waits for an answer, ms. */
const PATIENCE_MS = 2_500;

/** After this long a peer may take it that an answer will not come, ms. */
const CALL_TIMEOUT_MS = 30_000;

/** One transaction as the charger remembers it. */
export interface Charge {
  readonly idTag: string;
  readonly connectorId: number;
  readonly meterStart: number;
  readonly startedAtS: number;
  register: number;
  /** The id that the charger was told. */
  id: number | undefined;
  running: boolean;
}

interface Message {
  readonly charge: Charge;
  readonly action: "StartTransaction" | "MeterValues" | "StopTransaction";
  /** Without the transaction id, which is added when it is sent. */
  readonly payload: JsonObject;
}

/** A charger that keeps to OCPP 1.6, section 3.7: in order, repeated until it is answered. */
export class ModelCharger {
  readonly charges: Charge[] = [];
  /** What was answered with success, in order. */
  readonly acknowledged: Message[] = [];
  readonly #queue: Message[] = [];
  #open: { readonly id: string; readonly message: Message; readonly at: number } | undefined;
  #read = 0;
  #number = 0;
  #connected = false;

  constructor(readonly h: Harness) {}

  connect(boot: boolean): void {
    this.#open = undefined;
    this.#connected = true;
    this.h.connectCharger();
    if (!boot) return;
    this.h.chargerCalls("BootNotification", { chargePointVendor: "V", chargePointModel: "M" });
  }

  disconnect(): void {
    this.#open = undefined;
    this.#connected = false;
    this.h.disconnectCharger();
  }

  /** The proxy is gone, and with it the connection. */
  cut(): void {
    this.#open = undefined;
    this.#connected = false;
    this.#read = this.h.charger.length;
  }

  get idle(): boolean {
    return this.#queue.length === 0 && this.#open === undefined;
  }

  begin(idTag: string, connectorId: number, clock: boolean): void {
    if (this.charges.some((one) => one.running && one.connectorId === connectorId)) return;
    const seconds = this.#seconds();
    const charge: Charge = {
      idTag,
      connectorId,
      meterStart: 1000 * this.charges.length,
      startedAtS: seconds,
      register: 1000 * this.charges.length,
      id: undefined,
      running: true,
    };
    this.charges.push(charge);
    this.#queue.push({
      charge,
      action: "StartTransaction",
      payload: {
        connectorId,
        idTag,
        meterStart: charge.meterStart,
        timestamp: clock ? at(seconds) : `1970-01-01T00:00:0${this.charges.length % 10}Z`,
      },
    });
  }

  measure(connectorId: number, wh: number): void {
    const charge = this.#running(connectorId);
    if (!charge) return;
    charge.register += wh;
    this.#queue.push({
      charge,
      action: "MeterValues",
      payload: {
        connectorId,
        meterValue: [{
          timestamp: at(this.#seconds()),
          sampledValue: [{ value: String(charge.register) }],
        }],
      },
    });
  }

  end(connectorId: number): void {
    const charge = this.#running(connectorId);
    if (!charge) return;
    charge.running = false;
    this.#queue.push({
      charge,
      action: "StopTransaction",
      payload: { meterStop: charge.register, timestamp: at(this.#seconds()), idTag: charge.idTag },
    });
  }

  /** Sends the oldest message, if none is under way. */
  send(): void {
    this.read();
    const message = this.#queue[0];
    if (!message || this.#open || !this.#connected) return;
    const { action, payload, charge } = message;
    const id = `c${++this.#number}`;
    this.#open = { id, message, at: this.h.now };
    const full = action === "StartTransaction" ? payload : { ...payload, transactionId: charge.id };
    this.h.chargerSays(stringifyJson([2, id, action, full]));
    this.read();
  }

  /** Takes in what has come; an answer that is overdue fails the test. */
  read(): void {
    for (const { text } of this.h.charger.slice(this.#read)) {
      const frame = parseFrame(text);
      if (frame.type !== "result" && frame.type !== "error") continue;
      const open = this.#open;
      if (open === undefined || frame.id !== open.id) continue;
      this.#open = undefined;
      if (frame.type === "error") {
        assert.equal(frame.code, "InternalError");
        continue;
      }
      this.#queue.shift();
      this.acknowledged.push(open.message);
      if (open.message.action !== "StartTransaction") continue;
      const { transactionId } = frame.payload;
      assert.ok(Number.isInteger(transactionId) && Number(transactionId) > 0);
      open.message.charge.id = Number(transactionId);
    }
    this.#read = this.h.charger.length;
    if (this.#open) {
      assert.ok(this.h.now - this.#open.at <= PATIENCE_MS, "the charger waits too long");
    }
  }

  #running(connectorId: number): Charge | undefined {
    return this.charges.find((one) => one.running && one.connectorId === connectorId);
  }

  #seconds(): number {
    return Math.floor((this.h.now - START) / 1000);
  }
}

interface Heard {
  readonly id: string;
  readonly action: string;
  readonly payload: JsonObject;
  readonly text: string;
  /** The transaction id that it was answered with. */
  answeredId: number | undefined;
}

/** A central system with transaction ids of its own range. */
export class ModelBackend {
  /** Every CALL, in order. */
  readonly heard: Heard[] = [];
  connected = false;
  #read = 0;
  #lastId: number;
  #open: { readonly heard: Heard; readonly at: number } | undefined;

  constructor(readonly h: Harness, readonly id: string, readonly firstId: number) {
    this.#lastId = firstId;
  }

  connect(): void {
    this.cut();
    this.connected = true;
    this.h.connectBackend(this.id);
    this.read();
  }

  disconnect(): void {
    this.cut();
    this.h.disconnectBackend(this.id);
  }

  /** The connection is gone; what was sent on it was still received. */
  cut(): void {
    this.read();
    this.#open = undefined;
    this.connected = false;
  }

  /** Takes in what has come: one CALL at a time, unless the last one has timed out. */
  read(): void {
    const received = this.h.received(this.id);
    for (; this.#read < received.length; this.#read++) {
      const { at: sentAt, text } = received[this.#read]!;
      const frame = parseFrame(text);
      assert.equal(frame.type, "call", text);
      const heard = { ...frame, id: String(frame.id), text, answeredId: undefined };
      if (this.#open) {
        assert.ok(sentAt - this.#open.at >= CALL_TIMEOUT_MS, `two CALLs at once: ${text}`);
      }
      this.heard.push(heard);
      this.#open = { heard, at: sentAt };
    }
  }

  /** Answers what is open; `twice`: as a confused one does. */
  answer(twice = false): boolean {
    this.read();
    const open = this.#open;
    if (!open || !this.connected) return false;
    this.#open = undefined;
    const payload = friendlyAnswer(open.heard.action, this.h.now, () => ++this.#lastId);
    if (open.heard.action === "StartTransaction") open.heard.answeredId = this.#lastId;
    const text = stringifyJson([3, open.heard.id, payload]);
    this.h.backendSays(this.id, text);
    if (twice) this.h.backendSays(this.id, text);
    this.read();
    return true;
  }
}

/** Does something that the process may not survive. */
export function survive(h: Harness, action: () => void, afterCrash: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    afterCrash();
    h.crash();
  } finally {
    h.effectsLeft = Infinity;
  }
}
