// How the limit comes to the charger: its forms, what is sent when, and what if there is no answer.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { limitReport } from "../../src/core/limit_report.ts";
import { outcome, profile, setProfile } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";
import {
  LimitStage,
  NO_ABSOLUTE,
  NO_DEFAULT,
  NO_MAXIMUM,
  NOTHING,
  type Quirk,
} from "./limit_fixture.ts";
import "../support/seed.ts";

const ACCEPTED = { status: "Accepted" };
const REJECTED = { status: "Rejected" };
const HOUR_MS = 3_600_000;

function set(stage: LimitStage, limit: number, changes: JsonObject = {}) {
  const id = `s${stage.h.received("evcc").length}`;
  stage.h.backendCalls("evcc", "SetChargingProfile", setProfile(limit, changes), id);
  stage.obey();
  return outcome(stage.h.answerTo("evcc", id));
}

/** What is sent, in short: connector, purpose, kind, stack level, unit and first limit. */
function sent({ h }: LimitStage): unknown[] {
  return h.callsToCharger("SetChargingProfile").map(({ payload }) => {
    const { connectorId, csChargingProfiles: profile } = payload as {
      connectorId: number;
      csChargingProfiles: JsonObject;
    };
    const schedule = profile.chargingSchedule as JsonObject;
    const [first] = schedule.chargingSchedulePeriod as JsonObject[];
    return [
      connectorId,
      profile.chargingProfilePurpose,
      profile.chargingProfileKind,
      profile.stackLevel,
      `${first!.limit} ${schedule.chargingRateUnit}`,
    ];
  });
}

function setKeys({ h }: LimitStage, keys: Record<string, string>): void {
  h.state.charger.configuration = Object.entries(keys)
    .map(([key, value]) => ({ key, readonly: true, value }));
}

Deno.test("one connector: one TxDefaultProfile, its cap without end", () => {
  const stage = new LimitStage({ charger: { maxCurrentA: 16.06 } });
  stage.obey();
  assert.deepEqual(stage.sent(), {
    connectorId: 1,
    csChargingProfiles: {
      chargingProfileId: 1,
      stackLevel: 5,
      chargingProfilePurpose: "TxDefaultProfile",
      chargingProfileKind: "Absolute",
      chargingSchedule: {
        startSchedule: "2026-11-22T11:59:00Z",
        chargingRateUnit: "A",
        chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }],
      },
    },
  });
});

Deno.test("several connectors: one for each, and the maximum for all together", () => {
  const stage = new LimitStage({ charger: { maxCurrentA: 32 } }, undefined, 2);
  set(stage, 10);
  assert.deepEqual(sent(stage).slice(-2), [
    [0, "ChargePointMaxProfile", "Absolute", 5, "32 A"],
    [1, "TxDefaultProfile", "Absolute", 5, "10 A"],
  ]);
});

Deno.test("a charger that only knows W gets W, of the phases that it has", () => {
  for (const [phases, limit] of [[1, "2300 W"], [3, "6900 W"]] as const) {
    const stage = new LimitStage({ charger: { phases } });
    setKeys(stage, { chargingScheduleAllowedChargingRateUnit: "Power" });
    set(stage, 10);
    assert.deepEqual(sent(stage), [[1, "TxDefaultProfile", "Absolute", 0, limit]]);
  }
});

Deno.test("W of a backend become A, never more than it said; its phases go with it", () => {
  const stage = new LimitStage();
  const chargingSchedulePeriod = [{ startPeriod: 0, limit: 4_000, numberPhases: 1 }];
  set(stage, 0, { chargingSchedule: { chargingRateUnit: "W", chargingSchedulePeriod } });
  assert.deepEqual(stage.sent().csChargingProfiles.chargingSchedule.chargingSchedulePeriod, [
    { startPeriod: 0, limit: 17.3, numberPhases: 1 },
  ]);
});

