// When the virtual meter is read: every so often in a transaction, and at round times of the clock.

import type { ChargerSettings } from "./charger_settings.ts";

/** The lists of measurands that MeterValues are made of. */
export type SampleList = "MeterValuesSampledData" | "MeterValuesAlignedData";

/** The reading schedule of one connector. All times are simulated epoch milliseconds. */
export class Sampling {
  readonly #settings: ChargerSettings;
  #periodicAt = Infinity;
  #alignedAt = Infinity;
  #alignedIntervalMs = 0;

  constructor(settings: ChargerSettings) {
    this.#settings = settings;
  }

  /** The next time of either kind; Infinity: never. */
  get nextAt(): number {
    return Math.min(this.#periodicAt, this.#alignedAt);
  }

  /** A transaction begins: MeterValueSampleInterval counts from here. */
  begin(at: number): void {
    const intervalMs = this.#settings.number("MeterValueSampleInterval") * 1_000;
    this.#periodicAt = intervalMs > 0 ? at + intervalMs : Infinity;
  }

  end(): void {
    this.#periodicAt = Infinity;
  }

  /** Takes up a changed ClockAlignedDataInterval. */
  align(now: number): void {
    const intervalMs = this.#settings.number("ClockAlignedDataInterval") * 1_000;
    if (intervalMs === this.#alignedIntervalMs) return;
    this.#alignedIntervalMs = intervalMs;
    this.#alignedAt = intervalMs > 0 ? Math.ceil(now / intervalMs) * intervalMs : Infinity;
  }

  /** The lists that are due at `at`; the schedule goes on behind them. */
  take(at: number): SampleList[] {
    const due: SampleList[] = [];
    if (at >= this.#periodicAt) {
      due.push("MeterValuesSampledData");
      this.begin(at);
    }
    if (at >= this.#alignedAt) {
      due.push("MeterValuesAlignedData");
      this.#alignedAt += this.#alignedIntervalMs;
    }
    return due;
  }
}
