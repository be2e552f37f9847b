// A charger of the simulation: keeps to OCPP 1.6, section 3.7, unless it is in a bad mood.

import assert from "node:assert/strict";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { START } from "../core/harness.ts";
import { type Books, type Charge, type Message } from "./books.ts";
import { GARBAGE } from "./garbage.ts";
import type { Link } from "./link.ts";
import { obey } from "./obey.ts";
import type { Deed, Mood } from "./move.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** How long it waits for an answer before it asks again, ms. */
const TIMEOUT_MS = 30_000;

interface Call {
  readonly id: string;
  readonly action: string;
  readonly message: Message | undefined;
}

/** Messages of no transaction that wait to be sent, at most. */
const MAX_CHATTER = 20;

export class Charger {
  mood: Mood = "good";
  link: Link | undefined;
  /** Transaction messages by the ids of their CALLs. */
  readonly sent: Map<string, Message> = new Map();
  readonly #queue: Message[] = [];
  readonly #chatter: (readonly [action: string, payload: JsonObject])[] = [];
  #open: Call | undefined;
  #booted = false;
  #number = 0;
  /** Earliest time for the next CALL, by the timeline. */
  #quietUntil = 0;

  constructor(
    readonly timeline: Timeline,
    readonly random: Random,
    readonly books: Books,
    readonly connect: () => Link,
  ) {}

  get idle(): boolean {
    return this.#queue.length === 0 && this.#chatter.length === 0 && this.#open === undefined &&
      this.#booted;
  }

