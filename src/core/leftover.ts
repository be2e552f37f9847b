// What backends leave on the charger, profiles and reservations: written down before it is sent.

import type { JsonValue } from "../ocpp/json.ts";
import { parseTime } from "../ocpp/time.ts";
import type { Messages } from "../ocpp/types.ts";
import type { Backend } from "./backend_state.ts";
import { clearAbandoned } from "./leftover_clearing.ts";
import type { Write } from "./record.ts";
import type { ChargerCall, ChargerOutcome, State } from "./state.ts";
import type { Step } from "./step_context.ts";

/** Profiles on the charger, and reservations, that are kept track of; one more is refused. */
export const MAX_LEFTOVERS = 64;

type Profile = Messages["SetChargingProfile"]["request"]["csChargingProfiles"];

/** An id that the charger has never had from this installation. */
export function nextForeignId({ state }: Step): number {
  return ++state.lastForeignId;
}

/** The charger's id for a backend's profile; undefined: it has none yet. */
export function profileIdOf(
  { profiles }: State,
  backend: Backend,
  theirs: number,
): number | undefined {
  for (const [ours, entry] of profiles) {
    if (entry.backendId === backend.id && entry.theirs === theirs && !entry.abandoned) return ours;
  }
  return undefined;
}

/** The same of a reservation. */
export function reservationIdOf(
  { reservations }: State,
  backend: Backend,
  theirs: number,
): number | undefined {
  for (const [ours, entry] of reservations) {
    if (entry.backendId === backend.id && entry.theirs === theirs && !entry.abandoned) return ours;
  }
  return undefined;
}

/** The profile under the charger's id, which is on disk before the charger sees it. */
export function registerProfile(
  step: Step,
  backend: Backend,
  connectorId: number,
  profile: Profile,
): Profile {
  const theirs = profile.chargingProfileId;
  let ours = profileIdOf(step.state, backend, theirs);
  if (ours === undefined) {
    ours = nextForeignId(step);
    step.state.profiles.set(ours, {
      backendId: backend.id,
      theirs,
      connectorId,
      purpose: profile.chargingProfilePurpose,
      stackLevel: profile.stackLevel,
      confirmed: false,
      abandoned: false,
    });
    saveLeftovers(step);
  }
  return { ...profile, chargingProfileId: ours };
}

/** The same for a reservation. */
export function registerReservation(
  step: Step,
  backend: Backend,
  request: Messages["ReserveNow"]["request"],
): Messages["ReserveNow"]["request"] {
  const theirs = request.reservationId;
  let ours = reservationIdOf(step.state, backend, theirs);
  if (ours === undefined) {
    ours = nextForeignId(step);
    step.state.reservations.set(ours, {
      backendId: backend.id,
      theirs,
      connectorId: request.connectorId,
      expiresAt: parseTime(request.expiryDate) ?? step.now,
      confirmed: false,
      abandoned: false,
    });
    saveLeftovers(step);
  }
  return { ...request, reservationId: ours };
}

/** Whether a command may have been carried out although there is no answer to it. */
export function isUnknown(outcome: ChargerOutcome): boolean {
  return outcome.type === "timeout" || outcome.type === "lost";
}

/** Without an answer it may be there: it is cleared with the others, whatever is said later. */
function mayBeThere<E extends { readonly confirmed: boolean }>(
  step: Step,
  entries: Map<number, E>,
  ours: number,
): void {
  const entry = entries.get(ours);
  if (!entry || entry.confirmed) return;
  entries.set(ours, { ...entry, confirmed: true });
  saveLeftovers(step);
}

/** Whether another CALL that brings the same is in flight or waits. */
function isUnderWay({ charger }: State, what: "profile" | "reservation", ours: number): boolean {
  return [charger.pending?.call, ...charger.queue].some((call) => {
    if (call === undefined) return false;
    if (what === "reservation") {
      return call.action === "ReserveNow" && call.payload.reservationId === ours;
    }
    const { csChargingProfiles, chargingProfile } = call.payload;
    const profile = (csChargingProfiles ?? chargingProfile) as Profile | undefined;
    return profile?.chargingProfileId === ours;
  });
}

