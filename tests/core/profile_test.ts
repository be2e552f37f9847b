// Charging profiles of backends: each has its own, checked, bounded, and none reaches the charger.

import assert from "node:assert/strict";
import { MAX_PROFILES, MAX_PROFILES_EACH } from "../../src/core/backend_profile.ts";
import { MAX_PERIODS } from "../../src/core/charging_profile.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { outcome, profile, setProfile, soleAnswer } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";

const ACCEPTED = { status: "Accepted" };
const REJECTED = { status: "Rejected" };
const UNKNOWN = { status: "Unknown" };

function stage(changes: Parameters<typeof configuration>[0] = {}): Harness {
  const h = new Harness(configuration({
    backends: [backend("evcc", "controller"), backend("ha", "controller")],
    ...changes,
  }));
  h.bootCharger(2);
  for (const id of ["evcc", "ha"]) {
    h.attach(id, () => (id === "evcc" ? 7_000 : 8_000) + h.tables.sessions.size);
  }
  return h;
}

function start(h: Harness, connectorId = 1, idTag = "CAR"): number {
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StartTransaction", { connectorId, idTag, meterStart: 0, timestamp });
  // Starts are told with a space between them.
  h.pass(1_100);
  h.serve("evcc", () => 7_000 + h.tables.sessions.size);
  h.serve("ha", () => 8_000 + h.tables.sessions.size);
  return [...h.tables.sessions.keys()].at(-1)!;
}

function obey(h: Harness, answer: JsonObject = ACCEPTED): void {
  while (h.state.charger.pending) h.chargerAnswers(answer);
}

/** A command, and what the charger says to everything; how the backend was answered. */
function run(h: Harness, id: string, action: string, payload: JsonObject, answer = ACCEPTED) {
  const messageId = `${action}${h.received(id).length}`;
  h.backendCalls(id, action, payload, messageId);
  obey(h, answer);
  return soleAnswer(h, id, messageId, action as "SetChargingProfile");
}

function set(h: Harness, id: string, payload: JsonObject, answer = ACCEPTED) {
  return run(h, id, "SetChargingProfile", payload, answer);
}

/** The profiles that are kept, as their backends know them. */
function kept(h: Harness): number[] {
  return h.state.limits.profiles.map((stored) => stored.profile.chargingProfileId);
}

/** What the charger was told last about a connector, A. */
function limitOn(h: Harness, connectorId: number): unknown {
  const call = h.callsToCharger("SetChargingProfile")
    .findLast(({ payload }) => payload.connectorId === connectorId);
  const { chargingSchedule } = call?.payload.csChargingProfiles as JsonObject;
  const { chargingSchedulePeriod } = chargingSchedule as { chargingSchedulePeriod: JsonObject[] };
  return chargingSchedulePeriod[0]!.limit;
}

function schedule(periods: JsonObject[], changes: JsonObject = {}): JsonObject {
  return {
    chargingSchedule: { chargingRateUnit: "A", chargingSchedulePeriod: periods, ...changes },
  };
}

Deno.test("6.13: a profile that chargers accept though it is wrong is refused and not kept", () => {
  const tooMany = Array.from({ length: MAX_PERIODS + 1 }, (_, startPeriod) => ({
    startPeriod,
    limit: 6,
  }));
  const wrong: [string, JsonObject][] = [
    ["first startPeriod 5", setProfile(1, schedule([{ startPeriod: 5, limit: 6 }]))],
    ["no period", setProfile(1, schedule([]))],
    ["too many periods", setProfile(1, schedule(tooMany))],
    ["negative limit", setProfile(-1)],
    [
      "startPeriod falls",
      setProfile(1, schedule([{ startPeriod: 0, limit: 6 }, { startPeriod: 0, limit: 7 }])),
    ],
    ["no phase", setProfile(1, schedule([{ startPeriod: 0, limit: 6, numberPhases: 0 }]))],
    [
      "negative duration",
      setProfile(1, schedule([{ startPeriod: 0, limit: 6 }], { duration: -1 })),
    ],
    ["Recurring without recurrency", setProfile(6, { chargingProfileKind: "Recurring" })],
    ["TxProfile without a transaction", setProfile(6, { chargingProfilePurpose: "TxProfile" })],
    ["no such connector", { ...setProfile(6), connectorId: 3 }],
    ["TxProfile on connector 0", {
      connectorId: 0,
      csChargingProfiles: profile(6, { chargingProfilePurpose: "TxProfile" }),
    }],
    [
      "ChargePointMaxProfile on 1",
      setProfile(6, { chargingProfilePurpose: "ChargePointMaxProfile" }),
    ],
  ];
  for (const [name, payload] of wrong) {
    const h = stage();
    const facts = new Map(h.tables.facts);
    assert.deepEqual(set(h, "evcc", payload), REJECTED, name);
    assert.equal(h.callsToCharger().length, 0, name);
    assert.deepEqual(h.tables.facts, facts, name);
  }
});

