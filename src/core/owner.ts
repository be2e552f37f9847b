// The owner's word: modes, the limit for everybody, answers to questions.

import { decide } from "./arbitration.ts";
import { limitsChanged } from "./charging_limit.ts";
import { deny, queueUp, reviewHolder } from "./control.ts";
import { recordDecision } from "./decision.ts";
import type { OwnerMode } from "./event.ts";
import { reviewHandover } from "./handover.ts";
import { endLease, grantLease, leaveQueue, saveControl, storeControl } from "./lease.ts";
import { askOwner, settleQuestion } from "./question.ts";
import type { Step } from "./step_context.ts";

/** The owner decides who may control from now on; `auto` takes the limit back, too. */
export function setMode(step: Step, mode: OwnerMode, until: number | undefined): void {
  const { control } = step.state;
  if (mode.mode === "auto") control.ownerLimit = undefined;
  enterMode(step, mode, until, chosen(mode));
}

function chosen(mode: OwnerMode): string {
  switch (mode.mode) {
    case "auto":
      return "the owner lets backends take control";
    case "owner_only":
      return "the owner has switched sharing off";
    case "paused":
      return "the owner has paused charging";
    case "backend":
      return `the owner has given control to ${mode.backendId} alone`;
    default:
      return mode satisfies never;
  }
}

function enterMode(step: Step, mode: OwnerMode, until: number | undefined, reason: string): void {
  const { control } = step.state;
  control.mode = mode;
  control.modeUntil = mode.mode === "auto" ? undefined : until;
  control.recheck = true;
  recordDecision(step, { backendId: null, request: "override", outcome: "granted", reason });
  reviewHandover(step);
  if (mode.mode !== "auto" && control.lease) {
    const stays = mode.mode === "backend" && mode.backendId === control.lease.backendId;
    if (!stays) endLease(step, "revoked", `revoked: ${reason}`);
  }
  storeControl(step);
  limitsChanged(step);
}

/** The owner's limit for everybody, A per phase; undefined takes it back. */
export function setOwnerLimit(
  step: Step,
  currentA: number | undefined,
  until: number | undefined,
): void {
  putLimit(
    step,
    currentA === undefined ? undefined : { currentA, until },
    currentA === undefined
      ? "the owner took the limit back"
      : `the owner limits everybody to ${currentA} A`,
  );
}

function putLimit(
  step: Step,
  limit: { currentA: number; until: number | undefined } | undefined,
  reason: string,
): void {
  step.state.control.ownerLimit = limit;
  recordDecision(step, { backendId: null, request: "override", outcome: "granted", reason });
  storeControl(step);
  limitsChanged(step);
}

/** The owner has answered a question; one that is not open any more has no effect. */
export function answerQuestion(step: Step, id: number, allow: boolean): void {
  settle(step, id, allow, false);
}

/** Who asked, and has no command waiting, gets what the owner allowed; or loses its place. */
function settle(step: Step, id: number, allow: boolean, byDefault: boolean): void {
  const { state, now } = step;
  const { control } = state;
  const question = settleQuestion(step, id, allow, byDefault);
  if (question === undefined) return;
  const { backendId, connectorId, action } = question;
  if (!allow) {
    // The owner's no to a card is about that card.
    if (action !== "Authorize" && leaveQueue(state, backendId)) saveControl(step);
    return;
  }
  const resumes = control.resumed.some(({ held }) => held.backendId === backendId);
  if (resumes || action === "Authorize" || control.lease?.backendId === backendId) return;
  const request = { backendId, action: "request_control", permission: undefined, connectorId };
  const verdict = decide(state, request, now);
  switch (verdict.type) {
    case "granted":
      endLease(step, "revoked", verdict.reason.replace(/^granted/, "revoked"));
      return grantLease(step, request, verdict);
    case "handover":
      // Nobody's transaction is ended for a command that was refused long ago.
      if (action === "request_control") queueUp(step, request, verdict.reason);
      return;
    case "denied":
      if (!control.queue.some((item) => item.backendId === backendId)) deny(step, request, verdict);
      return;
    case "ask":
      // Another rule has come first since.
      askOwner(step, request, verdict.ruling);
      return;
    default:
      verdict satisfies never;
  }
}

/** What the owner said for a time only is over; what nobody answered is answered by default. */
export function tickOwner(step: Step): void {
  const { state, now } = step;
  const { control } = state;
  if (control.modeUntil !== undefined && control.modeUntil <= now) {
    enterMode(step, { mode: "auto" }, undefined, "auto again: the owner's time is over");
  }
  const limitEnd = control.ownerLimit?.until;
  if (limitEnd !== undefined && limitEnd <= now) {
    putLimit(step, undefined, "the owner's limit is over");
  }
  for (const question of [...control.questions.values()]) {
    if (question.deadline <= now) settle(step, question.id, question.default === "allow", true);
  }
  control.answers = control.answers.filter((answer) => answer.until > now);
  reviewHolder(step);
}
