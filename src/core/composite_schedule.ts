// What the charging profiles of one backend add up to over time (OCPP 1.6, sections 3.13 and 5.7).

import { parseTime } from "../ocpp/time.ts";
import type { ChargingProfile } from "../ocpp/types.ts";
import {
  type Curve,
  curveOf,
  firstOf,
  type Limit,
  lowest,
  type Stretch,
  sum,
} from "./limit_curve.ts";
import type { TimeSpan } from "./limit_curve.ts";
import type { StoredProfile } from "./limit_state.ts";

const RECURRENCE_MS = { Daily: 86_400_000, Weekly: 7 * 86_400_000 };

/** How W become A. */
export interface Supply {
  /** V between a phase and neutral. */
  readonly voltageV: number;
  /** 1 … 3, where a period does not say. */
  readonly phases: number;
}

/** A transaction that runs on a connector. */
export interface Running {
  readonly transactionId: number;
  readonly connectorId: number;
  /** Epoch milliseconds. */
  readonly startedAt: number;
}

/** One connector: TxProfile, or else TxDefaultProfile, its own before that of connector 0. */
export function connectorCurve(
  profiles: readonly StoredProfile[],
  connectorId: number,
  running: readonly Running[],
  span: TimeSpan,
  supply: Supply,
): Curve {
  const transaction = running.find((item) => item.connectorId === connectorId);
  const layer = (which: (stored: StoredProfile) => boolean) =>
    stack(profiles.filter(which), transaction?.startedAt, span, supply);
  return firstOf([
    layer(({ transactionId }) =>
      transactionId !== undefined && transactionId === transaction?.transactionId
    ),
    layer((stored) => isDefault(stored) && stored.connectorId === connectorId),
    layer((stored) => isDefault(stored) && stored.connectorId === 0),
  ], span);
}

/** The charge point as a whole: ChargePointMaxProfile. */
export function chargePointCurve(
  profiles: readonly StoredProfile[],
  span: TimeSpan,
  supply: Supply,
): Curve {
  return stack(profiles.filter(isMaximum), undefined, span, supply);
}

/** The composite: connector 0 is what all connectors may draw together. */
export function compositeCurve(
  profiles: readonly StoredProfile[],
  connectorId: number,
  connectors: readonly number[],
  running: readonly Running[],
  span: TimeSpan,
  supply: Supply,
): Curve {
  const ids = connectorId === 0 ? connectors : [connectorId];
  const own = ids.map((id) => connectorCurve(profiles, id, running, span, supply));
  return lowest([sum(own, span), chargePointCurve(profiles, span, supply)], span);
}

function isDefault({ profile }: StoredProfile): boolean {
  return profile.chargingProfilePurpose === "TxDefaultProfile";
}

function isMaximum({ profile }: StoredProfile): boolean {
  return profile.chargingProfilePurpose === "ChargePointMaxProfile";
}

/** At each time the valid profile with the highest stack level prevails. */
function stack(
  profiles: readonly StoredProfile[],
  startedAt: number | undefined,
  span: TimeSpan,
  supply: Supply,
): Curve {
  const curves = profiles
    .toSorted((a, b) => b.profile.stackLevel - a.profile.stackLevel)
    .map((stored) => profileCurve(stored, startedAt, span, supply));
  return firstOf(curves, span);
}

function profileCurve(
  stored: StoredProfile,
  startedAt: number | undefined,
  span: TimeSpan,
  supply: Supply,
): Curve {
  const { validFrom, validTo } = stored.profile;
  const valid = {
    from: Math.max(span.from, timeOf(validFrom) ?? -Infinity),
    until: Math.min(span.until, timeOf(validTo) ?? Infinity),
  };
  const cut = stretches(stored, startedAt, valid, supply).map((stretch) => ({
    ...stretch,
    from: Math.max(stretch.from, valid.from),
    until: Math.min(stretch.until, valid.until),
  }));
  return curveOf(cut, span);
}

function stretches(
  stored: StoredProfile,
  startedAt: number | undefined,
  { from, until }: TimeSpan,
  supply: Supply,
): Stretch[] {
  const { profile, receivedAt } = stored;
  const schedule = profile.chargingSchedule;
  const start = timeOf(schedule.startSchedule);
  if (profile.chargingProfileKind === "Recurring") {
    const every = RECURRENCE_MS[profile.recurrencyKind ?? "Daily"];
    const first = start ?? receivedAt;
    const found: Stretch[] = [];
    const turn = Math.max(0, Math.floor((from - first) / every));
    for (let at = first + turn * every; at < until; at += every) {
      found.push(...run(profile, at, at + every, supply));
    }
    return found;
  }
  if (profile.chargingProfileKind === "Absolute" && start !== undefined) {
    return run(profile, start, Infinity, supply);
  }
  if (isMaximum(stored)) return run(profile, receivedAt, Infinity, supply);
  if (startedAt !== undefined) return run(profile, startedAt, Infinity, supply);
  // It begins with the transaction: until then, what will count first.
  const limit = limitOf(profile, 0, supply);
  return limit ? [{ from, until, limit }] : [];
}

/** One run of a schedule from `start`, over at `end` at the latest. */
function run(profile: ChargingProfile, start: number, end: number, supply: Supply): Stretch[] {
  const { duration, chargingSchedulePeriod: periods } = profile.chargingSchedule;
  const over = Math.min(end, duration === undefined ? Infinity : start + duration * 1000);
  return periods.map((period, index) => {
    const next = periods[index + 1];
    return {
      from: start + period.startPeriod * 1000,
      until: Math.min(over, next ? start + next.startPeriod * 1000 : Infinity),
      limit: limitOf(profile, index, supply)!,
    };
  }).filter((stretch) => stretch.from < stretch.until);
}

function limitOf(
  { chargingSchedule }: ChargingProfile,
  index: number,
  { voltageV, phases }: Supply,
): Limit | undefined {
  const period = chargingSchedule.chargingSchedulePeriod[index];
  if (!period) return undefined;
  const { limit, numberPhases } = period;
  const limitA = chargingSchedule.chargingRateUnit === "A"
    ? limit
    : limit / (voltageV * (numberPhases ?? phases));
  return { limitA, phases: numberPhases };
}

function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseTime(text);
}
