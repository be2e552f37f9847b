// A StopTransaction: the end of its session, whatever is wrong with it, stored before it is answered.

import { energyRegisterReadings } from "../ocpp/meter_value.ts";
import { parseTime } from "../ocpp/time.ts";
import type { MeterValue, StopTransactionRequest } from "../ocpp/types.ts";
import { believedTime } from "./believed_time.ts";
import { billReadings, billStop } from "./billing.ts";
import { answerCharger } from "./charger_answer.ts";
import { hearClock, timeByOurs } from "./charger_clock.ts";
import type { LogEntry, SessionRecord } from "./record.ts";
import { createSession, endSession, flag, meterReading, plain } from "./session.ts";
import type { State } from "./state.ts";
import { log, noteOnce, type Step } from "./step_context.ts";
import { store } from "./stored.ts";
import { stoppedSession } from "./transaction_match.ts";
import { type ChargerMessage, isClockSet } from "./transaction_message.ts";

/** Takes a StopTransaction in (OCPP 1.6, section 4.10); it is always answered with success. */
export function stopTransaction(
  step: Step,
  message: ChargerMessage<StopTransactionRequest>,
): void {
  const { state, now } = step;
  const { request, original } = message;
  const answer = { connection: message.connection, id: message.id };
  const at = timeByOurs(state, parseTime(request.timestamp) ?? now, now);
  const session = stoppedSession(step, message, at);
  const reason = request.reason ?? "Local";
  if (session === undefined) {
    storeOrphan(step, message, at, reason);
    return;
  }
  if (session.stoppedAt !== null) {
    stopAgain(step, message, session, at, reason);
    return;
  }
  const ended = { ...session, flags: [...session.flags] };
  if (!isClockSet(original)) flag(ended, "clock_corrected");
  takeLastReading(state, ended, request.transactionData ?? [], now);
  endSession(ended, {
    at: believedTime(ended, at, now),
    meterStopWh: request.meterStop,
    reason,
  });
  hearClock(step, session, isClockSet(original) ? parseTime(request.timestamp) : undefined);
  billStop(state, ended);
  const { transactionId: _, ...payload } = request;
  const entry: LogEntry = {
    sequence: step.state.log.lastSequence + 1,
    at: now,
    action: "StopTransaction",
    transactionId: session.transactionId,
    connectorId: session.connectorId,
    payload,
    session: ended,
    ...message.raw !== undefined && { raw: message.raw },
  };
  store(step, { type: "stop", answer, session: ended, entry }, [
    { table: "log", entry },
    { table: "session", session: ended },
  ]);
}

/** A StopTransaction of a session that has ended: a repetition, or the truth behind an estimate. */
function stopAgain(
  step: Step,
  message: ChargerMessage<StopTransactionRequest>,
  session: SessionRecord,
  at: number,
  reason: string,
): void {
  const { state, now } = step;
  const answer = { connection: message.connection, id: message.id };
  if (!session.flags.includes("estimated_stop") || session.flags.includes("late_stop")) {
    noteOnce(step, "stop-repeated", "the charger repeats a StopTransaction; it is answered again");
    answerCharger(step, answer.connection, answer.id, {});
    return;
  }
  const corrected = { ...session, flags: [...session.flags] };
  flag(corrected, "late_stop");
  endSession(corrected, {
    at: believedTime(corrected, at, now),
    meterStopWh: message.request.meterStop,
    reason,
  });
  // One that ended before anything was billed stays as it is in the books.
  if (corrected.bill) billStop(state, corrected);
  store(
    step,
    { type: "stop", answer, session: corrected, entry: undefined },
    [{ table: "session", session: corrected }],
  );
}

/** Books a StopTransaction that belongs to no known session: the owner can see it. */
function storeOrphan(
  step: Step,
  message: ChargerMessage<StopTransactionRequest>,
  at: number,
  reason: string,
): void {
  const { state } = step;
  const { request } = message;
  const key = JSON.stringify([
    "orphan",
    String(request.transactionId),
    request.meterStop,
    plain(message.original.timestamp),
  ]);
  const answer = { connection: message.connection, id: message.id };
  if (state.sessionsByKey.has(key)) {
    answerCharger(step, answer.connection, answer.id, {});
    return;
  }
  const session = createSession({
    transactionId: state.lastTransactionId + 1,
    chargerTransactionId: String(request.transactionId),
    connectorId: 0,
    idTag: request.idTag ?? "",
    startKey: key,
    startedAt: at,
    stoppedAt: at,
    meterStopWh: request.meterStop,
    registerWh: request.meterStop,
    stopReason: reason,
    flags: ["adopted"],
  });
  log(step, "warning", "the charger stopped a transaction that nobody knows", {
    transactionId: String(request.transactionId),
  });
  store(
    step,
    { type: "stop", answer, session, entry: undefined },
    [{ table: "session", session }],
  );
}

/** Of a StopTransaction's data only the end is news: the rest was sent as MeterValues before. */
function takeLastReading(
  state: State,
  session: SessionRecord,
  transactionData: readonly MeterValue[],
  now: number,
): void {
  const last = energyRegisterReadings(transactionData).at(-1);
  if (last === undefined || last.wh < (session.registerWh ?? 0)) return;
  const takenAt = timeByOurs(state, last.at ?? now, now);
  meterReading(session, last.wh, believedTime(session, takenAt, now));
  billReadings(state, session);
}
