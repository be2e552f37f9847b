// Reads the energy register out of meter values (OCPP 1.6, sections 3.16 and 7.43), exactly.

import { parseTime } from "./time.ts";
import type { MeterValue, SampledValue } from "./types.ts";

export interface RegisterReading {
  /** Energy.Active.Import.Register in whole Wh, rounded half up. */
  readonly wh: number;
  /** When it was taken, epoch milliseconds; undefined where the timestamp is no time. */
  readonly at: number | undefined;
}

/**
 * One reading for each meter value that has the register, in their order. Outlet (the default) is
 * preferred to other locations, a total to the sum of L1 to L3, and that to the sum of L1-N to L3-N.
 */
export function energyRegisterReadings(meterValue: readonly MeterValue[]): RegisterReading[] {
  const readings: RegisterReading[] = [];
  for (const { timestamp, sampledValue } of meterValue) {
    const samples = sampledValue.filter(isRegister);
    const location = PREFERRED_LOCATIONS.find((one) => samples.some((s) => locationOf(s) === one));
    const wh = register(samples.filter((one) => locationOf(one) === location));
    if (wh !== undefined) readings.push({ wh, at: parseTime(timestamp) });
  }
  return readings;
}

const PREFERRED_LOCATIONS = ["Outlet", "Inlet", "Cable", "Body", "EV"] as const;

function locationOf(sample: SampledValue): typeof PREFERRED_LOCATIONS[number] {
  return sample.location ?? "Outlet";
}

function isRegister({ measurand, format, unit }: SampledValue): boolean {
  return (measurand === undefined || measurand === "Energy.Active.Import.Register") &&
    (format === undefined || format === "Raw") &&
    (unit === undefined || unit === "Wh" || unit === "kWh");
}

const TOTAL = [undefined] as const;
const LINES = ["L1", "L2", "L3"] as const;
const LINES_TO_NEUTRAL = ["L1-N", "L2-N", "L3-N"] as const;

function register(samples: readonly SampledValue[]): number | undefined {
  for (const phases of [TOTAL, LINES, LINES_TO_NEUTRAL]) {
    let sum: Decimal | undefined;
    for (const phase of phases) {
      // Of several for one phase the last one is the newest.
      const sample = samples.findLast((one) => one.phase === phase);
      const value = sample && energy(sample);
      if (value !== undefined) sum = sum === undefined ? value : add(sum, value);
    }
    const wh = sum && roundHalfUp(sum);
    if (wh !== undefined && Number.isSafeInteger(wh)) return wh;
  }
  return undefined;
}

function energy({ value, unit }: SampledValue): Decimal | undefined {
  const decimal = parseDecimal(value);
  if (decimal === undefined || unit !== "kWh") return decimal;
  return { digits: decimal.digits, exponent: decimal.exponent + 3 };
}

/** digits · 10^exponent */
export interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

const DECIMAL = /^\s*([+-]?)(\d{1,30})(?:\.(\d{0,30}))?(?:e([+-]?\d{1,2}))?\s*$/i;

/** Reads a decimal number without loss; undefined where it is none, or longer than a meter's. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole, fraction = "", exponent = "0"] = match;
  const digits = BigInt(`${whole}${fraction}`);
  return {
    digits: sign === "-" ? -digits : digits,
    exponent: Number(exponent) - fraction.length,
  };
}

function add(left: Decimal, right: Decimal): Decimal {
  const exponent = Math.min(left.exponent, right.exponent);
  return { digits: scaled(left, exponent) + scaled(right, exponent), exponent };
}

function scaled({ digits, exponent }: Decimal, to: number): bigint {
  return digits * 10n ** BigInt(exponent - to);
}

function roundHalfUp({ digits, exponent }: Decimal): number {
  if (exponent >= 0) return Number(digits * 10n ** BigInt(exponent));
  const unit = 10n ** BigInt(-exponent);
  const doubled = 2n * digits + unit;
  const remainder = ((doubled % (2n * unit)) + 2n * unit) % (2n * unit);
  return Number((doubled - remainder) / (2n * unit));
}