  /** It has a new connection, and does not care what becomes of the old one. */
  online(boot: boolean): void {
    this.link = this.connect();
    this.#open = undefined;
    this.#booted = this.#booted && !boot;
    if (this.#booted) this.#tellStatus();
    this.send();
  }

  /** Its connection is gone; it comes back by itself. */
  offline(link: Link): void {
    if (this.link !== link) return;
    this.link = undefined;
    this.#open = undefined;
    this.timeline.after(this.random.between(100, 4_000), () => {
      if (this.link === undefined) this.online(this.random.chance(0.3));
    });
  }

  begin(idTag: string, connectorId: number): void {
    if (this.charging(connectorId) || this.#owed(connectorId)) return;
    // The register of a connector goes on; sessions begin where no other has been.
    const { charges } = this.books;
    const register = 1 + (charges.at(-1)?.register ?? 0);
    const charge: Charge = {
      idTag,
      connectorId,
      meterStart: Math.max(register, 100_000 * charges.length),
      register: Math.max(register, 100_000 * charges.length),
      id: undefined,
      running: true,
      beganAt: this.timeline.now,
      contested: this.books.isContested(connectorId),
      lost: false,
      unacknowledged: 0,
    };
    charges.push(charge);
    const { meterStart } = charge;
    const payload = { connectorId, idTag, meterStart, timestamp: this.#time() };
    this.#tell({ charge, action: "StartTransaction", payload, register: meterStart });
  }

  measure(connectorId: number, wh: number): void {
    const charge = this.charging(connectorId);
    if (!charge) return;
    const register = charge.register += wh;
    const sampledValue = [{ value: String(register) }];
    const payload = { connectorId, meterValue: [{ timestamp: this.#time(), sampledValue }] };
    this.#tell({ charge, action: "MeterValues", payload, register });
  }

  end(connectorId: number): void {
    const charge = this.charging(connectorId);
    if (!charge) return;
    charge.running = false;
    const { register, idTag } = charge;
    const payload = { meterStop: register, timestamp: this.#time(), idTag };
    this.#tell({ charge, action: "StopTransaction", payload, register });
  }

  /** It remembers nothing of what ran, and is free: there will never be a stop. */
  forget(connectorId: number): void {
    const charge = this.charging(connectorId);
    if (!charge || charge.unacknowledged > 0) return;
    charge.running = false;
    charge.lost = true;
    this.#tellStatus();
    this.send();
  }

  charging(connectorId: number): Charge | undefined {
    return this.books.charges.findLast((one) => one.running && one.connectorId === connectorId);
  }

  chatter(what: (Deed & { type: "chatter" })["what"]): void {
    if (this.#chatter.length >= MAX_CHATTER) return;
    switch (what) {
      case "heartbeat":
        this.#chatter.push(["Heartbeat", {}]);
        break;
      case "authorize":
        this.#chatter.push(["Authorize", { idTag: this.random.pick(["A", "B", "H", "X"]) }]);
        break;
      case "data":
        this.#chatter.push(["DataTransfer", { vendorId: "vendor", data: "x" }]);
        break;
      case "loose": {
        const sampledValue = [{ value: "7" }];
        const meterValue = [{ timestamp: this.#time(), sampledValue }];
        this.#chatter.push(["MeterValues", { connectorId: 0, meterValue }]);
        break;
      }
      case "garbage":
        this.link?.say(this.random.pick(GARBAGE));
        break;
      default:
        what satisfies never;
    }
    this.send();
  }

  /** Sends what comes next, if nothing is under way. */
  send(): void {
    const { timeline } = this;
    if (!this.link?.peerEnd || this.#open) return;
    if (timeline.now < this.#quietUntil) {
      timeline.after(this.#quietUntil - timeline.now, () => this.send());
      return;
    }
    if (!this.#booted) {
      return this.#call("BootNotification", { chargePointVendor: "V", chargePointModel: "M" });
    }
    const chatter = this.#chatter.shift();
    if (chatter) return this.#call(...chatter);
    const message = this.#queue[0];
    if (!message) return;
    const { action, payload, charge } = message;
    const starts = action === "StartTransaction";
    this.#call(action, starts ? payload : { ...payload, transactionId: charge.id! }, message);
  }

  hear(link: Link, text: string): void {
    if (link !== this.link) return;
    const [type, id, ...rest] = JSON.parse(text);
    if (type === 2) return obey(this, link, id, rest[0], rest[1]);
    const open = this.#open;
    if (open?.id !== id) return;
    this.#open = undefined;
    if (type === 3) this.#confirmed(open!, rest[0]);
    else this.#refused(open!, rest[0]);
    this.send();
  }

  #confirmed({ action, message }: Call, payload: JsonObject): void {
    if (action === "BootNotification") {
      assert.equal(payload.status, "Accepted", "P2: the charger is always welcome");
      this.#booted = true;
      this.#tellStatus();
    }
    if (!message) return;
    const { charge } = message;
    this.#queue.shift();
    charge.unacknowledged--;
    if (action === "StartTransaction") {
      charge.id = Number(payload.transactionId);
      this.#tellStatus();
      const { status } = payload.idTagInfo as { status: string };
      if (status !== "Accepted") {
        this.timeline.after(500, () => charge.running && this.end(charge.connectorId));
      }
    }
    if (action === "StopTransaction") this.#tellStatus();
  }

  #refused({ message }: Call, code: string): void {
    if (!message) return;
    // Nothing but a disk that fails is a reason.
    assert.equal(code, "InternalError", "P1: a transaction message is refused");
    this.#quietUntil = this.timeline.now + this.random.between(200, 3_000);
  }

  #tell(message: Message): void {
    this.books.add(message);
    this.#queue.push(message);
    this.send();
  }

  /** Transactions of this connector that the machine has not heard the end of. */
  #owed(connectorId: number): boolean {
    return (this.books.last(connectorId)?.unacknowledged ?? 0) > 0;
  }

  #tellStatus(): void {
    for (const connectorId of [1, 2]) {
      const busy = this.charging(connectorId) || this.#owed(connectorId);
      const status = busy ? "Charging" : "Available";
      const payload = { connectorId, status, errorCode: "NoError", timestamp: this.#time() };
      if (this.#chatter.length < MAX_CHATTER) this.#chatter.push(["StatusNotification", payload]);
    }
  }

  #call(action: string, payload: JsonObject, message?: Message): void {
    const id = `c${++this.#number}`;
    const open = this.#open = { id, action, message };
    if (message) this.sent.set(id, message);
    this.link!.say(JSON.stringify([2, id, action, payload]));
    this.timeline.after(TIMEOUT_MS, () => {
      if (this.#open !== open) return;
      this.#open = undefined;
      this.send();
    });
  }

  #time(): string {
    return new Date(START + this.timeline.now).toISOString();
  }
}
