// Hand-over: the transactions of the old holder are ended properly before the new one begins.

import type { Verdict } from "./arbitration.ts";
import type { Handover } from "./control_state.ts";
import { barOf, type ControlRequest } from "./objection.ts";
import { recordDecision } from "./decision.ts";
import { releaseHeld } from "./held_command.ts";
import { endLease, saveControl } from "./lease.ts";
import { isUnknown } from "./leftover.ts";
import { stopSession } from "./own_stop.ts";
import { openSessions } from "./session.ts";
import type { ChargerOutcome, State } from "./state.ts";
import type { Step } from "./step_context.ts";

/** The longest a hand-over takes: whoever waits for it gives up at 30 s. */
export const HANDOVER_MS = 25_000;

/** After one that failed, the charger is left alone for so long, unless a command asks for it. */
const QUIET_MS = 60_000;

/** Begins a hand-over, or joins the one under way. Its deadline; undefined: it has failed. */
export function joinHandover(
  step: Step,
  request: ControlRequest,
  verdict: Verdict & { type: "handover" },
): number | undefined {
  const { state, now } = step;
  const { control } = state;
  if (control.handover) return control.handover.deadline;
  const { backendId, action } = request;
  const { from, reason } = verdict;
  const deadline = now + HANDOVER_MS;
  control.handover = { backendId, from, reason, deadline };
  saveControl(step);
  recordDecision(step, {
    backendId,
    request: action,
    outcome: "queued",
    rule: verdict.rule,
    reason: `queued: ${reason}; the transaction of ${from} is being ended`,
  });
  for (const session of sessionsInTheWay(state, backendId)) {
    stopSession(step, session, "handover");
  }
  return control.handover && deadline;
}

function sessionsInTheWay(state: State, backendId: string) {
  return openSessions(state).filter((session) =>
    session.backendId !== null && session.backendId !== backendId
  );
}

/** The charger's answer to the stop; without a yes the old holder keeps what it has. */
export function handoverAnswered(step: Step, outcome: ChargerOutcome): void {
  const accepted = outcome.type === "result" && outcome.payload.status === "Accepted";
  if (accepted || isUnknown(outcome)) return;
  failHandover(step, "the charger did not end the running transaction");
}

/** A session has ended. True: it was the last in the way, and control has left its old holder. */
export function settleHandover(step: Step): boolean {
  const { control } = step.state;
  const { handover } = control;
  if (!handover || sessionsInTheWay(step.state, handover.backendId).length > 0) return false;
  control.handover = undefined;
  saveControl(step);
  control.recheck = true;
  const reason = `revoked: ${handover.reason}`;
  if (control.lease === undefined) {
    // Who ran the transaction had lost control before; that it was ended is written down all the same.
    const { from: backendId } = handover;
    recordDecision(step, { backendId, request: "control", outcome: "revoked", reason });
  } else if (control.lease.backendId !== handover.backendId) {
    // Else its own card has brought it control in the meantime.
    endLease(step, "revoked", reason);
  }
  releaseHeld(step, (held) => held.waitsFor.type === "handover", undefined);
  return true;
}

/** After a new word of the owner, or a new configuration: may whoever takes over still do so? */
export function reviewHandover(step: Step): void {
  const { handover } = step.state.control;
  const bar = handover && barOf(step.state, handover.backendId);
  if (bar !== undefined) failHandover(step, bar);
}

/** The hand-over comes to nothing: nothing has changed but that it was tried. */
export function failHandover(step: Step, why: string): void {
  const { control } = step.state;
  if (!control.handover) return;
  control.noHandoverBefore = step.now + QUIET_MS;
  const reason = dropHandover(step, control.handover, why);
  const denial = { code: "control_locked", reason } as const;
  releaseHeld(step, (held) => held.waitsFor.type === "handover", denial);
}

/** The process died in a hand-over: whoever waited for it is gone, and may ask again at once. */
export function endInterrupted(step: Step): void {
  const { handover } = step.state.control;
  if (handover) dropHandover(step, handover, "the proxy was restarted");
}

function dropHandover(step: Step, { backendId, reason: because }: Handover, why: string): string {
  step.state.control.handover = undefined;
  saveControl(step);
  const reason = `denied: ${because}, but ${why}`;
  recordDecision(step, { backendId, request: "control", outcome: "denied", reason, ends: true });
  return reason;
}