Deno.test("the first form that a charger accepts is kept to, also after a restart", () => {
  const forms: [string, Quirk, unknown[][], unknown[]][] = [
    ["no Absolute", NO_ABSOLUTE, [
      [1, "TxDefaultProfile", "Absolute", 5, "10 A"],
      [1, "TxDefaultProfile", "Relative", 0, "10 A"],
    ], [1, "TxDefaultProfile", "Relative", 0, "8 A"]],
    ["no TxDefaultProfile", NO_DEFAULT, [
      [1, "TxDefaultProfile", "Absolute", 5, "10 A"],
      [1, "TxDefaultProfile", "Relative", 0, "10 A"],
      [0, "ChargePointMaxProfile", "Relative", 0, "10 A"],
    ], [0, "ChargePointMaxProfile", "Relative", 0, "8 A"]],
  ];
  for (const [name, quirk, tries, next] of forms) {
    const stage = new LimitStage({}, quirk);
    assert.deepEqual(set(stage, 10), ACCEPTED, name);
    assert.deepEqual(sent(stage), tries, name);
    stage.h.restart();
    stage.h.bootCharger();
    stage.h.attach("evcc");
    stage.obey();
    assert.deepEqual(set(stage, 8), ACCEPTED);
    assert.deepEqual(sent(stage).at(-1), next, name);
    assert.equal(sent(stage).length, tries.length + 2, name);
    assert.equal(stage.limitA(name === "no Absolute" ? 1 : 1), 8);
  }
});

Deno.test("another firmware is tried from the beginning", () => {
  const stage = new LimitStage({}, NO_ABSOLUTE);
  set(stage, 10);
  stage.h.chargerCalls("BootNotification", {
    chargePointVendor: "V",
    chargePointModel: "M",
    firmwareVersion: "2",
  });
  stage.h.pass(1_000);
  stage.obey();
  assert.deepEqual(sent(stage).slice(-2).map((row) => (row as unknown[])[2]), [
    "Absolute",
    "Relative",
  ]);
});

Deno.test("without ChargePointMaxProfile each of several connectors gets its share of the whole", () => {
  const stage = new LimitStage({ charger: { maxCurrentA: 32 } }, NO_MAXIMUM, 2);
  stage.obey();
  assert.deepEqual([stage.limitA(1), stage.limitA(2)], [16, 16]);
  set(stage, 10);
  assert.deepEqual([stage.limitA(1), stage.limitA(2)], [10, 16]);
  assert.equal(
    stage.h.callsToCharger("SetChargingProfile").filter(({ payload }) => payload.connectorId === 0)
      .length,
    1,
  );
});

Deno.test("a charger that refuses every form: Rejected, not kept, not asked again and again", () => {
  const stage = new LimitStage({}, NOTHING);
  assert.deepEqual(set(stage, 10), REJECTED);
  assert.deepEqual(stage.h.state.limits.profiles, []);
  assert.equal(stage.h.state.control.lease, undefined);
  const capped = new LimitStage({ charger: { maxCurrentA: 16 } }, NOTHING);
  capped.obey();
  const { length } = sent(capped);
  assert.equal(length, 3);
  capped.h.pass(1_700_000);
  assert.equal(sent(capped).length, length);
  capped.h.pass(100_000);
  capped.obey();
  assert.equal(sent(capped).length, 2 * length, "half an hour later it may take it");
});

Deno.test("control that a refused limit frees goes to whoever waits, at once", () => {
  const stage = new LimitStage({}, NOTHING, 1, [
    backend("evcc", "controller"),
    backend("solar", "controller"),
  ]);
  const { h } = stage;
  assert.deepEqual(set(stage, 10), REJECTED);
  h.pass(60_000);
  h.event({ type: "owner_limit", currentA: 12 });
  // evcc's waits for the call that is under way; then just this limit is known to be refused.
  h.backendCalls("evcc", "SetChargingProfile", setProfile(10), "again");
  h.event({ type: "owner_limit", currentA: undefined });
  h.connectBackend("solar", "json");
  h.backendSays("solar", '{"action":"request_control","queue":true}');
  assert.deepEqual(
    [h.state.control.lease?.backendId, h.state.control.queue.length],
    ["evcc", 1],
  );
  h.chargerAnswers(REJECTED);
  assert.deepEqual(outcome(h.answerTo("evcc", "again")), REJECTED);
  assert.equal(h.state.control.lease?.backendId, "solar");
  const told = h.received("solar").map(({ text }) => JSON.parse(text).type);
  assert.equal(told.at(-1), "control_granted");
});

Deno.test("a charger without smart charging is asked once, not in every form", () => {
  const stage = new LimitStage();
  const { h } = stage;
  h.backendCalls("evcc", "SetChargingProfile", setProfile(10), "1");
  h.chargerSays(`[4,"${h.lastCallToCharger().id}","NotSupported","",{}]`);
  assert.equal(sent(stage).length, 1);
  assert.deepEqual(outcome(h.answerTo("evcc", "1")), REJECTED);
});

