// One effective limit for the charger: what owner, rules and backends allow, the lowest of it.

import { dropFinished, removeProfiles, saveLimits } from "./backend_profile.ts";
import { isExcluded } from "./objection.ts";
import type { StoredProfile } from "./limit_state.ts";
import { refuseWaiters, tickWaiters, waiterDeadline } from "./limit_waiter.ts";
import type { SessionRecord } from "./record.ts";
import { openSessions } from "./session.ts";
import type { State } from "./state.ts";
import type { Step } from "./step_context.ts";

/** Something that limits may depend on has changed: the end of the step sends what is new. */
export function limitsChanged(step: Step): void {
  step.state.limits.dirty = true;
}

/**
 * Nobody stands behind a backend's limits any more; while what they limited runs, the fallback does.
 * `beginning`: the transaction whose begin is why, which they have not limited yet.
 */
export function dropLimits(step: Step, backendId: string, beginning?: number): void {
  drop(step, (stored) => stored.backendId === backendId && !stored.guard, beginning);
}

/** Whether a backend has set a limit that counts. */
export function hasLimits({ limits }: State, backendId: string): boolean {
  return limits.profiles.some((stored) => stored.backendId === backendId);
}

/** A controller or the owner says something new: the fallback has done its duty. */
export function endFallback(step: Step): void {
  const { limits } = step.state;
  if (!limits.fallback) return;
  limits.fallback = undefined;
  limits.dirty = true;
  saveLimits(step);
}

/** Drops what is over and what nobody stands behind; keeps the fallback only while it is due. */
export function reviewLimits(step: Step): void {
  const { state } = step;
  const { limits, control } = state;
  const { stopped } = limits;
  for (const id of stopped) {
    if (control.mode.mode !== "paused" || !state.open.has(id)) stopped.delete(id);
  }
  dropFinished(step);
  for (const backendId of new Set(limits.profiles.map((stored) => stored.backendId))) {
    if (!isGuardian(state, backendId, step.now)) {
      drop(step, (stored) => stored.backendId === backendId && stored.guard);
    }
    if (control.lease?.backendId !== backendId) dropLimits(step, backendId);
  }
  const { fallback } = limits;
  if (!fallback) return;
  const owner = ownerLimitText(state);
  const runs = fallback.transactionIds.some((id) => state.open.has(id));
  if (!runs || (control.ownerLimit && owner !== fallback.ownerLimit)) endFallback(step);
}

function isGuardian(state: State, backendId: string, now: number): boolean {
  const backend = state.backends.get(backendId);
  if (!backend?.configuration.permissions.has("guard")) return false;
  if (isExcluded(state, backendId)) return false;
  const { awaySince } = backend;
  return awaySince === undefined || now < awaySince + state.configuration.reconnectGraceMs;
}

function drop(
  step: Step,
  which: (stored: StoredProfile) => boolean,
  beginning?: number,
): void {
  const { state } = step;
  const { limits } = state;
  const counting = limits.profiles.filter((stored) => which(stored) && !stored.awaitsStart);
  // What a backend's limits have nothing to do with goes on as it was.
  const left = openSessions(state).filter((session) =>
    session.transactionId !== beginning && counting.some((stored) => concerns(stored, session))
  );
  removeProfiles(step, which);
  refuseWaiters(step, which);
  if (left.length === 0) return;
  limits.fallback = {
    transactionIds: left.map(({ transactionId }) => transactionId),
    ownerLimit: ownerLimitText(state),
  };
  saveLimits(step);
}

/** Whether a profile limits a transaction, whoever's that is. */
function concerns(stored: StoredProfile, { transactionId, connectorId }: SessionRecord): boolean {
  if (stored.transactionId !== undefined) return stored.transactionId === transactionId;
  return stored.connectorId === 0 || stored.connectorId === connectorId;
}

function ownerLimitText({ control }: State): string {
  return JSON.stringify(control.ownerLimit ?? null);
}

/** When limits want to be woken; Infinity: nothing waits. */
export function limitDeadline(state: State): number {
  const { limits, charger, backends, configuration } = state;
  let at = waiterDeadline(state);
  if (charger.connection !== undefined && !limits.flight) {
    at = Math.min(at, limits.checkAt ?? Infinity, limits.sendAt ?? Infinity);
  }
  for (const { guard, backendId } of limits.profiles) {
    const awaySince = guard ? backends.get(backendId)?.awaySince : undefined;
    if (awaySince !== undefined) at = Math.min(at, awaySince + configuration.reconnectGraceMs);
  }
  return at;
}

/** Looks at limits again when their time has come. */
export function tickLimits(step: Step): void {
  if (limitDeadline(step.state) > step.now) return;
  tickWaiters(step);
  limitsChanged(step);
}