/** The end of a CALL that brings a profile to the charger. */
export function profileSent(
  step: Step,
  call: ChargerCall,
  connectorId: number,
  profile: Profile,
  outcome: ChargerOutcome,
): void {
  const { profiles, control } = step.state;
  const { backendId } = call;
  const ours = profile.chargingProfileId;
  const entry = profiles.get(ours);
  if (backendId === undefined) return;
  if (isUnknown(outcome)) return mayBeThere(step, profiles, ours);
  if (outcome.type !== "result" || outcome.payload.status !== "Accepted") {
    if (!entry || entry.confirmed || isUnderWay(step.state, "profile", ours)) return;
    profiles.delete(ours);
    return saveLeftovers(step);
  }
  const { chargingProfilePurpose: purpose, stackLevel } = profile;
  const requested = (call.requested.csChargingProfiles ?? call.requested.chargingProfile) as
    | { chargingProfileId: number }
    | undefined;
  const theirs = entry?.theirs ?? requested?.chargingProfileId ?? ours;
  const abandoned = entry?.abandoned === true || control.lease?.backendId !== backendId;
  const installed = {
    backendId,
    theirs,
    connectorId,
    purpose,
    stackLevel,
    confirmed: true,
    abandoned,
  };
  const changed = JSON.stringify(entry) !== JSON.stringify(installed);
  profiles.set(ours, installed);
  if (!changed) return;
  for (const [id, other] of profiles) {
    const replaced = id !== ours && other.confirmed && other.connectorId === connectorId &&
      other.purpose === purpose && other.stackLevel === stackLevel;
    if (replaced) profiles.delete(id);
  }
  saveLeftovers(step);
  clearAbandoned(step);
}

/** The end of a ReserveNow. */
export function reservationSent(step: Step, call: ChargerCall, outcome: ChargerOutcome): void {
  const { reservations, control } = step.state;
  const request = call.payload as Messages["ReserveNow"]["request"];
  const ours = request.reservationId;
  const entry = reservations.get(ours);
  if (call.backendId === undefined) return;
  if (isUnknown(outcome)) return mayBeThere(step, reservations, ours);
  if (outcome.type !== "result" || outcome.payload.status !== "Accepted") {
    const may = entry && !entry.confirmed && !isUnderWay(step.state, "reservation", ours);
    if (may) reservations.delete(ours);
  } else {
    reservations.set(ours, {
      backendId: call.backendId,
      theirs: Number(call.requested.reservationId),
      connectorId: request.connectorId,
      expiresAt: parseTime(request.expiryDate) ?? step.now,
      confirmed: true,
      abandoned: entry?.abandoned === true || control.lease?.backendId !== call.backendId,
    });
  }
  dropExpired(step);
  saveLeftovers(step);
  clearAbandoned(step);
}

/** Whether a backend has left anything on the charger. */
export function hasLeft({ profiles, reservations }: State, backendId: string): boolean {
  return [...profiles.values(), ...reservations.values()].some((entry) =>
    entry.backendId === backendId && !entry.abandoned
  );
}

/** Writes down what backends left on the charger, before anything else happens. */
export function saveLeftovers(step: Step): void {
  const { profiles, reservations, requests, lastForeignId } = step.state;
  const fact = (key: string, value: JsonValue): Write => ({ table: "fact", key, value });
  step.effects.push({
    type: "persist",
    writes: [
      fact("profiles", [...profiles].map(([id, entry]) => [id, { ...entry }])),
      fact("reservations", [...reservations].map(([id, entry]) => [id, { ...entry }])),
      fact("requests", [...requests].map(([id, entry]) => [id, { ...entry }])),
      fact("last_foreign_id", lastForeignId),
    ],
  });
}

/** Forgets reservations whose time is over: the charger has let go of them by itself. */
export function dropExpired({ state, now }: Step): void {
  for (const [id, { expiresAt }] of state.reservations) {
    if (expiresAt < now) state.reservations.delete(id);
  }
}
