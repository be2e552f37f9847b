// What the household's clock and calendar say at an instant, summer time and all.

import type { Hours, Weekday } from "./configuration.ts";

/** An instant on the household's clock. */
export interface LocalTime {
  /** YYYY-MM-DD. */
  readonly date: string;
  /** Monday is 1, Sunday 7. */
  readonly weekday: Weekday;
  /** On the clock's face, 0 … 1,439; in the autumn an hour of them comes twice. */
  readonly minuteOfDay: number;
  /** When this day began, epoch milliseconds. */
  readonly dayStartsAt: number;
}

/** Every offset from UTC that is in use is whole quarters of an hour, and changes at one. */
const QUARTER_MS = 15 * 60_000;

/** Quarters of an hour that are remembered; a look at the calendar takes about 20 µs. */
const MAX_QUARTERS = 2_000;

type Quarter = Omit<LocalTime, "minuteOfDay"> & { readonly firstMinute: number };

const quarters = new Map<string, Quarter>();

/** What the clock shows in an IANA time zone at `at`, epoch milliseconds. */
export function localTime(at: number, timeZone: string): LocalTime {
  const number = Math.floor(at / QUARTER_MS);
  const { date, weekday, dayStartsAt, firstMinute } = quarter(number, timeZone);
  const minuteOfDay = firstMinute + Math.floor((at - number * QUARTER_MS) / 60_000);
  return { date, weekday, minuteOfDay, dayStartsAt };
}

/** Whether it is the name of an IANA time zone. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

function quarter(number: number, timeZone: string): Quarter {
  const key = `${number} ${timeZone}`;
  const known = quarters.get(key);
  if (known !== undefined) return known;
  if (quarters.size >= MAX_QUARTERS) quarters.clear();
  const local = Temporal.Instant.fromEpochMilliseconds(number * QUARTER_MS)
    .toZonedDateTimeISO(timeZone);
  const found: Quarter = {
    date: local.toPlainDate().toString(),
    weekday: local.dayOfWeek as Weekday,
    dayStartsAt: local.startOfDay().epochMilliseconds,
    firstMinute: 60 * local.hour + local.minute,
  };
  quarters.set(key, found);
  return found;
}

/** Whether a minute of the day lies in a span, which may go over midnight. */
export function isWithin({ fromMinute, toMinute }: Hours, minuteOfDay: number): boolean {
  return fromMinute < toMinute
    ? minuteOfDay >= fromMinute && minuteOfDay < toMinute
    : minuteOfDay >= fromMinute || minuteOfDay < toMinute;
}

/** `18:02`, with the date before it where that is not the date at `now`. */
export function clockText(at: number, now: number, timeZone: string): string {
  const { date, minuteOfDay } = localTime(at, timeZone);
  const time = minuteText(minuteOfDay);
  return date === localTime(now, timeZone).date ? time : `${date} ${time}`;
}

/** A minute of the day as `18:02`. */
export function minuteText(minuteOfDay: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(minuteOfDay / 60))}:${two(minuteOfDay % 60)}`;
}
