// What the profiles in the virtual charger add up to over time (GetCompositeSchedule).

import type { ChargingSchedule, GetCompositeScheduleRequest } from "../ocpp/types.ts";
import { type ChargingProfiles, PHASES, VOLTAGE } from "./charging_profiles.ts";
import type { Connector } from "./connector.ts";
import { MAX_CURRENT_A } from "./energy_flow.ts";

/** Nobody is told more of the future than this, s. */
export const MAX_COMPOSITE_S = 30 * 86_400;

/**
 * The sum of the limits of these connectors from `start`, simulated epoch ms, for `duration` s or
 * as far as MAX_COMPOSITE_S goes.
 */
export function compositeSchedule(
  profiles: ChargingProfiles,
  connectors: readonly Connector[],
  start: number,
  request: GetCompositeScheduleRequest,
): ChargingSchedule {
  const { chargingRateUnit = "A" } = request;
  const duration = Math.min(request.duration, MAX_COMPOSITE_S);
  const end = start + duration * 1_000;
  const limitAt = (at: number): number => {
    const limits = connectors.map(({ id, transaction }) => {
      const limitA = profiles.limitA(id, at, transaction, connectors.length);
      return Math.min(limitA ?? MAX_CURRENT_A, MAX_CURRENT_A);
    });
    const totalA = limits.reduce((sum, limit) => sum + limit, 0);
    const total = chargingRateUnit === "A" ? totalA : totalA * VOLTAGE * PHASES;
    return Math.round(total * 10) / 10;
  };
  const times = new Set(connectors.flatMap(({ id, transaction }) => {
    return profiles.changes(id, start, end, transaction);
  }));
  const chargingSchedulePeriod = [...times].sort((a, b) => a - b)
    .map((at) => ({ startPeriod: Math.round((at - start) / 1_000), limit: limitAt(at) }))
    .filter((period, index, all) => index === 0 || period.limit !== all[index - 1]?.limit);
  return { duration, chargingRateUnit, chargingSchedulePeriod };
}
