// When the household's clock changes, so that SQLite can show times as that clock does.

/** From `start` on, until the next change, the clock is `offsetMs` ahead of UTC. */
export interface ClockChange {
  /** Epoch milliseconds; the first change stands for all time before. */
  readonly start: number;
  readonly offsetMs: number;
  /** `+02:00`. */
  readonly suffix: string;
}

const FIRST = Temporal.Instant.from("2000-01-01T00:00:00Z");
const LAST_YEAR = 2100;

/** Every change of this time zone from 2000 to 2100; throws RangeError for one that nobody knows. */
export function clockChanges(timeZone: string): ClockChange[] {
  const changes: ClockChange[] = [];
  let time: Temporal.ZonedDateTime | null = FIRST.toZonedDateTimeISO(timeZone);
  while (time !== null && time.year <= LAST_YEAR) {
    changes.push({
      start: changes.length === 0 ? Number.MIN_SAFE_INTEGER : time.epochMilliseconds,
      offsetMs: time.offsetNanoseconds / 1_000_000,
      suffix: time.offset,
    });
    time = time.getTimeZoneTransition("next");
  }
  return changes;
}
