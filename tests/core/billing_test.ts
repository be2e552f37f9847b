// What a session earns and costs, from what the charger says.

import assert from "node:assert/strict";
import type { CoreConfiguration, TariffConfiguration } from "../../src/core/configuration.ts";
import { decimalText } from "../../src/core/money.ts";
import type { SessionRecord } from "../../src/core/record.ts";
import { at, books, meter, start, stop } from "./charging.ts";
import { backend, configuration, Harness, START } from "./harness.ts";

const HOUR = 3600;

/** 0.30 per kWh, from 14:00 on 0.20; the test begins at 13:00 in Brussels, on a Sunday. */
const TARIFF: TariffConfiguration = {
  name: "work",
  currency: "EUR",
  prices: {
    energyMicrosPerKwh: 300_000,
    timeMicrosPerMinute: 0,
    sessionMicros: 0,
    idleMicrosPerMinute: 0,
  },
  times: [],
  idleAfterMs: 0,
};

const AFTERNOON: TariffConfiguration = {
  ...TARIFF,
  times: [{
    hours: { fromMinute: 14 * 60, toMinute: 18 * 60 },
    prices: { energyMicrosPerKwh: 200_000 },
  }],
};

function household(changes: Partial<Omit<CoreConfiguration, "charger">> = {}): CoreConfiguration {
  return configuration({
    backends: [backend("employer", "biller", { tariff: "work" })],
    idTags: [{ tag: "WORK", owner: false, backend: "employer", action: "allow" }],
    tariffs: [TARIFF],
    ...changes,
  });
}

function priced(changes: Partial<TariffConfiguration>): Harness {
  const h = new Harness(household({ tariffs: [{ ...TARIFF, ...changes }] }));
  h.bootCharger();
  return h;
}

function charging(core: CoreConfiguration): Harness {
  const h = new Harness(core);
  h.bootCharger();
  return h;
}

/** The newest session of the books, its revenue and cost in decimal. */
function money(h: Harness): { revenue: string | null; cost: string | null } {
  const session = newest(h);
  const text = (micros: number | null) => micros === null ? null : decimalText(micros);
  return { revenue: text(session.revenueMicros), cost: text(session.costMicros) };
}

function newest(h: Harness): SessionRecord {
  const session = books(h).at(-1);
  assert.ok(session);
  return session;
}

function feed(h: Harness, value: string | null): void {
  h.event({ type: "fact", name: "sensor.price", value });
}

/** Lets time pass until so many seconds after the beginning. */
function passTo(h: Harness, seconds: number): void {
  h.pass(START + seconds * 1000 - h.now);
}

Deno.test("energy has the price of its time, spread evenly between two readings", () => {
  const h = charging(household({ tariffs: [AFTERNOON] }));
  const id = start(h, { idTag: "WORK", meterStart: 0 });
  meter(h, id, HOUR / 2, 5_000);
  // 13:30 to 14:30: half of it is before the change.
  meter(h, id, 1.5 * HOUR, 15_001);
  assert.equal(money(h).revenue, "4.0003");
  stop(h, id, 2 * HOUR, 16_001);
  // 5,000 + 5,001 Wh at 0.30 and 5,000 + 1,000 at 0.20: the odd Wh goes to the earlier part.
  assert.equal(money(h).revenue, "4.2003");
  assert.equal(newest(h).tariff, "work");
  assert.equal(newest(h).currency, "EUR");
});

Deno.test("without any meter values the whole session is one stretch", () => {
  const h = charging(household({ tariffs: [AFTERNOON] }));
  stop(h, start(h, { idTag: "WORK", meterStart: 0 }), 4 * HOUR, 8_000);
  assert.equal(money(h).revenue, "1.80");
});

