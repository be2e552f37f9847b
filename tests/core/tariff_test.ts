// Which prices hold when: dates, times of day, weekdays, and both changes of the clock.

import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import type { TariffConfiguration, Weekday } from "../../src/core/configuration.ts";
import { MAX_SPANS, offerAt, tariffSpans } from "../../src/core/tariff.ts";

const ZONE = "Europe/Brussels";

const NOTHING = {
  energyMicrosPerKwh: 0,
  timeMicrosPerMinute: 0,
  sessionMicros: 0,
  idleMicrosPerMinute: 0,
};

function tariff(changes: Partial<TariffConfiguration> = {}, price = 300_000): TariffConfiguration {
  return {
    name: "home",
    currency: "EUR",
    prices: { ...NOTHING, energyMicrosPerKwh: price },
    times: [],
    idleAfterMs: 0,
    ...changes,
  };
}

function during(hours: string, price: number, ...weekdays: Weekday[]) {
  const [fromMinute = 0, toMinute = 0] = hours.split("-").map((text) => {
    const [hour = 0, minute = 0] = text.split(":").map(Number);
    return 60 * hour + minute;
  });
  return {
    hours: { fromMinute, toMinute },
    ...weekdays.length > 0 && { weekdays: new Set(weekdays) },
    prices: { energyMicrosPerKwh: price },
  };
}

function instant(local: string): number {
  return Temporal.ZonedDateTime.from(`${local}[${ZONE}]`).epochMilliseconds;
}

function priceAt(tariffs: readonly TariffConfiguration[], at: number): number | undefined {
  return offerAt({ tariffs, timeZone: ZONE }, "home", at)?.prices.energyMicrosPerKwh;
}

/** Each span as its length in minutes and its price. */
function spans(tariffs: readonly TariffConfiguration[], from: string, to: string) {
  return tariffSpans({ tariffs, timeZone: ZONE }, "home", instant(from), instant(to))
    .map((span) => [(span.to - span.from) / 60_000, span.offer?.prices.energyMicrosPerKwh]);
}

const NIGHT = tariff({ times: [during("22:00-06:00", 200_000)] });
const HALF_HOURS = tariff({ times: [during("02:30-04:00", 200_000)] });

Deno.test("the first time that fits replaces what it names, and nothing else", () => {
  const prices = { ...NOTHING, energyMicrosPerKwh: 300_000, sessionMicros: 500_000 };
  const day = tariff({
    prices,
    times: [during("12:00-14:00", 100_000), during("10:00-20:00", 250_000)],
  });
  const at = (time: string) =>
    offerAt({ tariffs: [day], timeZone: ZONE }, "home", instant(`2026-03-02T${time}`))?.prices;
  assert.deepEqual(at("13:59"), { ...prices, energyMicrosPerKwh: 100_000 });
  assert.deepEqual(at("14:00"), { ...prices, energyMicrosPerKwh: 250_000 });
  assert.deepEqual(at("20:00"), prices);
});

Deno.test("prices change at midnight, at the hour, and over midnight", () => {
  assert.deepEqual(spans([NIGHT], "2026-03-02T21:00", "2026-03-03T07:00"), [
    [60, 300_000],
    [480, 200_000],
    [60, 300_000],
  ]);
  assert.deepEqual(spans([NIGHT], "2026-03-02T23:00", "2026-03-03T01:00"), [[120, 200_000]]);
  assert.deepEqual(spans([NIGHT], "2026-03-02T22:00", "2026-03-02T22:00"), [[0, 200_000]]);
});

Deno.test("an hour that the clock leaves out costs nothing, one that comes twice counts twice", () => {
  // On 2026-03-29 the clock goes from 02:00 to 03:00, on 2026-10-25 from 03:00 back to 02:00.
  assert.deepEqual(spans([NIGHT], "2026-03-28T21:00", "2026-03-29T07:00"), [
    [60, 300_000],
    [420, 200_000],
    [60, 300_000],
  ]);
  assert.deepEqual(spans([NIGHT], "2026-10-24T21:00", "2026-10-25T07:00"), [
    [60, 300_000],
    [540, 200_000],
    [60, 300_000],
  ]);
  assert.deepEqual(spans([HALF_HOURS], "2026-03-29T01:00", "2026-03-29T05:00"), [
    [60, 300_000],
    [60, 200_000],
    [60, 300_000],
  ]);
  assert.deepEqual(spans([HALF_HOURS], "2026-10-25T01:00", "2026-10-25T05:00"), [
    [90, 300_000],
    [30, 200_000],
    [30, 300_000],
    [90, 200_000],
    [60, 300_000],
  ]);
});

