// Which session a message of the charger belongs to, whatever id it carries.

import { parseTime } from "../ocpp/time.ts";
import type { Int64, MeterValuesRequest, StopTransactionRequest } from "../ocpp/types.ts";
import { comparable } from "./id_tag.ts";
import { repeatedEntry } from "./log_window.ts";
import type { SessionRecord } from "./record.ts";
import { createSession, openSessions, sessionByChargerId, sessionOnConnector } from "./session.ts";
import type { State } from "./state.ts";
import { noteOnce, type Step } from "./step_context.ts";
import { type ChargerMessage, isClockSet } from "./transaction_message.ts";

/** Meter values that arrive so soon after the stop still belong to the session (closing values). */
const CLOSING_VALUES_MS = 30_000;

/** The session that MeterValues belong to; a foreign transaction id is adopted. */
export function meteredSession(step: Step, request: MeterValuesRequest): SessionRecord | undefined {
  const { state, now } = step;
  const { connectorId, transactionId } = request;
  const named = transactionId === undefined || isNoId(transactionId)
    ? undefined
    : sessionByChargerId(state, transactionId);
  if (named && named.stoppedAt === null) return named;
  const running = connectorId > 0 ? sessionOnConnector(state, connectorId) : undefined;
  if (running) {
    if (transactionId !== undefined) {
      noteOnce(
        step,
        "meter-foreign-id",
        "meter values carry an unknown transaction id; they count for the connector's session",
      );
    }
    return running;
  }
  if (named) return isClosing(named, request, now) ? named : undefined;
  if (transactionId === undefined || isNoId(transactionId) || connectorId === 0) return undefined;
  return adopted(step, transactionId, request);
}

/** Whether values still belong to a session that has ended: taken in time, or sent soon after. */
function isClosing(session: SessionRecord, request: MeterValuesRequest, now: number): boolean {
  const takenAt = parseTime(request.meterValue[0]?.timestamp ?? "") ?? now;
  return Math.min(takenAt, now) - (session.stoppedAt ?? now) <= CLOSING_VALUES_MS;
}

/** Makes a session for a transaction that the charger began before the proxy knew it. */
function adopted(
  step: Step,
  transactionId: Int64,
  request: MeterValuesRequest,
): SessionRecord {
  const { state, now } = step;
  return createSession({
    transactionId: state.lastTransactionId + 1,
    chargerTransactionId: String(transactionId),
    connectorId: request.connectorId,
    idTag: "",
    startKey: JSON.stringify(["adopted", String(transactionId), now]),
    startedAt: now,
    flags: ["adopted"],
  });
}

/** The session that a StopTransaction ends, or has ended, as well as can be told. */
export function stoppedSession(
  step: Step,
  { request, original, raw }: ChargerMessage<StopTransactionRequest>,
  at: number,
): SessionRecord | undefined {
  const { state } = step;
  const clockSet = isClockSet(original);
  if (!isNoId(request.transactionId)) {
    const named = sessionByChargerId(state, request.transactionId);
    if (named) return named;
  }
  const ended = [...state.sessions.values()].filter((session) =>
    session.stoppedAt !== null && session.meterStopWh === request.meterStop
  );
  // The repetition of a stop without a usable id must not end the next session.
  const repeated = clockSet
    ? writtenStop(state, request, raw) ??
      ended.findLast(({ startedAt, stoppedAt }) => stoppedAt === Math.max(at, startedAt))
    : undefined;
  if (repeated) return repeated;
  const tag = request.idTag === undefined ? undefined : comparable(request.idTag);
  const candidates = openSessions(state).filter((session) =>
    (session.meterStartWh === null || request.meterStop >= session.meterStartWh) &&
    at >= session.startedAt - 60_000
  );
  const sameTag = candidates.find((session) => comparable(session.idTag) === tag);
  if (sameTag) return sameTag;
  const only = candidates.length === 1 ? candidates[0] : undefined;
  if (only && (tag === undefined || only.idTag === "")) return only;
  return clockSet ? undefined : ended.findLast(({ flags }) => flags.includes("clock_corrected"));
}

/** The session that ended with this very message: its time may be read in another way by now. */
function writtenStop(
  { log, sessions }: State,
  { transactionId, ...payload }: StopTransactionRequest,
  raw: string | undefined,
): SessionRecord | undefined {
  if (!isNoId(transactionId)) return undefined;
  const entry = repeatedEntry(log, "StopTransaction", { payload, raw });
  return entry && sessions.get(entry.transactionId);
}

/** −1 and 0 stand for "no transaction id" (errata 3.18; sentinel of some chargers). */
function isNoId(transactionId: Int64): boolean {
  return transactionId === -1 || transactionId === 0;
}
