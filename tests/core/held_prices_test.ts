// A session keeps the prices that it has had, whatever the configuration says later.

import assert from "node:assert/strict";
import type { CoreConfiguration, TariffConfiguration } from "../../src/core/configuration.ts";
import {
  holdPrices,
  MAX_HELD_OFFERS,
  MAX_HELD_SPANS,
  NO_PRICES,
} from "../../src/core/held_prices.ts";
import { decimalText } from "../../src/core/money.ts";
import type { HeldPrices, SessionRecord } from "../../src/core/record.ts";
import type { Offer } from "../../src/core/tariff.ts";
import { books, meter, start, stop } from "./charging.ts";
import { backend, configuration, Harness, START } from "./harness.ts";

const HOUR = 3600;

const PRICES = {
  energyMicrosPerKwh: 300_000,
  timeMicrosPerMinute: 0,
  sessionMicros: 0,
  idleMicrosPerMinute: 0,
};

function tariff(
  prices: Partial<TariffConfiguration["prices"]>,
  changes: Partial<TariffConfiguration> = {},
): TariffConfiguration {
  return {
    name: "work",
    currency: "EUR",
    prices: { ...PRICES, ...prices },
    times: [],
    idleAfterMs: 0,
    ...changes,
  };
}

function household(changes: Partial<Omit<CoreConfiguration, "charger">>): CoreConfiguration {
  return configuration({
    backends: [backend("employer", "biller", { tariff: "work" })],
    idTags: [{ tag: "WORK", owner: false, backend: "employer", action: "allow" }],
    ...changes,
  });
}

function charging(core: CoreConfiguration): { h: Harness; id: number } {
  const h = new Harness(core);
  h.bootCharger();
  return { h, id: start(h, { idTag: "WORK", meterStart: 0 }) };
}

/** The configuration is read again, so many seconds after the beginning. */
function changeAt(h: Harness, seconds: number, core: CoreConfiguration): void {
  passTo(h, seconds);
  h.core = core;
  h.event({ type: "configured", configuration: core });
}

function passTo(h: Harness, seconds: number): void {
  h.pass(START + seconds * 1000 - h.now);
}

function newest(h: Harness): SessionRecord {
  const session = books(h).at(-1);
  assert.ok(session);
  return session;
}

function text(micros: number | null): string | null {
  return micros === null ? null : decimalText(micros);
}

/** What the session was billed by: per kWh, in millionths. */
function billedBy(prices: HeldPrices | undefined): (readonly [string, number])[] {
  return (prices?.offers ?? []).filter(({ billed }) => billed)
    .map(({ label, prices }) => [label, prices.energyMicrosPerKwh]);
}

const DEARER = { energyMicrosPerKwh: 900_000, timeMicrosPerMinute: 10_000 };

for (const crashes of [false, true]) {
  const after = crashes ? ", and the process dies" : "";

  Deno.test(`new prices between two readings: each part has its own${after}`, () => {
    const { h, id } = charging(household({ tariffs: [tariff({ timeMicrosPerMinute: 1_000 })] }));
    changeAt(h, HOUR, household({ tariffs: [tariff(DEARER)] }));
    if (crashes) {
      h.crash();
      h.connectCharger();
    }
    passTo(h, 2 * HOUR);
    meter(h, id, 2 * HOUR, 4_000);
    stop(h, id, 2 * HOUR, 4_000);
    // 2 kWh at 0.30 and an hour at 0.001 a minute, then 2 kWh at 0.90 and an hour at 0.01.
    assert.equal(text(newest(h).revenueMicros), "3.06");
    assert.deepEqual(billedBy(newest(h).bill?.revenuePrices), [["work", 300_000], [
      "work",
      900_000,
    ]]);
  });
}

Deno.test("a tariff that is taken away, or its backend: what flowed before is owed", () => {
  const changes: Partial<Omit<CoreConfiguration, "charger">>[] = [
    { tariffs: [] },
    { backends: [backend("employer", "biller")] },
    { backends: [] },
  ];
  for (const change of changes) {
    const before = household({ tariffs: [tariff({})] });
    const { h, id } = charging(before);
    changeAt(h, HOUR, { ...before, idTags: [], ...change });
    passTo(h, 2 * HOUR);
    stop(h, id, 2 * HOUR, 2_000);
    assert.equal(text(newest(h).revenueMicros), "0.30");
    assert.deepEqual(newest(h).flags, ["revenue_incomplete"]);
  }
});

Deno.test("a tariff that comes later earns nothing for what flowed before", () => {
  const { h, id } = charging(household({ tariffs: [] }));
  changeAt(h, HOUR, household({ tariffs: [tariff({})] }));
  changeAt(h, 2 * HOUR, household({ tariffs: [] }));
  changeAt(h, 3 * HOUR, household({ tariffs: [tariff(DEARER)] }));
  passTo(h, 4 * HOUR);
  stop(h, id, 4 * HOUR, 4_000);
  // 1 kWh at 0.30; 1 kWh at 0.90 and an hour at 0.01.
  assert.equal(text(newest(h).revenueMicros), "1.80");
  assert.deepEqual(newest(h).flags, ["revenue_incomplete"]);
});

