// Times that a charger's clock cannot have read: nobody pays for years that a car has not stood there.

import type { SessionRecord } from "./record.ts";
import { flag } from "./session.ts";

/** So far ahead of the proxy's clock a charger's may be, ms. */
export const MOST_AHEAD_MS = 86_400_000;

/**
 * When something happened in a session; the time of receipt stands in for one that is too far ahead.
 * Where the session's start was as far ahead, it may be the proxy's clock that is late: it counts.
 */
export function believedTime(session: SessionRecord, at: number, now: number): number {
  const latest = now + MOST_AHEAD_MS;
  if (at <= latest || session.startedAt > latest) return at;
  flag(session, "clock_corrected");
  return now;
}
