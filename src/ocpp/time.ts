// Times as OCPP writes them (RFC 3339, OCPP 1.6 section 3.15), and as chargers do.

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const STRICT =
  /^(\d{4})-(\d\d)-(\d\d)t(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

const LENIENT =
  /^\s*(\d{4}-\d\d-\d\d)[t\s]\s*(\d\d:\d\d)(?::(\d\d))?(?:[.,](\d+))?\s*(?:(z)|([+-]\d\d)(?::?(\d\d))?)?\s*$/i;

/** Whether it is RFC 3339 with an offset, as a strict peer demands it. */
export function isStrictTime(text: string): boolean {
  const match = STRICT.exec(text);
  if (match === null) return false;
  const [, year, month, day, hour, minute, second] = match.map(Number) as number[];
  if (month! < 1 || month! > 12 || day! < 1 || day! > DAYS[month! - 1]!) return false;
  if (month === 2 && day === 29 && !isLeapYear(year!)) return false;
  if (hour! > 23 || minute! > 59) return false;
  return second! <= 59 || (second === 60 && minute === 59 && hour === 23);
}

/** The same time written strictly: no offset means UTC; undefined where it is no time. */
export function strictTime(text: string): string | undefined {
  if (isStrictTime(text)) return text;
  const match = LENIENT.exec(text);
  if (match === null) return undefined;
  const [, date, clock, seconds = "00", fraction, , hours, minutes = "00"] = match;
  const offset = hours === undefined ? "Z" : `${hours}:${minutes}`;
  const strict = `${date}T${clock}:${seconds}${fraction ? `.${fraction}` : ""}${offset}`;
  return isStrictTime(strict) ? strict : undefined;
}

/** Whether it is a time that says no offset from UTC. */
export function isZoneless(text: string): boolean {
  const match = LENIENT.exec(text);
  return match !== null && match[5] === undefined && match[6] === undefined;
}

/** Epoch milliseconds; undefined where it is no time. No offset means UTC. */
export function parseTime(text: string): number | undefined {
  const strict = strictTime(text);
  if (strict === undefined) return undefined;
  // Date.parse knows neither leap seconds nor the year 0000 with every offset.
  const at = Date.parse(strict.toUpperCase().replace(":59:60", ":59:59"));
  return Number.isNaN(at) ? undefined : at;
}

/** What four digits of a year can say. */
const FIRST_MS = Date.parse("0000-01-01T00:00:00Z");
const LAST_MS = Date.parse("9999-12-31T23:59:59Z");

/**
 * `YYYY-MM-DDTHH:MM:SSZ`: a fraction breaks the parsers of some chargers. Times before the year 0
 * or after 9999 become the first or last that can be written.
 */
export function formatTime(epochMs: number): string {
  const at = Math.min(Math.max(epochMs, FIRST_MS), LAST_MS);
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
