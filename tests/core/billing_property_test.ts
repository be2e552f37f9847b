// Billing against a naive model in exact fractions: nothing is lost, invented or counted twice.

import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import { billReadings, billStop } from "../../src/core/billing.ts";
import type { Prices, TariffConfiguration } from "../../src/core/configuration.ts";
import { divideHalfUp } from "../../src/core/money.ts";
import { emptySnapshot, type SessionRecord } from "../../src/core/record.ts";
import { createSession, endSession, meterReading } from "../../src/core/session.ts";
import { shareOut } from "../../src/core/session_account.ts";
import { createState, type State } from "../../src/core/step.ts";
import { offerAt } from "../../src/core/tariff.ts";
import { backend, configuration, START } from "./harness.ts";

const MINUTE_MS = 60_000;

/** A reading: minutes after the one before, and Wh more than it. */
interface Reading {
  readonly minutes: number;
  readonly wh: number;
}

const price = fc.integer({ min: -2_000_000, max: 2_000_000 });
const prices: fc.Arbitrary<Prices> = fc.record({
  energyMicrosPerKwh: price,
  timeMicrosPerMinute: price,
  sessionMicros: price,
  idleMicrosPerMinute: fc.constant(0),
});
const minute = fc.integer({ min: 0, max: 1_439 });
const tariffs: fc.Arbitrary<TariffConfiguration> = fc.record({
  prices,
  times: fc.array(
    fc.record({ hours: fc.record({ fromMinute: minute, toMinute: minute }), prices }),
    { maxLength: 3 },
  ),
}).map((values) => ({ name: "t", currency: "EUR", idleAfterMs: 0, ...values }));
const readings: fc.Arbitrary<Reading[]> = fc.array(
  fc.record({ minutes: fc.integer({ min: 1, max: 600 }), wh: fc.integer({ min: 0, max: 2_000 }) }),
  { minLength: 1, maxLength: 8 },
);

function stateWith(tariff: TariffConfiguration): State {
  const core = configuration({
    backends: [backend("employer", "biller", { tariff: "t" })],
    tariffs: [tariff],
  });
  return createState(core, emptySnapshot(), START);
}

/** Plays a session; the last reading is the stop. */
function played(state: State, list: readonly Reading[]): SessionRecord {
  const session = createSession({
    transactionId: 1,
    connectorId: 1,
    idTag: "TAG",
    startKey: "1",
    startedAt: START,
    backendId: "employer",
    meterStartWh: 0,
    registerWh: 0,
  });
  billReadings(state, session);
  let [at, wh] = [START, 0];
  for (const [index, reading] of list.entries()) {
    at += reading.minutes * MINUTE_MS;
    wh += reading.wh;
    if (index < list.length - 1) {
      meterReading(session, wh, at);
      billReadings(state, session);
      assert.ok(Number.isSafeInteger(session.revenueMicros));
    } else {
      endSession(session, { at, meterStopWh: wh, reason: "Local" });
      billStop(state, session);
    }
  }
  assert.equal(session.energyWh, wh);
  return session;
}

/** A fraction; its denominator is positive. */
type Fraction = readonly [numerator: bigint, denominator: bigint];

function plus([a, b]: Fraction, [c, d]: Fraction): Fraction {
  return [a * d + c * b, b * d];
}

/** Micros of a session, minute by minute, and by how much whole Wh may differ from it. */
function naive({ configuration }: State, list: readonly Reading[]): [Fraction, slack: Fraction] {
  const pricesAt = (at: number) => offerAt(configuration, "t", at)!.prices;
  let sum: Fraction = [BigInt(pricesAt(START).sessionMicros), 1n];
  let slackMicros = 0n;
  let at = START;
  for (const { minutes, wh } of list) {
    let changes = 0;
    let [least, most] = [Infinity, -Infinity];
    for (let n = 0; n < minutes; n++, at += MINUTE_MS) {
      const { energyMicrosPerKwh, timeMicrosPerMinute } = pricesAt(at);
      sum = plus(sum, [BigInt(timeMicrosPerMinute), 1n]);
      sum = plus(sum, [BigInt(energyMicrosPerKwh) * BigInt(wh), 1_000n * BigInt(minutes)]);
      if (n > 0 && energyMicrosPerKwh !== pricesAt(at - MINUTE_MS).energyMicrosPerKwh) changes++;
      [least, most] = [Math.min(least, energyMicrosPerKwh), Math.max(most, energyMicrosPerKwh)];
    }
    // Each part gets less than one Wh too much or too little.
    slackMicros += BigInt(changes === 0 ? 0 : changes + 1) * BigInt(most - least);
  }
  return [sum, [slackMicros, 1_000n]];
}

