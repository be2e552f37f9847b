// What a session earns and costs: added up interval by interval, exact, and never gone back upon.

import type { CoreConfiguration } from "./configuration.ts";
import { heldSpans, holdPrices, shiftHeld, type Spans } from "./held_prices.ts";
import { sensorSpans } from "./price_history.ts";
import type { HeldPrices, SessionBill, SessionRecord } from "./record.ts";
import { flag } from "./session.ts";
import { type Account, charged, microsOf, withFee, withIdle } from "./session_account.ts";
import type { State } from "./state.ts";
import { offerAt, type PricedSpan, tariffOf, tariffSpans } from "./tariff.ts";

/** Bills a session up to its last meter value: at its start, and whenever its energy may have risen. */
export function billReadings(state: State, session: SessionRecord): void {
  bill(state, session, session.meteredAt ?? session.startedAt);
}

/**
 * Bills a session that has ended: the rest of its energy and time, and its idle time, from the last
 * rise of the register on. A stop that is corrected later adds to what is there.
 */
export function billStop(state: State, session: SessionRecord): void {
  const billed = bill(state, session, session.stoppedAt ?? session.startedAt);
  const revenue = withIdle(session, accountsOf(billed).revenue, revenueSpans(state, session));
  const cost = withIdle(session, accountsOf(billed).cost, costSpans(state));
  settle(session, {
    ...billed,
    revenue: revenue.account,
    revenuePrices: revenue.prices,
    cost: cost.account,
    costPrices: cost.prices,
  });
}

/**
 * Before `next` becomes the configuration: a session keeps the prices that it has had until `now`,
 * though its energy is told later. Says whether there was something to keep.
 */
export function keepPrices(
  state: State,
  session: SessionRecord,
  next: CoreConfiguration,
  now: number,
): boolean {
  const before = session.bill ?? opened(state, session);
  const { until } = before;
  if (now <= until) return false;
  const later = { ...state, configuration: next };
  const revenuePrices = kept(before.revenuePrices, until, now, [
    revenueSpans(state, session),
    revenueSpans(later, session),
  ]);
  const costPrices = kept(before.costPrices, until, now, [costSpans(state), costSpans(later)]);
  if (revenuePrices === before.revenuePrices && costPrices === before.costPrices) return false;
  settle(session, { ...before, revenuePrices, costPrices });
  return true;
}

/** The clock was set: how far a session is billed, and when its prices held, moves with it. */
export function shiftBill(bill: SessionBill, byMs: number): SessionBill {
  return {
    ...bill,
    until: bill.until + byMs,
    revenuePrices: shiftHeld(bill.revenuePrices, byMs),
    costPrices: shiftHeld(bill.costPrices, byMs),
  };
}

/** The same prices if nothing has changed. */
function kept(
  prices: HeldPrices,
  from: number,
  to: number,
  [before, after]: readonly [Spans, Spans],
): HeldPrices {
  const had = heldSpans(prices, before)(from, to);
  const has = heldSpans(prices, after)(from, to);
  const isSame = JSON.stringify(had) === JSON.stringify(has);
  return isSame ? prices : holdPrices(prices, from, to, before);
}

function accountsOf(bill: SessionBill): { readonly revenue: Account; readonly cost: Account } {
  return {
    revenue: { account: bill.revenue, prices: bill.revenuePrices },
    cost: { account: bill.cost, prices: bill.costPrices },
  };
}

function bill(state: State, session: SessionRecord, until: number): SessionBill {
  const before = session.bill ?? opened(state, session);
  const interval = {
    from: before.until,
    to: until,
    energyWh: Math.max(0, session.energyWh - before.energyWh),
  };
  const accounts = accountsOf(before);
  const revenue = charged(accounts.revenue, interval, revenueSpans(state, session));
  const cost = charged(accounts.cost, interval, costSpans(state));
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
    revenuePrices: revenue.prices,
    costPrices: cost.prices,
  };
  settle(session, after);
  return after;
}

/** Nothing is billed yet but the session fee, by the prices at the start. */
function opened({ configuration }: State, session: SessionRecord): SessionBill {
  const offered = (name: string | undefined) =>
    name === undefined ? undefined : offerAt(configuration, name, session.startedAt);
  const revenue = withFee(offered(tariffOf(configuration, session.backendId)));
  const cost = withFee(offered(configuration.household.tariff));
  return {
    until: session.startedAt,
    energyWh: 0,
    revenue: revenue.account,
    cost: cost.account,
    revenuePrices: revenue.prices,
    costPrices: cost.prices,
  };
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
