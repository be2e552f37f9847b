// The energy that flows through one connector over time, and the meter values it is told in.

import { formatTime } from "../ocpp/time.ts";
import type { MeterValuesRequest } from "../ocpp/types.ts";
import type { ReadingContext } from "../ocpp/vocabulary.ts";
import type { ConnectorHost } from "./connector_host.ts";
import { Meter, type MeterReading, sampledValues } from "./meter.ts";
import { type SampleList, Sampling } from "./sampling.ts";
import type { Transaction } from "./transaction.ts";
import type { Vehicle } from "./vehicle.ts";

/** What the charger itself can deliver, A per phase. */
export const MAX_CURRENT_A = 32;
/** Below this a car does not charge (IEC 61851-1). */
export const MIN_CURRENT_A = 6;
/** The longest step in which the power counts as constant, simulated milliseconds. */
const STEP_MS = 5_000;

/** What the energy flows through. */
export interface Cable {
  readonly id: number;
  readonly vehicle: Vehicle | undefined;
  readonly transaction: Transaction | undefined;
  /** Told after every step. */
  settle(): void;
}

/** The flow of one connector. Times are simulated epoch milliseconds. */
export class EnergyFlow {
  readonly #cable: Cable;
  readonly #host: ConnectorHost;
  readonly #meter: Meter;
  readonly #sampling: Sampling;
  #advancedTo: number;
  /** How far the clock had been set when it was looked at last. */
  #shiftMs: number;

  constructor(cable: Cable, host: ConnectorHost) {
    this.#cable = cable;
    this.#host = host;
    this.#advancedTo = host.clock.now();
    this.#shiftMs = host.clock.shiftMs;
    this.#meter = new Meter(1_000_000 * cable.id);
    this.#sampling = new Sampling(host.settings);
  }

  /** How far energy has flowed. */
  get advancedTo(): number {
    return this.#advancedTo;
  }

  /** The register, whole Wh. */
  get registerWh(): number {
    return this.#meter.registerWh;
  }

  get reading(): MeterReading {
    return this.#meter.read(this.#cable.vehicle);
  }

  /** Periodic readings begin, or end, with a transaction. */
  begin(at: number): void {
    this.#sampling.begin(at);
  }

  end(): void {
    this.#sampling.end();
  }

  /** Moves the register, Wh, either way. */
  jump(byWh: number): void {
    this.advance();
    this.#meter.jump(byWh);
  }

  /** Lets energy flow up to now, sending meter values as they become due. */
  advance(): void {
    const { clock } = this.#host;
    const now = clock.now();
    this.#sampling.renew(now);
    const byMs = clock.shiftMs - this.#shiftMs;
    if (byMs !== 0) {
      // No energy flows in years that a clock leaps over.
      this.#shiftMs = clock.shiftMs;
      this.#advancedTo = Math.min(this.#advancedTo + byMs, now);
      this.#sampling.shift(byMs, now);
    }
    while (this.#advancedTo < now) {
      const until = Math.min(now, this.#advancedTo + STEP_MS, this.#sampling.nextAt);
      this.#step(until);
      for (const list of this.#sampling.take(until)) this.#sample(list, until);
    }
  }

  #step(until: number): void {
    const { transaction, vehicle } = this.#cable;
    const offeredA = this.offerA(this.#advancedTo);
    const wantedW = transaction?.energyAllowed && offeredA >= MIN_CURRENT_A
      ? vehicle?.wantedPowerW((this.#advancedTo + until) / 2 - transaction.startedAt)
      : undefined;
    this.#meter.flow(vehicle, wantedW ?? 0, offeredA, until - this.#advancedTo);
    this.#advancedTo = until;
    this.#cable.settle();
  }

  /** What is offered at a time, A per phase. */
  offerA(at: number): number {
    const { profiles, chargingConnectors } = this.#host;
    const { id, transaction } = this.#cable;
    const limitA = profiles.limitA(id, at, transaction, chargingConnectors());
    return Math.min(MAX_CURRENT_A, limitA ?? MAX_CURRENT_A);
  }

  #sample(list: SampleList, at: number): void {
    const periodic = list === "MeterValuesSampledData";
    const context = periodic ? "Sample.Periodic" : "Sample.Clock";
    this.#queueMeterValues(this.meterValues(context, at, list));
    const kept = periodic ? "StopTxnSampledData" : "StopTxnAlignedData";
    const measurands = this.#host.settings.measurands(kept);
    this.#cable.transaction?.record(measurands, this.reading, context, at);
    if (!periodic) return;
    const { energyWh, powerW, offeredA } = this.reading;
    this.#host.report(
      `connector ${this.#cable.id}: ${Math.floor(energyWh)} Wh, ${Math.round(powerW)} W, ` +
        `${offeredA.toFixed(1)} A offered`,
    );
  }

  #queueMeterValues(values: MeterValuesRequest): void {
    if (values.meterValue.every((one) => one.sampledValue.length === 0)) return;
    const { transaction } = this.#cable;
    this.#host.queue.add({
      action: "MeterValues",
      deliver: async (peer) => {
        const id = transaction ? { transactionId: transaction.sentId } : {};
        await peer.call("MeterValues", { ...values, ...id });
      },
    });
  }

  /** The meter as MeterValues, without a transaction id. */
  meterValues(
    context: ReadingContext,
    at: number,
    list: SampleList = "MeterValuesSampledData",
  ): MeterValuesRequest {
    const measurands = this.#host.settings.measurands(list);
    const sampledValue = sampledValues(measurands, this.reading, context);
    return {
      connectorId: this.#cable.id,
      meterValue: [{ timestamp: formatTime(at), sampledValue }],
    };
  }
}
