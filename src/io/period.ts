// Reads the periods that people type: a year, a month, a day, or an instant.

/** A stretch of time, epoch milliseconds; `end` is no longer part of it. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

const YEAR = /^\d{4}$/;
const MONTH = /^\d{4}-\d{2}$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const ZONED = /(Z|[+-]\d{2}:?\d{2})$/i;

/**
 * `2024`, `2024-01`, `2024-01-15`, `2024-01-15T10:00` (in `timeZone`) or `2024-01-15T10:00:00Z`;
 * an instant is an empty period. Returns undefined for anything else.
 */
export function parsePeriod(text: string, timeZone: string): Period | undefined {
  try {
    if (YEAR.test(text)) return days(`${text}-01-01`, { years: 1 }, timeZone);
    if (MONTH.test(text)) return days(`${text}-01`, { months: 1 }, timeZone);
    if (DAY.test(text)) return days(text, { days: 1 }, timeZone);
    const { epochMilliseconds } = ZONED.test(text)
      ? Temporal.Instant.from(text)
      : Temporal.PlainDateTime.from(text).toZonedDateTime(timeZone);
    return { start: epochMilliseconds, end: epochMilliseconds };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function days(first: string, length: Temporal.DurationLike, timeZone: string): Period {
  const start = Temporal.PlainDate.from(first);
  const midnight = (date: Temporal.PlainDate) => date.toZonedDateTime(timeZone).epochMilliseconds;
  return { start: midnight(start), end: midnight(start.add(length)) };
}
