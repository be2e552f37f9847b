// Transactions: StartTransaction, MeterValues and StopTransaction, stored before they are answered.

import type { MessageId } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { energyRegisterReadings } from "../ocpp/meter_value.ts";
import { formatTime, parseTime } from "../ocpp/time.ts";
import type {
  Int64,
  MeterValue,
  MeterValuesRequest,
  StartTransactionRequest,
  StopTransactionRequest,
} from "../ocpp/types.ts";
import { book } from "./booking.ts";
import { answerCharger, failCharger } from "./charger_answer.ts";
import { sessionEnded, sessionStarted } from "./control.ts";
import { mayKnow, notifySubset, pumpAll } from "./backend.ts";
import { emitJsonTo } from "./json_backend.ts";
import { meterEvent } from "./json_event.ts";
import { appendEntry, hasMeterValues } from "./log_window.ts";
import { retellStatus } from "./masked_status.ts";
import type { LogEntry, SessionRecord, Write } from "./record.ts";
import {
  EARLIEST_TIME,
  endSession,
  flag,
  meterReading,
  openSessions,
  plain,
  rememberSession,
  sessionByChargerId,
  sessionOnConnector,
  startKey,
} from "./session.ts";
import { type Backend, log, noteOnce, type Step, type Storing } from "./state.ts";

/** Meter values that arrive so soon after the stop still belong to the session (closing values). */
const CLOSING_VALUES_MS = 30_000;

/** After a failed write of its own, the proxy waits so long before it tries again. */
const STORE_RETRY_MS = 5_000;

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
  const startedAt = parseTime(request.timestamp) ?? now;
  const session: SessionRecord = {
    transactionId: state.lastTransactionId + 1,
    chargerTransactionId: null,
    connectorId: request.connectorId,
    idTag: request.idTag,
    ...book(state, request.idTag, request.connectorId, now),
    reservationId: request.reservationId ?? null,
    startKey: key,
    startedAt,
    stoppedAt: null,
    meterStartWh: request.meterStart,
    meterStopWh: null,
    energyWh: 0,
    registerWh: request.meterStart,
    resetCandidateWh: null,
    meteredAt: null,
    energyRoseAt: null,
    stopReason: null,
    flags: clockSet ? [] : ["clock_corrected"],
  };
  const writes: Write[] = [];
  const entries: LogEntry[] = [];
  const ended = sessionOnConnector(state, request.connectorId);
  let closed: SessionRecord | undefined;
  if (ended) {
    closed = estimateStop(ended, startedAt, request.meterStart);
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
    token: 0,
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
    takeReadings(updated, request.meterValue, now);
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
    token: 0,
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
  for (const backend of state.backends.values()) {
    if (may(backend)) emitJsonTo(step, backend.id, meterEvent(payload));
  }
}

