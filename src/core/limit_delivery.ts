// Brings the effective limit to the charger: only what is new, one call at a time, until it has it.

import { callCharger } from "./charger_call.ts";
import { reviewLimits } from "./charging_limit.ts";
import { saveLimits } from "./backend_profile.ts";
import { effectiveLimit } from "./effective_limit.ts";
import {
  formAccepted,
  formRefused,
  isRefused,
  settleForm,
  stopPaused,
  stopUnanswered,
} from "./limit_form.ts";
import { differs, periodAt, planLimits, setRequest } from "./limit_plan.ts";
import type { Installed, LimitContent } from "./limit_state.ts";
import { acceptWaiters, failWaiters, storeWishes } from "./limit_waiter.ts";
import { isUnknown } from "./leftover.ts";
import { openSessions } from "./session.ts";
import type { ChargerCall, ChargerOutcome } from "./state.ts";
import type { Step } from "./step_context.ts";
import { askConfiguration } from "./virtual_configuration.ts";

/** What came to nothing without the charger's no is tried again after this long. */
const LIMIT_RETRY_MS = 60_000;

/** So often the plan is compared with what the charger has. */
const REVIEW_MS = 1_800_000;

const REJECTED: ChargerOutcome = { type: "result", payload: { status: "Rejected" } };

/** The end of every step: drops what nobody stands behind, and sends what is new. */
export function settleLimits(step: Step): void {
  const { state } = step;
  const { limits } = state;
  // What waits for the store has to become true first.
  while (limits.dirty && !state.storing) {
    limits.dirty = false;
    reviewLimits(step);
    // The review is a change of its own.
    limits.dirty = false;
    if (storeWishes(step)) return;
    deliver(step);
  }
}

function deliver(step: Step): void {
  const { state, now } = step;
  const { limits, charger } = state;
  limits.checkAt = limits.sendAt = undefined;
  if (charger.connection === undefined) return;
  withdrawQueued(step);
  const effective = effectiveLimit(state, now);
  settleForm(state);
  const plan = planLimits(state, effective, now);
  if (plan.size > 0 || limits.installed.size > 0 || effective.nextChange !== undefined) {
    limits.checkAt = Math.min(now + REVIEW_MS, effective.nextChange ?? Infinity);
  }
  if (limits.flight || !knowsCharger(step, plan.size > 0)) return;
  const due = [...plan.values()].filter((content) => isDue(step, content));
  if (due.length > 0 && isRefused(state, effective, now)) {
    failWaiters(step, limits.round, REJECTED);
    return stopPaused(step);
  }
  if (due.length > 0) stopUnanswered(step);
  const next = due.find((content) => sendTime(step, content) <= now);
  if (next) return send(step, next, due.length === 1);
  if (due.length > 0) {
    limits.sendAt = Math.min(...due.map((content) => sendTime(step, content)));
    return;
  }
  acceptWaiters(step, limits.round);
  const surplus = [...limits.installed.keys()].find((id) => !plan.has(id));
  if (surplus === undefined) return;
  if ((limits.clearAt ?? 0) > now) limits.sendAt = limits.clearAt;
  else clear(step, surplus);
}

/** A call of ours that was not sent yet makes room for what counts now. */
function withdrawQueued({ state }: Step): void {
  const { limits, charger } = state;
  const index = charger.queue.findIndex(({ origins }) => origins[0]?.type === "limit");
  if (index < 0) return;
  charger.queue.splice(index, 1);
  const { flight } = limits;
  limits.flight = undefined;
  if (flight) putBack(state.limits.installed, flight.id, flight.before);
}

function putBack(
  installed: Map<number, Installed>,
  id: number,
  before: Installed | undefined,
): void {
  if (before) installed.set(id, before);
  else installed.delete(id);
}

/** In which unit and how finely it can be limited; undefined: it is being asked. */
function knowsCharger(step: Step, wants: boolean): boolean {
  const { limits, charger } = step.state;
  if (charger.configuration || !wants) return true;
  if (limits.configurationTried) return !charger.configurationAsked;
  limits.configurationTried = true;
  askConfiguration(step);
  return !charger.configurationAsked;
}

