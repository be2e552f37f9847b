// Composite schedules: every kind in a table, and against a model that looks at each second apart.

import assert from "node:assert/strict";
import fc from "fast-check";
import { compositeCurve, type Running, type Supply } from "../../src/core/composite_schedule.ts";
import { limitAt } from "../../src/core/limit_curve.ts";
import type { StoredProfile } from "../../src/core/limit_state.ts";
import type { ChargingProfile } from "../../src/ocpp/types.ts";
import "../support/seed.ts";

const NOON = Date.UTC(2026, 10, 22, 12, 0, 0);
const SUPPLY: Supply = { voltageV: 230, phases: 3 };
const DAY_S = 86_400;

type Changes = Partial<ChargingProfile> & {
  connectorId?: number;
  receivedAt?: number;
  transactionId?: number;
  schedule?: Partial<ChargingProfile["chargingSchedule"]>;
};

function at(seconds: number): string {
  return new Date(NOON + seconds * 1000).toISOString();
}

/** A profile of connector 1: 16 A, from a minute on 10 A. */
function stored(changes: Changes = {}): StoredProfile {
  const { connectorId = 1, receivedAt = NOON, transactionId, schedule, ...rest } = changes;
  return {
    backendId: "evcc",
    connectorId,
    receivedAt,
    transactionId,
    awaitsStart: false,
    guard: false,
    profile: {
      chargingProfileId: 1,
      stackLevel: 0,
      chargingProfilePurpose: "TxDefaultProfile",
      chargingProfileKind: "Absolute",
      ...rest,
      chargingSchedule: {
        chargingRateUnit: "A",
        startSchedule: at(0),
        chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }, { startPeriod: 60, limit: 10 }],
        ...schedule,
      },
    },
  };
}

const RUNNING: Running = { transactionId: 7, connectorId: 1, startedAt: NOON - 30_000 };

/** The limits of connector 1 at some seconds after noon; null: none. */
function limits(
  profiles: StoredProfile[],
  seconds: number[],
  running: Running[] = [RUNNING],
  connectorId = 1,
): (number | null)[] {
  const span = { from: NOON, until: NOON + 2 * DAY_S * 1000 };
  const curve = compositeCurve(profiles, connectorId, [1, 2], running, span, SUPPLY);
  return seconds.map((second) => limitAt(curve, NOON + second * 1000)?.limitA ?? null);
}

const maximum = { chargingProfilePurpose: "ChargePointMaxProfile", connectorId: 0 } as const;
const ofTransaction = { chargingProfilePurpose: "TxProfile", transactionId: 7 } as const;
const relative = { chargingProfileKind: "Relative" } as const;
const flat = (limit: number) => ({ chargingSchedulePeriod: [{ startPeriod: 0, limit }] });

