// A charger that times every answer: what it waits for is what the promises are about.

import { WebSocket } from "ws";
import { pause } from "../../support/until.ts";

/** CALLs a second. */
const RATE = 200;
/** An answer that takes longer counts as none. */
const PATIENCE_MS = 15_000;

export interface Timed {
  /** [3, id, payload] or [4, id, code, …]. */
  readonly frame: readonly unknown[];
  readonly tookMs: number;
}

/** One connection, one CALL at a time. */
export class TimedCharger {
  readonly #socket: WebSocket;
  #calls = 0;
  #registerWh = 1_000_000;
  #transactionId: number | undefined;
  #waiting: { readonly id: string; answered(frame: readonly unknown[]): void } | undefined;
  /** The actions of the CALLs that came in, none of which it does. */
  readonly asked: string[] = [];
  /** Why it has no connection any more. */
  closed: string | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("close", (code, reason) => this.closed = `${code} ${reason}`);
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data));
      if (frame[0] === 2) {
        this.asked.push(frame[2]);
        socket.send(JSON.stringify([4, frame[1], "NotSupported", "", {}]));
      } else if (frame[1] === this.#waiting?.id) {
        this.#waiting?.answered(frame);
      }
    });
  }

  /** Connects at `<url>/<id>`; rejects when it is refused. */
  static async connect(url: string, id: string, password?: string): Promise<TimedCharger> {
    const headers: Record<string, string> = {};
    if (password !== undefined) headers.authorization = `Basic ${btoa(`${id}:${password}`)}`;
    const socket = new WebSocket(`${url}/${id}`, "ocpp1.6", { headers, perMessageDeflate: false });
    const charger = new TimedCharger(socket);
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    return charger;
  }

  /** The proxy's id for the transaction that was begun; 0: none was. */
  get transactionId(): number {
    return this.#transactionId ?? 0;
  }

  /** Rejects when there is no answer. */
  call(action: string, payload: Readonly<Record<string, unknown>> = {}): Promise<Timed> {
    const id = `c${++this.#calls}`;
    const begun = performance.now();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${action}`)), PATIENCE_MS);
      const lost = () => {
        clearTimeout(timer);
        reject(new Error(`the connection was lost: ${this.closed}`));
      };
      this.#socket.once("close", lost);
      this.#waiting = {
        id,
        answered: (frame) => {
          clearTimeout(timer);
          this.#socket.off("close", lost);
          resolve({ frame, tookMs: performance.now() - begun });
        },
      };
      this.#socket.send(JSON.stringify([2, id, action, payload]));
    });
  }

  /** Boots and begins a transaction. */
  async begin(idTag = "CARD"): Promise<void> {
    await this.call("BootNotification", { chargePointVendor: "V", chargePointModel: "Timed" });
    await this.call("StatusNotification", {
      connectorId: 1,
      errorCode: "NoError",
      status: "Charging",
    });
    const { frame } = await this.call("StartTransaction", {
      connectorId: 1,
      idTag,
      meterStart: this.#registerWh,
      timestamp: new Date().toISOString(),
    });
    this.#transactionId = (frame[2] as { transactionId: number }).transactionId;
  }

  /** MeterValues of the transaction, with so many samples. */
  meter(samples = 1): Promise<Timed> {
    const value = String(++this.#registerWh);
    return this.call("MeterValues", {
      connectorId: 1,
      transactionId: this.#transactionId,
      meterValue: [{
        timestamp: new Date().toISOString(),
        sampledValue: Array.from({ length: samples }, () => ({ value, unit: "Wh" })),
      }],
    });
  }

  /** RATE CALLs a second, every other one durable; how long each answer took, ms, ascending. */
  async measure(forMs: number, samples = 1): Promise<number[]> {
    const took: number[] = [];
    const begun = performance.now();
    for (let index = 0; performance.now() - begun < forMs; index++) {
      const waitMs = begun + index * 1_000 / RATE - performance.now();
      if (waitMs > 0) await pause(waitMs);
      const { tookMs } = await (index % 2 === 0 ? this.call("Heartbeat") : this.meter(samples));
      took.push(tookMs);
    }
    return took.sort((a, b) => a - b);
  }

  async close(): Promise<void> {
    if (this.closed !== undefined) return;
    const closed = new Promise((resolve) => this.#socket.once("close", resolve));
    this.#socket.close(1000);
    await closed;
  }

  /** Without a word. */
  cut(): void {
    this.#socket.terminate();
  }
}

/** The value that a part (0 … 1) of ascending ones does not exceed; NaN: there are none. */
export function quantile(ascending: readonly number[], part: number): number {
  return ascending[Math.max(0, Math.ceil(ascending.length * part) - 1)] ?? NaN;
}
