// What the virtual meter shows, as OCPP sampled values.

import type { SampledValue } from "../ocpp/types.ts";
import type { ReadingContext } from "../ocpp/vocabulary.ts";
import type { Measurand } from "./charger_settings.ts";
import { PHASES, VOLTAGE } from "./charging_profiles.ts";
import type { Vehicle } from "./vehicle.ts";

/** One look at the meter. */
export interface MeterReading {
  /** The register, Wh: on its own it never runs backwards. */
  readonly energyWh: number;
  readonly powerW: number;
  /** What the charger offers the car, A per phase. */
  readonly offeredA: number;
  /** 0 to 1; absent without a car. */
  readonly stateOfCharge: number | undefined;
}

/** The meter of one connector. */
export class Meter {
  #registerWh: number;
  #powerW = 0;
  #offeredA = 0;

  constructor(registerWh: number) {
    this.#registerWh = registerWh;
  }

  /** The register in whole Wh, as transactions use it. */
  get registerWh(): number {
    return Math.floor(this.#registerWh);
  }

  /** Moves the register; it stays at 0 or above. */
  jump(byWh: number): void {
    this.#registerWh = Math.max(0, this.#registerWh + byWh);
  }

  read(vehicle: Vehicle | undefined): MeterReading {
    return {
      energyWh: this.#registerWh,
      powerW: this.#powerW,
      offeredA: this.#offeredA,
      stateOfCharge: vehicle?.stateOfCharge,
    };
  }

  /** Lets a car take up to `wantedPowerW` for a while, within what is offered. */
  flow(vehicle: Vehicle | undefined, wantedPowerW: number, offeredA: number, ms: number): void {
    this.#offeredA = offeredA;
    this.#powerW = Math.min(wantedPowerW, offeredA * VOLTAGE * PHASES);
    this.#registerWh += vehicle?.charge(this.#powerW * ms / MS_PER_HOUR) ?? 0;
  }
}

const MS_PER_HOUR = 3_600_000;

const LINES = ["L1", "L2", "L3"] as const;
const LINES_TO_NEUTRAL = ["L1-N", "L2-N", "L3-N"] as const;

/** The sampled values of the measurands asked for (OCPP 1.6, section 7.43). */
export function sampledValues(
  measurands: readonly Measurand[],
  reading: MeterReading,
  context: ReadingContext,
): SampledValue[] {
  return measurands.flatMap((measurand) => valuesOf(measurand, reading, context));
}

function valuesOf(
  measurand: Measurand,
  reading: MeterReading,
  context: ReadingContext,
): SampledValue[] {
  const common = { measurand, context, location: "Outlet" } as const;
  switch (measurand) {
    case "Energy.Active.Import.Register":
      return [{ ...common, value: String(Math.floor(reading.energyWh)), unit: "Wh" }];
    case "Power.Active.Import":
      return [{ ...common, value: reading.powerW.toFixed(1), unit: "W" }];
    case "Power.Offered":
      return [{ ...common, value: (reading.offeredA * VOLTAGE * PHASES).toFixed(1), unit: "W" }];
    case "Current.Import": {
      const currentA = reading.powerW / (VOLTAGE * PHASES);
      return LINES.map((phase) => ({ ...common, phase, value: currentA.toFixed(1), unit: "A" }));
    }
    case "Current.Offered":
      return [{ ...common, value: reading.offeredA.toFixed(1), unit: "A" }];
    case "Voltage":
      return LINES_TO_NEUTRAL.map((phase) => ({
        ...common,
        phase,
        value: VOLTAGE.toFixed(1),
        unit: "V",
      }));
    case "SoC":
      if (reading.stateOfCharge === undefined) return [];
      return [{
        measurand,
        context,
        location: "EV",
        value: String(Math.floor(reading.stateOfCharge * 100)),
        unit: "Percent",
      }];
  }
}
