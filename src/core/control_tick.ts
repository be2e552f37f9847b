// Control over time: what runs out, who is next in the queue, commands whose wait is over.

import { decide } from "./arbitration.ts";
import { barOf, type Denial } from "./objection.ts";
import { minHoldEnd, rankOf } from "./conflict.ts";
import { backendCommand, refuseHeld } from "./backend_command.ts";
import { dropClaims } from "./claim.ts";
import { reviewHolder } from "./control.ts";
import { recordDecision } from "./decision.ts";
import { failHandover, joinHandover, reviewHandover } from "./handover.ts";
import { tickHeld } from "./held_command.ts";
import { emitJsonTo } from "./json_backend.ts";
import { denyJson } from "./json_reply.ts";
import { jsonRequestAgain } from "./json_request.ts";
import { endLease, grantLease, leaveQueue, saveControl } from "./lease.ts";
import { abandon, tickLeftovers } from "./leftover_clearing.ts";
import { tickOwner } from "./owner.ts";
import { askOwner, withdrawQuestions } from "./question.ts";
import { reviewRuleLimit } from "./rule_limit.ts";
import type { State } from "./state.ts";
import type { HeldCommand, QueuedRequest } from "./control_state.ts";
import type { Step } from "./step_context.ts";

/** How often rules are asked again that depend on the time of day. */
const MINUTE_MS = 60_000;

/** Ends what has run out. */
export function tickControl(step: Step): void {
  const { state, now } = step;
  const { control } = state;
  tickLeftovers(step);
  tickOwner(step);
  if (control.handover && control.handover.deadline <= now) {
    failHandover(step, "the running transaction did not end in time");
  }
  tickHeld(step);
  dropClaims(step, ({ expiresAt }) => expiresAt <= now);
  const { lease } = control;
  if (lease) {
    if (isGoneForGood(state, lease.backendId, now)) {
      endLease(step, "expired", "expired: the holder has been away for too long");
    } else if (lease.transactionId === undefined && lease.expiresAt <= now) {
      endLease(step, "expired", "expired: no transaction began in time");
    }
  }
  for (const { backendId } of [...control.queue]) {
    if (isGoneForGood(state, backendId, now)) dropFromQueue(step, backendId, "it went away");
  }
  if (control.lease && depends(state)) reviewRuleLimit(step);
  control.recheck = true;
}

function isGoneForGood(state: State, backendId: string, now: number): boolean {
  const backend = state.backends.get(backendId);
  if (backend === undefined) return true;
  const { awaySince } = backend;
  return awaySince !== undefined && awaySince + state.configuration.reconnectGraceMs <= now;
}

/** Whether any rule limits, so that the time of day may matter to the holder. */
function depends({ configuration }: State): boolean {
  return configuration.rules.some(({ then, onUnknown }) =>
    then === "limit" || onUnknown === "limit"
  );
}

/** When control wants to be woken; Infinity: nothing waits. It is asked with every message. */
export function controlDeadline(state: State): number {
  const { control } = state;
  const { lease } = control;
  let at = Math.min(
    control.reviewAt ?? Infinity,
    control.modeUntil ?? Infinity,
    control.ownerLimit?.until ?? Infinity,
    control.handover?.deadline ?? Infinity,
  );
  for (const { expiresAt } of control.claims) at = Math.min(at, expiresAt);
  for (const { deadline } of control.questions.values()) at = Math.min(at, deadline);
  for (const { deadline } of control.held) at = Math.min(at, deadline);
  for (const { backendId } of control.queue) at = Math.min(at, graceEnd(state, backendId));
  if (!lease) return at;
  const unused = lease.transactionId === undefined ? lease.expiresAt : Infinity;
  return Math.min(at, unused, graceEnd(state, lease.backendId));
}

/** Until when a backend that is away is waited for; Infinity: it is there. */
function graceEnd({ backends, configuration }: State, backendId: string): number {
  const awaySince = backends.get(backendId)?.awaySince;
  return awaySince === undefined ? Infinity : awaySince + configuration.reconnectGraceMs;
}