/** Takes a StopTransaction in (OCPP 1.6, section 4.10); it is always answered with success. */
export function stopTransaction(
  step: Step,
  message: ChargerMessage<StopTransactionRequest>,
): void {
  const { now } = step;
  const { request, original } = message;
  const answer = { connection: message.connection, id: message.id };
  const at = parseTime(request.timestamp) ?? now;
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
    endSession(corrected, { at, meterStopWh: request.meterStop, reason });
    store(
      step,
      { type: "stop", token: 0, answer, session: corrected, entry: undefined },
      [{ table: "session", session: corrected }],
    );
    return;
  }
  const ended = { ...session, flags: [...session.flags] };
  if (!isClockSet(original)) flag(ended, "clock_corrected");
  takeLastReading(ended, request.transactionData ?? [], now);
  endSession(ended, { at, meterStopWh: request.meterStop, reason });
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
  store(step, { type: "stop", token: 0, answer, session: ended, entry }, [
    { table: "log", entry },
    { table: "session", session: ended },
  ]);
}

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
  const session = estimateStop(lost, Math.max(freeSince, lost.startedAt), lost.registerWh);
  const entry = stopEntry(step, session, state.log.lastSequence + 1);
  log(step, "warning", "the charger never stopped a transaction; it is closed with an estimate", {
    transactionId: session.transactionId,
    connectorId: session.connectorId,
  });
  store(step, { type: "stop", token: 0, answer: undefined, session, entry }, [
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

/** The store's answer: what was planned becomes true, or the charger is told to try again. */
export function stored(step: Step, token: number, failure: string | undefined): void {
  const { state, now } = step;
  const { storing } = state;
  if (storing === undefined || storing.token !== token) return;
  state.storing = undefined;
  if (failure !== undefined) {
    state.storeRetryAt = now + STORE_RETRY_MS;
    const asked = storing.type === "stop" ? storing.answer : storing;
    if (asked) {
      failCharger(
        step,
        asked.connection,
        asked.id,
        "InternalError",
        "the message could not be stored; please repeat it",
      );
    }
    return;
  }
  switch (storing.type) {
    case "start":
      applyStart(step, storing);
      break;
    case "meter":
      appendEntry(state.log, storing.entry);
      if (!state.sessions.has(storing.session.transactionId)) applyAdoption(step, storing.session);
      else if (storing.session.stoppedAt === null) applyReadings(step, storing.session);
      answerCharger(step, storing.connection, storing.id, {});
      break;
    case "stop":
      applyStop(step, storing.session, storing.entry);
      if (storing.answer) answerCharger(step, storing.answer.connection, storing.answer.id, {});
      break;
    default:
      storing satisfies never;
  }
  pumpAll(step);
}

function applyStart(step: Step, storing: Storing & { type: "start" }): void {
  const { session, entries, ended } = storing;
  if (ended) {
    log(step, "warning", "a new transaction began before the old one stopped", {
      transactionId: ended.transactionId,
      connectorId: ended.connectorId,
    });
    applyStop(step, ended, entries[0]);
  }
  const start = entries.at(-1)!;
  step.state.lastTransactionId = session.transactionId;
  rememberSession(step.state, session);
  step.state.startSequences.set(session.transactionId, start.sequence);
  appendEntry(step.state.log, start);
  const connector = step.state.charger.connectors.get(session.connectorId);
  if (connector) connector.availableSince = undefined;
  log(step, "info", "transaction started", {
    transactionId: session.transactionId,
    connectorId: session.connectorId,
    backend: session.backendId,
    bookedBy: session.bookedBy,
  });
  sessionStarted(step, session);
  retellStatus(step, session);
  answerStart(step, storing.connection, storing.id, session);
}

function applyAdoption(step: Step, session: SessionRecord): void {
  const { state, now } = step;
  rememberSession(state, session);
  // A stale id on a free connector is no transaction: the lost-stop rule takes it away again.
  const connector = state.charger.connectors.get(session.connectorId);
  if (connector?.status.status === "Available") connector.availableSince = now;
  log(step, "warning", "the charger runs a transaction that began elsewhere; it is adopted", {
    transactionId: session.transactionId,
    chargerTransactionId: session.chargerTransactionId,
  });
  sessionStarted(step, session);
  retellStatus(step, session);
}

function applyReadings(step: Step, session: SessionRecord): void {
  const { state } = step;
  const known = state.sessions.get(session.transactionId)!;
  const rose = session.energyWh > known.energyWh;
  Object.assign(known, session);
  // A connector that delivers energy is not free, whatever its last status said.
  const connector = state.charger.connectors.get(session.connectorId);
  if (rose && connector) connector.availableSince = undefined;
}

function applyStop(step: Step, session: SessionRecord, entry: LogEntry | undefined): void {
  const { state } = step;
  const known = state.sessions.get(session.transactionId);
  if (known) Object.assign(known, session);
  else rememberSession(state, session);
  state.open.delete(session.transactionId);
  state.startSequences.delete(session.transactionId);
  if (session.transactionId > state.lastTransactionId) {
    state.lastTransactionId = session.transactionId;
  }
  if (entry) appendEntry(state.log, entry);
  log(step, "info", "transaction stopped", {
    transactionId: session.transactionId,
    backend: session.backendId,
    energyWh: session.energyWh,
    reason: session.stopReason,
  });
  sessionEnded(step, session);
  retellStatus(step, session);
}

/**
 * Answers a StartTransaction at once, or after the booked backend's word if that can come in time.
 */
function answerStart(step: Step, connection: number, id: MessageId, session: SessionRecord): void {
  const { state, now } = step;
  const { awaiting } = state.charger;
  const waiting = awaiting.find((item) =>
    item.type === "start" && item.transactionId === session.transactionId
  );
  if (waiting?.type === "start" && waiting.connection === connection) {
    waiting.ids.push(id);
    return;
  }
  const backend = state.backends.get(session.backendId ?? "");
  const canAsk = session.stoppedAt === null && backend?.link.type === "open" &&
    backend.link.protocol === "ocpp1.6" && backend.registration === "accepted" &&
    !backend.transactionIds.has(session.transactionId) &&
    backend.configuration.permissions.has("receive");
  if (!canAsk) {
    answerCharger(step, connection, id, startConfirmation(session.transactionId));
    return;
  }
  awaiting.push({
    type: "start",
    connection,
    ids: [id],
    transactionId: session.transactionId,
    backendId: backend.id,
    deadline: now + state.configuration.charger.answerDeadlineMs,
  });
}

/** StartTransaction.conf without a backend's verdict. */
export function startConfirmation(transactionId: number): JsonObject {
  return { transactionId, idTagInfo: { status: "Accepted" } };
}

/** The session that MeterValues belong to; a foreign transaction id is adopted. */
function meteredSession(step: Step, request: MeterValuesRequest): SessionRecord | undefined {
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
function adopted(step: Step, transactionId: Int64, request: MeterValuesRequest): SessionRecord {
  const { state, now } = step;
  return {
    transactionId: state.lastTransactionId + 1,
    chargerTransactionId: String(transactionId),
    connectorId: request.connectorId,
    idTag: "",
    backendId: null,
    bookedBy: "nobody",
    reservationId: null,
    startKey: JSON.stringify(["adopted", String(transactionId), now]),
    startedAt: now,
    stoppedAt: null,
    meterStartWh: null,
    meterStopWh: null,
    energyWh: 0,
    registerWh: null,
    resetCandidateWh: null,
    meteredAt: null,
    energyRoseAt: null,
    stopReason: null,
    flags: ["adopted"],
  };
}

/** The session that a StopTransaction ends, or has ended, as well as can be told. */
function stoppedSession(
  step: Step,
  request: StopTransactionRequest,
  at: number,
  clockSet: boolean,
): SessionRecord | undefined {
  const { state } = step;
  if (!isNoId(request.transactionId)) {
    const named = sessionByChargerId(state, request.transactionId);
    if (named) return named;
  }
  const ended = [...state.sessions.values()].filter((session) =>
    session.stoppedAt !== null && session.meterStopWh === request.meterStop
  );
  // The repetition of a stop without a usable id must not end the next session.
  const repeated = ended.findLast(({ startedAt, stoppedAt }) =>
    clockSet && stoppedAt === Math.max(at, startedAt)
  );
  if (repeated) return repeated;
  const tag = request.idTag?.toLowerCase();
  const candidates = openSessions(state).filter((session) =>
    (session.meterStartWh === null || request.meterStop >= session.meterStartWh) &&
    at >= session.startedAt - 60_000
  );
  const sameTag = candidates.find((session) => session.idTag.toLowerCase() === tag);
  if (sameTag) return sameTag;
  const only = candidates.length === 1 ? candidates[0] : undefined;
  if (only && (tag === undefined || only.idTag === "")) return only;
  return clockSet ? undefined : ended.findLast(({ flags }) => flags.includes("clock_corrected"));
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
  const session: SessionRecord = {
    transactionId: state.lastTransactionId + 1,
    chargerTransactionId: String(request.transactionId),
    connectorId: 0,
    idTag: request.idTag ?? "",
    backendId: null,
    bookedBy: "nobody",
    reservationId: null,
    startKey: key,
    startedAt: at,
    stoppedAt: at,
    meterStartWh: null,
    meterStopWh: request.meterStop,
    energyWh: 0,
    registerWh: request.meterStop,
    resetCandidateWh: null,
    meteredAt: null,
    energyRoseAt: null,
    stopReason: reason,
    flags: ["adopted"],
  };
  log(step, "warning", "the charger stopped a transaction that nobody knows", {
    transactionId: String(request.transactionId),
  });
  store(
    step,
    { type: "stop", token: 0, answer, session, entry: undefined },
    [{ table: "session", session }],
  );
}

/** A copy of the session, closed with what is known. */
function estimateStop(
  session: SessionRecord,
  at: number,
  meterStopWh: number | null,
): SessionRecord {
  const closed = { ...session, flags: [...session.flags] };
  flag(closed, "estimated_stop");
  const register = session.registerWh;
  const usable = meterStopWh !== null && (register === null || meterStopWh >= register);
  endSession(closed, {
    at: Math.max(session.meteredAt ?? 0, Math.min(at, Number.MAX_SAFE_INTEGER)),
    meterStopWh: usable ? meterStopWh : register,
    reason: "Other",
  });
  return closed;
}

/** The StopTransaction that backends get for a session that the charger never stopped. */
function stopEntry(step: Step, session: SessionRecord, sequence: number): LogEntry {
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

function takeReadings(
  session: SessionRecord,
  meterValue: readonly MeterValue[],
  now: number,
): void {
  for (const { wh, at } of energyRegisterReadings(meterValue)) {
    meterReading(session, wh, at ?? now);
  }
}

/** Of a StopTransaction's data only the end is news: the rest was sent as MeterValues before. */
function takeLastReading(
  session: SessionRecord,
  transactionData: readonly MeterValue[],
  now: number,
): void {
  const last = energyRegisterReadings(transactionData).at(-1);
  if (last && last.wh >= (session.registerWh ?? 0)) meterReading(session, last.wh, last.at ?? now);
}

/** Whether the charger's clock was set when it wrote this message. */
function isClockSet(original: JsonObject): boolean {
  return (parseTime(plain(original.timestamp)) ?? 0) >= EARLIEST_TIME;
}

/** −1 and 0 stand for "no transaction id" (errata 3.18; sentinel of some chargers). */
function isNoId(transactionId: Int64): boolean {
  return transactionId === -1 || transactionId === 0;
}

function store(step: Step, storing: Storing, writes: readonly Write[]): void {
  const token = ++step.state.storeToken;
  step.state.storing = { ...storing, token };
  step.effects.push({ type: "store", token, writes });
}
