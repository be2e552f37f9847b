// The charging profiles installed in the virtual charger, and the limit they add up to.

import { parseTime } from "../ocpp/time.ts";
import type { ChargingProfile, ClearChargingProfileRequest } from "../ocpp/types.ts";
import { MAX_PROFILES, MAX_SCHEDULE_PERIODS, MAX_STACK_LEVEL } from "./charger_settings.ts";

/** V between a phase and neutral. */
export const VOLTAGE = 230;
/** Phases of the installation and of the car. */
export const PHASES = 3;

interface Installed {
  readonly connectorId: number;
  readonly profile: ChargingProfile;
  /** Epoch milliseconds; a relative schedule without a transaction counts from here. */
  readonly at: number;
}

/** What is running on a connector when a limit is asked for. */
export interface RunningTransaction {
  /** Epoch milliseconds. */
  readonly startedAt: number;
}

const RECURRENCE_MS = { Daily: 86_400_000, Weekly: 7 * 86_400_000 };

/** The profiles of one charger (OCPP 1.6, section 3.13). */
export class ChargingProfiles {
  #installed: Installed[] = [];

  /** Whether a profile is of a form that can be installed. */
  takes(profile: ChargingProfile): boolean {
    const periods = profile.chargingSchedule.chargingSchedulePeriod;
    return profile.stackLevel >= 0 && profile.stackLevel <= MAX_STACK_LEVEL &&
      periods.length > 0 && periods.length <= MAX_SCHEDULE_PERIODS &&
      periods.every((period, index) =>
        index === 0
          ? period.startPeriod === 0
          : period.startPeriod > (periods[index - 1]?.startPeriod ?? 0)
      );
  }

  /** Installs a profile, replacing one with its id or its place; false when it may not be. */
  install(connectorId: number, profile: ChargingProfile, at: number): boolean {
    if (!this.takes(profile)) return false;
    const kept = this.#installed.filter((other) =>
      other.profile.chargingProfileId !== profile.chargingProfileId &&
      !(other.connectorId === connectorId && other.profile.stackLevel === profile.stackLevel &&
        other.profile.chargingProfilePurpose === profile.chargingProfilePurpose)
    );
    if (kept.length >= MAX_PROFILES) return false;
    this.#installed = [...kept, { connectorId, profile, at }];
    return true;
  }

  /** Removes what matches; returns how many that were (OCPP 1.6, section 5.3). */
  clear(request: ClearChargingProfileRequest): number {
    const matches = ({ connectorId, profile }: Installed): boolean => {
      if (request.id !== undefined) return profile.chargingProfileId === request.id;
      return (request.connectorId === undefined || request.connectorId === connectorId) &&
        (request.stackLevel === undefined || request.stackLevel === profile.stackLevel) &&
        (request.chargingProfilePurpose === undefined ||
          request.chargingProfilePurpose === profile.chargingProfilePurpose);
    };
    const before = this.#installed.length;
    this.#installed = this.#installed.filter((installed) => !matches(installed));
    return before - this.#installed.length;
  }

  /** The end of a transaction removes its own profiles. */
  endTransaction(connectorId: number): void {
    this.clear({ connectorId, chargingProfilePurpose: "TxProfile" });
  }

  /**
   * The limit of a connector at a time, A per phase; undefined: none. What the whole charger may
   * draw is shared equally between `sharing` connectors.
   */
  limitA(
    connectorId: number,
    at: number,
    transaction: RunningTransaction | undefined,
    sharing: number,
  ): number | undefined {
    const of = (purpose: ChargingProfile["chargingProfilePurpose"], connector: number) =>
      this.#prevailing(purpose, connector, at, transaction);
    const own = (transaction ? of("TxProfile", connectorId) : undefined) ??
      of("TxDefaultProfile", connectorId) ?? of("TxDefaultProfile", 0);
    const whole = of("ChargePointMaxProfile", 0);
    if (whole === undefined) return own;
    return Math.min(own ?? Infinity, whole / Math.max(1, sharing));
  }

  /** The times in a window at which the limit of a connector can change, rising, from `from`. */
  changes(
    connectorId: number,
    from: number,
    until: number,
    transaction: RunningTransaction | undefined,
  ): number[] {
    const times = new Set([from]);
    for (const installed of this.#installed) {
      if (installed.connectorId !== 0 && installed.connectorId !== connectorId) continue;
      const { profile } = installed;
      for (const text of [profile.validFrom, profile.validTo]) {
        const at = text === undefined ? undefined : parseTime(text);
        if (at !== undefined) times.add(at);
      }
      const recurrence = RECURRENCE_MS[profile.recurrencyKind ?? "Weekly"];
      for (let at = from; at <= until + recurrence; at += recurrence) {
        const start = scheduleStart(installed, Math.min(at, until), transaction);
        for (const period of profile.chargingSchedule.chargingSchedulePeriod) {
          times.add(start + period.startPeriod * 1_000);
        }
        times.add(start + (profile.chargingSchedule.duration ?? 0) * 1_000);
      }
    }
    return [...times].filter((at) => at >= from && at < until).sort((a, b) => a - b);
  }

  #prevailing(
    purpose: ChargingProfile["chargingProfilePurpose"],
    connectorId: number,
    at: number,
    transaction: RunningTransaction | undefined,
  ): number | undefined {
    let stackLevel = -1;
    let prevailing: number | undefined;
    for (const installed of this.#installed) {
      const { profile } = installed;
      if (profile.chargingProfilePurpose !== purpose) continue;
      if (installed.connectorId !== connectorId || profile.stackLevel <= stackLevel) continue;
      const limitA = limitAt(installed, at, transaction);
      if (limitA === undefined) continue;
      stackLevel = profile.stackLevel;
      prevailing = limitA;
    }
    return prevailing;
  }
}

function scheduleStart(
  { profile, at: installedAt }: Installed,
  at: number,
  transaction: RunningTransaction | undefined,
): number {
  const text = profile.chargingSchedule.startSchedule;
  const start = text === undefined ? undefined : parseTime(text);
  if (profile.chargingProfileKind === "Relative" || start === undefined) {
    return transaction?.startedAt ?? installedAt;
  }
  if (profile.chargingProfileKind === "Absolute" || at < start) return start;
  const every = RECURRENCE_MS[profile.recurrencyKind ?? "Daily"];
  return start + Math.floor((at - start) / every) * every;
}

function limitAt(
  installed: Installed,
  at: number,
  transaction: RunningTransaction | undefined,
): number | undefined {
  const { profile } = installed;
  const { validFrom, validTo, chargingSchedule: schedule } = profile;
  if (validFrom !== undefined && at < (parseTime(validFrom) ?? at)) return undefined;
  if (validTo !== undefined && at >= (parseTime(validTo) ?? Infinity)) return undefined;
  const elapsedS = (at - scheduleStart(installed, at, transaction)) / 1_000;
  if (elapsedS < 0 || elapsedS >= (schedule.duration ?? Infinity)) return undefined;
  const period = schedule.chargingSchedulePeriod.findLast((one) => one.startPeriod <= elapsedS);
  if (!period) return undefined;
  return schedule.chargingRateUnit === "A" ? period.limit : period.limit / (VOLTAGE * PHASES);
}
