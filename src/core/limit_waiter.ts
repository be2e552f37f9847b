// Backends that have set a limit are answered when the charger has it; or cleared one, on disk.

import { limitsWrite, removeProfiles, saveLimits } from "./backend_profile.ts";
import { answerOrigin } from "./command_result.ts";
import { releaseUnused } from "./control.ts";
import { recordDecision } from "./decision.ts";
import { isUnknown } from "./leftover.ts";
import type { LimitWaiter, StoredProfile } from "./limit_state.ts";
import type { ChargerOutcome, State } from "./state.ts";
import type { Step } from "./step_context.ts";
import { store } from "./stored.ts";

/** An answer that takes longer comes too late: the backend gives up at 30 s. */
const LIMIT_WAIT_MS = 20_000;

const ACCEPTED: ChargerOutcome = { type: "result", payload: { status: "Accepted" } };

/** Why nothing comes of a limit whose row could not be written. */
const UNWRITABLE = "denied: the database cannot be written";

/** Backends' commands that wait at the same time; of more the oldest is refused as busy. */
export const MAX_LIMIT_WAITERS = 32;

/** Lets a backend wait for what it has just set or cleared. */
export function awaitLimit(
  step: Step,
  waiter: Omit<LimitWaiter, "round" | "deadline" | "stored">,
): void {
  const { limits } = step.state;
  const deadline = step.now + LIMIT_WAIT_MS;
  limits.waiters.push({ ...waiter, round: limits.round, deadline, stored: false });
  if (limits.waiters.length <= MAX_LIMIT_WAITERS) return;
  fail(step, [limits.waiters.shift()!], { type: "busy" });
}

/** Whether somebody waits for a limit that is not on disk; then it is being written. */
export function storeWishes(step: Step): boolean {
  const { limits } = step.state;
  if (limits.waiters.every(({ stored }) => stored)) return false;
  store(step, { type: "limits" }, [limitsWrite(limits)]);
  return true;
}

/** What backends want is on disk, and the charger may hear of it; or it is as if it was never said. */
export function limitsStored(step: Step, failed: boolean): void {
  const { limits } = step.state;
  limits.dirty = true;
  if (failed) {
    const waiters = take(step, ({ stored }) => !stored);
    for (const { backendId, action: request } of waiters) {
      recordDecision(step, { backendId, request, outcome: "denied", reason: UNWRITABLE });
    }
    for (const waiter of waiters.toReversed()) takeBack(step, waiter);
    for (const waiter of waiters) answer(step, waiter, unwritten(waiter));
    return;
  }
  for (const waiter of limits.waiters) waiter.stored = true;
  // The charger may be away: what was cleared is as good as gone.
  for (const waiter of take(step, clears)) answer(step, waiter, ACCEPTED);
}

function clears({ added }: LimitWaiter): boolean {
  return added === undefined;
}

/** "Unknown", the only refusal of ClearChargingProfile, would say that there is no limit to clear. */
function unwritten(waiter: LimitWaiter): ChargerOutcome {
  return clears(waiter) && waiter.origin.type === "ocpp"
    ? { type: "error", code: "InternalError", description: UNWRITABLE }
    : { type: "refused", reason: UNWRITABLE };
}

/** The charger has everything up to `round`. */
export function acceptWaiters(step: Step, round: number): void {
  for (const waiter of take(step, (item) => item.round <= round)) answer(step, waiter, ACCEPTED);
}

/**
 * What was set up to `round` comes to nothing. Unless the charger may have it all the same, it is
 * as if it had never been set: the newest is taken back first.
 */
export function failWaiters(step: Step, round: number, outcome: ChargerOutcome): void {
  fail(step, take(step, (item) => item.round <= round), outcome);
}

function fail(step: Step, waiters: readonly LimitWaiter[], outcome: ChargerOutcome): void {
  if (!isUnknown(outcome)) { for (const waiter of waiters.toReversed()) takeBack(step, waiter); }
  for (const waiter of waiters) answer(step, waiter, outcome);
}

/** Nobody stands any more behind what these have set, and what is taken out already. */
export function refuseWaiters(step: Step, which: (stored: StoredProfile) => boolean): void {
  const reason = "control has ended meanwhile";
  const waiters = take(step, ({ added }) => added !== undefined && which(added));
  fail(step, waiters, { type: "refused", reason });
}

/** When the next one has waited for too long; Infinity: only the charger's answer is awaited. */
export function waiterDeadline(state: State): number {
  const unsent = state.limits.waiters.filter((waiter) => !isSent(state, waiter));
  return Math.min(Infinity, ...unsent.map(({ deadline }) => deadline));
}

/** What could not even be sent for so long is taken back. */
export function tickWaiters(step: Step): void {
  const { state, now } = step;
  const overdue = (item: LimitWaiter) => item.deadline <= now && !isSent(state, item);
  fail(step, take(step, overdue), { type: "busy" });
}

function isSent({ limits, charger }: State, { round }: LimitWaiter): boolean {
  const isPending = charger.pending?.call.origins[0]?.type === "limit";
  return isPending && limits.flight !== undefined && round <= limits.flight.round;
}

function take(step: Step, which: (waiter: LimitWaiter) => boolean): LimitWaiter[] {
  const { waiters } = step.state.limits;
  const taken = waiters.filter(which);
  for (const waiter of taken) waiters.splice(waiters.indexOf(waiter), 1);
  return taken;
}

function takeBack(step: Step, waiter: LimitWaiter): void {
  const { state } = step;
  const { limits } = state;
  const { added, replaced } = waiter;
  const removed = removeProfiles(step, (stored) => stored === added);
  if (added && removed.length === 0) {
    // What took its place since is to put back what was there before both.
    for (const later of limits.waiters) {
      if (!later.replaced.includes(added)) continue;
      later.replaced = [...later.replaced.filter((stored) => stored !== added), ...replaced];
    }
    return;
  }
  limits.profiles.push(
    ...replaced.filter(({ transactionId }) =>
      transactionId === undefined || state.open.has(transactionId)
    ),
  );
  limits.fallback ??= waiter.fallback;
  saveLimits(step);
}

function answer(step: Step, waiter: LimitWaiter, outcome: ChargerOutcome): void {
  answerOrigin(step, waiter.origin, waiter.action, outcome);
  const accepted = outcome.type === "result" && outcome.payload.status === "Accepted";
  const since = waiter.deadline - LIMIT_WAIT_MS;
  if (!accepted && waiter.freshLease) releaseUnused(step, waiter.backendId, since);
}