Deno.test("N30: a profile with a known id, or in a taken place, replaces what was there", () => {
  const h = stage();
  set(h, "evcc", setProfile(16));
  set(h, "evcc", setProfile(10, { chargingProfileId: 6 }));
  assert.deepEqual([kept(h), limitOn(h, 1)], [[6], 10]);
  set(h, "evcc", { ...setProfile(8, { chargingProfileId: 6 }), connectorId: 2 });
  assert.deepEqual([kept(h), limitOn(h, 2)], [[6], 8]);
  assert.deepEqual(h.lastCallToCharger().payload, { id: 1 });
  set(h, "evcc", setProfile(7, { chargingProfileId: 7 }));
  set(h, "evcc", setProfile(12, { chargingProfileId: 8, stackLevel: 3 }));
  assert.deepEqual([kept(h), limitOn(h, 1)], [[6, 7, 8], 12]);
});

Deno.test("N31: ClearChargingProfile clears what its backend has set and it means, and no more", () => {
  const cases: [JsonObject, number[]][] = [
    [{}, [5, 6, 7]],
    [{ id: 5 }, [5]],
    [{ id: 5, connectorId: 2 }, [5]],
    [{ id: 99 }, []],
    [{ connectorId: 1 }, [5, 6]],
    [{ stackLevel: 3 }, [6, 7]],
    [{ connectorId: 1, stackLevel: 3 }, [6]],
    [{ chargingProfilePurpose: "TxDefaultProfile" }, [5, 6, 7]],
    [{ chargingProfilePurpose: "ChargePointMaxProfile" }, []],
    [{ connectorId: 0 }, []],
  ];
  for (const [request, expected] of cases) {
    const h = stage();
    set(h, "evcc", setProfile(16));
    set(h, "evcc", setProfile(10, { chargingProfileId: 6, stackLevel: 3 }));
    set(h, "evcc", { ...setProfile(8, { chargingProfileId: 7, stackLevel: 3 }), connectorId: 2 });
    assert.deepEqual(run(h, "ha", "ClearChargingProfile", request), UNKNOWN);
    const answer = run(h, "evcc", "ClearChargingProfile", request);
    assert.deepEqual(answer, expected.length > 0 ? ACCEPTED : UNKNOWN, JSON.stringify(request));
    assert.deepEqual(kept(h), [5, 6, 7].filter((id) => !expected.includes(id)));
  }
});

Deno.test("clearing one of two leaves the other's limit, clearing both leaves none", () => {
  const h = stage();
  set(h, "evcc", setProfile(16));
  set(h, "evcc", setProfile(10, { chargingProfileId: 6, stackLevel: 3 }));
  run(h, "evcc", "ClearChargingProfile", { id: 6 });
  assert.equal(limitOn(h, 1), 16);
  run(h, "evcc", "ClearChargingProfile", { id: 5 });
  assert.deepEqual(h.lastCallToCharger().payload, { id: 1 });
  assert.equal(h.state.limits.installed.size, 0);
});