Deno.test("the same limit again is not sent, and answered at once", () => {
  const stage = new LimitStage();
  set(stage, 10);
  const startSchedule = new Date(stage.h.now).toISOString();
  for (const start of [startSchedule, "2026-11-22T10:00:00Z"]) {
    const chargingSchedule = {
      chargingRateUnit: "A",
      startSchedule: start,
      chargingSchedulePeriod: [{ startPeriod: 0, limit: 10 }],
    };
    const request = setProfile(10, { chargingSchedule });
    assert.deepEqual(
      outcome(stage.h.backendCalls("evcc", "SetChargingProfile", request)),
      ACCEPTED,
    );
  }
  assert.equal(sent(stage).length, 1);
});

Deno.test("limit_spacing_s: the newest of a storm is sent when the charger bears it, and answers all", () => {
  const stage = new LimitStage({ charger: { limitSpacingMs: 10_000 } });
  const { h } = stage;
  set(stage, 10);
  for (let turn = 0; turn < 8; turn++) {
    h.pass(1_000);
    h.backendCalls("evcc", "SetChargingProfile", setProfile(turn + 20), `t${turn}`);
    assert.equal(sent(stage).length, 1);
  }
  h.pass(2_000);
  stage.obey();
  assert.deepEqual((sent(stage).at(-1) as unknown[]).at(-1), "27 A");
  assert.equal(sent(stage).length, 2);
  for (let turn = 0; turn < 8; turn++) {
    assert.deepEqual(outcome(h.answerTo("evcc", `t${turn}`)), ACCEPTED);
  }
});

Deno.test("what cannot be sent for 20 s is taken back and refused as busy", () => {
  const stage = new LimitStage({ charger: { limitSpacingMs: 60_000 } });
  set(stage, 10);
  stage.h.backendCalls("evcc", "SetChargingProfile", setProfile(20), "late");
  stage.h.pass(20_000);
  assert.equal(outcome(stage.h.answerTo("evcc", "late")), "GenericError");
  stage.h.pass(60_000);
  stage.obey();
  assert.equal(stage.limitA(), 10);
});

Deno.test("one call at a time: what comes while it is under way is sent after it", () => {
  const stage = new LimitStage();
  const { h } = stage;
  for (const limit of [10, 9, 8]) {
    h.backendCalls("evcc", "SetChargingProfile", setProfile(limit), `${limit}`);
  }
  assert.equal(sent(stage).length, 1);
  h.chargerAnswers(ACCEPTED);
  assert.deepEqual([10, 9, 8].map((limit) => outcome(h.answerTo("evcc", `${limit}`))), [
    ACCEPTED,
    undefined,
    undefined,
  ]);
  stage.obey();
  assert.equal(sent(stage).length, 2);
  assert.deepEqual(outcome(h.answerTo("evcc", "9")), ACCEPTED);
});

Deno.test("without an answer it is told again: after a minute, or when the charger is back", () => {
  for (const lost of [false, true]) {
    const stage = new LimitStage();
    const { h } = stage;
    h.backendCalls("evcc", "SetChargingProfile", setProfile(10), "1");
    if (lost) {
      h.disconnectCharger();
      assert.equal(outcome(h.answerTo("evcc", "1")), "GenericError");
      h.connectCharger();
      h.chargerCalls("Heartbeat", {});
      h.pass(1_000);
    } else {
      h.pass(30_000);
      assert.equal(outcome(h.answerTo("evcc", "1")), "GenericError");
      h.pass(59_999);
      assert.equal(sent(stage).length, 1);
      h.pass(1);
    }
    stage.obey();
    assert.equal(sent(stage).length, 2);
    assert.equal(stage.limitA(), 10);
  }
});

Deno.test("after a boot of the charger everything is sent again, after a mere reconnect nothing", () => {
  const stage = new LimitStage({ charger: { maxCurrentA: 32 } }, undefined, 2);
  set(stage, 10);
  const { length } = sent(stage);
  stage.h.disconnectCharger();
  stage.h.connectCharger();
  stage.h.chargerCalls("Heartbeat", {});
  stage.h.pass(60_000);
  stage.obey();
  assert.equal(sent(stage).length, length);
  stage.h.disconnectCharger();
  stage.h.bootCharger(2);
  stage.obey();
  assert.equal(sent(stage).length, length + 2);
});

