// What the household's price sensor has said: meter values that come late get the price of their time.

import type { JsonValue } from "../ocpp/json.ts";
import { type Fact, lastKnown, maxAgeMs } from "./fact.ts";
import { parsePrice } from "./money.ts";
import type { Snapshot } from "./record.ts";
import type { State } from "./state.ts";
import { noteFact, type Step } from "./step_context.ts";
import type { Offer, PricedSpan } from "./tariff.ts";

/** Prices that are remembered: five days of quarters of an hour. */
export const MAX_PRICES = 480;

/** One price of the sensor, epoch milliseconds. */
interface SensorPrice {
  readonly from: number;
  /** null: it is the newest one, and lasts until it grows old. */
  readonly until: number | null;
  /** Millionths per kWh; null: what the sensor said is no price. */
  readonly micros: number | null;
}

/** The prices of one sensor, oldest first. */
export interface PriceHistory {
  readonly sensor: string;
  /** When the newest one was last said. */
  readonly heardAt: number;
  readonly prices: readonly SensorPrice[];
}

/** Takes note of what the price sensor has just said. */
export function notePrice(step: Step): void {
  const { state, now } = step;
  const sensor = state.configuration.household.priceSensor;
  const fact = sensor === undefined ? undefined : state.facts.get(sensor);
  if (sensor === undefined || fact?.at !== now) return;
  const micros = parsePrice(fact.value) ?? null;
  const history = historyOf(state, sensor);
  const last = history.prices.at(-1);
  const until = last === undefined ? now : endOf(state, history, last);
  if (last?.micros === micros && now < until) {
    state.prices = { ...history, heardAt: now };
    return;
  }
  const ended = last ? [{ ...last, until: Math.min(until, now) }] : [];
  const kept = [...history.prices.slice(0, -1), ...ended].slice(1 - MAX_PRICES);
  state.prices = { sensor, heardAt: now, prices: [...kept, { from: now, until: null, micros }] };
  noteFact(step, "prices", state.prices as unknown as JsonValue);
}

/** What the tables say; undefined: nothing. */
export function restorePrices({ facts }: Snapshot): PriceHistory | undefined {
  const history = facts.get("prices") as unknown as PriceHistory | undefined;
  if (history === undefined) return undefined;
  // The history is written when the price changes, the fact whenever it is said.
  const fact = facts.get(`value/${history.sensor}`) as unknown as Fact | undefined;
  const isSame = fact && (parsePrice(fact.value) ?? null) === history.prices.at(-1)?.micros;
  return isSame ? { ...history, heardAt: Math.max(history.heardAt, fact.at) } : history;
}

/** The clock was set: what was heard moves with it, as facts do. */
export function shiftPrices(state: State, byMs: number): void {
  if (state.prices === undefined) return;
  const { sensor, heardAt, prices } = state.prices;
  state.prices = {
    sensor,
    heardAt: heardAt + byMs,
    prices: prices.map(({ from, until, micros }) => ({
      from: from + byMs,
      until: until === null ? null : until + byMs,
      micros,
    })),
  };
}

/** The stretch from `from` to `to` (not before it), split where the sensor's price changed. */
export function sensorSpans(state: State, sensor: string, from: number, to: number): PricedSpan[] {
  const fact = lastKnown(state, sensor);
  const fixed = fact?.at === Infinity ? parsePrice(fact.value) : undefined;
  if (fixed !== undefined) return [{ from, to, offer: offerOf(state, sensor, fixed) }];
  const history = historyOf(state, sensor);
  const prices = history.prices.map((price) => ({ ...price, until: endOf(state, history, price) }));
  const spans: PricedSpan[] = [];
  let start = from;
  do {
    const price = prices.find((item) => item.from <= start && start < item.until);
    const change = price?.until ?? prices.find((item) => item.from > start)?.from ?? to;
    const end = Math.min(to, change);
    const micros = price?.micros ?? undefined;
    const offer = micros === undefined ? undefined : offerOf(state, sensor, micros);
    spans.push({ from: start, to: end, offer });
    start = end;
  } while (start < to);
  return spans;
}

/** Of a sensor that has just become the household's, only the present price is known. */
function historyOf({ prices, facts }: State, sensor: string): PriceHistory {
  if (prices?.sensor === sensor) return prices;
  const fact = facts.get(sensor);
  if (fact === undefined) return { sensor, heardAt: 0, prices: [] };
  const micros = parsePrice(fact.value) ?? null;
  return { sensor, heardAt: fact.at, prices: [{ from: fact.since, until: null, micros }] };
}

function endOf(state: State, { sensor, heardAt }: PriceHistory, { until }: SensorPrice): number {
  return until ?? heardAt + maxAgeMs(state, sensor);
}

function offerOf({ configuration }: State, sensor: string, micros: number): Offer {
  return {
    label: sensor,
    currency: configuration.currency,
    vat: undefined,
    prices: {
      energyMicrosPerKwh: micros,
      timeMicrosPerMinute: 0,
      sessionMicros: 0,
      idleMicrosPerMinute: 0,
    },
    idleAfterMs: 0,
    validFrom: undefined,
    validUntil: undefined,
  };
}
