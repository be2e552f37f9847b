// Times: strict and lenient reading, and the one way of writing.

import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import {
  formatTime,
  isStrictTime,
  isZoneless,
  parseTime,
  strictTime,
} from "../../src/ocpp/time.ts";

const NOON = Date.UTC(2026, 0, 1, 12);

Deno.test("a time of whole seconds survives writing and reading", () => {
  const seconds = fc.integer({ min: 0, max: 253_402_300_799 });
  fc.assert(fc.property(seconds, (second) => {
    const text = formatTime(second * 1000);
    assert.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert(isStrictTime(text));
    assert.equal(parseTime(text), second * 1000);
  }));
});

Deno.test("writing cuts the fraction of a second", () => {
  assert.equal(formatTime(NOON + 999), "2026-01-01T12:00:00Z");
});

Deno.test("offsets and fractions are read", () => {
  const rows: readonly [string, number][] = [
    ["2026-01-01T12:00:00Z", NOON],
    ["2026-01-01t12:00:00z", NOON],
    ["2026-01-01T12:00:00.1Z", NOON + 100],
    ["2026-01-01T12:00:00.123456789Z", NOON + 123],
    ["2026-01-01T13:00:00+01:00", NOON],
    ["2026-01-01T06:30:00-05:30", NOON],
    ["2026-01-01T12:00:00", NOON],
    ["2026-01-01T14:00:00+02", NOON],
    ["2026-01-01T14:00:00+0200", NOON],
    ["2026-01-01 12:00:00Z", NOON],
    ["2026-01-01T12:00Z", NOON],
    [" 2026-01-01T12:00:00,5Z ", NOON + 500],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
    ["2016-12-31T23:59:60Z", Date.UTC(2016, 11, 31, 23, 59, 59)],
    ["0001-01-01T00:00:00Z", -62_135_596_800_000],
  ];
  for (const [text, at] of rows) assert.equal(parseTime(text), at, text);
});

Deno.test("what is no time is not read", () => {
  const rows = [
    "",
    "now",
    "2026-01-01",
    "12:00:00",
    "2026-13-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2025-02-29T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T12:60:00Z",
    "2026-01-01T12:00:61Z",
    "2026-01-01T12:00:60Z",
    "2026-01-01T12:00:00+24:00",
    "1767268800",
    "2026-01-01T12:00:00Z and more",
    "02/01/2026 12:00:00",
  ];
  for (const text of rows) assert.equal(parseTime(text), undefined, text);
});

Deno.test("a lenient time is rewritten strictly, a strict one is kept to the letter", () => {
  const rows: readonly [string, string | undefined][] = [
    ["2026-01-01T12:00:00.123456+01:00", "2026-01-01T12:00:00.123456+01:00"],
    ["2026-01-01t12:00:00z", "2026-01-01t12:00:00z"],
    ["2026-01-01T12:00:00", "2026-01-01T12:00:00Z"],
    ["2026-01-01T12:00:00.25", "2026-01-01T12:00:00.25Z"],
    ["2026-01-01T12:00:00+02", "2026-01-01T12:00:00+02:00"],
    ["2026-01-01T12:00:00-0330", "2026-01-01T12:00:00-03:30"],
    ["2026-01-01 12:00", "2026-01-01T12:00:00Z"],
    ["2026-02-30 12:00", undefined],
  ];
  for (const [text, strict] of rows) {
    assert.equal(strictTime(text), strict, text);
    assert.equal(isStrictTime(text), text === strict, text);
  }
});

Deno.test("reading any text gives a time or nothing", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    const at = parseTime(text);
    assert(at === undefined || Number.isSafeInteger(at));
  }));
});

Deno.test("a time beyond four digits of a year is written as the last or first there is", () => {
  const late = parseTime("9999-12-31T23:59:59-23:59")!;
  assert.equal(formatTime(late), "9999-12-31T23:59:59Z");
  assert.equal(formatTime(-1e15), "0000-01-01T00:00:00Z");
});

Deno.test("a time without Z and without an offset says no zone; what is no time says nothing", () => {
  for (const text of ["2026-01-01T12:00:00", "2026-01-01 12:00", " 2026-01-01T12:00:00,5 "]) {
    assert(isZoneless(text), text);
  }
  const others = [
    "2026-01-01T12:00:00Z",
    "2026-01-01T12:00z",
    "2026-01-01T12:00:00+02",
    "noon",
    "",
  ];
  for (const text of others) assert(!isZoneless(text), text);
});