Deno.test("a limit that went while the charger was away is cleared when it is back", () => {
  const stage = new LimitStage();
  set(stage, 0);
  stage.h.disconnectCharger();
  stage.h.event({ type: "owner", mode: { mode: "owner_only" } });
  stage.h.restart();
  stage.h.bootCharger();
  assert.deepEqual(stage.obey(), ["ClearChargingProfile"]);
  assert.equal(stage.limitA(), null);
});

Deno.test("killed while a limit is on its way: it is known, and sent or cleared", () => {
  for (const holds of [true, false]) {
    const stage = new LimitStage();
    stage.h.backendCalls("evcc", "SetChargingProfile", setProfile(10));
    if (!holds) stage.h.tables.facts.delete("control");
    stage.h.crash();
    stage.h.bootCharger();
    assert.deepEqual(stage.obey(), [holds ? "SetChargingProfile" : "ClearChargingProfile"]);
  }
});

Deno.test("a plan goes out whole, cut to the periods that the charger takes, the lowest last", () => {
  const plan = [[0, 16], [7200, 10], [10_800, 0], [14_400, 13]] as const;
  const chargingSchedule = {
    chargingRateUnit: "A",
    startSchedule: "2026-11-22T12:00:00Z",
    duration: 18_000,
    chargingSchedulePeriod: plan.map(([startPeriod, limit]) => ({ startPeriod, limit })),
  };
  const cuts: [string, [number, number][], number][] = [
    ["10", [[0, 16], [7260, 10], [10_860, 0], [14_460, 13]], 18_060],
    ["3", [[0, 16], [7260, 10], [10_860, 0]], 18_060],
    ["2", [[0, 16], [7260, 0]], 18_060],
    ["1", [[0, 16]], 18_060],
  ];
  for (const [most, periods, duration] of cuts) {
    const stage = new LimitStage({ controlTimeoutMs: 24 * HOUR_MS });
    setKeys(stage, { ChargingScheduleMaxPeriods: most });
    set(stage, 0, { chargingSchedule });
    const schedule = stage.sent().csChargingProfiles.chargingSchedule;
    assert.deepEqual(
      schedule.chargingSchedulePeriod.map(({ startPeriod, limit }) => [startPeriod, limit]),
      periods,
      most,
    );
    assert.equal(schedule.duration, duration);
    const { h } = stage;
    for (const [second, expected] of [...plan, [18_000, null]] as const) {
      h.pass(Date.UTC(2026, 10, 22, 12) + second * 1000 - h.now + 1);
      stage.obey();
      assert.equal(stage.limitA(), expected, `${most} periods, at ${second} s`);
    }
    if (most === "10") assert.equal(sent(stage).length, 1, "nothing more had to be said");
  }
});

Deno.test("a limit of a later hour is not sent before; what comes next is known an hour before", () => {
  for (const cap of [undefined, 32]) {
    const stage = new LimitStage({
      controlTimeoutMs: 24 * HOUR_MS,
      charger: { ...cap && { maxCurrentA: cap } },
    });
    stage.obey();
    const { length } = sent(stage);
    assert.deepEqual(set(stage, 10, { validFrom: "2026-11-22T15:00:00Z" }), ACCEPTED);
    stage.pass(1.9 * HOUR_MS);
    assert.equal(sent(stage).length, length);
    stage.pass(0.7 * HOUR_MS);
    assert.equal(sent(stage).length, cap ? length + 1 : length, `cap ${cap}`);
    assert.equal(stage.limitA(), cap ?? null);
    stage.pass(0.4 * HOUR_MS);
    assert.equal(stage.limitA(), 10);
    assert.equal(sent(stage).length, length + 1);
  }
});

