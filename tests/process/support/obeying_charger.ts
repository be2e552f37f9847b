// A charger that obeys backends and keeps what they leave on it, whatever happens to the proxy.

import { ProfileShelf } from "../../support/profile_shelf.ts";
import { type Payload, Recorder } from "../../support/strict_peer.ts";
import { pause } from "../../support/until.ts";
import { Dialler } from "./dialler.ts";
import type { Random } from "./random.ts";

/** One transaction as the charger knows it; its meterStartWh occurs in no other. */
export interface ObeyedSession {
  readonly idTag: string;
  readonly meterStartWh: number;
  /** When it was asked for, epoch milliseconds. */
  readonly wantedAt: number;
  /** What it was given in StartTransaction.conf. */
  transactionId: number | undefined;
  /** Set once StopTransaction was confirmed. */
  meterStopWh: number | undefined;
  /** When its start was confirmed, epoch milliseconds. */
  startedAt: number;
}

/** A refused or unanswered message is sent again after this. */
const AGAIN_MS = 15;
const STEP_MS = 10;
/** The longest from a card, or an accepted command, to the start. */
const PREPARES_MS = 120;

const BOOT = { chargePointVendor: "Strict", chargePointModel: "Obeying" };

/** Sends one message at a time, each until it is confirmed; obeys while it is connected. */
export class ObeyingCharger {
  readonly #random: Random;
  readonly #dialler: Dialler;
  readonly #recorder: Recorder;
  readonly shelf = new ProfileShelf();
  /** The ids of reservations that it keeps. */
  readonly reservations = new Set<unknown>();
  readonly sessions: ObeyedSession[] = [];
  #wanted: { readonly idTag: string; readonly at: number } | undefined;
  #stopping = false;
  #registerWh = 1_000_000;
  #greeted = 0;
  #finishing = false;
  #playing: Promise<void> | undefined;

  constructor(url: string, random: Random) {
    this.#random = random;
    const accepted = () => ({ status: "Accepted" });
    this.#recorder = new Recorder({
      ...this.shelf.answers,
      GetConfiguration: () => ({ configurationKey: [] }),
      TriggerMessage: accepted,
      UnlockConnector: () => ({ status: "Unlocked" }),
      RemoteStartTransaction: ({ idTag }) => ({
        status: this.#want(String(idTag)) ? "Accepted" : "Rejected",
      }),
      RemoteStopTransaction: ({ transactionId }) => {
        const running = this.running?.transactionId;
        this.#stopping ||= running !== undefined && running === transactionId;
        return { status: running === transactionId ? "Accepted" : "Rejected" };
      },
      ReserveNow: ({ reservationId }) => {
        this.reservations.add(reservationId);
        return accepted();
      },
      CancelReservation: ({ reservationId }) => ({
        status: this.reservations.delete(reservationId) ? "Accepted" : "Rejected",
      }),
    });
    this.#dialler = new Dialler({ url, id: "CP001", recorder: this.#recorder });
  }

  get violations(): readonly string[] {
    return this.#recorder.violations;
  }

  get running(): ObeyedSession | undefined {
    return this.sessions.find(({ meterStopWh }) => meterStopWh === undefined);
  }

  /** CALLs of this action that came. */
  heard(action: string): number {
    return this.#recorder.payloads(action).length;
  }

  start(): void {
    this.#playing = this.#play();
  }

  /** Somebody shows a card: it begins, if it is free. */
  card(idTag: string): void {
    this.#want(idTag);
  }

  /** Somebody pulls the cable: it ends, if it runs. */
  unplug(): void {
    this.#stopping = this.running !== undefined;
  }

  /** Ends the running transaction and begins no other; stays connected. */
  async finish(): Promise<void> {
    this.#finishing = true;
    await this.#playing;
  }

  /** Disconnects in the middle of whatever it does. */
  async stop(): Promise<void> {
    this.#finishing = true;
    await this.#dialler.stop();
    await this.#playing;
  }

  #want(idTag: string): boolean {
    if (this.running || this.#wanted || this.#finishing) return false;
    this.#wanted = { idTag, at: Date.now() };
    return true;
  }

  async #play(): Promise<void> {
    while (!this.#finishing || this.#wanted) {
      if (await this.#greet() === false) return;
      const wanted = this.#wanted;
      if (wanted) {
        await pause(this.#random.between(0, PREPARES_MS));
        if (!await this.#charge(wanted)) return;
      } else await pause(STEP_MS);
    }
  }

  /** True: a transaction from start to stop; false: it was stopped itself. */
  async #charge({ idTag, at }: { idTag: string; at: number }): Promise<boolean> {
    const session: ObeyedSession = {
      idTag,
      meterStartWh: this.#step(),
      wantedAt: at,
      transactionId: undefined,
      meterStopWh: undefined,
      startedAt: NaN,
    };
    this.sessions.push(session);
    this.#wanted = undefined;
    this.#stopping = false;
    const started = await this.#deliver("StartTransaction", {
      connectorId: 1,
      idTag,
      meterStart: session.meterStartWh,
      timestamp: new Date().toISOString(),
    });
    if (!started) return false;
    session.startedAt = Date.now();
    session.transactionId = Number(started.transactionId);
    while (!this.#stopping && !this.#finishing) {
      if (await this.#greet() === false) return false;
      await pause(STEP_MS);
    }
    const meterStop = this.#step();
    const stopped = await this.#deliver("StopTransaction", {
      transactionId: session.transactionId,
      meterStop,
      timestamp: new Date().toISOString(),
      reason: "Remote",
    });
    if (stopped) session.meterStopWh = meterStop;
    return stopped !== undefined;
  }

  #step(): number {
    return this.#registerWh += this.#random.between(1, 500);
  }

  /** Says hello on a new connection; false: it was stopped. */
  async #greet(): Promise<boolean> {
    const client = await this.#dialler.connected();
    if (client === undefined) return false;
    if (this.#greeted === this.#dialler.connections) return true;
    const greeted = this.#dialler.connections;
    const word = this.running ? "Charging" : "Available";
    const status = { connectorId: 1, errorCode: "NoError", status: word };
    try {
      await client.call("BootNotification", BOOT);
      await client.call("StatusNotification", status);
      this.#greeted = greeted;
    } catch {
      await pause(AGAIN_MS);
    }
    return true;
  }

  /** Sends until it is confirmed; undefined: the charger was stopped. */
  async #deliver(action: string, payload: Payload): Promise<Payload | undefined> {
    while (await this.#greet()) {
      const client = await this.#dialler.connected();
      try {
        if (client) return await client.call(action, payload) as Payload;
      } catch {
        await pause(AGAIN_MS);
      }
    }
    return undefined;
  }
}
