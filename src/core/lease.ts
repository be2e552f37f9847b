// Control as a lease: how it begins, what it lasts for, what is cleared behind the holder.

import type { JsonObject } from "../ocpp/json.ts";
import type { ControlRequest } from "./objection.ts";
import { dropLimits, limitsChanged } from "./charging_limit.ts";
import { withdrawCommands } from "./charger_call.ts";
import { claimsToKeep } from "./claim.ts";
import { recordDecision } from "./decision.ts";
import { emitJsonTo } from "./json_backend.ts";
import { abandon } from "./leftover_clearing.ts";
import type { Write } from "./record.ts";
import type { State } from "./state.ts";
import type { Lease } from "./control_state.ts";
import { noteFact, persist, type Step } from "./step_context.ts";

/** Gives control to a backend; whoever held it has to be rid of it before. */
export function grantLease(
  step: Step,
  request: Pick<ControlRequest, "backendId" | "action" | "connectorId" | "idTag" | "why">,
  grant: {
    readonly reason: string;
    readonly rule: string | undefined;
    readonly limit: Lease["limit"];
  },
): void {
  const { state, now } = step;
  const { backendId, action, connectorId, idTag } = request;
  const lease: Lease = {
    backendId,
    grantedAt: now,
    expiresAt: now + state.configuration.controlTimeoutMs,
    transactionId: undefined,
    connectorId,
    action,
    idTag,
    rule: grant.rule,
    limit: grant.limit,
  };
  state.control.lease = lease;
  state.control.recheck = true;
  adoptRunning(step, lease);
  leaveQueue(state, backendId);
  const backend = state.backends.get(backendId);
  if (backend) backend.grantedAt = now;
  noteFact(step, `granted_at/${backendId}`, now);
  saveControl(step);
  const { reason, rule } = grant;
  const { why } = request;
  recordDecision(step, { backendId, request: action, outcome: "granted", rule, reason, why });
  emitJsonTo(step, backendId, {
    type: "control_granted",
    reason,
    ...grant.limit && { limit_a: grant.limit.currentA },
  });
  limitsChanged(step);
}

/** A lease lasts as long as a running transaction that it may control. */
export function adoptRunning({ state }: Step, lease: Lease): void {
  if (lease.transactionId !== undefined) return;
  for (const id of state.open) {
    const session = state.sessions.get(id)!;
    if (session.backendId === null || session.backendId === lease.backendId) {
      lease.transactionId = id;
    }
  }
}

/**
 * Ends the lease; what the holder left on the charger is cleared with it. `beginning`: the
 * transaction whose begin ends it.
 */
export function endLease(
  step: Step,
  outcome: "released" | "revoked" | "expired",
  reason: string,
  beginning?: number,
): void {
  const { control } = step.state;
  const { lease } = control;
  if (!lease) return;
  const { backendId } = lease;
  control.lease = undefined;
  control.recheck = true;
  recordDecision(step, { backendId, request: "control", outcome, reason });
  // What it has started is still its own when it begins, and is refused then if it may not be.
  storeControl(step);
  emitJsonTo(step, backendId, {
    type: outcome === "revoked" ? "control_revoked" : "control_released",
    reason,
  });
  withdrawCommands(step, backendId, reason);
  abandon(step, backendId);
  dropLimits(step, backendId, beginning);
  limitsChanged(step);
}

/** Takes a backend out of the queue; false: it was not in it. */
export function leaveQueue({ control: { queue } }: State, backendId: string): boolean {
  const index = queue.findIndex((item) => item.backendId === backendId);
  if (index >= 0) queue.splice(index, 1);
  return index >= 0;
}

/** Writes down, soon, who controls and who wants to. */
export function saveControl(step: Step): void {
  noteFact(step, "control", controlRecord(step));
}

/**
 * The same before anything else happens: somebody is going to rely on it. A decision that was made
 * before is written with it, so that nothing is true without its reason.
 */
export function storeControl(step: Step): void {
  persist(step, [controlWrite(step)]);
}

/** Who controls and who wants to, for whoever writes it down with something else. */
export function controlWrite(step: Step): Write {
  return { table: "fact", key: "control", value: controlRecord(step) };
}

/** Control as it is written down; commands on connections do not outlive the process. */
function controlRecord({ state, now }: Step): JsonObject {
  const { control } = state;
  const { mode, modeUntil, ownerLimit, lease, handover, queue, questions, answers } = control;
  const claims = claimsToKeep(state, now);
  return {
    mode: { ...mode },
    ...modeUntil !== undefined && { modeUntil },
    ...ownerLimit && { ownerLimit: { ...ownerLimit } },
    ...lease && { lease: json(lease) },
    ...handover && { handover: json(handover) },
    ...claims.length > 0 && { claims: claims.map(json) },
    ...queue.length > 0 && { queue: queue.map(json) },
    ...questions.size > 0 && { questions: [...questions.values()].map(json) },
    ...answers.length > 0 && { answers: answers.map(json) },
    lastQuestion: control.lastQuestion,
  };
}

/** What is written down of a plain record. */
function json(value: object): JsonObject {
  return { ...value } as JsonObject;
}
