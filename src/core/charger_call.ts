// The CALLs to the charger: one outstanding, backends take turns, safety first, time-outs.

import { callText, type MessageId } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { repairConfirmation } from "../ocpp/repair.ts";
import type { Action, Messages } from "../ocpp/types.ts";
import { isDecided, takeNext, turnDeadline } from "./call_queue.ts";
import { rowsBefore } from "./call_record.ts";
import { commandAnswered } from "./command_result.ts";
import { recordDecision } from "./decision.ts";
import { dropPointless } from "./own_stop.ts";
import type { ChargerCall, ChargerOutcome, Origin } from "./state.ts";
import { log, noteOnce, type Step } from "./step_context.ts";
import { store } from "./stored.ts";

/**
 * CALLs that one backend, or the proxy, may have waiting; one more is refused as busy (ocpp16.md,
 * N37), unless it has been decided: of those there are a few for each running transaction.
 */
export const MAX_WAITING_CALLS = 32;

/** What makes a CALL, before it waits. */
export interface CallRequest<A extends Action = Action> {
  readonly action: A;
  /** In the charger's ids. */
  readonly payload: Messages[A]["request"] & JsonObject;
  readonly origins: Origin[];
  readonly backendId: string | undefined;
  /** In the backend's ids; default: `payload`. */
  readonly requested?: JsonObject;
  /** Given where it needs control; true: control was granted for this very command. */
  readonly freshLease?: boolean;
  readonly urgent?: boolean;
}

/** Queues a CALL for the charger and sends it if it is its turn. */
export function callCharger(step: Step, request: CallRequest): void {
  const { charger } = step.state;
  const call: ChargerCall = {
    action: request.action,
    payload: request.payload,
    origins: request.origins,
    backendId: request.backendId,
    queuedAt: step.now,
    urgent: request.urgent ?? false,
    requested: request.requested ?? request.payload,
    freshLease: request.freshLease,
  };
  if (charger.connection === undefined) {
    commandAnswered(step, call, { type: "offline" });
    return;
  }
  const waiting = charger.queue.filter((item) => item.backendId === call.backendId).length;
  if (waiting >= MAX_WAITING_CALLS && !isDecided(call)) {
    commandAnswered(step, call, { type: "busy" });
    return;
  }
  charger.queue.push(call);
  pumpCharger(step);
}

/** Sends the next CALL if the charger is ready for one. */
export function pumpCharger(step: Step): void {
  const { state, now } = step;
  const { charger } = state;
  if (charger.pending && charger.pending.deadline <= now) {
    const { call, id } = charger.pending;
    charger.pending = undefined;
    log(step, "warning", "the charger did not answer in time", { action: call.action, id });
    commandAnswered(step, call, { type: "timeout" });
  }
  dropPointless(step);
  const overdue = charger.queue.filter((call) => turnDeadline(call) <= now);
  withdraw(step, overdue, { type: "busy" });
  if (charger.connection === undefined || charger.pending || charger.readyAt > now) return;
  // What waits for the store has to become true first.
  if (state.storing) return;
  const call = takeNext(charger.queue, charger.served);
  if (call === undefined) return;
  if (call.backendId !== undefined) {
    charger.served = [...charger.served.filter((id) => id !== call.backendId), call.backendId];
  }
  const id = nextMessageId(step);
  charger.pending = {
    id,
    call,
    deadline: now + state.configuration.charger.callTimeoutMs,
  };
  const rows = rowsBefore(step, call);
  if (rows.length > 0) store(step, { type: "call", id }, rows);
  else transmit(step);
}

function transmit({ state: { charger: { connection, pending } }, effects }: Step): void {
  if (connection === undefined || pending === undefined) return;
  const { id, call: { action, payload } } = pending;
  effects.push({ type: "send_charger", connection, text: callText(id, action, payload) });
}

/** What a CALL leaves behind is on disk, and it may leave; or is not, and it comes to nothing. */
export function callStored(step: Step, id: string, failed: boolean): void {
  const { charger, configuration } = step.state;
  const { pending } = charger;
  if (pending?.id !== id) return;
  if (!failed) {
    // The disk may have taken its time.
    charger.pending = { ...pending, deadline: step.now + configuration.charger.callTimeoutMs };
    return transmit(step);
  }
  charger.pending = undefined;
  const { call } = pending;
  const reason = "denied: the database cannot be written";
  const { backendId = null, action: request } = call;
  recordDecision(step, { backendId, request, outcome: "denied", reason });
  commandAnswered(step, call, { type: "refused", reason });
}

/** Takes back the commands of a backend that has lost control, and writes that down. */
export function withdrawCommands(step: Step, backendId: string, reason: string): void {
  const controlled = step.state.charger.queue.filter((call) =>
    call.backendId === backendId && call.freshLease !== undefined
  );
  for (const { action: request } of controlled) {
    const because = `denied: control ended before it was sent (${reason})`;
    recordDecision(step, { backendId, request, outcome: "denied", reason: because });
  }
  withdraw(step, controlled, { type: "refused", reason });
}

/** Answers calls that were never sent. They leave the queue first: answers make new calls. */
function withdraw(step: Step, calls: readonly ChargerCall[], outcome: ChargerOutcome): void {
  const { queue } = step.state.charger;
  for (const call of calls) queue.splice(queue.indexOf(call), 1);
  for (const call of calls) commandAnswered(step, call, outcome);
}

/** The charger's answer to a CALL; a late, repeated or unknown one has no effect. */
export function chargerAnswered(step: Step, id: MessageId, outcome: ChargerOutcome): void {
  const { charger } = step.state;
  const pending = charger.pending;
  if (pending === undefined || pending.id !== id) {
    noteOnce(step, "answer-orphan", "the charger answered a message that nobody waits for");
    return;
  }
  charger.pending = undefined;
  commandAnswered(step, pending.call, checkAnswer(step, pending.call, outcome));
  pumpCharger(step);
}

function checkAnswer(step: Step, call: ChargerCall, outcome: ChargerOutcome): ChargerOutcome {
  if (outcome.type !== "result") return outcome;
  const checked = repairConfirmation(call.action, outcome.payload);
  if (!checked.ok) {
    noteOnce(step, `${call.action}: ${checked.fault.message}`, "the charger's answer is invalid");
    return {
      type: "error",
      code: "GenericError",
      description: `the charge point's answer is invalid: ${checked.fault.message}`,
    };
  }
  for (const repair of checked.repairs) {
    noteOnce(step, `${call.action}: ${repair}`, "the charger's messages are repaired for backends");
  }
  return { type: "result", payload: checked.value };
}

/** The charger is gone: everything that waits for it is answered now (ocpp16.md, N36). */
export function abandonCalls(step: Step): void {
  const { charger } = step.state;
  const sent = charger.pending?.call;
  charger.pending = undefined;
  const queued = charger.queue.splice(0);
  if (sent) commandAnswered(step, sent, { type: "lost" });
  for (const call of queued) commandAnswered(step, call, { type: "offline" });
}

/** A message id that this installation has never used (OCPP-J 1.6, section 4.1.4; ≤ 36). */
export function nextMessageId({ state }: Step): string {
  return `${state.instance}.${state.run.toString(36)}.${(++state.messageNumber).toString(36)}`;
}