/** After a restart or a new configuration: does the holder still qualify, and who left what? */
export function reviewControl(step: Step): void {
  const { state } = step;
  reviewHolder(step);
  reviewHandover(step);
  reviewRuleLimit(step);
  const holder = state.control.lease?.backendId;
  for (const { backendId } of [...state.control.queue]) {
    const bar = barOf(state, backendId);
    if (bar !== undefined && !state.backends.has(backendId)) dropFromQueue(step, backendId, bar);
  }
  for (const { backendId } of [...state.control.questions.values()]) {
    if (!mayCome(state, backendId)) withdrawQuestions(step, backendId);
  }
  const others = [...state.reservations.values()]
    .map((entry) => entry.backendId).filter((id) => id !== holder);
  for (const id of new Set(others)) abandon(step, id);
  state.control.recheck = true;
}

/** Whether a backend is there, or nobody has said that it may not come. */
function mayCome({ backends, configuration }: State, backendId: string): boolean {
  if (backends.has(backendId)) return true;
  const listed = configuration.backends.some(({ id }) => id === backendId);
  return configuration.allowUnknownBackends && !listed;
}

/** The last thing in every step: commands whose wait is over, then whoever is next in the queue. */
export function finishControl(step: Step): void {
  const { control } = step.state;
  // What waits for the store has to become true first.
  while (step.state.storing === undefined) {
    const next = control.resumed.shift();
    if (next === undefined) break;
    resume(step, next.held, next.denial);
  }
  if (!control.recheck || step.state.storing !== undefined) return;
  control.recheck = false;
  if (control.queue.length > 0) promote(step);
  control.reviewAt = reviewTime(step.state, step.now);
}

/** When rules may say something else, or the holder's least time is over; undefined: never. */
function reviewTime(state: State, now: number): number | undefined {
  const { queue, lease } = state.control;
  if (queue.length === 0 && (lease === undefined || !depends(state))) return undefined;
  const minute = MINUTE_MS * (Math.floor(now / MINUTE_MS) + 1);
  const holdEnd = queue.length > 0 ? minHoldEnd(state) : undefined;
  return holdEnd !== undefined && holdEnd > now ? Math.min(minute, holdEnd) : minute;
}

function resume(
  step: Step,
  { backendId, connection, command, since }: HeldCommand,
  denial: Denial | undefined,
): void {
  const backend = step.state.backends.get(backendId);
  if (backend?.link.type !== "open" || backend.link.connection !== connection) return;
  if (command.protocol === "ocpp") {
    const { id, action, request } = command;
    if (denial) refuseHeld(step, backend, id, action, denial);
    else backendCommand(step, backend, id, action, request, since);
  } else if (denial) denyJson(step, backend, connection, command.body, denial);
  else jsonRequestAgain(step, backend, connection, command.body, since);
}

/** Gives control to the first in the queue that may have it, by rank, then by age. */
function promote(step: Step): void {
  const { state, now } = step;
  const waiting = [...state.control.queue].sort((a, b) =>
    compare(rankOf(state, b.backendId), rankOf(state, a.backendId)) || a.since - b.since
  );
  for (const { backendId, connectorId } of waiting) {
    const request = { backendId, action: "request_control", permission: undefined, connectorId };
    const verdict = decide(state, request, now);
    switch (verdict.type) {
      case "granted":
        if (!verdict.renewed) {
          endLease(step, "revoked", verdict.reason.replace(/^granted/, "revoked"));
          grantLease(step, request, verdict);
        } else if (leaveQueue(state, backendId)) saveControl(step);
        return;
      case "handover":
        if (state.control.noHandoverBefore <= now) joinHandover(step, request, verdict);
        return;
      case "ask":
        askOwner(step, request, verdict.ruling);
        break;
      case "denied":
        if (verdict.code === "not_permitted") dropFromQueue(step, backendId, verdict.reason);
        break;
      default:
        verdict satisfies never;
    }
  }
}

function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}

function dropFromQueue(step: Step, backendId: QueuedRequest["backendId"], why: string): void {
  if (!leaveQueue(step.state, backendId)) return;
  saveControl(step);
  const reason = `denied: ${why.replace(/^denied: /, "")}`;
  recordDecision(step, { backendId, request: "request_control", outcome: "denied", reason });
  emitJsonTo(step, backendId, { type: "control_denied", code: "denied", reason });
}