Deno.test("a charger whose configuration nobody knows is asked before it is limited", () => {
  const core = configuration({ backends: [], charger: { maxCurrentA: 16 } });
  for (const answers of [true, false]) {
    const h = new Harness(core, false);
    h.bootCharger();
    assert.equal(h.lastCallToCharger().action, "GetConfiguration");
    const key = "ChargingScheduleAllowedChargingRateUnit";
    if (answers) h.chargerAnswers({ configurationKey: [{ key, readonly: true, value: "W" }] });
    else h.chargerSays(`[4,"${h.lastCallToCharger().id}","InternalError","",{}]`);
    const { csChargingProfiles } = h.lastCallToCharger().payload as {
      csChargingProfiles: { chargingSchedule: JsonObject };
    };
    const { chargingRateUnit } = csChargingProfiles.chargingSchedule;
    assert.equal(chargingRateUnit, answers ? "W" : "A");
    assert.equal(h.callsToCharger().length, 2);
  }
});

Deno.test("when the clock is set, waiting takes as long as before, and the charger is told the time anew", () => {
  for (const byMs of [-2 * HOUR_MS, 2 * HOUR_MS]) {
    const stage = new LimitStage({ controlTimeoutMs: 24 * HOUR_MS });
    const { h } = stage;
    const chargingSchedulePeriod = [{ startPeriod: 0, limit: 10 }];
    const chargingSchedule = { chargingRateUnit: "A", chargingSchedulePeriod };
    h.backendCalls("evcc", "SetChargingProfile", setProfile(10, { chargingSchedule }), "1");
    h.pass(30_000);
    h.now += byMs;
    h.event({ type: "clock_set", byMs });
    h.pass(59_999);
    assert.equal(sent(stage).length, 1);
    h.pass(1);
    assert.equal(sent(stage).length, 2);
    stage.obey();
    h.now += byMs;
    h.event({ type: "clock_set", byMs });
    stage.pass(1_000);
    assert.equal(limitReport(h.state, h.now).applied, true);
  }
});

Deno.test("a relative limit is not over before its time in a transaction that is old", () => {
  const stage = new LimitStage({ controlTimeoutMs: 72 * HOUR_MS }, NO_ABSOLUTE);
  stage.start();
  stage.h.pass(30 * HOUR_MS);
  set(stage, 10);
  assert.equal(stage.limitA(), 10);
  const { duration } = stage.sent().csChargingProfiles.chargingSchedule;
  assert.equal(Math.round(duration! / 3_600), 54);
});

type Operation =
  | { type: "set"; who: number; limit: number; level: number; whole: boolean; lastsS: number }
  | { type: "clear"; who: number }
  | { type: "owner"; limit: number | undefined; lastsS: number | undefined }
  | { type: "mode"; mode: number }
  | { type: "pass"; ms: number }
  | { type: "car" }
  | { type: "charger"; boots: boolean }
  | { type: "restart" };

const seconds = fc.constantFrom(30, 600, 5_000, 100_000);
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    type: fc.constant("set" as const),
    who: fc.nat(1),
    limit: fc.nat(32),
    level: fc.nat(2),
    whole: fc.boolean(),
    lastsS: seconds,
  }),
  fc.record({ type: fc.constant("clear" as const), who: fc.nat(1) }),
  fc.record({
    type: fc.constant("owner" as const),
    limit: fc.option(fc.nat(32), { nil: undefined }),
    lastsS: fc.option(seconds, { nil: undefined }),
  }),
  fc.record({ type: fc.constant("mode" as const), mode: fc.nat(2) }),
  fc.record({
    type: fc.constant("pass" as const),
    ms: fc.constantFrom(1_000, 60_000, HOUR_MS, 25 * HOUR_MS),
  }),
  fc.record({ type: fc.constant("car" as const) }),
  fc.record({ type: fc.constant("charger" as const), boots: fc.boolean() }),
  fc.record({ type: fc.constant("restart" as const) }),
);

/** What should hold now, from the state's plain facts: the lowest of what is valid. */
function expectedA({ h }: LimitStage): number | null {
  const { control, limits, configuration } = h.state;
  const { maxCurrentA, fallbackCurrentA } = configuration.charger;
  const values = [maxCurrentA];
  const { ownerLimit, mode } = control;
  if (ownerLimit && (ownerLimit.until ?? Infinity) > h.now) values.push(ownerLimit.currentA);
  if (mode.mode === "paused") values.push(0);
  if (limits.fallback) values.push(fallbackCurrentA);
  for (const id of ["evcc", "meter"]) {
    for (const purpose of ["ChargePointMaxProfile", "TxDefaultProfile"]) {
      const valid = limits.profiles.filter(({ backendId, profile }) =>
        backendId === id && profile.chargingProfilePurpose === purpose &&
        Date.parse(profile.validTo!) > h.now
      );
      const best = valid.toSorted((a, b) => b.profile.stackLevel - a.profile.stackLevel)[0];
      values.push(best?.profile.chargingSchedule.chargingSchedulePeriod[0]?.limit);
    }
  }
  const least = Math.min(...values.map((value) => value ?? Infinity));
  return least === Infinity ? null : least;
}

