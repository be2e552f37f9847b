// Amounts of money: whole millionths of a currency, read and written in decimal without loss.

import { parseDecimal } from "../ocpp/meter_value.ts";

/** The greatest price that is believed, millionths: what the configuration takes too. */
const MAX_PRICE_MICROS = 1_000_000_000;

/** Decimals of a millionth. */
const MICRO_DECIMALS = 6;

/**
 * A price that somebody tells, such as `0.2874`, in millionths; what is finer is rounded half up.
 * undefined: it is no number, or none from -1000 to 1000.
 */
export function parsePrice(text: string): number | undefined {
  const decimal = parseDecimal(text);
  if (decimal === undefined) return undefined;
  const exponent = decimal.exponent + MICRO_DECIMALS;
  const micros = exponent >= 0
    ? decimal.digits * 10n ** BigInt(exponent)
    : divideHalfUp(decimal.digits, 10n ** BigInt(-exponent));
  const price = Number(micros);
  return Math.abs(price) <= MAX_PRICE_MICROS ? price : undefined;
}

/** Millionths as decimal text with 2 to 6 decimals: `12.34`, `0.01155`, `-0.50`. */
export function decimalText(micros: number): string {
  const digits = String(Math.abs(micros)).padStart(MICRO_DECIMALS + 1, "0");
  const fraction = digits.slice(-MICRO_DECIMALS);
  const decimals = fraction.slice(0, 2) + fraction.slice(2).replace(/0+$/, "");
  return `${micros < 0 ? "-" : ""}${digits.slice(0, -MICRO_DECIMALS)}.${decimals}`;
}

/** The nearest whole quotient, the greater of two; `divisor` is positive. */
export function divideHalfUp(dividend: bigint, divisor: bigint): bigint {
  const doubled = 2n * dividend + divisor;
  const quotient = doubled / (2n * divisor);
  return doubled % (2n * divisor) < 0n ? quotient - 1n : quotient;
}