Deno.test("a new tariff of the household: the cost is split where it came", () => {
  const tariffs = [
    tariff({}, { name: "night" }),
    tariff({ energyMicrosPerKwh: 100_000 }, { name: "day" }),
  ];
  const { h, id } = charging(household({ tariffs, household: { tariff: "night" } }));
  changeAt(h, HOUR, household({ tariffs, household: { tariff: "day" } }));
  changeAt(h, 1.5 * HOUR, household({ tariffs, household: { priceSensor: "price" } }));
  passTo(h, 2 * HOUR);
  stop(h, id, 2 * HOUR, 4_000);
  // 2 kWh at 0.30, 1 kWh at 0.10, and of the last one nobody knows.
  assert.equal(text(newest(h).costMicros), "0.70");
  assert.deepEqual(billedBy(newest(h).bill?.costPrices), [["night", 300_000], ["day", 100_000]]);
  assert.ok(newest(h).flags.includes("cost_incomplete"));
});

Deno.test("a configuration with the same prices writes nothing", () => {
  const { h } = charging(household({ tariffs: [tariff({})] }));
  const before = newest(h);
  changeAt(h, HOUR, household({ tariffs: [tariff({})] }));
  assert.equal(newest(h), before);
});

Deno.test("idle time is paid by what held at the time, and how much of it is free", () => {
  const idle = (idleMicrosPerMinute: number, idleAfterMs: number) =>
    household({ tariffs: [tariff({ idleMicrosPerMinute }, { idleAfterMs })] });
  const { h, id } = charging(idle(10_000, 600_000));
  passTo(h, HOUR);
  meter(h, id, HOUR, 1_000);
  changeAt(h, 2 * HOUR, idle(100_000, 0));
  changeAt(h, 3 * HOUR, idle(0, 0));
  passTo(h, 4 * HOUR);
  stop(h, id, 4 * HOUR, 1_000);
  // 1 kWh; 10 minutes are free, then 50 at 0.01, 60 at 0.10, 60 at nothing.
  assert.equal(text(newest(h).revenueMicros), "6.80");
});

/** A session that was closed with an estimate, 20 minutes idle after 10 minutes of charging. */
function estimated(prices: TariffConfiguration["prices"]): { h: Harness; id: number } {
  const { h, id } = charging(household({ tariffs: [tariff(prices)] }));
  passTo(h, 600);
  meter(h, id, 600, 1_000);
  passTo(h, 1_800);
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Available",
  });
  h.pass(120_000);
  assert.deepEqual(newest(h).flags, ["estimated_stop"]);
  return { h, id };
}

Deno.test("a stop that comes late takes back, and adds, by the prices that held", () => {
  const prices = { ...PRICES, timeMicrosPerMinute: 10_000, idleMicrosPerMinute: 10_000 };
  for (const [stoppedAt, revenue] of [[1_500, "0.70"], [1_860, "0.82"]] as const) {
    const { h, id } = estimated(prices);
    // 1 kWh, 30 minutes, 20 of them idle.
    assert.equal(text(newest(h).revenueMicros), "0.80");
    changeAt(
      h,
      HOUR,
      household({ tariffs: [tariff({ ...DEARER, idleMicrosPerMinute: 500_000 })] }),
    );
    stop(h, id, stoppedAt, 1_000);
    assert.deepEqual(newest(h).flags, ["estimated_stop", "late_stop"]);
    assert.equal(text(newest(h).revenueMicros), revenue);
  }
});

Deno.test("prices are listed once something was billed by them, and only then", () => {
  const { h, id } = charging(household({
    tariffs: [tariff({}, {
      vat: "21 %",
      validUntil: "2026-11-23",
      // The test begins at 13:00 in Brussels.
      times: [{
        hours: { fromMinute: 14 * 60, toMinute: 15 * 60 },
        prices: { energyMicrosPerKwh: 1 },
      }],
    })],
  }));
  assert.deepEqual(billedBy(newest(h).bill?.revenuePrices), []);
  passTo(h, HOUR);
  meter(h, id, HOUR, 1_000);
  passTo(h, 2 * HOUR);
  meter(h, id, 2 * HOUR, 1_000);
  passTo(h, 3 * HOUR);
  stop(h, id, 3 * HOUR, 2_000);
  const { offers = [] } = newest(h).bill?.revenuePrices ?? {};
  assert.deepEqual(offers.filter(({ billed }) => billed), [{
    label: "work, valid until 2026-11-23",
    currency: "EUR",
    vat: "21 %",
    prices: PRICES,
    idleAfterMs: 0,
    validFrom: undefined,
    validUntil: "2026-11-23",
    billed: true,
  }]);
});

Deno.test("what is remembered is bounded, and what does not fit is asked for", () => {
  const offer = (n: number): Offer => ({
    label: "t",
    currency: "EUR",
    vat: undefined,
    prices: { ...PRICES, energyMicrosPerKwh: n },
    idleAfterMs: 0,
    validFrom: undefined,
    validUntil: undefined,
  });
  let prices = NO_PRICES;
  for (let n = 0; n < 200; n++) {
    prices = holdPrices(prices, n, n + 1, (from, to) => [{ from, to, offer: offer(n) }]);
  }
  assert.equal(prices.offers.length, MAX_HELD_OFFERS);
  assert.equal(prices.spans.length, MAX_HELD_OFFERS);
  for (let n = 200; n < 2_000; n++) {
    prices = holdPrices(prices, n, n + 1, (from, to) => [{ from, to, offer: offer(n % 2) }]);
  }
  assert.equal(prices.spans.length, MAX_HELD_SPANS);
  assert.equal(prices.spans.at(-1)?.to, 2_000);
});
