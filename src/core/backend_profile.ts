// Each backend's own charging profiles: they stay with the proxy, and nobody else sees them.

import type { JsonValue } from "../ocpp/json.ts";
import { parseTime } from "../ocpp/time.ts";
import type { Messages } from "../ocpp/types.ts";
import { callsUnderWay } from "./call_queue.ts";
import type { Limits, StoredProfile } from "./limit_state.ts";
import type { SessionRecord, Write } from "./record.ts";
import type { State } from "./state.ts";
import { persist, type Step } from "./step_context.ts";

/** Profiles that one backend may have. */
export const MAX_PROFILES_EACH = 16;

/** Profiles of all backends. */
export const MAX_PROFILES = 64;

type Place = Pick<StoredProfile, "backendId" | "connectorId" | "profile" | "awaitsStart">;

/** Why there is no room for a profile; undefined: there is. */
export function crowd({ limits }: State, place: Place): string | undefined {
  const kept = limits.profiles.filter((other) => !takesPlaceOf(place, other));
  const own = kept.filter(({ backendId }) => backendId === place.backendId);
  return own.length >= MAX_PROFILES_EACH || kept.length >= MAX_PROFILES
    ? "there are too many profiles"
    : undefined;
}

/** Keeps a profile; returns those that it replaces: with its id, or in its place. */
export function keepProfile(step: Step, stored: StoredProfile): readonly StoredProfile[] {
  const { limits } = step.state;
  const replaced = limits.profiles.filter((other) => takesPlaceOf(stored, other));
  limits.profiles = [...limits.profiles.filter((other) => !replaced.includes(other)), stored];
  changed(limits);
  saveLimits(step);
  return replaced;
}

function takesPlaceOf(place: Place, other: StoredProfile): boolean {
  if (place.backendId !== other.backendId) return false;
  // Of a start that is being waited for there is one on each connector, which disturbs nothing that
  // runs.
  if (place.awaitsStart || other.awaitsStart) {
    return place.awaitsStart && other.awaitsStart && place.connectorId === other.connectorId;
  }
  const { profile } = place;
  return other.profile.chargingProfileId === profile.chargingProfileId ||
    (other.connectorId === place.connectorId &&
      other.profile.stackLevel === profile.stackLevel &&
      other.profile.chargingProfilePurpose === profile.chargingProfilePurpose);
}

/** Takes out what `which` says, and returns it. */
export function removeProfiles(
  step: Step,
  which: (stored: StoredProfile) => boolean,
): readonly StoredProfile[] {
  const { limits } = step.state;
  const removed = limits.profiles.filter(which);
  if (removed.length === 0) return removed;
  limits.profiles = limits.profiles.filter((stored) => !removed.includes(stored));
  changed(limits);
  saveLimits(step);
  return removed;
}

/** Whether ClearChargingProfile means a profile (section 5.3); with an id nothing else counts. */
export function isMeant(
  { connectorId, profile }: StoredProfile,
  request: Messages["ClearChargingProfile"]["request"],
): boolean {
  if (request.id !== undefined) return profile.chargingProfileId === request.id;
  const { chargingProfilePurpose: purpose, stackLevel } = request;
  return (request.connectorId ?? connectorId) === connectorId &&
    (stackLevel ?? profile.stackLevel) === profile.stackLevel &&
    (purpose ?? profile.chargingProfilePurpose) === profile.chargingProfilePurpose;
}

/** A transaction has begun: the profile that came with its RemoteStartTransaction is its own now. */
export function bindStartProfile(step: Step, session: SessionRecord): void {
  const { backendId, bookedBy, connectorId, transactionId } = session;
  if (bookedBy !== "remote_start") return;
  const own = step.state.limits.profiles.filter((stored) =>
    stored.awaitsStart && stored.backendId === backendId
  );
  const waiting = own.find((stored) => stored.connectorId === connectorId) ??
    own.find((stored) => stored.connectorId === 0);
  if (!waiting) return;
  removeProfiles(step, (stored) => stored === waiting);
  keepProfile(step, { ...waiting, connectorId, transactionId, awaitsStart: false });
}

/** Drops what is over: ended transactions, starts that did not come, times that have passed. */
export function dropFinished(step: Step): void {
  const { state, now } = step;
  removeProfiles(step, ({ backendId, connectorId, awaitsStart, transactionId, profile }) => {
    if (awaitsStart) return !isStarting(state, backendId, connectorId);
    if (transactionId !== undefined && !state.open.has(transactionId)) return true;
    return profile.validTo !== undefined && (parseTime(profile.validTo) ?? Infinity) <= now;
  });
}

/** Whether a start may still come that its profile is for; `connectorId` 0: it named none. */
function isStarting(state: State, backendId: string, connectorId: number): boolean {
  return state.control.claims.some((claim) =>
    claim.backendId === backendId && (claim.connectorId ?? 0) === connectorId
  ) ||
    callsUnderWay(state).some((call) =>
      call.action === "RemoteStartTransaction" && call.backendId === backendId &&
      (call.payload.connectorId ?? 0) === connectorId
    );
}

function changed(limits: Limits): void {
  limits.round++;
  limits.dirty = true;
}

/** Writes everything about limits down, before anything else happens. */
export function saveLimits(step: Step): void {
  persist(step, [limitsWrite(step.state.limits)]);
}

/** The same, for whoever waits for it. */
export function limitsWrite({ profiles, fallback, installed, accepted }: Limits): Write {
  const value = { profiles, fallback, installed: [...installed.values()], accepted };
  // Undefined fields are left out.
  return { table: "fact", key: "limits", value: plain(value) };
}

function plain(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value));
}