Deno.test("minutes and the session count from start to stop, whatever the energy", () => {
  const h = priced({
    prices: { ...TARIFF.prices, timeMicrosPerMinute: 10_000, sessionMicros: 350_000 },
  });
  const id = start(h, { idTag: "WORK" });
  assert.equal(money(h).revenue, "0.35");
  stop(h, id, 90, 1000);
  // 1.5 minutes at 0.01, and 0.35.
  assert.equal(money(h).revenue, "0.365");
});

Deno.test("a session has its tariff from the start, whatever it earns so far", () => {
  const h = priced({ vat: "21 % included" });
  start(h, { idTag: "WORK" });
  const { tariff, vat, revenueMicros } = newest(h);
  assert.deepEqual([tariff, vat, revenueMicros], ["work", "21 % included", 0]);
});

Deno.test("amounts are rounded once, half up", () => {
  const h = priced({ prices: { ...TARIFF.prices, energyMicrosPerKwh: 1 } });
  const id = start(h, { idTag: "WORK", meterStart: 0 });
  for (let n = 1; n <= 4; n++) meter(h, id, 60 * n, 100 * n);
  assert.equal(money(h).revenue, "0.00");
  stop(h, id, 300, 500);
  assert.equal(money(h).revenue, "0.000001");
});

Deno.test("idle time is paid for from the last rise on, after the time that is free", () => {
  const h = priced({
    prices: { ...TARIFF.prices, idleMicrosPerMinute: 50_000 },
    idleAfterMs: 10 * 60_000,
  });
  const id = start(h, { idTag: "WORK", meterStart: 0 });
  meter(h, id, HOUR, 1_000);
  meter(h, id, 1.5 * HOUR, 1_000);
  assert.equal(money(h).revenue, "0.30");
  stop(h, id, 2 * HOUR, 1_000);
  // 60 minutes without a rise, 10 of them free.
  assert.equal(money(h).revenue, "2.80");
});

Deno.test("idle time can have a price of its own at other times", () => {
  const h = priced({
    prices: { ...TARIFF.prices, energyMicrosPerKwh: 0, idleMicrosPerMinute: 50_000 },
    times: [{ hours: { fromMinute: 840, toMinute: 900 }, prices: { idleMicrosPerMinute: 0 } }],
  });
  const id = start(h, { idTag: "WORK", meterStart: 0 });
  meter(h, id, HOUR / 2, 1_000);
  stop(h, id, 2.5 * HOUR, 1_000);
  assert.equal(money(h).revenue, "3.00");
});

Deno.test("a price may be negative", () => {
  const h = priced({ prices: { ...TARIFF.prices, energyMicrosPerKwh: -50_000 } });
  stop(h, start(h, { idTag: "WORK", meterStart: 0 }), HOUR, 3_000);
  assert.equal(money(h).revenue, "-0.15");
});

Deno.test("a session over a change of validity has both tariffs", () => {
  const h = charging(household({
    tariffs: [
      { ...TARIFF, validUntil: "2026-11-23", vat: "21 % included" },
      {
        ...TARIFF,
        validFrom: "2026-11-23",
        vat: "6 % included",
        prices: { ...TARIFF.prices, energyMicrosPerKwh: 400_000 },
      },
    ],
  }));
  // Midnight in Brussels is 11 hours after the beginning.
  stop(h, start(h, { idTag: "WORK", meterStart: 0 }), 22 * HOUR, 20_000);
  assert.equal(money(h).revenue, "7.00");
  assert.equal(newest(h).tariff, "work, valid until 2026-11-23; work, valid from 2026-11-23");
  assert.equal(newest(h).vat, "21 % included; 6 % included");
});

Deno.test("two currencies are never added: the first one stays, and the books say so", () => {
  const h = charging(household({
    tariffs: [
      { ...TARIFF, validUntil: "2026-11-23", currency: "BGN" },
      { ...TARIFF, validFrom: "2026-11-23" },
    ],
  }));
  stop(h, start(h, { idTag: "WORK", meterStart: 0 }), 22 * HOUR, 20_000);
  assert.equal(money(h).revenue, "3.00");
  assert.equal(newest(h).currency, "BGN");
  assert.deepEqual(newest(h).flags, ["revenue_incomplete"]);
});

