// Which prices hold at a time: tariffs by date, time of day and weekday, and the household's sensor.

import type { CoreConfiguration, Prices, TariffConfiguration } from "./configuration.ts";
import { factOf } from "./fact.ts";
import { isWithin, localTime } from "./local_time.ts";
import { parsePrice } from "./money.ts";
import type { State } from "./state.ts";

/** Prices, and what they come from. */
export interface Offer {
  /** Such as `employer, valid from 2026-01-01`. */
  readonly label: string;
  readonly currency: string;
  readonly vat: string | undefined;
  readonly prices: Prices;
  readonly idleAfterMs: number;
  /** The dates of the tariff, YYYY-MM-DD: the first one, and the first one no more. */
  readonly validFrom: string | undefined;
  readonly validUntil: string | undefined;
}

/** A stretch of time with one offer, epoch milliseconds; `offer` undefined: no prices are known. */
export interface PricedSpan {
  readonly from: number;
  readonly to: number;
  readonly offer: Offer | undefined;
}

/** Spans that one stretch of time is split into; what is left has the prices of its beginning. */
export const MAX_SPANS = 3_000;

const DAY_MINUTES = 1_440;
const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;

type Tariffs = Pick<CoreConfiguration, "tariffs" | "timeZone">;

/** What the tariff of this name says at `at`; undefined: it is not valid then, or there is none. */
export function offerAt(
  { tariffs, timeZone }: Tariffs,
  name: string,
  at: number,
): Offer | undefined {
  const { date, weekday, minuteOfDay } = localTime(at, timeZone);
  const tariff = tariffs.find((item) =>
    item.name === name && date >= (item.validFrom ?? "") &&
    (item.validUntil === undefined || date < item.validUntil)
  );
  if (tariff === undefined) return undefined;
  const time = tariff.times.find(({ hours, weekdays }) =>
    (hours === undefined || isWithin(hours, minuteOfDay)) &&
    (weekdays === undefined || weekdays.has(weekday))
  );
  const { currency, vat, idleAfterMs, validFrom, validUntil } = tariff;
  const prices = { ...tariff.prices, ...time?.prices };
  return { label: labelOf(tariff), currency, vat, prices, idleAfterMs, validFrom, validUntil };
}

/** The stretch from `from` to `to` (not before it), split where the prices of a tariff change. */
export function tariffSpans(
  configuration: Tariffs,
  name: string,
  from: number,
  to: number,
): PricedSpan[] {
  const minutes = changingMinutes(configuration.tariffs.filter((item) => item.name === name));
  const spans: PricedSpan[] = [];
  let start = from;
  do {
    const offer = offerAt(configuration, name, start);
    const end = minutes.length === 0 || spans.length === MAX_SPANS
      ? to
      : Math.min(to, nextMinute(minutes, start, configuration.timeZone));
    const last = spans.at(-1);
    if (last && isSame(last.offer, offer)) spans[spans.length - 1] = { ...last, to: end };
    else spans.push({ from: start, to: end, offer });
    start = end;
  } while (start < to);
  return spans;
}

/** What a backend pays for a kWh now, millionths; undefined: it has no tariff that is valid. */
export function priceNow(
  { configuration }: State,
  backendId: string,
  now: number,
): number | undefined {
  const name = tariffOf(configuration, backendId);
  if (name === undefined) return undefined;
  return offerAt(configuration, name, now)?.prices.energyMicrosPerKwh;
}

/** What the household pays for a kWh now, millionths; undefined: nobody knows. */
export function costNow(state: State, now: number): number | undefined {
  const { configuration } = state;
  const { tariff, priceSensor } = configuration.household;
  if (tariff !== undefined) {
    return offerAt(configuration, tariff, now)?.prices.energyMicrosPerKwh;
  }
  const fact = priceSensor === undefined ? undefined : factOf(state, priceSensor, now);
  return fact && parsePrice(fact.value);
}

/** The name of the tariff by which a backend is billed. */
export function tariffOf(
  { backends }: CoreConfiguration,
  backendId: string | null,
): string | undefined {
  return backends.find(({ id }) => id === backendId)?.tariff;
}

function labelOf({ name, validFrom, validUntil }: TariffConfiguration): string {
  const from = validFrom === undefined ? "" : ` from ${validFrom}`;
  const until = validUntil === undefined ? "" : ` until ${validUntil}`;
  return from + until === "" ? name : `${name}, valid${from}${until}`;
}

function isSame(one: Offer | undefined, other: Offer | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The minutes of a day, 1 … 1,440, at which prices can change; empty: they never do. */
function changingMinutes(tariffs: readonly TariffConfiguration[]): number[] {
  const minutes = new Set<number>();
  for (const { validFrom, validUntil, times } of tariffs) {
    if (validFrom !== undefined || validUntil !== undefined) minutes.add(DAY_MINUTES);
    for (const { hours, weekdays } of times) {
      if (weekdays !== undefined) minutes.add(DAY_MINUTES);
      if (hours === undefined) continue;
      for (const minute of [hours.fromMinute, hours.toMinute]) minutes.add(minute || DAY_MINUTES);
    }
  }
  return [...minutes].sort((a, b) => a - b);
}

/** The next instant after `after` at which the clock shows one of these minutes, or is changed. */
function nextMinute(minutes: readonly number[], after: number, timeZone: string): number {
  const { minuteOfDay } = localTime(after, timeZone);
  // After the last one of today comes the first one of tomorrow.
  const next = minutes.find((minute) => minute > minuteOfDay) ?? (minutes[0] ?? 0) + DAY_MINUTES;
  const at = (Math.floor(after / MINUTE_MS) + next - minuteOfDay) * MINUTE_MS;
  const offset = offsetAt(after, timeZone);
  if (offsetAt(at, timeZone) === offset) return at;
  let before = Math.floor(after / QUARTER_MS);
  let changed = Math.ceil(at / QUARTER_MS);
  while (changed - before > 1) {
    const middle = Math.floor((before + changed) / 2);
    if (offsetAt(middle * QUARTER_MS, timeZone) === offset) before = middle;
    else changed = middle;
  }
  return changed * QUARTER_MS;
}

/** How far the clock is ahead of UTC, ms. */
function offsetAt(at: number, timeZone: string): number {
  const { date, minuteOfDay } = localTime(at, timeZone);
  return Date.parse(`${date}T00:00Z`) + (minuteOfDay - Math.floor(at / MINUTE_MS)) * MINUTE_MS;
}
