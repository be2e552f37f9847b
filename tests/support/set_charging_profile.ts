// A limit as backends of the tests set it.

import type { Payload } from "./strict_peer.ts";

/** SetChargingProfile of one limit: for connector 1, or the whole charger. */
export function limitOf(
  limitA: number,
  chargingProfilePurpose = "TxDefaultProfile",
  chargingProfileId = 1,
): Payload {
  return {
    connectorId: chargingProfilePurpose === "ChargePointMaxProfile" ? 0 : 1,
    csChargingProfiles: {
      chargingProfileId,
      stackLevel: 0,
      chargingProfilePurpose,
      chargingProfileKind: "Relative",
      chargingSchedule: {
        chargingRateUnit: "A",
        chargingSchedulePeriod: [{ startPeriod: 0, limit: limitA }],
      },
    },
  };
}