Deno.test("a backend without a tariff, and the household, owe nothing", () => {
  const h = charging(household({ backends: [backend("employer", "biller")] }));
  for (const idTag of ["WORK", "FAMILY"]) {
    stop(h, start(h, { idTag, meterStart: 0, timestamp: at(idTag.length) }), HOUR, 3_000);
    const { revenueMicros, costMicros, tariff, currency, flags } = newest(h);
    assert.deepEqual([revenueMicros, costMicros, tariff, currency, flags], [
      null,
      null,
      null,
      null,
      [],
    ]);
  }
});

Deno.test("a changed configuration concerns only what comes later", () => {
  const h = charging(household());
  const id = start(h, { idTag: "WORK", meterStart: 0 });
  meter(h, id, HOUR, 1_000);
  const dearer = { ...TARIFF, prices: { ...TARIFF.prices, energyMicrosPerKwh: 900_000 } };
  h.event({ type: "configured", configuration: household({ tariffs: [dearer] }) });
  assert.equal(money(h).revenue, "0.30");
  meter(h, id, 2 * HOUR, 2_000);
  assert.equal(money(h).revenue, "1.20");
  stop(h, id, 2 * HOUR, 2_000);
  assert.equal(money(h).revenue, "1.20");
  h.event({ type: "configured", configuration: household() });
  assert.equal(money(h).revenue, "1.20");
});

Deno.test("energy for which no tariff was valid earns nothing, and the books say so", () => {
  const changes: Partial<Omit<CoreConfiguration, "charger">>[] = [
    { tariffs: [] },
    { backends: [backend("employer", "biller")] },
    { backends: [] },
    { tariffs: [{ ...TARIFF, validUntil: "2026-11-22" }] },
  ];
  for (const change of changes) {
    const h = charging(household());
    const id = start(h, { idTag: "WORK", meterStart: 0 });
    meter(h, id, HOUR, 1_000);
    h.event({ type: "configured", configuration: household({ idTags: [], ...change }) });
    assert.deepEqual(newest(h).flags, []);
    stop(h, id, 2 * HOUR, 2_000);
    assert.deepEqual([money(h).revenue, newest(h).flags], ["0.30", ["revenue_incomplete"]]);
  }
  const h = priced({ validFrom: "2027-01-01" });
  stop(h, start(h, { idTag: "WORK", meterStart: 0 }), HOUR, 1_000);
  assert.deepEqual([money(h).revenue, newest(h).flags], [null, ["revenue_incomplete"]]);
});

Deno.test("what was billed survives the end of the process, to the last unit", () => {
  const core = household({
    tariffs: [{ ...AFTERNOON, prices: { ...TARIFF.prices, timeMicrosPerMinute: 7 } }],
  });
  const [whole, broken] = [charging(core), charging(core)];
  for (const h of [whole, broken]) {
    const id = start(h, { idTag: "WORK", meterStart: 0 });
    for (let n = 1; n <= 20; n++) {
      meter(h, id, 301 * n, 333 * n);
      if (h === broken) {
        h.crash();
        h.connectCharger();
      }
    }
    stop(h, id, 6_100, 6_789);
  }
  assert.deepEqual(newest(broken).bill, newest(whole).bill);
  assert.deepEqual(money(broken), money(whole));
});

Deno.test("a stop that never came is billed as it is estimated, and corrected when it comes", () => {
  const h = priced({ prices: { ...TARIFF.prices, timeMicrosPerMinute: 10_000 } });
  const id = start(h, { idTag: "WORK", meterStart: 0 });
  meter(h, id, 600, 1_000);
  passTo(h, 660);
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Available",
  });
  h.pass(120_000);
  assert.deepEqual(newest(h).flags, ["estimated_stop"]);
  // 1 kWh, and 11 minutes.
  assert.equal(money(h).revenue, "0.41");
  stop(h, id, 630, 1_100);
  assert.deepEqual(newest(h).flags, ["estimated_stop", "late_stop"]);
  // 100 Wh more, and half a minute less.
  assert.equal(money(h).revenue, "0.435");
});