const TABLE: [string, StoredProfile[], number[], (number | null)[]][] = [
  ["no profile", [], [0], [null]],
  ["absolute", [stored()], [0, 59, 60, 90_000], [16, 16, 10, 10]],
  ["begins later", [stored({ schedule: { startSchedule: at(30) } })], [29, 30, 90], [null, 16, 10]],
  ["duration", [stored({ schedule: { duration: 70 } })], [0, 69, 70], [16, 10, null]],
  ["duration within a period", [stored({ schedule: { duration: 30 } })], [29, 30], [16, null]],
  [
    "validFrom and validTo",
    [stored({ validFrom: at(10), validTo: at(20) })],
    [9, 10, 19, 20],
    [null, 16, 16, null],
  ],
  ["relative, to the transaction", [stored(relative)], [0, 29, 30], [16, 16, 10]],
  [
    "absolute without start counts from the transaction",
    [stored({
      schedule: { startSchedule: undefined } as unknown as ChargingProfile["chargingSchedule"],
    })],
    [29, 30],
    [16, 10],
  ],
  [
    "a maximum without start counts from when it came",
    [stored({ ...maximum, ...relative, receivedAt: NOON - 50_000 })],
    [9, 10],
    [16, 10],
  ],
  [
    "every day",
    [stored({
      chargingProfileKind: "Recurring",
      recurrencyKind: "Daily",
      schedule: { startSchedule: at(-3 * DAY_S + 100), duration: 120 },
    })],
    [0, 99, 100, 160, 219, 220, DAY_S + 100, DAY_S + 220],
    [null, null, 16, 10, 10, null, 16, null],
  ],
  [
    "every day without end",
    [stored({
      chargingProfileKind: "Recurring",
      recurrencyKind: "Daily",
      schedule: { startSchedule: at(-100) },
    })],
    [0, DAY_S - 101, DAY_S - 100, DAY_S - 40],
    [10, 10, 16, 10],
  ],
  [
    "every week, not before it begins",
    [stored({
      chargingProfileKind: "Recurring",
      recurrencyKind: "Weekly",
      schedule: { startSchedule: at(DAY_S) },
    })],
    [0, DAY_S - 1, DAY_S],
    [null, null, 16],
  ],
  [
    "the highest stack level that is valid",
    [
      stored(),
      stored({ chargingProfileId: 2, stackLevel: 5, schedule: { ...flat(32), duration: 20 } }),
    ],
    [0, 19, 20],
    [32, 32, 16],
  ],
  [
    "TxProfile before TxDefault, while it is valid",
    [stored({ ...ofTransaction, validTo: at(20), schedule: flat(32) }), stored({ stackLevel: 9 })],
    [0, 19, 20],
    [32, 32, 16],
  ],
  ["TxProfile of another transaction", [stored({ ...ofTransaction, transactionId: 8 })], [0], [
    null,
  ]],
  [
    "the connector's own default before that of all, whatever the stack level",
    [
      stored({ schedule: { ...flat(20), duration: 30 } }),
      stored({ connectorId: 0, stackLevel: 9, schedule: flat(8) }),
    ],
    [0, 29, 30],
    [20, 20, 8],
  ],
  [
    "the lower of the maximum and the connector's",
    [stored(), stored({ ...maximum, schedule: flat(12) })],
    [0, 60],
    [12, 10],
  ],
  [
    "W of three phases, and of one",
    [stored({
      schedule: {
        chargingRateUnit: "W",
        chargingSchedulePeriod: [
          { startPeriod: 0, limit: 6_900 },
          { startPeriod: 10, limit: 2_300, numberPhases: 1 },
        ],
      },
    })],
    [0, 10],
    [10, 10],
  ],
];

for (const [name, profiles, seconds, expected] of TABLE) {
  Deno.test(`composite: ${name}`, () => {
    assert.deepEqual(limits(profiles, seconds), expected);
  });
}

Deno.test("composite: without a transaction a relative schedule waits with its first period", () => {
  assert.deepEqual(limits([stored(relative)], [0, 59, 60, 90_000], []), [16, 16, 16, 16]);
  assert.deepEqual(limits([stored(ofTransaction)], [0], []), [null]);
});

Deno.test("composite: connector 0 is the sum of all, where all are limited", () => {
  const both = [stored(), stored({ chargingProfileId: 2, connectorId: 2, schedule: flat(8) })];
  assert.deepEqual(limits(both, [0, 60], [], 0), [24, 18]);
  assert.deepEqual(limits([stored()], [0], [], 0), [null]);
  const capped = [...both, stored({ ...maximum, schedule: flat(20) })];
  assert.deepEqual(limits(capped, [0, 60], [], 0), [20, 18]);
});

/** What one profile says at one moment, read off the specification without any curve. */
function naive(
  item: StoredProfile,
  now: number,
  startedAt: number | undefined,
): number | undefined {
  const { profile, receivedAt } = item;
  const schedule = profile.chargingSchedule;
  const time = (text?: string) => text === undefined ? undefined : Date.parse(text);
  if (now < (time(profile.validFrom) ?? 0) || now >= (time(profile.validTo) ?? Infinity)) {
    return undefined;
  }
  let start = time(schedule.startSchedule);
  if (profile.chargingProfileKind === "Recurring") {
    start ??= receivedAt;
    const every = profile.recurrencyKind === "Weekly" ? 7 * DAY_S * 1000 : DAY_S * 1000;
    while (start + every <= now) start += every;
  } else if (profile.chargingProfileKind === "Relative" || start === undefined) {
    if (profile.chargingProfilePurpose === "ChargePointMaxProfile") start = receivedAt;
    else start = startedAt ?? now;
  }
  const elapsedS = (now - start) / 1000;
  if (elapsedS < 0 || elapsedS >= (schedule.duration ?? Infinity)) return undefined;
  const period = schedule.chargingSchedulePeriod.findLast((one) => one.startPeriod <= elapsedS)!;
  const phases = period.numberPhases ?? SUPPLY.phases;
  return schedule.chargingRateUnit === "A" ? period.limit : period.limit / (230 * phases);
}

