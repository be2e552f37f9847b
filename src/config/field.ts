// The kinds of value a configuration has. Each message says what is expected, and nothing else.

import * as v from "valibot";
import type { Hours, Weekday } from "../core/configuration.ts";
import { isTimeZone } from "../core/local_time.ts";
import { FACT_NAME } from "../core/rule_expression.ts";
import { BACKEND_NAME, BACKEND_NAME_RULE } from "./backend_name.ts";
import { didYouMean } from "./nearest.ts";

/** Text of 1 to `maximum` characters. */
export function text(maximum = 255) {
  const expected = `text of at most ${maximum} characters`;
  return v.pipe(
    v.string(expected),
    v.nonEmpty("text that is not empty"),
    v.maxLength(maximum, expected),
  );
}

/** A value that is never shown. */
export function secret() {
  return v.pipe(v.string("text"), v.nonEmpty("text that is not empty"));
}

/** Where a file is to be written. */
export function filePath() {
  const expected = "the path of a file, at most 4096 characters";
  return v.pipe(
    v.string(expected),
    v.maxLength(4096, expected),
    v.check((path) => /[^/]$/.test(path), expected),
  );
}

/** Text in which nothing else is allowed than what the pattern says, in words. */
export function matching(pattern: RegExp, expected: string) {
  return v.pipe(v.string(expected), v.regex(pattern, expected));
}

/** A whole number, in decimal. */
export function wholeNumber(minimum: number, maximum: number) {
  const expected = `a whole number from ${minimum} to ${maximum}`;
  return v.pipe(
    v.string(expected),
    v.check((value) => /^-?\d+$/.test(value), expected),
    v.transform(Number),
    v.minValue(minimum, expected),
    v.maxValue(maximum, expected),
  );
}

/** A number, in decimal. */
export function decimal(minimum: number, maximum: number) {
  const expected = `a number from ${minimum} to ${maximum}`;
  return v.pipe(
    v.string(expected),
    v.check((value) => /^-?\d+(?:\.\d+)?$/.test(value), expected),
    v.transform(Number),
    v.minValue(minimum, expected),
    v.maxValue(maximum, expected),
  );
}

const FLAGS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  false: false,
  no: false,
  off: false,
};

/** `true` or `false`; what YAML 1.1 and Home Assistant take for them is taken too. */
export function flag() {
  const expected = "true or false";
  return v.pipe(
    v.string(expected),
    v.toLowerCase(),
    v.check((value) => Object.hasOwn(FLAGS, value), expected),
    v.transform((value) => FLAGS[value] === true),
  );
}

/** One of these words. */
export function choice<const Words extends readonly string[]>(words: Words) {
  return v.picklist(words, wordList(words));
}

/** `a`, `a or b`, `a, b or c`. */
export function wordList(words: readonly string[]): string {
  return words.join(", ").replace(/, ([^,]*)$/, " or $1");
}

/** A list of values of one kind. */
export function list<const Item extends v.GenericSchema>(item: Item) {
  return v.array(item, "a list");
}

/** A mapping that must be there, or is one item of a list. */
export function mapping<const Entries extends v.ObjectEntries>(entries: Entries) {
  const expected = "a mapping, as `key: value` lines";
  const object = v.strictObject(entries, expected);
  // To valibot alone a list would be an object too.
  return v.pipe(v.custom<v.InferInput<typeof object>>(isMapping, expected), object);
}

function isMapping(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A mapping whose values all have defaults or may be absent. */
export function section<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.optional(mapping(entries), {} as never);
}

/** An IANA time zone. */
export function timeZone() {
  const expected = "an IANA time zone such as Europe/Brussels";
  return v.pipe(
    v.string(expected),
    v.check(
      isTimeZone,
      ({ input }) => expected + didYouMean(input, Intl.supportedValuesOf("timeZone")),
    ),
  );
}

/** A currency of ISO 4217. */
export function currency() {
  const expected = "a currency of ISO 4217 such as EUR";
  return v.pipe(
    v.string(expected),
    v.toUpperCase(),
    v.check((code) => Intl.supportedValuesOf("currency").includes(code), expected),
  );
}

/** Where a backend listens; user name and password have keys of their own. */
export function webSocketUrl() {
  const expected = "a URL that begins with wss:// or ws://";
  return v.pipe(
    v.string(expected),
    v.check((url) => /^wss?:\/\/[^/]/i.test(url) && URL.canParse(url), expected),
    v.check(
      (url) => !URL.canParse(url) || (new URL(url).username === "" && new URL(url).password === ""),
      "no user name and password in it; there are `username` and `password` for them",
    ),
    v.check((url) => !url.includes("#"), "no # in it"),
  );
}

