// Requests for control: decided, and the decision made true.

import { decide, type Verdict } from "./arbitration.ts";
import { callsUnderWay } from "./call_queue.ts";
import { hasLimits } from "./charging_limit.ts";
import { isClaiming } from "./claim.ts";
import type { HeldCommand } from "./control_state.ts";
import { recordDecision } from "./decision.ts";
import { joinHandover } from "./handover.ts";
import { holdCommand } from "./held_command.ts";
import { emitJsonTo } from "./json_backend.ts";
import { adoptRunning, endLease, grantLease, leaveQueue, saveControl } from "./lease.ts";
import { hasLeft } from "./leftover.ts";
import { barOf, type ControlRequest, type Denial } from "./objection.ts";
import { askOwner } from "./question.ts";
import { renewRuleLimit } from "./rule_limit.ts";
import type { Step } from "./step_context.ts";

/** The longest that an OCPP command waits for the owner: its backend gives up at 30 s. */
const OWNER_WAIT_MS = 20_000;

/** What comes of a request for control. */
export type ControlOutcome =
  /** `fresh`: the lease was granted for this very command. */
  | { readonly type: "granted"; readonly fresh: boolean }
  | { readonly type: "denied" } & Denial
  /** The command is carried out, or refused, later. */
  | { readonly type: "held" }
  /** The owner is asked; the command is not carried out. */
  | { readonly type: "asked"; readonly questionId: number; readonly reason: string }
  | { readonly type: "queued"; readonly position: number; readonly reason: string };

/** How a request may wait. */
export interface Waiting {
  /** The command that is to be carried out once it is decided; absent: it cannot wait. */
  readonly command?: Pick<HeldCommand, "connection" | "command" | "since">;
  /** The backend wants a place in the queue if somebody else has control. */
  readonly queue?: boolean;
}

/** Decides a request for control and makes the decision true. */
export function requestControl(
  step: Step,
  request: ControlRequest,
  waiting: Waiting = {},
): ControlOutcome {
  const { state, now } = step;
  const verdict = decide(state, request, now);
  switch (verdict.type) {
    case "granted":
      return grant(step, request, verdict);
    case "handover":
      return handOver(step, request, verdict, waiting);
    case "ask": {
      const question = askOwner(step, request, verdict.ruling);
      if ("code" in question) return deny(step, request, question);
      const { backendId } = request;
      const { command } = waiting;
      const deadline = Math.min(question.deadline, now + OWNER_WAIT_MS);
      const waitsFor = { type: "question", id: question.id } as const;
      const holds = command?.command.protocol === "ocpp" &&
        holdCommand(step, { backendId, ...command, waitsFor, deadline });
      if (holds) return { type: "held" };
      const reason = `the owner is asked: rule '${question.rule}' — ${question.reason}`;
      return { type: "asked", questionId: question.id, reason };
    }
    case "denied":
      return verdict.code === "control_locked" && waiting.queue
        ? queueUp(step, request, verdict.reason.replace(/^denied: /, ""))
        : deny(step, request, verdict);
    default:
      return verdict satisfies never;
  }
}

/** Refuses, and tells whoever has to know. */
export function deny(step: Step, request: ControlRequest, denial: Denial): ControlOutcome {
  const { code, reason, rule } = denial;
  const { backendId, action, why } = request;
  recordDecision(step, { backendId, request: action, outcome: "denied", rule, reason, why });
  emitJsonTo(step, backendId, { type: "control_denied", code, reason });
  return { type: "denied", ...denial };
}

function grant(
  step: Step,
  request: ControlRequest,
  verdict: Verdict & { type: "granted" },
): ControlOutcome {
  const { control, configuration } = step.state;
  const { lease } = control;
  if (lease && verdict.renewed) {
    lease.expiresAt = step.now + configuration.controlTimeoutMs;
    lease.connectorId ??= request.connectorId;
    adoptRunning(step, lease);
    renewRuleLimit(step, lease, request, verdict.limit);
    saveControl(step);
    return { type: "granted", fresh: false };
  }
  endLease(step, "revoked", verdict.reason.replace(/^granted/, "revoked"));
  grantLease(step, request, verdict);
  return { type: "granted", fresh: true };
}

function handOver(
  step: Step,
  request: ControlRequest,
  verdict: Verdict & { type: "handover" },
  { command, queue }: Waiting,
): ControlOutcome {
  const deadline = joinHandover(step, request, verdict);
  if (queue) return queueUp(step, request, verdict.reason);
  const { backendId } = request;
  const waitsFor = { type: "handover" } as const;
  const holds = command !== undefined && deadline !== undefined &&
    holdCommand(step, { backendId, ...command, waitsFor, deadline });
  if (holds) return { type: "held" };
  const reason = "denied: the running transaction is being ended first";
  return deny(step, request, { code: "control_locked", reason });
}

/** A place in the queue; whoever has one keeps it. */
export function queueUp(step: Step, request: ControlRequest, because: string): ControlOutcome {
  const { control } = step.state;
  const { backendId, action, connectorId, why } = request;
  const reason = `queued: ${because}`;
  if (!control.queue.some((item) => item.backendId === backendId)) {
    control.queue.push({ backendId, connectorId, since: step.now });
    control.recheck = true;
    saveControl(step);
    recordDecision(step, { backendId, request: action, outcome: "queued", reason, why });
  }
  const position = control.queue.findIndex((item) => item.backendId === backendId) + 1;
  return { type: "queued", position, reason };
}

/** The holder gives control back, or a waiting one its place. False: it had neither. */
export function releaseControl(step: Step, backendId: string): boolean {
  const { control } = step.state;
  const waited = leaveQueue(step.state, backendId);
  if (control.lease?.backendId === backendId) {
    endLease(step, "released", "released: by the backend itself");
    return true;
  }
  if (waited) saveControl(step);
  return waited;
}

/**
 * The very command that a lease was granted for came to nothing, and there is no other. `since`:
 * when it was granted, which tells that lease from a later one.
 */
export function releaseUnused(step: Step, backendId: string, since: number): void {
  const { state } = step;
  const { lease } = state.control;
  if (lease?.backendId !== backendId || lease.grantedAt !== since) return;
  if (lease.action === "request_control") return;
  if (lease.transactionId !== undefined || isClaiming(state, backendId)) return;
  const used = hasLimits(state, backendId) || hasLeft(state, backendId) ||
    callsUnderWay(state).some((call) =>
      call.backendId === backendId && call.freshLease !== undefined
    );
  if (!used) endLease(step, "released", "released: the command came to nothing");
}

/** After a restart, a new configuration or a new word of the owner: does the holder still qualify? */
export function reviewHolder(step: Step): void {
  const { lease } = step.state.control;
  const bar = lease && barOf(step.state, lease.backendId);
  if (bar !== undefined) endLease(step, "revoked", `revoked: ${bar}`);
}