Deno.test("whatever happens, an obedient charger has the lowest of what is allowed, and keeps no 0", () => {
  const quirks = [() => false, NO_ABSOLUTE, NO_DEFAULT, NO_MAXIMUM];
  fc.assert(
    fc.property(
      fc.nat(quirks.length - 1),
      fc.option(fc.constantFrom(16, 25), { nil: undefined }),
      fc.constantFrom("1", "2", "10"),
      fc.array(operation, { maxLength: 25 }),
      (quirk, cap, maxPeriods, operations) => {
        const stage = new LimitStage(
          { charger: { ...cap && { maxCurrentA: cap } } },
          quirks[quirk],
          1,
          [
            backend("evcc", "controller"),
            backend("meter", "observer", { permissions: new Set(["receive", "guard"]) }),
          ],
        );
        const { h } = stage;
        setKeys(stage, { ChargingScheduleMaxPeriods: maxPeriods });
        stage.obey();
        let session: number | undefined;
        for (const item of operations) {
          const who = ["evcc", "meter"]["who" in item ? item.who : 0]!;
          switch (item.type) {
            case "set": {
              const validTo = new Date(h.now + item.lastsS * 1000).toISOString();
              const purpose = item.whole ? "ChargePointMaxProfile" : "TxDefaultProfile";
              h.backendCalls(who, "SetChargingProfile", {
                connectorId: item.whole ? 0 : 1,
                csChargingProfiles: profile(item.limit, {
                  chargingProfileId: item.level * 2 + Number(item.whole),
                  stackLevel: item.level,
                  chargingProfilePurpose: purpose,
                  validTo,
                }),
              });
              break;
            }
            case "clear":
              h.backendCalls(who, "ClearChargingProfile", {});
              break;
            case "owner": {
              const until = item.lastsS === undefined ? {} : { until: h.now + item.lastsS * 1000 };
              h.event({ type: "owner_limit", currentA: item.limit, ...until });
              break;
            }
            case "mode":
              h.event({
                type: "owner",
                mode: ([{ mode: "auto" }, { mode: "owner_only" }, { mode: "paused" }] as const)[
                  item.mode
                ]!,
              });
              break;
            case "pass":
              stage.pass(item.ms);
              break;
            case "car":
              if (session === undefined) session = stage.start();
              else {
                stage.stop(session);
                session = undefined;
              }
              break;
            case "charger":
              h.disconnectCharger();
              if (item.boots) h.bootCharger();
              else {
                h.connectCharger();
                h.chargerCalls("Heartbeat", {});
                h.pass(1_000);
              }
              break;
            case "restart":
              h.restart();
              h.bootCharger();
              for (const id of ["evcc", "meter"]) h.attach(id);
          }
          stage.obey();
          // Between whole seconds, where the charger is exact.
          stage.pass((1_500 - h.now % 1_000) % 1_000);
          assert.equal(stage.limitA(), expectedA(stage), JSON.stringify(item));
        }
        // The proxy is gone: two days later nothing holds the car back but the cap.
        if (quirk !== 1 && quirk !== 2) {
          const later = stage.limitA(1, h.now + 48 * HOUR_MS);
          assert.ok(later === null || later > 0, `${later} A for ever`);
        }
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("less current goes to the charger before what waits already, more current behind it", () => {
  const backends = ["one", "two", "three"].map((id) => backend(id, "admin"));
  for (const [currentA, place] of [[8, 0], [20, 2]] as const) {
    const stage = new LimitStage({}, undefined, 1, backends);
    const { h } = stage;
    h.event({ type: "owner_limit", currentA: 16 });
    stage.obey();
    // One is on its way, two wait that have not had their turn yet.
    for (const { id } of backends) h.backendCalls(id, "DataTransfer", { vendorId: "v" }, id);
    h.event({ type: "owner_limit", currentA });
    h.chargerAnswers(ACCEPTED);
    assert.equal(stage.obey().indexOf("SetChargingProfile"), place, `${currentA} A`);
  }
});