Deno.test("an old session without a bill that is corrected stays without", () => {
  const h = priced({});
  const id = start(h, { idTag: "WORK", meterStart: 0 });
  passTo(h, 60);
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Available",
  });
  h.pass(120_000);
  h.tables.sessions.set(id, { ...newest(h), bill: null, revenueMicros: null });
  h.restart();
  h.connectCharger();
  stop(h, id, 90, 1_000);
  assert.equal(newest(h).energyWh, 1_000);
  assert.equal(money(h).revenue, null);
});

Deno.test("a session that ran before anything was billed is billed as one stretch", () => {
  const h = priced({ prices: { ...TARIFF.prices, sessionMicros: 1_000_000 } });
  const id = start(h, { idTag: "WORK", meterStart: 0 });
  meter(h, id, 600, 1_000);
  h.tables.sessions.set(id, { ...newest(h), bill: null, revenueMicros: null });
  h.restart();
  h.connectCharger();
  stop(h, id, 1_200, 2_000);
  assert.equal(money(h).revenue, "1.60");
});

Deno.test("the household's tariff makes the cost, for everybody's sessions", () => {
  const h = charging(household({
    tariffs: [TARIFF, {
      ...TARIFF,
      name: "grid",
      currency: "SEK",
      prices: { ...TARIFF.prices, energyMicrosPerKwh: 250_000 },
    }],
    household: { tariff: "grid" },
  }));
  stop(h, start(h, { idTag: "WORK", meterStart: 0 }), HOUR, 2_000);
  assert.deepEqual(money(h), { revenue: "0.60", cost: "0.50" });
  assert.deepEqual([newest(h).currency, newest(h).costCurrency], ["EUR", "SEK"]);
  stop(h, start(h, { idTag: "FAMILY", meterStart: 0, timestamp: at(5) }), HOUR, 2_000);
  assert.deepEqual(money(h), { revenue: null, cost: "0.50" });
});

const SENSOR = household({
  household: { priceSensor: "sensor.price" },
  factMaxAgeMs: 2 * HOUR * 1000,
});

Deno.test("the price sensor makes the cost, each kWh at the price of its time", () => {
  const h = charging(SENSOR);
  feed(h, "0.25");
  const id = start(h, { idTag: "WORK", meterStart: 0, timestamp: at(1) });
  passTo(h, HOUR);
  feed(h, "0.1234567");
  passTo(h, 1.5 * HOUR);
  feed(h, "-0.05");
  passTo(h, 2 * HOUR);
  // The charger was quiet for two hours.
  meter(h, id, 2 * HOUR, 7_199);
  // 3,599 s at 0.25, 1,800 s at 0.123457, 1,800 s at -0.05; one Wh a second.
  assert.equal(money(h).cost, decimalText(899_750 + Math.round(1.8 * 123_457) - 90_000));
  assert.deepEqual(newest(h).flags, []);
});

Deno.test("what is unknown is no cost, and the books say so", () => {
  const h = charging(SENSOR);
  const id = start(h, { idTag: "WORK", meterStart: 0 });
  assert.equal(money(h).cost, null);
  passTo(h, HOUR);
  meter(h, id, HOUR, 1_000);
  assert.equal(money(h).cost, null);
  assert.deepEqual(newest(h).flags, ["cost_incomplete"]);
  feed(h, "0.50");
  passTo(h, 2 * HOUR);
  stop(h, id, 2 * HOUR, 3_000);
  assert.equal(money(h).cost, "1.00");
  assert.deepEqual(newest(h).flags, ["cost_incomplete"]);
});

