// Charging profiles of backends, checked where chargers do not check (OCPP 1.6, 3.13 and 5.16).

import { parseTime } from "../ocpp/time.ts";
import type { ChargingProfile, ChargingSchedulePeriod, Messages } from "../ocpp/types.ts";
import type { Backend } from "./backend_state.ts";
import { connectorIds } from "./connector_ids.ts";
import { sessionByBackendId } from "./delivery.ts";
import type { StoredProfile } from "./limit_state.ts";
import { sessionOnConnector } from "./session.ts";
import type { State } from "./state.ts";

/** Periods that a schedule of a backend may have. */
export const MAX_PERIODS = 100;

type SetRequest = Messages["SetChargingProfile"]["request"];

/** A profile as it is kept, or why it is not. */
export type Checked =
  | { readonly ok: true; readonly value: Omit<StoredProfile, "guard"> }
  | { readonly ok: false; readonly reason: string };

/** SetChargingProfile, for one backend alone. */
export function checkProfile(
  state: State,
  backend: Backend,
  { connectorId, csChargingProfiles: profile }: SetRequest,
  now: number,
): Checked {
  const fault = profileFault(profile) ?? placementFault(state, profile, connectorId);
  if (fault) return { ok: false, reason: fault };
  const { transactionId: theirs, ...rest } = profile;
  const value = {
    backendId: backend.id,
    connectorId,
    profile: { ...rest, chargingSchedule: rounded(profile.chargingSchedule) },
    receivedAt: now,
    transactionId: undefined,
    awaitsStart: false,
  };
  if (profile.chargingProfilePurpose !== "TxProfile") return { ok: true, value };
  const running = sessionOnConnector(state, connectorId);
  if (!running) return { ok: false, reason: "a TxProfile needs a running transaction" };
  if (theirs !== undefined && sessionByBackendId(state, backend, theirs) !== running) {
    return { ok: false, reason: `transaction ${theirs} does not run on connector ${connectorId}` };
  }
  return { ok: true, value: { ...value, transactionId: running.transactionId } };
}

/** The profile of a RemoteStartTransaction: a TxProfile without a transaction (section 5.11). */
export function checkStartProfile(
  backend: Backend,
  profile: ChargingProfile,
  connectorId: number,
  now: number,
): Checked {
  // The right to start is not yet the right to limit (contract, section 3).
  if (!backend.configuration.permissions.has("limit")) {
    return { ok: false, reason: 'it lacks "limit", which a charging profile needs' };
  }
  const fault = profileFault(profile);
  if (fault) return { ok: false, reason: fault };
  if (profile.chargingProfilePurpose !== "TxProfile" || profile.transactionId !== undefined) {
    return {
      ok: false,
      reason: "RemoteStartTransaction takes a TxProfile without a transaction id",
    };
  }
  return {
    ok: true,
    value: {
      backendId: backend.id,
      connectorId,
      profile: { ...profile, chargingSchedule: rounded(profile.chargingSchedule) },
      receivedAt: now,
      transactionId: undefined,
      awaitsStart: true,
    },
  };
}

function profileFault(profile: ChargingProfile): string | undefined {
  const { chargingSchedule, stackLevel, chargingProfileKind: kind } = profile;
  const { chargingSchedulePeriod: periods, duration, startSchedule } = chargingSchedule;
  if (stackLevel < 0) return "stackLevel is negative";
  if (kind === "Recurring" && !profile.recurrencyKind) return "recurrencyKind is missing";
  for (const time of [profile.validFrom, profile.validTo, startSchedule]) {
    if (time !== undefined && parseTime(time) === undefined) return `"${time}" is no time`;
  }
  if (duration !== undefined && duration < 0) return "duration is negative";
  if (periods.length === 0) return "the schedule has no period";
  if (periods.length > MAX_PERIODS) return `the schedule has more than ${MAX_PERIODS} periods`;
  if (periods[0]!.startPeriod !== 0) return "the first startPeriod is not 0";
  for (const [index, period] of periods.entries()) {
    if (period.limit < 0) return "a limit is negative";
    if (index > 0 && period.startPeriod <= periods[index - 1]!.startPeriod) {
      return "startPeriod does not rise";
    }
    const { numberPhases = 1 } = period;
    if (numberPhases < 1 || numberPhases > 3) return "numberPhases is not 1, 2 or 3";
  }
  return undefined;
}

function placementFault(
  state: State,
  profile: ChargingProfile,
  connectorId: number,
): string | undefined {
  if (connectorId > 0 && !connectorIds(state).includes(connectorId)) {
    return `there is no connector ${connectorId}`;
  }
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
  return {
    ...schedule,
    chargingSchedulePeriod: schedule.chargingSchedulePeriod.map((
      period,
    ): ChargingSchedulePeriod => ({ ...period, limit: roundDown(period.limit) })),
  };
}

/** Down to one decimal; what is only a rounding error below a tenth counts as that tenth. */
export function roundDown(limit: number): number {
  return Math.floor(limit * 10 + 1e-6) / 10;
}