function isDue({ state, now }: Step, content: LimitContent): boolean {
  const have = state.limits.installed.get(content.id);
  return !have?.confirmed || differs(have, content, now);
}

function sendTime({ state }: Step, { id }: LimitContent): number {
  const { limits, configuration } = state;
  const sentAt = limits.installed.get(id)?.sentAt ?? -Infinity;
  return Math.max(sentAt + configuration.charger.limitSpacingMs, limits.retryAt ?? -Infinity);
}

function send(step: Step, content: LimitContent, completes: boolean): void {
  const { state, now } = step;
  const { limits } = state;
  const before = limits.installed.get(content.id);
  const had = before && periodAt(before, now);
  limits.flight = { id: content.id, before, round: limits.round, completes };
  limits.installed.set(content.id, { ...content, confirmed: false, sentAt: now });
  // Should the process die now, the charger may have it.
  saveLimits(step);
  const oldest = Math.min(now, ...openSessions(state).map(({ startedAt }) => startedAt));
  callCharger(step, {
    action: "SetChargingProfile",
    payload: setRequest(content, now, oldest),
    origins: [{ type: "limit" }],
    backendId: undefined,
    urgent: had === undefined || content.periods[0]!.limit < had.limit,
  });
}

function clear(step: Step, id: number): void {
  const { limits } = step.state;
  const before = limits.installed.get(id)!;
  limits.flight = { id, before, round: limits.round, completes: false };
  limits.installed.set(id, { ...before, confirmed: false });
  saveLimits(step);
  callCharger(step, {
    action: "ClearChargingProfile",
    payload: { id },
    origins: [{ type: "limit" }],
    backendId: undefined,
  });
}

/** The end of a call that brings or clears a limit. */
export function limitAnswered(step: Step, call: ChargerCall, outcome: ChargerOutcome): void {
  const { state, now } = step;
  const { limits } = state;
  const { flight } = limits;
  if (!flight) return;
  limits.flight = undefined;
  limits.dirty = true;
  const never = outcome.type === "offline" || outcome.type === "busy" || outcome.type === "refused";
  if (never) putBack(limits.installed, flight.id, flight.before);
  if (outcome.type === "result" || outcome.type === "error") limits.unanswered = 0;
  if (call.action === "ClearChargingProfile") {
    // "Unknown" is as good; what cannot be understood is tried again.
    if (outcome.type === "result") limits.installed.delete(flight.id);
    else limits.clearAt = now + LIMIT_RETRY_MS;
  } else if (never || isUnknown(outcome)) {
    if (outcome.type === "timeout") limits.unanswered++;
    limits.retryAt = now + LIMIT_RETRY_MS;
    failWaiters(step, flight.round, outcome);
  } else if (outcome.type === "result" && outcome.payload.status === "Accepted") {
    limits.retryAt = undefined;
    const sent = limits.installed.get(flight.id);
    if (sent) limits.installed.set(flight.id, { ...sent, confirmed: true });
    formAccepted(state);
    if (flight.completes) acceptWaiters(step, flight.round);
  } else {
    putBack(limits.installed, flight.id, flight.before);
    formRefused(step, call, outcome, effectiveLimit(state, now), flight.round);
  }
  saveLimits(step);
}

/** The charger has booted: what it had of limits it may have lost. */
export function limitsAfterBoot(step: Step): void {
  const { limits } = step.state;
  for (const [id, content] of limits.installed) {
    limits.installed.set(id, { ...content, confirmed: false });
  }
  if (limits.installed.size > 0) saveLimits(step);
  limits.refused = undefined;
  limits.unanswered = 0;
  limits.configurationTried = false;
  limitsAfterConnection(step);
}

/** The charger is there again: nothing waits any longer. */
export function limitsAfterConnection(step: Step): void {
  const { limits } = step.state;
  limits.retryAt = limits.clearAt = undefined;
  limits.dirty = true;
}

/** The charger is gone: whoever waits for a limit that was not sent waits in vain. */
export function limitsOffline(step: Step): void {
  failWaiters(step, step.state.limits.round, { type: "offline" });
}
