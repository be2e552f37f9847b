// Planned, stored, then true: what the store has confirmed takes effect and is answered.

import type { MessageId } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { startConfirmed } from "./backend_frame.ts";
import { pumpAll } from "./backend_outbox.ts";
import { allowStart } from "./card.ts";
import { bindStartProfile } from "./backend_profile.ts";
import { answerCharger, failCharger } from "./charger_answer.ts";
import { callStored, pumpCharger } from "./charger_call.ts";
import { spendClaims } from "./claim.ts";
import { wasSetAside } from "./delivery_failure.ts";
import { limitsStored } from "./limit_waiter.ts";
import { refusedEnded, refuseStart, stopRefusedStart } from "./late_rejection.ts";
import { limitsChanged } from "./charging_limit.ts";
import { appendEntry } from "./log_window.ts";
import { retellStatus } from "./masked_status.ts";
import type { LogEntry, SessionRecord, Write } from "./record.ts";
import { rememberSession } from "./session.ts";
import { sessionEnded, sessionStarted } from "./session_control.ts";
import type { State, Storing } from "./state.ts";
import { log, type Step } from "./step_context.ts";

/** After a failed write of its own, the proxy waits so long before it tries again. */
const STORE_RETRY_MS = 5_000;

/** Asks for a commit; what it means becomes true when the store has answered. */
export function store(step: Step, plan: Storing, writes: readonly Write[]): void {
  if (step.state.storing) throw new Error("one write waits for the store already");
  const token = ++step.state.storeToken;
  step.state.storing = { token, plan };
  step.effects.push({ type: "store", token, writes });
}

/** The store's answer: what was planned becomes true, or the charger is told to try again. */
export function stored(step: Step, token: number, failure: string | undefined): void {
  const { state, now } = step;
  if (state.storing?.token !== token) return;
  const { plan } = state.storing;
  state.storing = undefined;
  if (failure === undefined) apply(step, plan);
  else {
    state.storeRetryAt = now + STORE_RETRY_MS;
    refuse(step, plan);
  }
  pumpAll(step);
  pumpCharger(step);
}

/**
 * A defect kept a write from the shell, which has answered whoever caused it: nothing was written, and
 * nothing waits for it any more.
 */
export function forgetStoring(step: Step): void {
  const { storing } = step.state;
  if (!storing) return;
  step.state.storing = undefined;
  const { plan } = storing;
  const answered = plan.type === "start" || plan.type === "meter" || plan.type === "stop";
  if (!answered) refuse(step, plan);
}

function apply(step: Step, plan: Storing): void {
  const { state } = step;
  switch (plan.type) {
    case "start":
      return applyStart(step, plan);
    case "meter":
      append(step, plan.entry);
      if (!state.sessions.has(plan.session.transactionId)) applyAdoption(step, plan.session);
      else if (plan.session.stoppedAt === null) applyReadings(step, plan.session);
      return answerCharger(step, plan.connection, plan.id, {});
    case "stop":
      applyStop(step, plan.session, plan.entry);
      retellStatus(step, plan.session);
      if (plan.answer) answerCharger(step, plan.answer.connection, plan.answer.id, {});
      return;
    case "confirmed":
      return startConfirmed(step, plan);
    case "set_aside":
      return wasSetAside(step, plan);
    case "call":
      return callStored(step, plan.id, false);
    case "limits":
      return limitsStored(step, false);
    default:
      plan satisfies never;
  }
}

/** It is on disk: backends may have it, and who follows for the owner hears of it. */
function append(step: Step, entry: LogEntry): void {
  appendEntry(step.state.log, entry);
  step.effects.push({ type: "publish_entry", entry });
}

/** Nothing has changed: whoever sent, or is to have, the message is to have it again, or hears no. */
function refuse(step: Step, plan: Storing): void {
  switch (plan.type) {
    case "start":
    case "meter":
      return failStorage(step, plan);
    case "stop":
      if (plan.answer) failStorage(step, plan.answer);
      return;
    case "call":
      return callStored(step, plan.id, true);
    case "limits":
      return limitsStored(step, true);
    case "confirmed":
    case "set_aside": {
      const backend = step.state.backends.get(plan.backendId);
      if (backend) backend.delivery.notBefore = step.now + STORE_RETRY_MS;
      return;
    }
    default:
      plan satisfies never;
  }
}

function failStorage(step: Step, asked: { connection: number; id: MessageId }): void {
  const reason = "the message could not be stored; please repeat it";
  failCharger(step, asked.connection, asked.id, "InternalError", reason);
}

function applyStart(step: Step, plan: Storing & { type: "start" }): void {
  const { session, entries, ended } = plan;
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
  append(step, start);
  const connector = step.state.charger.connectors.get(session.connectorId);
  if (connector) connector.availableSince = undefined;
  log(step, "info", "transaction started", {
    transactionId: session.transactionId,
    connectorId: session.connectorId,
    backend: session.backendId,
    bookedBy: session.bookedBy,
  });
  const allowed = allowStart(step, session);
  bindStartProfile(step, session);
  if (allowed) sessionStarted(step, session);
  else {
    spendClaims(step, session);
    refuseStart(step, session);
  }
  limitsChanged(step);
  retellStatus(step, session);
  answerStart(step, plan.connection, plan.id, session);
  if (!allowed) stopRefusedStart(step, session);
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
  limitsChanged(step);
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
  refusedEnded(step, session.transactionId);
  if (session.transactionId > state.lastTransactionId) {
    state.lastTransactionId = session.transactionId;
  }
  if (entry) append(step, entry);
  log(step, "info", "transaction stopped", {
    transactionId: session.transactionId,
    backend: session.backendId,
    energyWh: session.energyWh,
    reason: session.stopReason,
  });
  sessionEnded(step, session);
  limitsChanged(step);
}

/**
 * Answers a StartTransaction at once, or after the booked backend's word if that can come in time.
 */
export function answerStart(
  step: Step,
  connection: number,
  id: MessageId,
  session: SessionRecord,
): void {
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
  const canAsk = session.stoppedAt === null && !state.refused.has(session.transactionId) &&
    backend?.link.type === "open" &&
    backend.link.protocol === "ocpp1.6" && backend.registration === "accepted" &&
    !backend.transactionIds.has(session.transactionId) &&
    backend.configuration.permissions.has("receive");
  if (!canAsk) {
    answerCharger(step, connection, id, startConfirmation(state, session.transactionId));
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
export function startConfirmation({ refused }: State, transactionId: number): JsonObject {
  const status = refused.has(transactionId) ? "Blocked" : "Accepted";
  return { transactionId, idTagInfo: { status } };
}
