// A strict charger that does what it is told: starts, stops, and keeps charging profiles.

import { ProfileShelf } from "../support/profile_shelf.ts";
import { bootStrictCharger, strictCharger, type StrictClient } from "../support/strict_charger.ts";
import type { Payload } from "../support/strict_peer.ts";
import { status } from "./charging.ts";

/** A transaction as the charger knows it. */
export interface Played {
  readonly transactionId: number;
  readonly idTag: string;
  readonly meterStartWh: number;
  /** Set once it has ended. */
  meterStopWh: number | undefined;
}

export class ObedientCharger {
  readonly #url: string;
  readonly shelf = new ProfileShelf();
  readonly transactions: Played[] = [];
  /** Rows of GetConfiguration. */
  readonly keys: { key: string; readonly: boolean; value: string }[] = [];
  client!: StrictClient;
  #registerWh = 1_000;

  private constructor(url: string) {
    this.#url = url;
  }

  /** Connects as CP1 and boots. */
  static async connect(url: string): Promise<ObedientCharger> {
    const charger = new ObedientCharger(url);
    await charger.start();
    return charger;
  }

  /** The transaction that runs. */
  get running(): Played | undefined {
    return this.transactions.find(({ meterStopWh }) => meterStopWh === undefined);
  }

  /** Comes back after `client.close()`, or for the first time. */
  async start(): Promise<void> {
    this.client = await strictCharger(this.#url, "CP1", { reconnect: false });
    for (const [action, answer] of Object.entries(this.shelf.answers)) {
      this.client.answer(action, answer);
    }
    this.client.answer("GetConfiguration", () => ({ configurationKey: this.keys }));
    this.client.answer("RemoteStartTransaction", ({ idTag }) => {
      if (this.running) return { status: "Rejected" };
      later(() => this.plug(String(idTag)));
      return { status: "Accepted" };
    });
    this.client.answer("RemoteStopTransaction", ({ transactionId }) => {
      if (this.running?.transactionId !== transactionId) return { status: "Rejected" };
      later(() => this.unplug("Remote"));
      return { status: "Accepted" };
    });
    await bootStrictCharger(this.client);
    if (this.running) await this.client.call("StatusNotification", status(1, "Charging"));
  }

  /** Breaks the connection and boots; without its profiles. */
  async reboot(): Promise<void> {
    await this.client.close();
    this.shelf.forget();
    await this.start();
  }

  /** Begins a transaction on connector 1; the answer to its start. */
  async plug(idTag: string): Promise<Payload> {
    const meterStartWh = this.#registerWh += 10;
    const answer = await this.client.call("StartTransaction", {
      connectorId: 1,
      idTag,
      meterStart: meterStartWh,
      timestamp: new Date().toISOString(),
    });
    const transactionId = Number(answer.transactionId);
    this.transactions.push({ transactionId, idTag, meterStartWh, meterStopWh: undefined });
    await this.client.call("StatusNotification", status(1, "Charging"));
    return answer;
  }

  /** Ends what runs, after another 500 Wh. */
  async unplug(reason = "Local"): Promise<void> {
    const { running } = this;
    if (!running) throw new Error("nothing runs");
    running.meterStopWh = this.#registerWh += 500;
    await this.client.call("StopTransaction", {
      transactionId: running.transactionId,
      meterStop: running.meterStopWh,
      timestamp: new Date().toISOString(),
      reason,
    });
    await this.client.call("StatusNotification", status(1, "Available"));
  }
}

/** After the answer is sent; what breaks with the connection is repeated by nobody. */
function later(act: () => Promise<unknown>): void {
  setTimeout(() => void act().catch(() => {}), 0);
}
