// A charger that keeps what it accepts, and does what it is told, or not, and says so, or not.

import type { Frame } from "../../src/ocpp/frame.ts";
import { parseFrame } from "../../src/ocpp/frame.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import type { Harness } from "./harness.ts";

/** What becomes of a CALL: `silence` carries it out without a word, `loss` does nothing at all. */
export type Manner = "Accepted" | "Rejected" | "error" | "silence" | "loss";

type Call = Frame & { type: "call" };

interface Installed {
  readonly slot: string;
  /** Rising, epoch milliseconds; each counts until the next one. */
  readonly periods: readonly { readonly from: number; readonly limit: number }[];
}

export class ArbiterCharger {
  /** By id. */
  readonly profiles: Map<unknown, Installed> = new Map();
  readonly reservations: Map<unknown, number> = new Map();
  /** The CALL that it has not answered; carried out: it cannot say no any more. */
  #open: { readonly call: Call; done: boolean } | undefined;
  #read = 0;

  constructor(readonly h: Harness) {}

  /** The CALLs that have come since the last time. */
  read(): Call[] {
    const calls = this.h.charger.slice(this.#read).map(({ text }) => parseFrame(text))
      .filter((frame) => frame.type === "call");
    this.#read = this.h.charger.length;
    const last = calls.at(-1);
    if (last) this.#open = { call: last, done: false };
    return calls;
  }

  /** The proxy died, and the charger carries out what came last. */
  outlive(): void {
    this.read();
    if (this.#open && !this.#open.done) this.#carryOut(this.#open.call);
  }

  /** The connection is gone. */
  cut(): void {
    this.#open = undefined;
  }

  /** The CALL that waits, as long as the proxy waits for it. */
  get open(): Call | undefined {
    const { pending } = this.h.state.charger;
    return pending && this.#open?.call.id === pending.id ? this.#open.call : undefined;
  }

  /** Answers, or does not; `will` hears how it comes out before the proxy does. */
  answer(wanted: Manner, will: (manner: Manner) => void): Manner | undefined {
    const { h } = this;
    const call = this.open;
    const open = this.#open;
    if (!call || !open) return undefined;
    let manner = wanted;
    if (open.done && manner !== "silence" && manner !== "loss") manner = "Accepted";
    // It does not deny what it has; it may fail.
    const { id, reservationId } = call.payload;
    const has = this.profiles.has(id) || this.reservations.has(reservationId);
    if (manner === "Rejected" && call.action.startsWith("C") && has) manner = "error";
    if ((manner === "Accepted" || manner === "silence") && !open.done) {
      this.#carryOut(call);
      open.done = true;
    }
    will(manner);
    // What was done without a word may still be told.
    if (manner !== "silence" && manner !== "loss") this.#open = undefined;
    switch (manner) {
      case "Accepted":
      case "Rejected":
        h.chargerSays(JSON.stringify([3, call.id, words(call.action, manner)]));
        break;
      case "error":
        h.chargerSays(JSON.stringify([4, call.id, "InternalError", "", {}]));
        break;
      case "silence":
      case "loss":
    }
    return manner;
  }

  /** The currents that count now or later. */
  get limits(): number[] {
    return [...this.profiles.values()].flatMap(({ periods }) =>
      periods.filter((_, index) => (periods[index + 1]?.from ?? Infinity) > this.h.now)
    ).map(({ limit }) => limit);
  }

  /** Reservations end by themselves. */
  expire(): void {
    for (const [id, until] of this.reservations) {
      if (until < this.h.now) this.reservations.delete(id);
    }
  }

  #carryOut({ action, payload }: Call): void {
    switch (action) {
      case "SetChargingProfile": {
        const profile = payload.csChargingProfiles as JsonObject;
        const slot =
          `${payload.connectorId}/${profile.chargingProfilePurpose}/${profile.stackLevel}`;
        for (const [id, other] of this.profiles) if (other.slot === slot) this.profiles.delete(id);
        const schedule = profile.chargingSchedule as JsonObject;
        const start = Date.parse(String(schedule.startSchedule ?? "")) || this.h.now;
        const rows = schedule.chargingSchedulePeriod as { startPeriod: number; limit: number }[];
        const periods = rows.map(({ startPeriod, limit }) => ({
          from: start + 1000 * startPeriod,
          limit,
        }));
        this.profiles.set(profile.chargingProfileId, { slot, periods });
        break;
      }
      case "ClearChargingProfile":
        this.profiles.delete(payload.id);
        break;
      case "ReserveNow":
        this.reservations.set(payload.reservationId, Date.parse(String(payload.expiryDate)));
        break;
      case "CancelReservation":
        this.reservations.delete(payload.reservationId);
    }
  }
}

function words(action: string, manner: "Accepted" | "Rejected"): JsonObject {
  if (action === "UnlockConnector") {
    return { status: manner === "Accepted" ? "Unlocked" : "UnlockFailed" };
  }
  if (action === "ClearChargingProfile" && manner === "Rejected") return { status: "Unknown" };
  if (action === "GetConfiguration") return { configurationKey: [] };
  return { status: manner };
}
