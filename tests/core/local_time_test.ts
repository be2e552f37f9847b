// The household's clock: zones, summer time, midnight, and spans that go over it.

import { deepEqual, equal, ok } from "node:assert/strict";
import { clockText, isWithin, localTime } from "../../src/core/local_time.ts";

const BRUSSELS = "Europe/Brussels";

const INSTANTS: readonly (readonly [string, string, string])[] = [
  // instant, zone, what the clock and the calendar show
  ["2026-11-22T12:00:59.999Z", BRUSSELS, "2026-11-22 13:00 weekday 7"],
  ["2026-11-22T23:00:00Z", BRUSSELS, "2026-11-23 00:00 weekday 1"],
  ["2026-11-22T22:59:59.999Z", BRUSSELS, "2026-11-22 23:59 weekday 7"],
  // 02:00 to 03:00 does not exist …
  ["2026-03-29T00:59:59Z", BRUSSELS, "2026-03-29 01:59 weekday 7"],
  ["2026-03-29T01:00:00Z", BRUSSELS, "2026-03-29 03:00 weekday 7"],
  // … and exists twice.
  ["2026-10-25T00:30:00Z", BRUSSELS, "2026-10-25 02:30 weekday 7"],
  ["2026-10-25T01:30:00Z", BRUSSELS, "2026-10-25 02:30 weekday 7"],
  ["2026-10-25T02:00:00Z", BRUSSELS, "2026-10-25 03:00 weekday 7"],
  ["2026-11-22T12:00:00Z", "Asia/Kathmandu", "2026-11-22 17:45 weekday 7"],
  ["2026-11-22T12:00:00Z", "Pacific/Chatham", "2026-11-23 01:45 weekday 1"],
  ["1969-12-31T23:59:59Z", "UTC", "1969-12-31 23:59 weekday 3"],
];

for (const [instant, zone, expected] of INSTANTS) {
  Deno.test(`at ${instant} the clock in ${zone} shows ${expected}`, () => {
    const { date, weekday, minuteOfDay } = localTime(Date.parse(instant), zone);
    const hour = String(Math.floor(minuteOfDay / 60)).padStart(2, "0");
    const minute = String(minuteOfDay % 60).padStart(2, "0");
    equal(`${date} ${hour}:${minute} weekday ${weekday}`, expected);
  });
}

Deno.test("a day begins at its midnight, also on the days of 23 and 25 hours", () => {
  const startOf = (instant: string) =>
    new Date(localTime(Date.parse(instant), BRUSSELS).dayStartsAt).toISOString();
  equal(startOf("2026-03-29T20:00:00Z"), "2026-03-28T23:00:00.000Z");
  equal(startOf("2026-10-25T20:00:00Z"), "2026-10-24T22:00:00.000Z");
  equal(startOf("2026-10-25T22:59:59Z"), "2026-10-24T22:00:00.000Z");
  // Midnight itself is skipped there in spring.
  equal(
    new Date(localTime(Date.parse("2026-04-24T10:00:00Z"), "Africa/Cairo").dayStartsAt)
      .toISOString(),
    "2026-04-23T22:00:00.000Z",
  );
});

Deno.test("two years, hour by hour, agree with the calendar", () => {
  const end = Date.UTC(2028, 0, 1);
  // A step that meets every minute of the hour and, in time, of the day.
  for (let at = Date.UTC(2026, 0, 1); at < end; at += 3_607_123) {
    const expected = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(BRUSSELS);
    const { date, weekday, minuteOfDay } = localTime(at, BRUSSELS);
    deepEqual(
      [date, weekday, minuteOfDay],
      [
        expected.toPlainDate().toString(),
        expected.dayOfWeek,
        60 * expected.hour + expected.minute,
      ],
    );
  }
});

Deno.test("a span includes its beginning, excludes its end, and may go over midnight", () => {
  const evening = { fromMinute: 17 * 60, toMinute: 22 * 60 };
  deepEqual([16 * 60 + 59, 17 * 60, 22 * 60 - 1, 22 * 60].map((at) => isWithin(evening, at)), [
    false,
    true,
    true,
    false,
  ]);
  const night = { fromMinute: 22 * 60, toMinute: 6 * 60 };
  deepEqual([22 * 60 - 1, 22 * 60, 0, 6 * 60 - 1, 6 * 60].map((at) => isWithin(night, at)), [
    false,
    true,
    true,
    true,
    false,
  ]);
  ok(isWithin({ fromMinute: 0, toMinute: 1_440 }, 1_439));
});

Deno.test("a time is told with its date where it is not today", () => {
  const now = Date.parse("2026-11-22T12:00:00Z");
  equal(clockText(now - 3_600_000, now, BRUSSELS), "12:00");
  equal(clockText(now - 86_400_000, now, BRUSSELS), "2026-11-21 13:00");
  equal(clockText(Date.parse("2026-11-21T23:00:00Z"), now, BRUSSELS), "00:00");
});
