// Commands that wait for a hand-over or for the owner: bounded, and answered in the end.

import type { Denial } from "./objection.ts";
import type { HeldCommand } from "./control_state.ts";
import type { Step } from "./step_context.ts";

/** Commands that wait at the same time, of all backends; one more is refused. */
export const MAX_HELD = 32;

/** Those of one backend. */
export const MAX_HELD_EACH = 8;

/** The longest that a command waits, whatever it waits for: its backend gives up at 30 s. */
const LONGEST_WAIT_MS = 28_000;

/** Keeps a command until something is decided; false: too many wait, or it has waited enough. */
export function holdCommand({ state, now }: Step, held: HeldCommand): boolean {
  const deadline = Math.min(held.deadline, held.since + LONGEST_WAIT_MS);
  const { held: waiting } = state.control;
  if (waiting.length >= MAX_HELD || deadline <= now) return false;
  const own = waiting.filter(({ backendId }) => backendId === held.backendId);
  if (own.length >= MAX_HELD_EACH) return false;
  waiting.push({ ...held, deadline });
  return true;
}

/** A backend's connection is gone, and with it whoever waited for an answer. */
export function forgetHeld({ state: { control: { held } } }: Step, backendId: string): void {
  const left = held.filter((one) => one.backendId !== backendId);
  held.splice(0, held.length, ...left);
}

/** Ends the wait of commands: they are carried out, or refused, at the end of the step. */
export function releaseHeld(
  { state: { control } }: Step,
  which: (held: HeldCommand) => boolean,
  denial: Denial | undefined,
): void {
  for (const held of control.held.filter(which)) {
    control.held.splice(control.held.indexOf(held), 1);
    control.resumed.push({ held, denial });
  }
}

/** Refuses what has waited for too long. */
export function tickHeld(step: Step): void {
  const overdue = (held: HeldCommand) => held.deadline <= step.now;
  releaseHeld(step, (held) => overdue(held) && held.waitsFor.type === "question", {
    code: "denied",
    reason: "denied: the owner has not answered yet",
  });
  releaseHeld(step, overdue, {
    code: "control_locked",
    reason: "denied: the running transaction did not end in time",
  });
}