Deno.test("N32: a TxProfile is for a transaction that runs, and ends with it", () => {
  const h = stage();
  const first = start(h);
  start(h, 2);
  const tx = (transactionId: number | undefined, connectorId = 1) => ({
    ...setProfile(6, {
      chargingProfilePurpose: "TxProfile",
      ...transactionId !== undefined && { transactionId },
    }),
    connectorId,
  });
  for (const [theirs, connectorId] of [[7_001, 1], [7_002, 2], [undefined, 1]] as const) {
    assert.deepEqual(set(h, "evcc", tx(theirs, connectorId)), ACCEPTED);
    assert.equal(limitOn(h, connectorId), 6);
  }
  for (
    const [theirs, connectorId] of [[7_001, 2], [8_001, 1], [first, 1], [-1, 1], [5, 1]] as const
  ) {
    const answer = set(h, "evcc", tx(theirs, connectorId));
    assert.deepEqual(answer, REJECTED, `${theirs} on ${connectorId}`);
  }
  assert.equal(h.state.limits.installed.size, 1);
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StopTransaction", { transactionId: first, meterStop: 1, timestamp });
  h.serve("evcc");
  obey(h);
  assert.deepEqual(kept(h), []);
  assert.equal(h.state.limits.installed.size, 0);
  assert.deepEqual(set(h, "evcc", tx(7_001)), REJECTED);
});

Deno.test("a transaction id on another purpose is left out", () => {
  const h = stage();
  start(h);
  assert.deepEqual(set(h, "evcc", setProfile(6, { transactionId: 7_001 })), ACCEPTED);
  assert.equal(h.state.limits.profiles[0]!.transactionId, undefined);
});

Deno.test("N32: the profile of a RemoteStart is a TxProfile without a transaction", () => {
  for (
    const changes of [
      { transactionId: 1 },
      { chargingProfilePurpose: "TxDefaultProfile" },
      schedule([]),
    ] as JsonObject[]
  ) {
    const h = stage();
    const chargingProfile = profile(6, { chargingProfilePurpose: "TxProfile", ...changes });
    const request = { connectorId: 1, idTag: "x", chargingProfile };
    const answer = outcome(h.backendCalls("evcc", "RemoteStartTransaction", request));
    assert.deepEqual(answer, REJECTED);
    assert.equal(h.state.control.lease, undefined);
  }
});

Deno.test("the profile of a RemoteStart counts from its transaction, and goes if none comes", () => {
  for (const ends of ["started", "rejected", "never came"] as const) {
    const h = stage();
    const chargingProfile = profile(9, { chargingProfilePurpose: "TxProfile" });
    h.backendCalls("evcc", "RemoteStartTransaction", {
      connectorId: 1,
      idTag: "x",
      chargingProfile,
    });
    assert.equal(h.lastCallToCharger().payload.chargingProfile, undefined);
    h.chargerAnswers(ends === "rejected" ? REJECTED : ACCEPTED);
    assert.equal(h.callsToCharger("SetChargingProfile").length, 0);
    if (ends === "never came") h.pass(75_000);
    if (ends === "started") {
      start(h, 1, "x");
      assert.equal(limitOn(h, 1), 9);
    }
    assert.deepEqual(kept(h), ends === "started" ? [5] : [], ends);
  }
});

Deno.test("a profile that the charger refuses is none; one that it replaces stays what it was", () => {
  const h = stage();
  set(h, "evcc", setProfile(16));
  assert.deepEqual(set(h, "evcc", setProfile(0), REJECTED), REJECTED);
  assert.equal(
    h.state.limits.profiles[0]!.profile.chargingSchedule.chargingSchedulePeriod[0]!.limit,
    16,
  );
  assert.equal(h.state.control.lease?.backendId, "evcc");
  assert.deepEqual(run(h, "evcc", "ClearChargingProfile", { id: 5 }), ACCEPTED);
});

Deno.test("two refused in a row leave what was there before both", () => {
  const h = stage();
  set(h, "evcc", setProfile(16));
  for (const limit of [8, 7]) h.backendCalls("evcc", "SetChargingProfile", setProfile(limit));
  obey(h, REJECTED);
  const [stored, ...more] = h.state.limits.profiles;
  assert.equal(stored!.profile.chargingSchedule.chargingSchedulePeriod[0]!.limit, 16);
  assert.deepEqual(more, []);
});

