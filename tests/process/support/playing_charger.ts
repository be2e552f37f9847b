// A charger that plays sessions whatever happens, and keeps book of what it was told.

import { type Payload, Recorder } from "../../support/strict_peer.ts";
import { pause } from "../../support/until.ts";
import { Dialler } from "./dialler.ts";
import type { Random } from "./random.ts";

/** One session as the charger knows it; register values never occur twice. */
export interface PlayedSession {
  readonly idTag: string;
  readonly meterStartWh: number;
  /** What it was given in StartTransaction.conf. */
  transactionId: number | undefined;
  /** The registers of MeterValues that were confirmed, in order. */
  readonly metersWh: number[];
  /** Set once StopTransaction was confirmed. */
  meterStopWh: number | undefined;
}

export interface PlayingChargerOptions {
  readonly url: string;
  readonly id: string;
  readonly random: Random;
  readonly idTags: readonly string[];
  /** MeterValues of one session. */
  readonly meters: { readonly least: number; readonly most: number };
}

/** A refused or unanswered message is sent again after this. */
const AGAIN_MS = 20;
/** Between two messages: a charger is not a benchmark. */
const REST_MS = 10;

/** Sends one message at a time, each with the same payload until it is confirmed. */
export class PlayingCharger {
  readonly #options: PlayingChargerOptions;
  readonly #dialler: Dialler;
  readonly #recorder = new Recorder({});
  readonly sessions: PlayedSession[] = [];
  /** Transaction messages that were confirmed. */
  confirmed = 0;
  /** Transaction messages that were sent again. */
  repeated = 0;
  /** The codes of the CALLERRORs that came instead of confirmations. */
  readonly refusals: string[] = [];
  #registerWh = 1_000_000;
  #greeted = 0;
  #finishing = false;
  #playing: Promise<void> | undefined;

  constructor(options: PlayingChargerOptions) {
    this.#options = options;
    this.#dialler = new Dialler({ url: options.url, id: options.id, recorder: this.#recorder });
  }

  get violations(): readonly string[] {
    return this.#recorder.violations;
  }

  get connections(): number {
    return this.#dialler.connections;
  }

  /** Sends a Heartbeat beside the play. */
  async heartbeat(): Promise<Payload> {
    const client = await this.#dialler.connected();
    if (!client) throw new Error("the charger was stopped");
    return await client.call("Heartbeat", {}) as Payload;
  }

  start(): void {
    this.#playing = this.#play();
  }

  /** Plays the present session to its end and disconnects. */
  async finish(): Promise<void> {
    this.#finishing = true;
    await this.#playing;
    await this.#dialler.stop();
  }

  /** Disconnects in the middle of whatever it does. */
  async stop(): Promise<void> {
    this.#finishing = true;
    await this.#dialler.stop();
    await this.#playing;
  }

  async #play(): Promise<void> {
    const { random, idTags, meters } = this.#options;
    while (!this.#finishing) {
      const session: PlayedSession = {
        idTag: random.pick(idTags),
        meterStartWh: this.#step(),
        transactionId: undefined,
        metersWh: [],
        meterStopWh: undefined,
      };
      this.sessions.push(session);
      const { idTag, meterStartWh } = session;
      const started = await this.#deliver("StartTransaction", {
        connectorId: 1,
        idTag,
        meterStart: meterStartWh,
        timestamp: new Date().toISOString(),
      });
      if (!started) return;
      session.transactionId = Number(started.transactionId);
      for (let left = random.between(meters.least, meters.most); left > 0; left--) {
        const registerWh = this.#step();
        if (!await this.#deliver("MeterValues", this.#reading(session, registerWh))) return;
        session.metersWh.push(registerWh);
      }
      const meterStopWh = this.#step();
      const stopped = await this.#deliver("StopTransaction", {
        transactionId: session.transactionId,
        meterStop: meterStopWh,
        timestamp: new Date().toISOString(),
        reason: "Local",
      });
      if (!stopped) return;
      session.meterStopWh = meterStopWh;
    }
  }

  #reading({ transactionId }: PlayedSession, registerWh: number): Payload {
    return {
      connectorId: 1,
      transactionId,
      meterValue: [{
        timestamp: new Date().toISOString(),
        sampledValue: [{
          value: String(registerWh),
          measurand: "Energy.Active.Import.Register",
          unit: "Wh",
        }],
      }],
    };
  }

  #step(): number {
    return this.#registerWh += this.#options.random.between(1, 20);
  }

  /** Sends until it is confirmed; undefined: the charger was stopped. */
  async #deliver(action: string, payload: Payload): Promise<Payload | undefined> {
    for (let attempt = 0;; attempt++) {
      const client = await this.#dialler.connected();
      if (client === undefined) return undefined;
      try {
        if (this.#greeted !== this.#dialler.connections) {
          // Some chargers say hello again, others go on where they were.
          if (this.#greeted === 0 || this.#options.random.chance(0.5)) {
            await client.call("BootNotification", BOOT);
            await client.call("StatusNotification", STATUS);
          }
          this.#greeted = this.#dialler.connections;
        }
        if (attempt > 0) this.repeated++;
        const confirmation = await client.call(action, payload) as Payload;
        this.confirmed++;
        await pause(REST_MS);
        return confirmation;
      } catch (error) {
        if (error instanceof Error && "rpcErrorCode" in error) {
          this.refusals.push(String(error.rpcErrorCode));
        }
        await pause(AGAIN_MS);
      }
    }
  }
}

const BOOT = { chargePointVendor: "Strict", chargePointModel: "Kill test" };
const STATUS = { connectorId: 1, errorCode: "NoError", status: "Charging" };
