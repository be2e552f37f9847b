// Limits by charging profile: purposes, kinds and units, at exact times (OCPP 1.6, section 3.13).

import assert from "node:assert/strict";
import type { ChargingProfile } from "../../src/ocpp/types.ts";
import { ChargingProfiles } from "../../src/simulate/charging_profiles.ts";

const HOUR_MS = 3_600_000;
const NOON = Date.parse("2026-06-01T12:00:00Z");
/** A transaction that began an hour after the profile was installed. */
const TRANSACTION = { startedAt: NOON + HOUR_MS };

type Written = Partial<Omit<ChargingProfile, "chargingSchedule">> & {
  readonly schedule?: Partial<ChargingProfile["chargingSchedule"]>;
};

let lastId = 0;

/** 16 A for an hour, then 8 A. */
function profile({ schedule, ...rest }: Written): ChargingProfile {
  return {
    chargingProfileId: ++lastId,
    stackLevel: 0,
    chargingProfilePurpose: "TxDefaultProfile",
    chargingProfileKind: "Absolute",
    ...rest,
    chargingSchedule: {
      startSchedule: "2026-06-01T12:00:00Z",
      chargingRateUnit: "A",
      chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }, { startPeriod: 3_600, limit: 8 }],
      ...schedule,
    },
  };
}

/** The limits, A, so many hours after noon. */
function limits(profiles: ChargingProfiles, hours: readonly number[], sharing = 1) {
  return hours.map((hour) => profiles.limitA(1, NOON + hour * HOUR_MS, TRANSACTION, sharing));
}

function installed(...written: readonly [connectorId: number, Written][]): ChargingProfiles {
  const profiles = new ChargingProfiles();
  for (const [connectorId, one] of written) {
    assert.ok(profiles.install(connectorId, profile(one), NOON));
  }
  return profiles;
}

Deno.test("an absolute schedule counts from its start, and ends with its duration", () => {
  const profiles = installed([1, { schedule: { duration: 7_200 } }]);
  assert.deepEqual(limits(profiles, [-0.5, 0, 0.9, 1, 1.9, 2]), [
    undefined,
    16,
    16,
    8,
    8,
    undefined,
  ]);
});

Deno.test("a relative schedule counts from the start of the transaction", () => {
  const profiles = installed([1, { chargingProfileKind: "Relative" }]);
  assert.deepEqual(limits(profiles, [1, 1.9, 2, 30]), [16, 16, 8, 8]);
});

Deno.test("a recurring schedule begins again every day, or every week", () => {
  const schedule = { duration: 7_200 };
  const daily = installed([1, {
    chargingProfileKind: "Recurring",
    recurrencyKind: "Daily",
    schedule,
  }]);
  assert.deepEqual(limits(daily, [0, 1, 2, 24, 25.5, 26, 48]), [
    16,
    8,
    undefined,
    16,
    8,
    undefined,
    16,
  ]);
  const weekly = installed([1, {
    chargingProfileKind: "Recurring",
    recurrencyKind: "Weekly",
    schedule,
  }]);
  assert.deepEqual(limits(weekly, [0, 24, 168, 169.5, 170]), [16, undefined, 16, 8, undefined]);
});

Deno.test("watts are amperes over three phases", () => {
  const schedule = {
    chargingRateUnit: "W" as const,
    chargingSchedulePeriod: [{ startPeriod: 0, limit: 6_900 }],
  };
  assert.deepEqual(limits(installed([1, { schedule }]), [0]), [10]);
});

Deno.test("a profile is in force from validFrom until validTo", () => {
  const profiles = installed([1, {
    validFrom: "2026-06-01T12:30:00Z",
    validTo: "2026-06-01T13:30:00Z",
  }]);
  assert.deepEqual(limits(profiles, [0.4, 0.5, 1.4, 1.5]), [undefined, 16, 8, undefined]);
});

Deno.test("the transaction's own profile stands before the default, a connector's before all's", () => {
  const flat = (limit: number) => ({ chargingSchedulePeriod: [{ startPeriod: 0, limit }] });
  const profiles = installed(
    [0, { schedule: flat(20) }],
    [1, { schedule: flat(14) }],
    [1, { chargingProfilePurpose: "TxProfile", schedule: { ...flat(25), duration: 3_600 } }],
  );
  assert.deepEqual(limits(profiles, [0.5, 1.5]), [25, 14]);
  assert.equal(profiles.limitA(2, NOON, TRANSACTION, 1), 20);
  assert.equal(profiles.limitA(1, NOON, undefined, 1), 14, "there is no transaction");
  profiles.endTransaction(1);
  assert.deepEqual(limits(profiles, [0.5]), [14]);
});

Deno.test("of the same purpose the highest stack level stands, where it says something", () => {
  const flat = (limit: number) => ({ chargingSchedulePeriod: [{ startPeriod: 0, limit }] });
  const profiles = installed(
    [1, { stackLevel: 1, schedule: flat(10) }],
    [1, { stackLevel: 5, schedule: { ...flat(24), duration: 3_600 } }],
  );
  assert.deepEqual(limits(profiles, [0.5, 1.5]), [24, 10]);
});

Deno.test("what the whole charger may draw is shared, and never raises a limit", () => {
  const flat = (limit: number) => ({ chargingSchedulePeriod: [{ startPeriod: 0, limit }] });
  const profiles = installed(
    [0, { chargingProfilePurpose: "ChargePointMaxProfile", schedule: flat(24) }],
    [1, { schedule: flat(16) }],
  );
  assert.deepEqual(limits(profiles, [0]), [16]);
  assert.deepEqual(limits(profiles, [0], 2), [12]);
});
