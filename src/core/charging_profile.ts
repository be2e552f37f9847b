// Charging profiles of backends: checked where chargers do not check, under the proxy's own ids.

import type { ChargingProfile, ChargingSchedulePeriod, Messages } from "../ocpp/types.ts";
import type { Backend } from "./backend_state.ts";
import { sessionByBackendId } from "./delivery.ts";
import { MAX_LEFTOVERS, profileIdOf } from "./leftover.ts";
import { chargerTransactionId, sessionOnConnector } from "./session.ts";
import type { State } from "./state.ts";

type SetRequest = Messages["SetChargingProfile"]["request"];

/** A profile for the charger, or why there is none. */
export type Translated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

/** SetChargingProfile as the charger may have it, but for its id (OCPP 1.6, 3.13 and 5.16). */
export function translateProfile(
  state: State,
  backend: Backend,
  { connectorId, csChargingProfiles: profile }: SetRequest,
): Translated<SetRequest> {
  const fault = profileFault(profile) ?? placementFault(profile, connectorId) ??
    crowd(state, backend, profile);
  if (fault) return { ok: false, reason: fault };
  const { transactionId: theirs, ...rest } = profile;
  const translated: ChargingProfile = {
    ...rest,
    chargingSchedule: rounded(profile.chargingSchedule),
  };
  if (profile.chargingProfilePurpose !== "TxProfile") {
    return { ok: true, value: { connectorId, csChargingProfiles: translated } };
  }
  const running = sessionOnConnector(state, connectorId);
  if (!running) return { ok: false, reason: "a TxProfile needs a running transaction" };
  if (theirs !== undefined && sessionByBackendId(state, backend, theirs) !== running) {
    return { ok: false, reason: `transaction ${theirs} does not run on connector ${connectorId}` };
  }
  translated.transactionId = chargerTransactionId(running);
  return { ok: true, value: { connectorId, csChargingProfiles: translated } };
}

/** The profile of a RemoteStartTransaction: a TxProfile without a transaction (section 5.11). */
export function translateStartProfile(
  state: State,
  backend: Backend,
  profile: ChargingProfile,
): Translated<ChargingProfile> {
  // The right to start is not yet the right to limit (contract, section 3).
  if (!backend.configuration.permissions.has("limit")) {
    return { ok: false, reason: 'it lacks "limit", which a charging profile needs' };
  }
  const fault = profileFault(profile) ?? crowd(state, backend, profile);
  if (fault) return { ok: false, reason: fault };
  if (profile.chargingProfilePurpose !== "TxProfile" || profile.transactionId !== undefined) {
    return {
      ok: false,
      reason: "RemoteStartTransaction takes a TxProfile without a transaction id",
    };
  }
  return { ok: true, value: { ...profile, chargingSchedule: rounded(profile.chargingSchedule) } };
}

function crowd(state: State, backend: Backend, profile: ChargingProfile): string | undefined {
  const known = profileIdOf(state, backend, profile.chargingProfileId) !== undefined;
  return known || state.profiles.size < MAX_LEFTOVERS ? undefined : "there are too many profiles";
}

function profileFault({ chargingSchedule, stackLevel }: ChargingProfile): string | undefined {
  const periods = chargingSchedule.chargingSchedulePeriod;
  if (stackLevel < 0) return "stackLevel is negative";
  if (periods.length === 0) return "the schedule has no period";
  if (periods[0]!.startPeriod !== 0) return "the first startPeriod is not 0";
  for (const [index, period] of periods.entries()) {
    if (period.limit < 0) return "a limit is negative";
    if (index > 0 && period.startPeriod <= periods[index - 1]!.startPeriod) {
      return "startPeriod does not rise";
    }
  }
  return undefined;
}

function placementFault(profile: ChargingProfile, connectorId: number): string | undefined {
  switch (profile.chargingProfilePurpose) {
    case "ChargePointMaxProfile":
      return connectorId === 0 ? undefined : "a ChargePointMaxProfile belongs to connector 0";
    case "TxProfile":
      return connectorId > 0 ? undefined : "a TxProfile belongs to a connector above 0";
    case "TxDefaultProfile":
      return undefined;
    default:
      return profile.chargingProfilePurpose satisfies never;
  }
}

/** Limits have one decimal (section 7.14); never up, for the fuse's sake. */
function rounded(schedule: ChargingProfile["chargingSchedule"]) {
  const round = (limit: number) => Math.floor(Math.round(limit * 100) / 10) / 10;
  const { minChargingRate, ...rest } = schedule;
  return {
    ...rest,
    chargingSchedulePeriod: schedule.chargingSchedulePeriod.map((
      period,
    ): ChargingSchedulePeriod => ({ ...period, limit: round(period.limit) })),
    ...minChargingRate !== undefined && { minChargingRate: round(minChargingRate) },
  };
}

/** Watts that one ampere carries on one phase of a European household. */
const VOLTS = 230;

/** A limit in so many words (`set_limit`), as a profile the charger understands. */
export function limitProfile(
  state: State,
  limit: { readonly currentA: number } | { readonly powerW: number },
  validTo: string | undefined,
): ChargingProfile {
  const key = state.charger.configuration?.find((row) =>
    row.key.toLowerCase() === "chargingscheduleallowedchargingrateunit"
  );
  const units = (key?.value ?? "").toLowerCase().split(",").map((item) => item.trim());
  const knowsA = units.some((unit) => unit === "a" || unit === "current");
  const knowsW = units.some((unit) => unit === "w" || unit === "power");
  const wantsA = "currentA" in limit;
  const unit = wantsA ? (knowsW && !knowsA ? "W" : "A") : (knowsA && !knowsW ? "A" : "W");
  const phases = 3;
  const amount = wantsA
    ? (unit === "A" ? limit.currentA : limit.currentA * VOLTS * phases)
    : (unit === "W" ? limit.powerW : limit.powerW / VOLTS / phases);
  return {
    chargingProfileId: 1,
    stackLevel: 0,
    chargingProfilePurpose: "TxDefaultProfile",
    chargingProfileKind: "Relative",
    ...validTo !== undefined && { validTo },
    chargingSchedule: {
      chargingRateUnit: unit,
      chargingSchedulePeriod: [{ startPeriod: 0, limit: amount }],
    },
  };
}