Deno.test("what is billed agrees with a sum of fractions over every minute", () => {
  fc.assert(fc.property(tariffs, readings, (tariff, list) => {
    // The model walks the minutes of the test itself: they have to be few.
    const few = list.map(({ minutes, wh }) => ({ minutes: 1 + minutes % 40, wh }));
    const state = stateWith(tariff);
    const micros = played(state, few).revenueMicros;
    assert.ok(micros !== null);
    const [[numerator, denominator], slack] = naive(state, few);
    if (slack[0] === 0n) {
      assert.equal(BigInt(micros), divideHalfUp(numerator, denominator));
      return;
    }
    const [difference, scale] = plus([BigInt(micros), 1n], [-numerator, denominator]);
    const size = difference < 0n ? -difference : difference;
    // Half a micro for the rounding.
    assert.ok(2n * size * slack[1] <= (2n * slack[0] + slack[1]) * scale);
  }));
});

Deno.test("more readings in between do not change what a flat tariff earns", () => {
  fc.assert(fc.property(tariffs, readings, ({ times: _, ...tariff }, list) => {
    const state = stateWith({ ...tariff, times: [] });
    const whole = list.reduce((one, other) => ({
      minutes: one.minutes + other.minutes,
      wh: one.wh + other.wh,
    }));
    const [split, unsplit] = [played(state, list), played(state, [whole])];
    assert.equal(split.bill?.revenue?.amount, unsplit.bill?.revenue?.amount);
    assert.equal(split.revenueMicros, unsplit.revenueMicros);
  }));
});

Deno.test("a reading at every change of prices says what the stretch as a whole says", () => {
  const tariff: TariffConfiguration = {
    name: "t",
    currency: "EUR",
    prices: {
      energyMicrosPerKwh: 300_000,
      timeMicrosPerMinute: 10,
      sessionMicros: 0,
      idleMicrosPerMinute: 0,
    },
    // The test begins at 13:00 in Brussels.
    times: [{
      hours: { fromMinute: 14 * 60, toMinute: 15 * 60 },
      prices: { energyMicrosPerKwh: 200_000 },
    }],
    idleAfterMs: 0,
  };
  fc.assert(fc.property(fc.integer({ min: 0, max: 2_000 }), (wh) => {
    const state = stateWith(tariff);
    const split = played(state, Array.from({ length: 3 }, () => ({ minutes: 60, wh })));
    const unsplit = played(state, [{ minutes: 180, wh: 3 * wh }]);
    assert.equal(split.revenueMicros, unsplit.revenueMicros);
  }));
});

Deno.test("more energy never earns less, if no price is negative", () => {
  const more = fc.integer({ min: 0, max: 1_000 });
  fc.assert(fc.property(tariffs, readings, more, (tariff, list, extra) => {
    const positive = (one: Prices): Prices => ({
      ...one,
      energyMicrosPerKwh: Math.abs(one.energyMicrosPerKwh),
    });
    const state = stateWith({
      ...tariff,
      prices: positive(tariff.prices),
      times: tariff.times.map((time) => ({ ...time, prices: positive(time.prices as Prices) })),
    });
    const last = list.at(-1)!;
    const less = played(state, list).revenueMicros!;
    const longer = [...list.slice(0, -1), { ...last, wh: last.wh + extra }];
    // A whole Wh that moves to a cheaper part may take back what one more is worth, and no more.
    const step = Math.ceil(2_000_000 / 1_000) * (1 + tariff.times.length * 2);
    const gained = played(state, longer).revenueMicros! - less;
    assert.ok(gained >= (tariff.times.length === 0 ? 0 : -step), `${gained}`);
  }));
});

Deno.test("shares are whole, none is off by one or more, and together they are all", () => {
  const durations = fc.array(fc.nat(10 ** 12), { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(fc.nat(10 ** 9), durations, (energyWh, durationsMs) => {
    const shares = shareOut(energyWh, durationsMs);
    assert.equal(shares.reduce((sum, wh) => sum + wh, 0), energyWh);
    const total = BigInt(durationsMs.reduce((sum, ms) => sum + ms, 0));
    if (total === 0n) return;
    for (const [index, wh] of shares.entries()) {
      const exact = BigInt(energyWh) * BigInt(durationsMs[index] ?? 0);
      const difference = BigInt(wh) * total - exact;
      assert.ok((difference < 0n ? -difference : difference) < total);
    }
  }));
});
