// When the virtual meter is read: every so often in a transaction, and at round times of the clock.

import type { ChargerSettings } from "./charger_settings.ts";

/** The lists of measurands that MeterValues are made of. */
export type SampleList = "MeterValuesSampledData" | "MeterValuesAlignedData";

/** The reading schedule of one connector. All times are simulated epoch milliseconds. */
export class Sampling {
  readonly #settings: ChargerSettings;
  #transaction = false;
  #periodicAt = Infinity;
  #periodicMs = 0;
  #alignedAt = Infinity;
  #alignedMs = 0;

  constructor(settings: ChargerSettings) {
    this.#settings = settings;
  }

  /** The next time of either kind; Infinity: never. */
  get nextAt(): number {
    return Math.min(this.#periodicAt, this.#alignedAt);
  }

  /** A transaction begins: MeterValueSampleInterval counts from here. */
  begin(at: number): void {
    this.#transaction = true;
    this.#planPeriodic(at);
  }

  end(): void {
    this.#transaction = false;
    this.#periodicAt = Infinity;
  }

  /** Takes up changed intervals; they count from now. */
  renew(now: number): void {
    if (this.#transaction && this.#intervalMs("MeterValueSampleInterval") !== this.#periodicMs) {
      this.#planPeriodic(now);
    }
    if (this.#intervalMs("ClockAlignedDataInterval") !== this.#alignedMs) this.#planAligned(now);
  }

  /** The clock was set, by so much, and shows `now`. */
  shift(byMs: number, now: number): void {
    this.#periodicAt += byMs;
    this.#planAligned(now);
  }

  /** The lists that are due at `at`; the schedule goes on behind them. */
  take(at: number): SampleList[] {
    const due: SampleList[] = [];
    if (at >= this.#periodicAt) {
      due.push("MeterValuesSampledData");
      this.#planPeriodic(at);
    }
    if (at >= this.#alignedAt) {
      due.push("MeterValuesAlignedData");
      this.#alignedAt += this.#alignedMs;
    }
    return due;
  }

  #planPeriodic(at: number): void {
    this.#periodicMs = this.#intervalMs("MeterValueSampleInterval");
    this.#periodicAt = this.#periodicMs > 0 ? at + this.#periodicMs : Infinity;
  }

  #planAligned(now: number): void {
    const intervalMs = this.#intervalMs("ClockAlignedDataInterval");
    this.#alignedMs = intervalMs;
    this.#alignedAt = intervalMs > 0 ? Math.ceil(now / intervalMs) * intervalMs : Infinity;
  }

  #intervalMs(key: "MeterValueSampleInterval" | "ClockAlignedDataInterval"): number {
    return this.#settings.number(key) * 1_000;
  }
}
