// SQL that makes a session's bill into the list of the prices that were applied, for JSON.

import { decimalAmount } from "./sql_record.ts";

/** Prices that something of a session was billed by. */
export interface AppliedPrices {
  /** What the session earns, or what it costs the household. */
  readonly to: "revenue" | "cost";
  /** With its dates; the name of the fact for a price of the household's sensor. */
  readonly tariff: string;
  /** ISO 4217, of the prices. */
  readonly currency: string;
  readonly vat: string | null;
  /** Local dates, YYYY-MM-DD: the first day, and the first day no more. */
  readonly valid_from: string | null;
  readonly valid_until: string | null;
  readonly energy_per_kwh: number;
  readonly per_minute: number;
  readonly per_session: number;
  readonly idle_per_minute: number;
  readonly idle_after_min: number;
}

const WORDS: Readonly<Record<string, string>> = {
  tariff: "label",
  currency: "currency",
  vat: "vat",
  valid_from: "validFrom",
  valid_until: "validUntil",
};

const PRICES: Readonly<Record<string, string>> = {
  energy_per_kwh: "energyMicrosPerKwh",
  per_minute: "timeMicrosPerMinute",
  per_session: "sessionMicros",
  idle_per_minute: "idleMicrosPerMinute",
};

/** An SQL expression: the AppliedPrices of a row of `session`, as the text of a JSON array. */
export const APPLIED_JSON: string = `(
  SELECT json_group_array(json(applied)) FROM (
    ${pricesOf("revenue")} UNION ALL ${pricesOf("cost")}))`;

/** Prices are remembered with every bill, those that nothing was billed by among them. */
function pricesOf(to: AppliedPrices["to"]): string {
  const members = [
    `'to', '${to}'`,
    ...Object.entries(WORDS).map(([name, key]) => `'${name}', value ->> '$.${key}'`),
    ...Object.entries(PRICES).map(([name, key]) =>
      `'${name}', json(${decimalAmount(`(value ->> '$.prices.${key}')`)})`
    ),
    `'idle_after_min', (value ->> '$.idleAfterMs') / 60000.0`,
  ];
  return `SELECT json_object(${members.join(", ")}) AS applied
    FROM json_each(bill_json, '$.${to}Prices.offers') WHERE value ->> '$.billed'`;
}
