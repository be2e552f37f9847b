// What a session earns and costs: added up interval by interval, exact, and never gone back upon.

import { divideHalfUp } from "./money.ts";
import { sensorSpans } from "./price_history.ts";
import type { SessionAccount, SessionBill, SessionRecord } from "./record.ts";
import { flag } from "./session.ts";
import type { State } from "./state.ts";
import { type Offer, offerAt, type PricedSpan, tariffOf, tariffSpans } from "./tariff.ts";

/** Amounts are kept in these until the end: Wh and ms at a price are whole numbers of them. */
const UNITS_PER_MICRO = 60_000n;

/** Of a price per kWh: Wh times this. */
const UNITS_PER_WH = UNITS_PER_MICRO / 1_000n;

/** Tariffs and VAT notes that a session remembers. */
const MAX_NOTES = 10;

/** Which prices hold in a stretch of time. */
type Spans = (from: number, to: number) => readonly PricedSpan[];

/** What one step of billing adds. */
interface Interval {
  readonly from: number;
  /** Before `from` where a stop turned out to be earlier than was billed. */
  readonly to: number;
  readonly energyWh: number;
}

/** Bills a session up to its last meter value: at its start, and whenever its energy may have risen. */
export function billReadings(state: State, session: SessionRecord): void {
  bill(state, session, session.meteredAt ?? session.startedAt);
}

/**
 * Bills a session that has ended: the rest of its energy and time, and its idle time, from the last
 * rise of the register on. A stop that is corrected later adds to what is there.
 */
export function billStop(state: State, session: SessionRecord): void {
  const stoppedAt = session.stoppedAt ?? session.startedAt;
  const { revenue, cost, ...billed } = bill(state, session, stoppedAt);
  settle(session, {
    ...billed,
    revenue: withIdle(session, revenue, revenueSpans(state, session)),
    cost: withIdle(session, cost, costSpans(state)),
  });
}

function bill(state: State, session: SessionRecord, until: number): SessionBill {
  const before = session.bill ?? opened(state, session);
  const interval = {
    from: before.until,
    to: until,
    energyWh: Math.max(0, session.energyWh - before.energyWh),
  };
  const revenue = charged(before.revenue, interval, revenueSpans(state, session));
  const cost = charged(before.cost, interval, costSpans(state));
  const owes = revenue.account !== null ||
    tariffOf(state.configuration, session.backendId) !== undefined;
  if (revenue.mixed || (revenue.unpricedWh > 0 && owes)) flag(session, "revenue_incomplete");
  const pays = cost.account !== null || paysForEnergy(state);
  if (cost.mixed || (cost.unpricedWh > 0 && pays)) {
    flag(session, "cost_incomplete");
  }
  const after = {
    until,
    energyWh: before.energyWh + interval.energyWh,
    revenue: revenue.account,
    cost: cost.account,
  };
  settle(session, after);
  return after;
}

/** Nothing is billed yet but the session fee, by the prices at the start. */
function opened({ configuration }: State, session: SessionRecord): SessionBill {
  const withFee = (name: string | undefined): SessionAccount | null => {
    const offer = name === undefined ? undefined : offerAt(configuration, name, session.startedAt);
    if (offer === undefined) return null;
    const { currency, prices, label, vat } = offer;
    const amount = String(BigInt(prices.sessionMicros) * UNITS_PER_MICRO);
    return { ...emptyAccount(currency), amount, tariffs: [label], vat: withNote([], vat) };
  };
  return {
    until: session.startedAt,
    energyWh: 0,
    revenue: withFee(tariffOf(configuration, session.backendId)),
    cost: withFee(configuration.household.tariff),
  };
}

function emptyAccount(currency: string): SessionAccount {
  return { currency, amount: "0", idle: "0", tariffs: [], vat: [] };
}

function revenueSpans({ configuration }: State, { backendId }: SessionRecord): Spans {
  const name = tariffOf(configuration, backendId);
  return name === undefined ? unpriced : (from, to) => tariffSpans(configuration, name, from, to);
}

function costSpans(state: State): Spans {
  const { configuration } = state;
  const { tariff, priceSensor } = configuration.household;
  if (tariff !== undefined) return (from, to) => tariffSpans(configuration, tariff, from, to);
  if (priceSensor !== undefined) return (from, to) => sensorSpans(state, priceSensor, from, to);
  return unpriced;
}

/** There is no tariff, or none any more. */
function unpriced(from: number, to: number): readonly PricedSpan[] {
  return [{ from, to, offer: undefined }];
}

function paysForEnergy({ configuration: { household } }: State): boolean {
  return household.tariff !== undefined || household.priceSensor !== undefined;
}

/** An account with the energy, which flows evenly, and the time of an interval. */
function charged(
  account: SessionAccount | null,
  interval: Interval,
  spansOf: Spans,
): { account: SessionAccount | null; unpricedWh: number; mixed: boolean } {
  let result = account;
  let unpricedWh = 0;
  let mixed = false;
  for (const { offer, energyWh, ms } of partsOf(interval, spansOf)) {
    const isNothing = energyWh === 0 && ms === 0;
    if (offer === undefined) unpricedWh += energyWh;
    else if (result !== null && isNothing) continue;
    else if (result !== null && result.currency !== offer.currency) mixed = true;
    else result = add(result ?? emptyAccount(offer.currency), offer, energyWh, ms);
  }
  return { account: result, unpricedWh, mixed };
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
function withIdle(
  { energyRoseAt, stoppedAt }: SessionRecord,
  account: SessionAccount | null,
  spansOf: Spans,
): SessionAccount | null {
  if (account === null) return null;
  let units = 0n;
  if (energyRoseAt !== null && stoppedAt !== null) {
    const freeMs = spansOf(energyRoseAt, energyRoseAt)[0]?.offer?.idleAfterMs ?? 0;
    const begin = energyRoseAt + freeMs;
    for (const { from, to, offer } of begin < stoppedAt ? spansOf(begin, stoppedAt) : []) {
      if (offer?.currency !== account.currency) continue;
      units += BigInt(offer.prices.idleMicrosPerMinute) * BigInt(to - from);
    }
  }
  return { ...account, idle: String(units) };
}

/** Writes down what has been billed, with the amounts rounded to millionths for once. */
function settle(session: SessionRecord, bill: SessionBill): void {
  const { revenue, cost } = bill;
  session.bill = bill;
  session.tariff = revenue ? revenue.tariffs.join("; ") : null;
  session.vat = revenue && revenue.vat.length > 0 ? revenue.vat.join("; ") : null;
  session.currency = revenue?.currency ?? null;
  session.revenueMicros = revenue && microsOf(revenue);
  session.costCurrency = cost?.currency ?? null;
  session.costMicros = cost && microsOf(cost);
}

function microsOf({ amount, idle }: SessionAccount): number {
  return Number(divideHalfUp(BigInt(amount) + BigInt(idle), UNITS_PER_MICRO));
}
