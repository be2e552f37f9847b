// Clears what backends have left on the charger: at their word, or when nobody stands behind it.

import type { Messages } from "../ocpp/types.ts";
import type { Backend } from "./backend_state.ts";
import { callCharger } from "./charger_call.ts";
import { saveLeftovers } from "./leftover.ts";
import type { ChargerCall, ChargerOutcome, ClearWhole, Origin } from "./state.ts";
import type { Step } from "./step_context.ts";

/** What could not be cleared is tried again after this long, ms. */
export const CLEAR_RETRY_MS = 60_000;

/**
 * Clears what a backend itself has set and `request` means, one call each (ocpp16.md, N31). False:
 * there is none, and nothing is answered.
 */
export function clearOwnProfiles(
  step: Step,
  backend: Backend,
  origin: Origin,
  request: Messages["ClearChargingProfile"]["request"],
): boolean {
  const own = [...step.state.profiles].filter(([, entry]) =>
    entry.backendId === backend.id && !entry.abandoned &&
    (request.id !== undefined
      ? entry.theirs === request.id
      : (request.connectorId ?? entry.connectorId) === entry.connectorId &&
        (request.stackLevel ?? entry.stackLevel) === entry.stackLevel &&
        (request.chargingProfilePurpose ?? entry.purpose) === entry.purpose)
  );
  const whole: ClearWhole = { origin, remaining: own.length, cleared: 0, failure: undefined };
  for (const [id] of own) {
    callCharger(step, {
      action: "ClearChargingProfile",
      payload: { id },
      origins: [{ type: "part", whole }],
      backendId: backend.id,
      requested: request,
    });
  }
  return own.length > 0;
}

/** The end of a ClearChargingProfile or CancelReservation: the charger has it no more. */
export function leftoverCleared(step: Step, call: ChargerCall, outcome: ChargerOutcome): void {
  const { charger, profiles, reservations } = step.state;
  const entries = call.action === "ClearChargingProfile" ? profiles : reservations;
  const id = Number(call.payload.id ?? call.payload.reservationId);
  if (outcome.type === "result") {
    entries.delete(id);
    return saveLeftovers(step);
  }
  // Whoever asked: nobody else may clear it any more.
  if (entries.get(id)?.abandoned) charger.clearAt = step.now + CLEAR_RETRY_MS;
}

/** Nobody stands behind what a backend has left: it is cleared, now or when the charger is back. */
export function abandon(step: Step, backendId: string): void {
  const { profiles, reservations } = step.state;
  let changed = false;
  for (const entry of [...profiles.values(), ...reservations.values()]) {
    if (entry.backendId !== backendId || entry.abandoned) continue;
    entry.abandoned = true;
    changed = true;
  }
  if (changed) saveLeftovers(step);
  clearAbandoned(step);
}

/** Clears what nobody stands behind, when the charger is there. */
export function clearAbandoned(step: Step): void {
  const { charger, profiles, reservations } = step.state;
  charger.clearAt = undefined;
  if (charger.connection === undefined) return;
  const underWay = new Set(
    [charger.pending?.call, ...charger.queue].map((call) =>
      `${call?.action}/${call?.payload.id ?? call?.payload.reservationId}`
    ),
  );
  const wanted = [
    ...[...profiles].filter(([, entry]) => entry.abandoned)
      .map(([id]) => ["ClearChargingProfile", { id }] as const),
    ...[...reservations].filter(([, entry]) => entry.abandoned)
      .map(([reservationId]) => ["CancelReservation", { reservationId }] as const),
  ];
  for (const [action, payload] of wanted) {
    if (underWay.has(`${action}/${Object.values(payload)[0]}`)) continue;
    callCharger(step, {
      action,
      payload,
      origins: [{ type: "housekeeping" }],
      backendId: undefined,
    });
  }
}

/** Tries again what could not be cleared. */
export function tickLeftovers(step: Step): void {
  const { clearAt } = step.state.charger;
  if (clearAt !== undefined && clearAt <= step.now) clearAbandoned(step);
}
