// Sessions that the charger never stops: closed with what is known, and flagged.

import { formatTime } from "../ocpp/time.ts";
import { believedTime } from "./believed_time.ts";
import { billStop } from "./billing.ts";
import type { LogEntry, SessionRecord } from "./record.ts";
import { endSession, flag, openSessions } from "./session.ts";
import { log, type Step } from "./step_context.ts";
import { store } from "./stored.ts";

/** Closes sessions whose connector has been Available for too long (the stop was lost). */
export function closeLostSessions(step: Step): void {
  const { state, now } = step;
  if (state.storing || (state.storeRetryAt !== undefined && state.storeRetryAt > now)) return;
  state.storeRetryAt = undefined;
  const lost = openSessions(state).find((session) => {
    const due = lostAt(step, session);
    return due !== undefined && due <= now;
  });
  if (lost === undefined) return;
  const freeSince = state.charger.connectors.get(lost.connectorId)?.at ?? now;
  const session = estimateStop(step, lost, Math.max(freeSince, lost.startedAt), lost.registerWh);
  const entry = stopEntry(step, session, state.log.lastSequence + 1);
  log(step, "warning", "the charger never stopped a transaction; it is closed with an estimate", {
    transactionId: session.transactionId,
    connectorId: session.connectorId,
  });
  store(step, { type: "stop", answer: undefined, session, entry }, [
    { table: "log", entry },
    { table: "session", session },
  ]);
}

/** When an open session will be given up; undefined: nothing points to it. */
export function lostAt(
  { state }: Pick<Step, "state">,
  session: SessionRecord,
): number | undefined {
  const since = state.charger.connectors.get(session.connectorId)?.availableSince;
  if (since === undefined || state.charger.connection === undefined) return undefined;
  return Math.max(since, state.charger.connectedAt) + state.configuration.charger.lostStopAfterMs;
}

/** A copy of the session, closed with what is known. */
export function estimateStop(
  { state, now }: Pick<Step, "state" | "now">,
  session: SessionRecord,
  at: number,
  meterStopWh: number | null,
): SessionRecord {
  const closed = { ...session, flags: [...session.flags] };
  flag(closed, "estimated_stop");
  const register = session.registerWh;
  const usable = meterStopWh !== null && (register === null || meterStopWh >= register);
  endSession(closed, {
    at: Math.max(session.meteredAt ?? 0, believedTime(closed, at, now)),
    meterStopWh: usable ? meterStopWh : register,
    reason: "Other",
  });
  billStop(state, closed);
  return closed;
}

/** The StopTransaction that backends get for a session that the charger never stopped. */
export function stopEntry(step: Step, session: SessionRecord, sequence: number): LogEntry {
  return {
    sequence,
    at: step.now,
    action: "StopTransaction",
    transactionId: session.transactionId,
    connectorId: session.connectorId,
    payload: {
      meterStop: session.meterStopWh ?? 0,
      timestamp: formatTime(session.stoppedAt ?? step.now),
      reason: "Other",
    },
    synthetic: true,
    session,
  };
}
