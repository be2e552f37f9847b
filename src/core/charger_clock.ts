// The charger's clock beside ours: when ours is set, no session becomes longer or shorter by it.

import { shiftBill } from "./billing.ts";
import type { SessionRecord, Snapshot } from "./record.ts";
import { flag, openSessions } from "./session.ts";
import type { State } from "./state.ts";
import { noteFact, persist, type Step } from "./step_context.ts";
import { ZONELESS_KEY, type ZonelessTimes } from "./zoneless_time.ts";

/** What is known of the charger's clock. */
export interface ChargerClock {
  /**
   * So far the charger's clock was left behind when ours was set, ms, negative: ahead. Chargers take
   * our time over with the next answer that tells it, or never; 0: it goes as ours.
   */
  lagMs: number;
  /**
   * By open session: how far the time that it last told was ahead of ours, ms. A session of which
   * nothing was heard since the start of the process is missing.
   */
  readonly aheadMs: Map<number, number>;
  /** What its times without a zone are; undefined: none has told yet. */
  zoneless: ZonelessTimes | undefined;
}

/** The document in the tables that outlives the process. */
const LAG_KEY = "charger_lag";

/** The clock at the start of a process. */
export function createChargerClock({ facts }: Snapshot): ChargerClock {
  const lag = facts.get(LAG_KEY);
  const zoneless = facts.get(ZONELESS_KEY);
  return {
    lagMs: typeof lag === "number" ? lag : 0,
    aheadMs: new Map(),
    zoneless: zoneless === "utc" || zoneless === "local" ? zoneless : undefined,
  };
}

/** A time of the charger by our clock, epoch milliseconds. */
export function timeByOurs({ chargerClock: { lagMs } }: State, at: number, now: number): number {
  return isLagging(lagMs, at, now) ? at + lagMs : at;
}

/**
 * Notes what a message of a session tells of the charger's clock. `at`: the time in it, epoch
 * milliseconds, as the charger told it; undefined: it told none, and ours stands in.
 */
export function hearClock(
  step: Step,
  { transactionId }: SessionRecord,
  at: number | undefined,
): void {
  const { state, now } = step;
  const { lagMs, aheadMs } = state.chargerClock;
  if (at === undefined) {
    if (!aheadMs.has(transactionId)) aheadMs.set(transactionId, 0);
  } else {
    aheadMs.set(transactionId, timeByOurs(state, at, now) - now);
    if (lagMs !== 0 && !isLagging(lagMs, at, now)) {
      state.chargerClock.lagMs = 0;
      noteFact(step, LAG_KEY, undefined);
    }
  }
  for (const id of aheadMs.keys()) {
    if (id !== transactionId && !state.open.has(id)) aheadMs.delete(id);
  }
}

/**
 * Our clock was set by `byMs`. Times of open sessions that went by our old time move with it; those
 * of a charger that had the right time all along stay.
 */
export function shiftSessions(step: Step, byMs: number): void {
  const { state } = step;
  const { chargerClock } = state;
  const moved: SessionRecord[] = [];
  for (const session of openSessions(state)) {
    const aheadMs = chargerClock.aheadMs.get(session.transactionId);
    // What was told before this process began went by another clock than the one that was wrong.
    if (aheadMs === undefined) continue;
    if (Math.abs(aheadMs - byMs) < Math.abs(byMs) / 2) {
      chargerClock.aheadMs.set(session.transactionId, aheadMs - byMs);
      continue;
    }
    shiftSession(session, byMs);
    moved.push(session);
  }
  if (moved.length === 0) return;
  chargerClock.lagMs += byMs;
  persist(step, [
    ...moved.map((session) => ({ table: "session", session }) as const),
    { table: "fact", key: LAG_KEY, value: chargerClock.lagMs },
  ]);
}

function shiftSession(session: SessionRecord, byMs: number): void {
  const { meteredAt, energyRoseAt, bill } = session;
  session.startedAt += byMs;
  if (meteredAt !== null) session.meteredAt = meteredAt + byMs;
  if (energyRoseAt !== null) session.energyRoseAt = energyRoseAt + byMs;
  if (bill) session.bill = shiftBill(bill, byMs);
  flag(session, "clock_corrected");
}

/** Whether a time fits a clock that was left behind better than one that goes as ours. */
function isLagging(lagMs: number, at: number, now: number): boolean {
  return Math.abs(at + lagMs - now) < Math.abs(at - now);
}
