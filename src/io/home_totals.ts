// Energy and revenue out of the database, for Home Assistant: of all time, and of this month.

import { SessionReader } from "./session_reader.ts";
import { totalsRecord, type TotalsRow } from "./session_totals.ts";

/** What the sessions that have ended come to. */
export interface HomeTotals {
  /** Of all of them, kWh. */
  readonly energyKwh: number;
  /** Of this month, by backend id; only backends with sessions. */
  readonly month: ReadonlyMap<string, { readonly energyKwh: number; readonly revenue: number }>;
}

/**
 * Reads the totals at `path`; the month begins at `monthStart`, epoch milliseconds, and revenue is what
 * is in `currency`. Throws StoreError.
 */
export function readHomeTotals(
  path: string,
  timeZone: string,
  currency: string,
  monthStart: number,
): HomeTotals {
  const reader = SessionReader.open(path, timeZone);
  try {
    const rows = (filter: { since?: number }) =>
      reader.totals(filter, "backend", totalsRecord("backend", "json"))
        .map((json) => JSON.parse(json) as TotalsRow);
    const month = new Map<string, { energyKwh: number; revenue: number }>();
    for (const row of rows({ since: monthStart })) {
      if (row.backend_id === null) continue;
      const before = month.get(row.backend_id) ?? { energyKwh: 0, revenue: 0 };
      month.set(row.backend_id, {
        energyKwh: before.energyKwh + row.energy_kwh,
        revenue: before.revenue + (row.currency === currency ? row.revenue ?? 0 : 0),
      });
    }
    const energyKwh = rows({}).reduce((sum, row) => sum + row.energy_kwh, 0);
    return { energyKwh, month };
  } finally {
    reader.close();
  }
}

/** The first moment of the month in which `now` is, epoch milliseconds. */
export function beginningOfMonth(now: number, timeZone: string): number {
  return Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone)
    .with({ day: 1 }).startOfDay().epochMilliseconds;
}
