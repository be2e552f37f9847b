// One of the two amounts of a session: what energy, time, the session fee and idle time add to it.

import { heldSpans, holdPrices, markBilled, NO_PRICES, type Spans } from "./held_prices.ts";
import { divideHalfUp } from "./money.ts";
import type { HeldPrices, SessionAccount, SessionRecord } from "./record.ts";
import type { Offer } from "./tariff.ts";

/** Amounts are kept in these until the end: Wh and ms at a price are whole numbers of them. */
const UNITS_PER_MICRO = 60_000n;

/** Of a price per kWh: Wh times this. */
const UNITS_PER_WH = UNITS_PER_MICRO / 1_000n;

/** Tariffs and VAT notes that a session remembers. */
const MAX_NOTES = 10;

/** What one step of billing adds. */
export interface Interval {
  readonly from: number;
  /** Before `from` where a stop turned out to be earlier than was billed. */
  readonly to: number;
  readonly energyWh: number;
}

/** One of the two amounts, and the prices behind it. */
export interface Account {
  readonly account: SessionAccount | null;
  readonly prices: HeldPrices;
}

/** An account with the session fee of what is offered at the start; undefined: nothing is. */
export function withFee(offer: Offer | undefined): Account {
  if (offer === undefined) return { account: null, prices: NO_PRICES };
  const { currency, prices, label, vat } = offer;
  const amount = String(BigInt(prices.sessionMicros) * UNITS_PER_MICRO);
  return {
    account: { ...emptyAccount(currency), amount, tariffs: [label], vat: withNote([], vat) },
    prices: prices.sessionMicros === 0 ? NO_PRICES : markBilled(NO_PRICES, offer),
  };
}

function emptyAccount(currency: string): SessionAccount {
  return { currency, amount: "0", idle: "0", tariffs: [], vat: [] };
}

/** An account with the energy, which flows evenly, and the time of an interval. */
export function charged(
  { account, prices: before }: Account,
  interval: Interval,
  spansOf: Spans,
): Account & { unpricedWh: number; mixed: boolean } {
  let result = account;
  let prices = holdPrices(before, interval.from, interval.to, spansOf);
  let unpricedWh = 0;
  let mixed = false;
  for (const { offer, energyWh, ms } of partsOf(interval, heldSpans(before, spansOf))) {
    const isNothing = energyWh === 0 && ms === 0;
    if (offer === undefined) unpricedWh += energyWh;
    else if (result !== null && isNothing) continue;
    else if (result !== null && result.currency !== offer.currency) mixed = true;
    else {
      result = add(result ?? emptyAccount(offer.currency), offer, energyWh, ms);
      const isTimed = ms !== 0 && offer.prices.timeMicrosPerMinute !== 0;
      if (energyWh !== 0 || isTimed) prices = markBilled(prices, offer);
    }
  }
  return { account: result, prices, unpricedWh, mixed };
}

/** A part of an interval with one offer; `ms` is negative where time is taken back. */
interface Part {
  readonly offer: Offer | undefined;
  readonly energyWh: number;
  readonly ms: number;
}

function partsOf({ from, to, energyWh }: Interval, spansOf: Spans): Part[] {
  if (from < to) {
    const spans = spansOf(from, to);
    const shares = shareOut(energyWh, spans.map((span) => span.to - span.from));
    return spans.map(({ offer, ...span }, index) => ({
      offer,
      energyWh: shares[index] ?? 0,
      ms: span.to - span.from,
    }));
  }
  // Energy of no time at all has the price of its instant.
  const instant = spansOf(to, to).map(({ offer }) => ({ offer, energyWh, ms: 0 }));
  const back = to === from ? [] : spansOf(to, from)
    .map(({ offer, ...span }) => ({ offer, energyWh: 0, ms: span.from - span.to }));
  return [...instant, ...back];
}

/** Shares of an energy in proportion to durations: whole Wh, by the largest remainder, sum exact. */
export function shareOut(energyWh: number, durationsMs: readonly number[]): number[] {
  const totalMs = BigInt(durationsMs.reduce((sum, ms) => sum + ms, 0));
  if (totalMs === 0n) return durationsMs.map((_, index) => index === 0 ? energyWh : 0);
  const products = durationsMs.map((ms) => BigInt(energyWh) * BigInt(ms));
  const shares = products.map((product) => Number(product / totalMs));
  const left = energyWh - shares.reduce((sum, wh) => sum + wh, 0);
  const byRemainder = products.map((product, index) => ({ index, rest: product % totalMs }))
    .sort((a, b) => a.rest === b.rest ? a.index - b.index : a.rest < b.rest ? 1 : -1);
  for (const { index } of byRemainder.slice(0, left)) shares[index]! += 1;
  return shares;
}

function add(account: SessionAccount, offer: Offer, energyWh: number, ms: number): SessionAccount {
  const { prices, label, vat } = offer;
  const units = BigInt(prices.energyMicrosPerKwh) * BigInt(energyWh) * UNITS_PER_WH +
    BigInt(prices.timeMicrosPerMinute) * BigInt(ms);
  return {
    ...account,
    amount: String(BigInt(account.amount) + units),
    tariffs: withNote(account.tariffs, label),
    vat: withNote(account.vat, vat),
  };
}

function withNote(notes: readonly string[], note: string | undefined): readonly string[] {
  if (note === undefined || notes.includes(note) || notes.length >= MAX_NOTES) return notes;
  return [...notes, note];
}

/** An account with the fee for the time since the register last rose, in place of an earlier one. */
export function withIdle(
  { energyRoseAt, stoppedAt }: SessionRecord,
  { account, prices: before }: Account,
  spansOf: Spans,
): Account {
  if (account === null) return { account, prices: before };
  const pricesOf = heldSpans(before, spansOf);
  let prices = before;
  let units = 0n;
  if (energyRoseAt !== null && stoppedAt !== null) {
    const freeMs = pricesOf(energyRoseAt, energyRoseAt)[0]?.offer?.idleAfterMs ?? 0;
    const begin = energyRoseAt + freeMs;
    for (const { from, to, offer } of begin < stoppedAt ? pricesOf(begin, stoppedAt) : []) {
      if (offer?.currency !== account.currency || offer.prices.idleMicrosPerMinute === 0) continue;
      units += BigInt(offer.prices.idleMicrosPerMinute) * BigInt(to - from);
      prices = markBilled(prices, offer);
    }
  }
  return { account: { ...account, idle: String(units) }, prices };
}

/** An amount in millionths, rounded half up. */
export function microsOf({ amount, idle }: SessionAccount): number {
  return Number(divideHalfUp(BigInt(amount) + BigInt(idle), UNITS_PER_MICRO));
}