/** Where Home Assistant answers; the scheme may be missing. */
export function homeUrl() {
  return matching(
    /^(?:https?:\/\/)?[^\s/:@?#]+(?::\d{1,5})?(?:\/[^\s?#]*)?$/i,
    "the address of Home Assistant, such as http://homeassistant.local:8123",
  );
}

/** Where the broker listens; user name and password have keys of their own. */
export function brokerUrl() {
  return matching(
    /^(?:mqtts?|wss?):\/\/(?:\[[\da-f:]+\]|[^\s/:@?#[\]]+)(?::\d{1,5})?(?:\/[^\s#]*)?$/i,
    "a URL that begins with mqtt://, mqtts://, ws:// or wss://, without user name and password",
  );
}

/** The beginning of MQTT topics. */
export function topic() {
  return matching(
    /^[\w.-]+(?:\/[\w.-]+){0,7}$/,
    "letters, digits, '_', '.' and '-', with '/' between the parts",
  );
}

/** A service, or an entity, that passes a notification on. */
export function notifyService() {
  return v.pipe(
    matching(/^(?:notify\.)?[a-z\d_]{1,128}$/, "a service such as notify.mobile_app_phone"),
    v.transform((name) => name.startsWith("notify.") ? name : `notify.${name}`),
  );
}

/** A backend's id, as it stands in `/backend/<id>`. */
export function backendId() {
  return matching(BACKEND_NAME, BACKEND_NAME_RULE);
}

/** The identity of a charge point: the last part of its URL, and the user name of Basic. */
export function chargePointId() {
  return matching(
    /^[!-.0-9;-~]{1,48}$/,
    "1 to 48 visible ASCII characters without '/' and ':'",
  );
}

/** The name of a fact: an entity of Home Assistant, or whatever feeds it calls it. */
export function factName() {
  return matching(
    FACT_NAME,
    "1 to 128 lower-case letters, digits, '_' and '.', such as binary_sensor.home",
  );
}

/** `17:00-22:00`, household time; the end is excluded, and `22:00-06:00` goes over midnight. */
export function hours() {
  const expected = "a time of day such as 17:00-22:00";
  return v.pipe(
    v.string(expected),
    v.check((value) => HOURS.test(value.trim()) && !isEmptySpan(value), expected),
    v.transform((value): Hours => {
      const [, ...parts] = HOURS.exec(value.trim()) ?? [];
      const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = parts.map(Number);
      return { fromMinute: 60 * fromHour + fromMinute, toMinute: 60 * toHour + toMinute };
    }),
  );
}

const HOURS = /^([01]?\d|2[0-3]):([0-5]\d)\s*-\s*((?:[01]?\d|2[0-3])(?=:)|24(?=:00)):([0-5]\d)$/;

function isEmptySpan(value: string): boolean {
  const [from, to] = value.split("-").map((part) => part.trim().padStart(5, "0"));
  return from === to;
}

const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** A day of the week, Monday 1 to Sunday 7. */
export function weekday() {
  return v.pipe(
    v.string(wordList(WEEKDAYS)),
    v.toLowerCase(),
    choice(WEEKDAYS),
    v.transform((word) => WEEKDAYS.indexOf(word) + 1 as Weekday),
  );
}

/** A date without time, YYYY-MM-DD. */
export function date() {
  const expected = "a date such as 2026-01-31";
  return v.pipe(
    v.string(expected),
    v.check((value) => /^\d{4}-\d{2}-\d{2}$/.test(value) && isDate(value), expected),
  );
}

function isDate(value: string): boolean {
  try {
    return Temporal.PlainDate.from(value).toString() === value;
  } catch {
    return false;
  }
}

/** An amount of money in millionths; written in decimal, so that nothing of it is rounded. */
export function price() {
  const expected = "an amount from -1000 to 1000 with at most 6 decimals, such as 0.29";
  return v.pipe(
    v.string(expected),
    v.check((value) => /^-?\d{1,4}(?:\.\d{1,6})?$/.test(value), expected),
    v.transform((value) => {
      const [, sign = "", whole = "0", fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(value) ?? [];
      const micros = 1_000_000 * Number(whole) + Number(fraction.padEnd(6, "0"));
      return sign === "-" && micros > 0 ? -micros : micros;
    }),
    v.minValue(-1_000_000_000, expected),
    v.maxValue(1_000_000_000, expected),
  );
}
