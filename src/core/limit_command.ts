// What backends say about limits: kept for each of them, and lowered to what all of them allow.

import type { ChargingProfile } from "../ocpp/types.ts";
import { decide } from "./arbitration.ts";
import { isExcluded } from "./objection.ts";
import { type Command, control, refuse, reply } from "./backend_command.ts";
import { crowd, isMeant, keepProfile, removeProfiles } from "./backend_profile.ts";
import type { Backend } from "./backend_state.ts";
import { checkProfile, checkStartProfile } from "./charging_profile.ts";
import { endFallback } from "./charging_limit.ts";
import type { StoredProfile } from "./limit_state.ts";
import { awaitLimit } from "./limit_waiter.ts";
import type { Origin } from "./state.ts";
import type { Step } from "./step_context.ts";

/** How a limit may be set: under control, or, as a guard, beside somebody else's. */
interface Standing {
  readonly guard: boolean;
  /** The lease was granted for this very command. */
  readonly fresh: boolean;
}

/** SetChargingProfile (section 5.16), answered when the charger has the limit. */
export function setChargingProfile(command: Command<"SetChargingProfile">): void {
  const { step, backend, origin, request } = command;
  const { connectorId } = request;
  const checked = checkProfile(step.state, backend, request, step.now);
  if (!checked.ok) return refuse(command as Command, checked.reason);
  const full = crowd(step.state, checked.value);
  if (full) return refuse(command as Command, full);
  if (guards(step, backend, connectorId)) {
    const reason = guardBar(step, backend);
    if (reason) return refuse(command as Command, reason);
    return setLimit(step, origin, checked.value, { guard: true, fresh: false });
  }
  const lease = control(command as Command, "limit", connectorId);
  if (lease) setLimit(step, origin, checked.value, { guard: false, fresh: lease.fresh });
}

/** Whether a backend limits as a guard: it may, and control is not its own and not to be had. */
export function guards(step: Step, backend: Backend, connectorId: number | undefined): boolean {
  const { state, now } = step;
  if (!backend.configuration.permissions.has("guard")) return false;
  // Whom the owner has shut out is told so like anybody else.
  if (isExcluded(state, backend.id)) return false;
  if (state.control.lease?.backendId === backend.id) return false;
  const action = "SetChargingProfile";
  const request = { backendId: backend.id, action, permission: "limit", connectorId } as const;
  return decide(state, request, now).type !== "granted";
}

/** Why even a guard cannot set a limit now; undefined: it can. */
function guardBar({ state }: Step, { link, registration }: Backend): string | undefined {
  if (state.charger.connection === undefined) return "the charger is not connected";
  const unregistered = link.type === "open" && link.protocol === "ocpp1.6" &&
    registration !== "accepted";
  return unregistered ? "BootNotification is not accepted yet" : undefined;
}

/** Keeps a limit; who asked for it is answered when the charger has it, or will not have it. */
export function setLimit(
  step: Step,
  origin: Origin,
  checked: Omit<StoredProfile, "guard">,
  { guard, fresh }: Standing,
): void {
  const { fallback } = step.state.limits;
  const added = { ...checked, guard };
  const replaced = keepProfile(step, added);
  endFallback(step);
  awaitLimit(step, {
    origin,
    backendId: checked.backendId,
    action: "SetChargingProfile",
    freshLease: fresh,
    added,
    replaced,
    fallback,
  });
}

/**
 * Takes back what `which` says of a backend's limits; who asked for it is answered when that is on
 * disk. Returns false, and nobody is answered, where there is none.
 */
export function clearLimits(
  step: Step,
  origin: Origin,
  backendId: string,
  which: (stored: StoredProfile) => boolean,
): boolean {
  const replaced = removeProfiles(
    step,
    (stored) => stored.backendId === backendId && which(stored),
  );
  if (replaced.length === 0) return false;
  awaitLimit(step, {
    origin,
    backendId,
    action: "ClearChargingProfile",
    freshLease: false,
    added: undefined,
    replaced,
    fallback: undefined,
  });
  return true;
}

/** ClearChargingProfile (section 5.3): of what this backend has set itself (ocpp16.md, N31). */
export function clearChargingProfile(command: Command<"ClearChargingProfile">): void {
  const { step, backend, origin, request } = command;
  if (!mayLimit(backend)) return refuse(command as Command, 'it lacks "limit"');
  const cleared = clearLimits(step, origin, backend.id, (stored) => isMeant(stored, request));
  if (!cleared) reply(command as Command, { status: "Unknown" });
}

function mayLimit({ configuration: { permissions } }: Backend): boolean {
  return permissions.has("limit") || permissions.has("guard");
}

/** Keeps the profile of a RemoteStartTransaction for its transaction; why it cannot be. */
export function checkStart(
  step: Step,
  backend: Backend,
  profile: ChargingProfile,
  connectorId: number,
): { readonly fault: string } | { readonly fault: undefined; readonly keep: () => void } {
  const checked = checkStartProfile(backend, profile, connectorId, step.now);
  if (!checked.ok) return { fault: checked.reason };
  const full = crowd(step.state, checked.value);
  if (full) return { fault: full };
  return {
    fault: undefined,
    keep: () => {
      keepProfile(step, { ...checked.value, guard: false });
    },
  };
}