Deno.test("a weekday ends at midnight", () => {
  const weekend = tariff({
    times: [{ weekdays: new Set<Weekday>([6, 7]), prices: { energyMicrosPerKwh: 150_000 } }],
  });
  // 2026-03-06 is a Friday.
  assert.deepEqual(spans([weekend], "2026-03-06T12:00", "2026-03-09T12:00"), [
    [720, 300_000],
    [2_880, 150_000],
    [720, 300_000],
  ]);
  const saturdayNight = tariff({ times: [during("22:00-06:00", 150_000, 6)] });
  assert.deepEqual(spans([saturdayNight], "2026-03-06T21:00", "2026-03-08T07:00"), [
    [180, 300_000],
    [360, 150_000],
    [960, 300_000],
    [120, 150_000],
    [420, 300_000],
  ]);
});

Deno.test("periods of validity follow each other, and outside of them there are no prices", () => {
  const periods = [
    tariff({ validFrom: "2026-01-01", validUntil: "2026-07-01" }),
    tariff({ validFrom: "2026-07-01", validUntil: "2027-01-01", vat: "21 %" }, 310_000),
  ];
  assert.deepEqual(spans(periods, "2025-12-31T23:00", "2026-01-01T01:00"), [
    [60, undefined],
    [60, 300_000],
  ]);
  assert.deepEqual(spans(periods, "2026-06-30T23:30", "2026-07-01T00:30"), [
    [30, 300_000],
    [30, 310_000],
  ]);
  assert.equal(priceAt(periods, instant("2027-01-01T00:00")), undefined);
  const labels = ["2026-06-30T23:59", "2026-07-01T00:00"].map((local) =>
    offerAt({ tariffs: periods, timeZone: ZONE }, "home", instant(local))?.label
  );
  assert.deepEqual(labels, [
    "home, valid from 2026-01-01 until 2026-07-01",
    "home, valid from 2026-07-01 until 2027-01-01",
  ]);
  assert.equal(offerAt({ tariffs: [tariff()], timeZone: ZONE }, "home", 0)?.label, "home");
  assert.equal(offerAt({ tariffs: periods, timeZone: ZONE }, "other", 0), undefined);
});

Deno.test("a stretch of centuries is split a bounded number of times", () => {
  const [from, to] = [instant("2026-01-01T00:00"), instant("2999-01-01T00:00")];
  const split = tariffSpans({ tariffs: [NIGHT], timeZone: ZONE }, "home", from, to);
  assert.equal(split.length, MAX_SPANS + 1);
  assert.equal(split.at(-1)?.to, to);
});

Deno.test("spans agree with a look at the clock every minute, in any zone", () => {
  const minute = fc.integer({ min: 0, max: 1_439 });
  const time = fc.record({
    hours: fc.record({ fromMinute: minute, toMinute: minute }),
    weekdays: fc.option(
      fc.uniqueArray(fc.constantFrom<Weekday>(1, 2, 3, 4, 5, 6, 7)).map((days) => new Set(days)),
      { nil: undefined },
    ),
    price: fc.integer({ min: 1, max: 5 }),
  }).map(({ price, hours, weekdays }) => ({
    hours,
    ...weekdays && { weekdays },
    prices: { energyMicrosPerKwh: price },
  }));
  const zones = ["Europe/Brussels", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu"];
  // Around the changes of the clock of these zones, and elsewhere.
  const days = ["2026-03-28", "2026-10-24", "2026-04-04", "2026-10-03", "2026-03-07", "2026-06-30"];
  fc.assert(fc.property(
    fc.array(time, { maxLength: 3 }),
    fc.constantFrom(...zones),
    fc.constantFrom(...days),
    fc.integer({ min: 0, max: 1_440 }),
    fc.integer({ min: 1, max: 2_000 }),
    (times, timeZone, day, after, length) => {
      const changed = tariff({ validFrom: "2026-07-01", times }, 10);
      const tariffs = [tariff({ validUntil: "2026-07-01", times }, 9), changed];
      const from = Date.parse(`${day}T00:00Z`) + after * 60_000;
      const to = from + length * 60_000;
      const found = tariffSpans({ tariffs, timeZone }, "home", from, to);
      let at = from;
      for (const span of found) {
        assert.equal(span.from, at);
        for (; at < span.to; at += 60_000) {
          const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
          const now = 60 * local.hour + local.minute;
          const fits = times.find(({ hours: { fromMinute, toMinute }, weekdays }) =>
            (fromMinute < toMinute
              ? fromMinute <= now && now < toMinute
              : now >= fromMinute || now < toMinute) &&
            (weekdays === undefined || weekdays.has(local.dayOfWeek as Weekday))
          );
          const base = local.toPlainDate().toString() < "2026-07-01" ? 9 : 10;
          assert.equal(
            span.offer?.prices.energyMicrosPerKwh,
            fits?.prices.energyMicrosPerKwh ?? base,
          );
        }
      }
      assert.equal(at, to);
    },
  ));
});