Deno.test("more profiles than one backend, or all of them, may have are refused", () => {
  const guards = ["a", "b", "c", "d"];
  const permissions = new Set(["receive", "limit", "guard"] as const);
  const h = stage({
    backends: [
      backend("evcc", "controller"),
      backend("ha", "controller"),
      ...guards.map((id) => backend(id, "observer", { permissions })),
    ],
  });
  for (const id of guards) h.attach(id);
  const many = (id: string, count: number) =>
    Array.from({ length: count }, (_, index) => {
      const chargingProfileId = 10 + index;
      return set(h, id, setProfile(6, { chargingProfileId, stackLevel: index }));
    });
  const full = Array.from({ length: MAX_PROFILES_EACH }, () => ACCEPTED);
  assert.deepEqual(many("evcc", MAX_PROFILES_EACH + 1), [...full, REJECTED]);
  assert.deepEqual(set(h, "evcc", setProfile(7, { chargingProfileId: 12 })), ACCEPTED);
  for (const id of guards.slice(0, 3)) assert.deepEqual(many(id, MAX_PROFILES_EACH), full);
  assert.equal(kept(h).length, MAX_PROFILES);
  assert.deepEqual(many("d", 1), [REJECTED]);
});

Deno.test("profiles survive a restart, with what they say of a transaction", () => {
  const h = stage();
  start(h);
  set(h, "evcc", setProfile(9, { chargingProfilePurpose: "TxProfile" }));
  set(h, "evcc", setProfile(12, { chargingProfileId: 6 }));
  const before = h.state.limits.profiles.map(({ profile }) => profile);
  h.restart();
  assert.deepEqual(h.state.limits.profiles.map(({ profile }) => profile), before);
  h.connectCharger();
  h.chargerCalls("Heartbeat", {});
  h.pass(1_000);
  assert.equal(h.callsToCharger("SetChargingProfile").length, 1, "nothing is sent anew");
});

Deno.test("GetCompositeSchedule tells a backend of its own profiles alone, in the unit it asks for", () => {
  const h = stage();
  start(h);
  const composite = (id: string, request: JsonObject) =>
    run(h, id, "GetCompositeSchedule", { connectorId: 1, duration: 60, ...request });
  assert.deepEqual(composite("evcc", {}), ACCEPTED);
  assert.deepEqual(composite("evcc", { connectorId: 3 }), REJECTED);
  const periods = [{ startPeriod: 0, limit: 16 }, { startPeriod: 90, limit: 10 }];
  const startSchedule = new Date(h.now - 60_000).toISOString();
  set(h, "evcc", setProfile(0, schedule(periods, { startSchedule })));
  const scheduleStart = new Date(h.now).toISOString().replace(/\.\d+/, "");
  const expected = (chargingRateUnit: string, limits: number[], connectorId = 1) => ({
    status: "Accepted",
    connectorId,
    scheduleStart,
    chargingSchedule: {
      duration: 60,
      chargingRateUnit,
      chargingSchedulePeriod: limits.map((limit, index) => ({
        startPeriod: [0, 30][index]!,
        limit,
      })),
    },
  });
  assert.deepEqual(composite("evcc", {}), expected("A", [16, 10]));
  const inW = composite("evcc", { chargingRateUnit: "W" });
  assert.deepEqual(inW, expected("W", [11_040, 6_900]));
  assert.deepEqual(composite("ha", {}), ACCEPTED);
  assert.equal(h.callsToCharger("GetCompositeSchedule").length, 0);
});

Deno.test("GetCompositeSchedule without a profile tells the owner's cap", () => {
  const h = stage({ charger: { maxCurrentA: 20 } });
  const answer = h.backendCalls("ha", "GetCompositeSchedule", { connectorId: 0, duration: 10 });
  assert.deepEqual(outcome(answer), {
    status: "Accepted",
    connectorId: 0,
    scheduleStart: "2026-11-22T12:00:00Z",
    chargingSchedule: {
      duration: 10,
      chargingRateUnit: "A",
      chargingSchedulePeriod: [{ startPeriod: 0, limit: 20 }],
    },
  });
});