function naiveComposite(items: StoredProfile[], now: number, running: Running[]): number | null {
  const startedAt = running[0]?.startedAt;
  const prevailing = (which: (item: StoredProfile) => boolean) => {
    const valid = items.filter(which)
      .map((item) => ({
        level: item.profile.stackLevel,
        limit: naive(
          item,
          now,
          item.profile.chargingProfilePurpose === "ChargePointMaxProfile" ? undefined : startedAt,
        ),
      }))
      .filter(({ limit }) => limit !== undefined)
      .sort((a, b) => b.level - a.level);
    return valid[0]?.limit;
  };
  const isDefault = ({ profile }: StoredProfile) =>
    profile.chargingProfilePurpose === "TxDefaultProfile";
  const own =
    prevailing((item) =>
      item.transactionId !== undefined && item.transactionId === running[0]?.transactionId
    ) ?? prevailing((item) => isDefault(item) && item.connectorId === 1) ??
      prevailing((item) => isDefault(item) && item.connectorId === 0);
  const most = prevailing((item) =>
    item.profile.chargingProfilePurpose === "ChargePointMaxProfile"
  );
  const least = Math.min(own ?? Infinity, most ?? Infinity);
  return least === Infinity ? null : least;
}

const seconds = fc.integer({ min: -400, max: 400 });
const anyProfile = fc.record({
  purpose: fc.constantFrom("ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"),
  kind: fc.constantFrom("Absolute", "Relative", "Daily", "Weekly"),
  everywhere: fc.boolean(),
  received: fc.integer({ min: -400, max: 0 }),
  start: fc.option(seconds, { nil: undefined }),
  validFrom: fc.option(seconds, { nil: undefined }),
  validTo: fc.option(seconds, { nil: undefined }),
  duration: fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined }),
  unit: fc.constantFrom("A" as const, "W" as const),
  periods: fc.array(
    fc.record({
      length: fc.integer({ min: 1, max: 120 }),
      limit: fc.integer({ min: 0, max: 40 }),
      phases: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
}).map((raw) => (stackLevel: number): StoredProfile => {
  const recurring = raw.kind === "Daily" || raw.kind === "Weekly";
  let startPeriod = 0;
  const changes = {
    chargingProfileId: stackLevel,
    stackLevel,
    chargingProfilePurpose: raw.purpose,
    chargingProfileKind: recurring ? "Recurring" : raw.kind,
    ...recurring && { recurrencyKind: raw.kind },
    ...raw.validFrom !== undefined && { validFrom: at(raw.validFrom) },
    ...raw.validTo !== undefined && { validTo: at(raw.validTo) },
    ...raw.purpose === "TxProfile" && { transactionId: 7 },
    connectorId: raw.purpose === "ChargePointMaxProfile" || raw.everywhere ? 0 : 1,
    receivedAt: NOON + raw.received * 1000,
    schedule: {
      chargingRateUnit: raw.unit,
      ...raw.duration !== undefined && { duration: raw.duration },
      startSchedule: raw.start === undefined ? undefined : at(raw.start),
      chargingSchedulePeriod: raw.periods.map(({ length, limit, phases }) => {
        const period = {
          startPeriod,
          limit: raw.unit === "A" ? limit : limit * 230,
          ...phases !== undefined && { numberPhases: phases },
        };
        startPeriod += length;
        return period;
      }),
    },
  };
  return stored(changes as Changes);
});

Deno.test("composite: each second is what a naive reading of the specification says", () => {
  fc.assert(
    fc.property(
      fc.array(anyProfile, { maxLength: 6 }),
      fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined }),
      (makers, agoS) => {
        const profiles = makers.map((make, index) => make(index));
        const running = agoS === undefined
          ? []
          : [{ transactionId: 7, connectorId: 1, startedAt: NOON - agoS * 1000 }];
        const times = Array.from({ length: 450 }, (_, second) => second);
        const expected = times.map((second) =>
          naiveComposite(profiles, NOON + second * 1000, running)
        );
        assert.deepEqual(limits(profiles, times, running), expected);
      },
    ),
    { numRuns: 300 },
  );
});