Deno.test("a price that grew old is no price, and words are none", () => {
  const h = charging(SENSOR);
  feed(h, "0.50");
  const id = start(h, { idTag: "WORK", meterStart: 0, timestamp: at(1) });
  // Known for two hours, then for the last one again.
  passTo(h, 5 * HOUR);
  feed(h, "0.40");
  passTo(h, 5.5 * HOUR);
  feed(h, "cheap");
  passTo(h, 6 * HOUR);
  stop(h, id, 6 * HOUR + 1, 21_600);
  // One Wh a second: two hours at 0.50, half an hour at 0.40.
  assert.equal(money(h).cost, "4.32");
  assert.deepEqual(newest(h).flags, ["cost_incomplete"]);
});

Deno.test("a fact that becomes the price sensor counts from when it was said", () => {
  const fact = { name: "sensor.price", maxAgeMs: 2 * HOUR * 1000 };
  const h = charging({ ...SENSOR, facts: [fact], household: {} });
  feed(h, "0.50");
  const id = start(h, { idTag: "WORK", meterStart: 0, timestamp: at(1) });
  h.event({ type: "configured", configuration: { ...SENSOR, facts: [fact] } });
  passTo(h, HOUR);
  meter(h, id, HOUR + 1, 1_000);
  assert.equal(money(h).cost, "0.50");
  assert.deepEqual(newest(h).flags, []);
});

Deno.test("prices of the sensor are remembered over a restart", () => {
  const h = charging(SENSOR);
  feed(h, "0.50");
  const id = start(h, { idTag: "WORK", meterStart: 0, timestamp: at(1) });
  passTo(h, HOUR);
  feed(h, "0.50");
  passTo(h, 2 * HOUR);
  h.crash();
  h.connectCharger();
  stop(h, id, 3 * HOUR + 1, 3_000);
  assert.equal(money(h).cost, "1.50");
  assert.deepEqual(newest(h).flags, []);
});

Deno.test("nobody pays for the years that a charger's clock is ahead", () => {
  const FAR = 73 * 365 * 24 * HOUR;
  for (const how of ["stop", "meter", "next start"]) {
    const h = priced({ prices: { ...TARIFF.prices, timeMicrosPerMinute: 10_000 } });
    const id = start(h, { idTag: "WORK" });
    h.pass(600_000);
    if (how === "meter") meter(h, id, FAR, 1_500);
    if (how === "next start") start(h, { idTag: "OTHER", meterStart: 2_000, timestamp: at(FAR) });
    else stop(h, id, how === "stop" ? FAR : 600, 2_000);
    const session = h.tables.sessions.get(id)!;
    assert.ok(session.stoppedAt! <= h.now, how);
    const revenue = Number(decimalText(session.revenueMicros!));
    assert.ok(revenue >= 0.4 && revenue < 0.45, `${how}: ${revenue}`);
    assert.ok(session.flags.includes("clock_corrected"), how);
  }
});

Deno.test("a proxy whose own clock is late takes the charger's times as they are", () => {
  const DAYS = 30 * 24 * HOUR;
  const h = priced({ prices: { ...TARIFF.prices, timeMicrosPerMinute: 10_000 } });
  const id = start(h, { idTag: "WORK", timestamp: at(DAYS) });
  stop(h, id, DAYS + 600, 1_000);
  assert.equal(money(h).revenue, "0.10");
  assert.deepEqual(newest(h).flags, []);
});

Deno.test("what the household pays is incomplete from where its tariff is taken away", () => {
  const h = charging(household({ household: { tariff: "work" } }));
  const id = start(h);
  meter(h, id, HOUR, 2_000);
  assert.deepEqual(newest(h).flags, []);
  h.event({ type: "configured", configuration: household() });
  stop(h, id, 2 * HOUR, 5_000);
  assert.equal(money(h).cost, "0.30");
  assert.deepEqual(newest(h).flags, ["cost_incomplete"]);
});
