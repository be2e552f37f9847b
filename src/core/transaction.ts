// Transactions: StartTransaction, MeterValues and StopTransaction, stored before they are answered.

import type { MessageId } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { CLOCK_UNSET_BEFORE_MS } from "../ocpp/mend.ts";
import { energyRegisterReadings } from "../ocpp/meter_value.ts";
import { parseTime } from "../ocpp/time.ts";
import type {
  MeterValue,
  MeterValuesRequest,
  StartTransactionRequest,
  StopTransactionRequest,
} from "../ocpp/types.ts";
import { mayKnow } from "./backend.ts";
import type { Backend } from "./backend_state.ts";
import { believedTime } from "./believed_time.ts";
import { billReadings, billStop } from "./billing.ts";
import { book } from "./booking.ts";
import { answerCharger, failCharger } from "./charger_answer.ts";
import { hearClock, timeByOurs } from "./charger_clock.ts";
import { emitJsonTo } from "./json_backend.ts";
import { meterEvent } from "./json_event.ts";
import { hasMeterValues } from "./log_window.ts";
import { estimateStop, stopEntry } from "./lost_stop.ts";
import { notifySubset } from "./notify.ts";
import type { LogEntry, SessionRecord, Write } from "./record.ts";
import {
  createSession,
  endSession,
  flag,
  meterReading,
  openSessions,
  plain,
  sessionByChargerId,
  sessionOnConnector,
  startKey,
} from "./session.ts";
import type { State } from "./state.ts";
import { log, noteOnce, type Step } from "./step_context.ts";
import { answerStart, store } from "./stored.ts";
import { meteredSession, stoppedSession } from "./transaction_match.ts";

/** Greatest transaction id: chargers keep it in 32 bits, signed. */
const MAX_TRANSACTION_ID = 2 ** 31 - 1;

/** A message from the charger that has been checked and repaired. */
export interface ChargerMessage<Request> {
  readonly connection: number;
  readonly id: MessageId;
  /** As the charger sent it. */
  readonly original: JsonObject;
  /** Valid. */
  readonly request: Request;
  /** The frame, where `request` differs from it. */
  readonly raw: string | undefined;
}

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

/** Takes MeterValues in (OCPP 1.6, section 4.7). */
export function meterValues(step: Step, message: ChargerMessage<MeterValuesRequest>): void {
  const { state, now } = step;
  const { request } = message;
  if (request.meterValue.length === 0) {
    answerCharger(step, message.connection, message.id, {});
    return;
  }
  const session = meteredSession(step, request);
  if (session === undefined) {
    answerCharger(step, message.connection, message.id, {});
    tellLooseValues(step, request);
    return;
  }
  const { transactionId: _, ...payload } = request;
  if (hasMeterValues(state.log, session.transactionId, payload)) {
    noteOnce(step, "meter-repeated", "the charger repeats MeterValues; they are answered again");
    answerCharger(step, message.connection, message.id, {});
    return;
  }
  const updated = { ...session, flags: [...session.flags] };
  if (session.stoppedAt === null) {
    takeReadings(state, updated, request.meterValue, now);
    const lastAt = parseTime(request.meterValue.at(-1)?.timestamp ?? "");
    hearClock(step, session, message.raw === undefined ? lastAt : undefined);
  }
  const entry: LogEntry = {
    sequence: state.log.lastSequence + 1,
    at: now,
    action: "MeterValues",
    transactionId: session.transactionId,
    connectorId: request.connectorId,
    payload,
    ...message.raw !== undefined && { raw: message.raw },
  };
  store(step, {
    type: "meter",
    connection: message.connection,
    id: message.id,
    session: updated,
    entry,
  }, [{ table: "log", entry }, { table: "session", session: updated }]);
}

/** Values outside of a running session: those of the main meter tell of sessions all the same. */
function tellLooseValues(step: Step, request: MeterValuesRequest): void {
  const { state } = step;
  const { transactionId, ...payload } = request;
  const named = transactionId === undefined ? undefined : sessionByChargerId(state, transactionId);
  const main = request.connectorId === 0 ? openSessions(state) : [];
  const about = named ? [named, ...main] : main;
  const may = (backend: Backend) => about.every((item) => mayKnow(backend, item.backendId));
  notifySubset(step, "MeterValues", payload, may);
  const event = meterEvent(payload);
  step.effects.push({ type: "publish", event });
  for (const backend of state.backends.values()) {
    if (may(backend)) emitJsonTo(step, backend.id, event);
  }
}

/** Takes a StopTransaction in (OCPP 1.6, section 4.10); it is always answered with success. */
export function stopTransaction(
  step: Step,
  message: ChargerMessage<StopTransactionRequest>,
): void {
  const { state, now } = step;
  const { request, original } = message;
  const answer = { connection: message.connection, id: message.id };
  const at = timeByOurs(state, parseTime(request.timestamp) ?? now, now);
  const session = stoppedSession(step, request, at, isClockSet(original));
  const reason = request.reason ?? "Local";
  if (session === undefined) {
    storeOrphan(step, message, at, reason);
    return;
  }
  if (session.stoppedAt !== null) {
    if (!session.flags.includes("estimated_stop") || session.flags.includes("late_stop")) {
      noteOnce(
        step,
        "stop-repeated",
        "the charger repeats a StopTransaction; it is answered again",
      );
      answerCharger(step, answer.connection, answer.id, {});
      return;
    }
    const corrected = { ...session, flags: [...session.flags] };
    flag(corrected, "late_stop");
    endSession(corrected, {
      at: believedTime(corrected, at, now),
      meterStopWh: request.meterStop,
      reason,
    });
    // One that ended before anything was billed stays as it is in the books.
    if (corrected.bill) billStop(state, corrected);
    store(
      step,
      { type: "stop", answer, session: corrected, entry: undefined },
      [{ table: "session", session: corrected }],
    );
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

function takeReadings(
  state: State,
  session: SessionRecord,
  meterValue: readonly MeterValue[],
  now: number,
): void {
  for (const { wh, at } of energyRegisterReadings(meterValue)) {
    const takenAt = timeByOurs(state, at ?? now, now);
    meterReading(session, wh, believedTime(session, takenAt, now));
    billReadings(state, session);
  }
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

/** Whether the charger's clock was set when it wrote this message. */
function isClockSet(original: JsonObject): boolean {
  return (parseTime(plain(original.timestamp)) ?? 0) >= CLOCK_UNSET_BEFORE_MS;
}
