// A backend of the simulation: answers as its mood is, asks for what it may and may not have.

import type { JsonObject } from "../../src/ocpp/json.ts";
import { type Command, COMMANDS } from "../core/command_fixture.ts";
import { friendlyAnswer, START } from "../core/harness.ts";
import { GARBAGE } from "./garbage.ts";
import type { Link } from "./link.ts";
import { type BackendId, BACKENDS, type Deed, type Mood, TAGS } from "./move.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** The first backend limits to this, A, the next to one ampere more. */
export const FIRST_LIMIT_A = 20;

/** The first backend unlocks this connector, the next one the next. */
export const FIRST_LOCK = 10;

/** So far ahead that no clock is after it, ms. */
const RESERVED_MS = 30 * 86_400_000;

/** The first backend's transaction ids begin here, the next one's so many later. */
const OWN_IDS = 1_000_000;

/** What is wished for in other ways. */
const WISHED: ReadonlySet<string> = new Set([
  "CancelReservation",
  "ClearChargingProfile",
  "RemoteStartTransaction",
  "RemoteStopTransaction",
  "ReserveNow",
  "SetChargingProfile",
  "UnlockConnector",
]);

/** Every other action of a central system. */
const OTHERS = (Object.keys(COMMANDS) as Command[]).filter((action) => !WISHED.has(action));

/** A transaction that somebody has an id for. */
export type IdsKnown = (target: number) => number;

export class Backend {
  mood: Mood = "good";
  link: Link | undefined;
  /** It can be reached, and dials. */
  there = true;
  /** The ids that it answered each StartTransaction with, by the message's id. */
  readonly given: Map<string, Set<number>> = new Map();
  readonly #index: number;
  #lastId: number;
  #asked = 0;

  constructor(
    readonly id: BackendId,
    readonly timeline: Timeline,
    readonly random: Random,
  ) {
    this.#index = BACKENDS.indexOf(id);
    this.#lastId = OWN_IDS * (this.#index + 1);
  }

  /** The JSON protocol. */
  get json(): boolean {
    return this.id === "j";
  }

  hear(link: Link, text: string): void {
    if (link !== this.link || this.json) return;
    const [type, id, action] = JSON.parse(text);
    if (type !== 2) return;
    const { random, timeline, mood } = this;
    const answer = (ms: number, said: string) => timeline.after(ms, () => link.say(said));
    const soon = random.between(5, 1_000);
    switch (mood) {
      case "good":
        return answer(soon, this.#friendly(id, action));
      case "slow":
        return answer(random.between(2_000, 45_000), this.#friendly(id, action));
      case "silent":
        return;
      case "refusing":
        return answer(soon, JSON.stringify([4, id, "GenericError", "", {}]));
      case "lying":
        answer(soon, random.pick(GARBAGE));
        answer(soon, JSON.stringify([3, `${id}x`, { transactionId: 1 }]));
        if (random.chance(0.5)) answer(soon, JSON.stringify([3, id, { status: 7 }]));
        answer(soon, this.#friendly(id, action));
        return answer(soon, this.#friendly(id, action));
      default:
        return mood satisfies never;
    }
  }

  /** Asks for something; `known`: transaction ids of anybody. */
  wish({ wish, connector, target }: Deed & { type: "wish" }, known: IdsKnown): void {
    const id = `${this.id}${++this.#asked}`;
    const text = this.json
      ? this.#spoken(id, wish, connector, target, known)
      : this.#called(id, wish, connector, target, known);
    this.link?.say(text);
  }

  /** A tag of its own: one of the table, or one that nobody else knows. */
  #tag(target: number): string {
    return `${target % 2 === 0 ? "" : "R"}${TAGS[this.#index]}`;
  }

  #friendly(id: string, action: string): string {
    const wall = START + this.timeline.now;
    const payload = friendlyAnswer(action, wall, () => {
      const theirs = ++this.#lastId;
      const ids = this.given.get(id);
      if (ids) ids.add(theirs);
      else this.given.set(id, new Set([theirs]));
      return theirs;
    });
    return JSON.stringify([3, id, payload]);
  }

  #called(
    id: string,
    wish: (Deed & { type: "wish" })["wish"],
    connector: number,
    target: number,
    known: IdsKnown,
  ): string {
    const idTag = this.#tag(target);
    const call = (action: string, payload: JsonObject) => JSON.stringify([2, id, action, payload]);
    switch (wish) {
      case "start":
        return call("RemoteStartTransaction", { connectorId: connector, idTag });
      case "stop":
        return call("RemoteStopTransaction", { transactionId: known(target) });
      case "limit": {
        const limit = FIRST_LIMIT_A + this.#index;
        const chargingSchedule = {
          chargingRateUnit: "A",
          chargingSchedulePeriod: [{ startPeriod: 0, limit }],
        };
        return call("SetChargingProfile", {
          connectorId: connector,
          csChargingProfiles: {
            chargingProfileId: 1,
            stackLevel: 0,
            chargingProfilePurpose: "TxDefaultProfile",
            chargingProfileKind: "Relative",
            chargingSchedule,
          },
        });
      }
      case "clear":
        return call("ClearChargingProfile", {});
      case "unlock":
        return call("UnlockConnector", { connectorId: FIRST_LOCK + this.#index });
      case "reserve": {
        const expiryDate = new Date(START + this.timeline.now + RESERVED_MS).toISOString();
        return call("ReserveNow", { connectorId: connector, expiryDate, idTag, reservationId: 1 });
      }
      case "release":
        return call("CancelReservation", { reservationId: 1 });
      case "other": {
        const action = OTHERS[target % OTHERS.length]!;
        return call(action, COMMANDS[action][0]);
      }
      case "garbage":
        return GARBAGE[target % GARBAGE.length]!;
      default:
        return wish satisfies never;
    }
  }

  #spoken(
    id: string,
    wish: (Deed & { type: "wish" })["wish"],
    connector: number,
    target: number,
    known: IdsKnown,
  ): string {
    const ask = (action: string, rest: JsonObject = {}) => JSON.stringify({ id, action, ...rest });
    switch (wish) {
      case "start":
        return ask("RemoteStartTransaction", {
          connector_id: connector,
          id_tag: this.#tag(target),
        });
      case "stop":
        return ask("RemoteStopTransaction", { transaction_id: known(target) });
      case "limit":
        return ask("set_limit", { current_a: FIRST_LIMIT_A + this.#index });
      case "clear":
        return ask("clear_limit");
      case "unlock":
      case "reserve":
        return ask("request_control", { queue: target % 2 === 0 });
      case "release":
        return ask("release_control");
      case "other":
        return ask(["status", "ping", "subscribe", "Reset"][target % 4]!);
      case "garbage":
        return GARBAGE[target % GARBAGE.length]!;
      default:
        return wish satisfies never;
    }
  }
}
