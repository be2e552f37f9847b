// The prices that held in a session, and when: what is known once is never asked again.

import type { HeldOffer, HeldPrices, HeldSpan } from "./record.ts";
import type { Offer, PricedSpan } from "./tariff.ts";

/** Distinct prices that a session remembers: a day of quarters of an hour. */
export const MAX_HELD_OFFERS = 96;

/** Stretches of time that a session remembers, the newest ones. */
export const MAX_HELD_SPANS = 500;

/** Of a session of which nothing is known yet. */
export const NO_PRICES: HeldPrices = { offers: [], spans: [] };

/** Which prices hold from one instant to another, which is not before it, epoch milliseconds. */
export type Spans = (from: number, to: number) => readonly PricedSpan[];

/** The prices that a session remembers; where it remembers none, what `spansOf` says. */
export function heldSpans({ offers, spans }: HeldPrices, spansOf: Spans): Spans {
  return (from, to) => {
    const result: PricedSpan[] = [];
    let start = from;
    do {
      const held = spans.find((span) => span.from <= start && start < span.to);
      const next = held?.to ?? spans.find((span) => span.from > start)?.from ?? to;
      const end = Math.min(to, next);
      if (held === undefined) result.push(...spansOf(start, end));
      else result.push({ from: start, to: end, offer: offerOf(offers, held) });
      start = end;
    } while (start < to);
    return result;
  };
}

/** Remembers what holds from `from` to `to`, where that is not remembered yet. */
export function holdPrices(
  prices: HeldPrices,
  from: number,
  to: number,
  spansOf: Spans,
): HeldPrices {
  if (to <= from) return prices;
  let { offers } = prices;
  const outside = prices.spans.flatMap((span) => [
    { ...span, to: Math.min(span.to, from) },
    { ...span, from: Math.max(span.from, to) },
  ]).filter((span) => span.from < span.to);
  const inside: HeldSpan[] = [];
  for (const { offer, ...span } of heldSpans(prices, spansOf)(from, to)) {
    if (offer !== undefined) offers = withOffer(offers, offer);
    const index = offer === undefined ? null : indexOf(offers, offer);
    if (index !== -1) inside.push({ from: span.from, to: span.to, offer: index });
  }
  const spans = merged([...outside, ...inside].sort((a, b) => a.from - b.from));
  return { offers, spans: spans.slice(-MAX_HELD_SPANS) };
}

/** Remembers that something was billed by these prices. */
export function markBilled(prices: HeldPrices, offer: Offer): HeldPrices {
  const offers = withOffer(prices.offers, offer);
  const index = indexOf(offers, offer);
  if (offers[index]?.billed !== false) return { ...prices, offers };
  return { ...prices, offers: offers.with(index, { ...offers[index], billed: true }) };
}

/** The times move with the clock, by `byMs`. */
export function shiftHeld({ offers, spans }: HeldPrices, byMs: number): HeldPrices {
  const moved = spans.map(({ from, to, offer }) => ({ from: from + byMs, to: to + byMs, offer }));
  return { offers, spans: moved };
}

function offerOf(offers: readonly HeldOffer[], { offer }: HeldSpan): Offer | undefined {
  const held = offer === null ? undefined : offers[offer];
  if (held === undefined) return undefined;
  const { billed: _, ...rest } = held;
  return rest;
}

function withOffer(offers: readonly HeldOffer[], offer: Offer): readonly HeldOffer[] {
  if (offers.length >= MAX_HELD_OFFERS || indexOf(offers, offer) !== -1) return offers;
  return [...offers, { ...offer, billed: false }];
}

function indexOf(offers: readonly HeldOffer[], offer: Offer): number {
  const text = JSON.stringify({ ...offer, billed: undefined });
  return offers.findIndex((item) => JSON.stringify({ ...item, billed: undefined }) === text);
}

function merged(spans: readonly HeldSpan[]): HeldSpan[] {
  const result: HeldSpan[] = [];
  for (const span of spans) {
    const last = result.at(-1);
    if (last && last.to === span.from && last.offer === span.offer) {
      result[result.length - 1] = { ...last, to: span.to };
    } else result.push(span);
  }
  return result;
}
