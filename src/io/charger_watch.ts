// Watches the charger for its owner: away, back, unsteady, faulty.

import type { JsonObject } from "../ocpp/json.ts";
import { durationWords, type Notification, type Telling } from "./notification.ts";

/** A charger is worth a word when it has been away for so long. */
export const OFFLINE_MS = 5 * 60_000;

/** A charger that was lost so often within an hour is worth a word, once a day. */
export const UNSTEADY_LOSSES = 10;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Tells, or returns nothing: the owner has heard enough, or does not want to. */
export type Tell = (notification: Telling, now: number) => Notification[];

/**
 * What the owner knows of the charger. What could not be told is told later, if it is still so: the
 * last word has to be true. Times are epoch milliseconds.
 */
export class ChargerWatch {
  readonly #tell: Tell;
  #offlineSince: number | undefined;
  #offlineTold = false;
  #everConnected = false;
  /** When it was lost, the newest UNSTEADY_LOSSES. */
  readonly #losses: number[] = [];
  #unsteadyToldAt = -Infinity;
  /** Connector → the fault that the owner knows of. */
  readonly #faults = new Map<number, string>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** The charger of a status report, as it is now. */
  look(charger: JsonObject, now: number): Notification[] {
    return [...this.#connection(charger, now), ...this.#connectors(charger, now)];
  }

  #connection({ connected, id }: JsonObject, now: number): Notification[] {
    if (connected === true) return this.#present(id, now);
    // One that was never there has nowhere to be missed from.
    if (id === null && !this.#everConnected) return [];
    const lost = this.#everConnected && this.#offlineSince === undefined;
    this.#offlineSince ??= now;
    const unsteady = lost ? this.#unsteady(id, now) : [];
    if (this.#offlineTold || now - this.#offlineSince < OFFLINE_MS) return unsteady;
    const away = this.#tellOffline(
      "ocpp-proxy-charger",
      "The charger is away",
      `${id} has not been connected for ${OFFLINE_MS / 60_000} minutes.`,
      now,
    );
    this.#offlineTold = away.length > 0;
    return [...unsteady, ...away];
  }

  #present(id: JsonObject[string], now: number): Notification[] {
    this.#everConnected = true;
    const awaySince = this.#offlineSince;
    this.#offlineSince = undefined;
    if (!this.#offlineTold) return [];
    const away = awaySince === undefined ? "" : durationWords((now - awaySince) / 1000);
    const back = this.#tellOffline(
      "ocpp-proxy-charger",
      "The charger is back",
      away === "" ? `${id} is connected.` : `${id} was away for ${away}.`,
      now,
    );
    this.#offlineTold = back.length === 0;
    return back;
  }

  /** Absences that are too short to be told, one after the other. */
  #unsteady(id: JsonObject[string], now: number): Notification[] {
    this.#losses.push(now);
    if (this.#losses.length > UNSTEADY_LOSSES) this.#losses.shift();
    const often = this.#losses.length === UNSTEADY_LOSSES && now - this.#losses[0]! < HOUR_MS;
    if (!often || now - this.#unsteadyToldAt < DAY_MS) return [];
    this.#unsteadyToldAt = now;
    return this.#tellOffline(
      "ocpp-proxy-unsteady",
      "The charger's connection is unsteady",
      `${id} was lost ${UNSTEADY_LOSSES} times within an hour. Is its Wi-Fi too weak?`,
      now,
    );
  }

  #tellOffline(tag: string, title: string, message: string, now: number): Notification[] {
    return this.#tell({ type: "tell", kind: "offline", tag, title, message }, now);
  }

  #connectors({ connectors }: JsonObject, now: number): Notification[] {
    const found: Notification[] = [];
    for (const connector of connectors as JsonObject[]) {
      const id = Number(connector.connector_id);
      const fault = connector.status === "Faulted" ? String(connector.error_code) : undefined;
      if (fault === this.#faults.get(id)) continue;
      const name = id === 0 ? "The charger" : `Connector ${id}`;
      const told = this.#tell({
        type: "tell",
        kind: "fault",
        tag: `ocpp-proxy-fault-${id}`,
        title: fault === undefined ? "The fault is over" : "The charger has a fault",
        message: fault === undefined
          ? `${name} reports ${connector.status}.`
          : `${name} reports ${fault === "NoError" ? "a fault" : fault}.`,
      }, now);
      if (told.length === 0) continue;
      found.push(...told);
      if (fault === undefined) this.#faults.delete(id);
      else this.#faults.set(id, fault);
    }
    return found;
  }
}
