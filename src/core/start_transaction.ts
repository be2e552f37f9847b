// A StartTransaction: planned as a session and its rows, stored before it is true and answered.

import { parseTime } from "../ocpp/time.ts";
import type { StartTransactionRequest } from "../ocpp/types.ts";
import { billReadings } from "./billing.ts";
import { book } from "./booking.ts";
import { failCharger } from "./charger_answer.ts";
import { hearClock, timeByOurs } from "./charger_clock.ts";
import { estimateStop, stopEntry } from "./lost_stop.ts";
import type { LogEntry, SessionRecord, Write } from "./record.ts";
import { createSession, sessionOnConnector, startKey } from "./session.ts";
import { noteOnce, type Step } from "./step_context.ts";
import { answerStart, store } from "./stored.ts";
import { type ChargerMessage, isClockSet } from "./transaction_message.ts";

/** Greatest transaction id: chargers keep it in 32 bits, signed. */
const MAX_TRANSACTION_ID = 2 ** 31 - 1;

/** Takes a StartTransaction in (OCPP 1.6, section 4.8): a new session, or one that is known. */
export function startTransaction(
  step: Step,
  message: ChargerMessage<StartTransactionRequest>,
): void {
  const { state, now } = step;
  const { request, original } = message;
  const key = startKey(
    original.connectorId,
    original.idTag,
    original.meterStart,
    original.timestamp,
  );
  const known = state.sessions.get(state.sessionsByKey.get(key) ?? -1);
  const clockSet = isClockSet(original);
  if (known && (known.stoppedAt === null || clockSet)) {
    noteOnce(step, "start-repeated", "the charger repeats a StartTransaction; it keeps its id");
    answerStart(step, message.connection, message.id, known);
    return;
  }
  if (state.lastTransactionId >= MAX_TRANSACTION_ID) {
    failCharger(step, message.connection, message.id, "InternalError", "no transaction id is left");
    return;
  }
  const startedAt = timeByOurs(state, parseTime(request.timestamp) ?? now, now);
  const session = createSession({
    transactionId: state.lastTransactionId + 1,
    connectorId: request.connectorId,
    idTag: request.idTag,
    ...book(state, request.idTag, request.connectorId, now),
    reservationId: request.reservationId ?? null,
    startKey: key,
    startedAt,
    meterStartWh: request.meterStart,
    registerWh: request.meterStart,
    flags: clockSet ? [] : ["clock_corrected"],
  });
  hearClock(step, session, clockSet ? parseTime(request.timestamp) : undefined);
  billReadings(state, session);
  const writes: Write[] = [];
  const entries: LogEntry[] = [];
  const ended = sessionOnConnector(state, request.connectorId);
  let closed: SessionRecord | undefined;
  if (ended) {
    closed = estimateStop(step, ended, startedAt, request.meterStart);
    entries.push(stopEntry(step, closed, state.log.lastSequence + 1));
    writes.push({ table: "session", session: closed });
  }
  entries.push({
    sequence: state.log.lastSequence + 1 + entries.length,
    at: now,
    action: "StartTransaction",
    transactionId: session.transactionId,
    connectorId: session.connectorId,
    payload: request,
    ...message.raw !== undefined && { raw: message.raw },
  });
  for (const entry of entries) writes.push({ table: "log", entry });
  writes.push({ table: "session", session });
  store(step, {
    type: "start",
    connection: message.connection,
    id: message.id,
    session,
    entries,
    ended: closed,
  }, writes);
}
