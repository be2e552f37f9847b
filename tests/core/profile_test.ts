// Charging profiles and reservations of backends: checked, under the proxy's ids, cleared apart.

import assert from "node:assert/strict";
import { MAX_LEFTOVERS } from "../../src/core/leftover.ts";
import type { JsonObject, JsonValue } from "../../src/ocpp/json.ts";
import { outcome, profile, setProfile, soleAnswer } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";

const ACCEPTED = { status: "Accepted" };
const REJECTED = { status: "Rejected" };
const UNKNOWN = { status: "Unknown" };

function stage(): Harness {
  const h = new Harness(configuration({
    backends: [backend("evcc", "controller"), backend("ha", "controller")],
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

/** A command that the charger answers; how the backend was answered. */
function run(h: Harness, id: string, action: string, payload: JsonObject, answer: JsonObject) {
  const messageId = `${action}${h.received(id).length}`;
  h.backendCalls(id, action, payload, messageId);
  for (let call = h.state.charger.pending; call; call = h.state.charger.pending) {
    h.chargerAnswers(answer);
  }
  return soleAnswer(h, id, messageId, action as "SetChargingProfile");
}

function set(h: Harness, id: string, payload: JsonObject, answer: JsonObject = ACCEPTED) {
  return run(h, id, "SetChargingProfile", payload, answer);
}

function clear(h: Harness, id: string, payload: JsonObject, answer: JsonObject = ACCEPTED) {
  return run(h, id, "ClearChargingProfile", payload, answer);
}

/** The profiles that the charger has been sent. */
function installed(h: Harness): JsonObject[] {
  return h.callsToCharger("SetChargingProfile").map(({ payload }) =>
    payload.csChargingProfiles as JsonObject
  );
}

function clearedIds(h: Harness): JsonValue[] {
  return h.callsToCharger("ClearChargingProfile").map(({ payload }) => payload as JsonObject);
}

function schedule(periods: JsonObject[], changes: JsonObject = {}): JsonObject {
  return {
    chargingSchedule: { chargingRateUnit: "A", chargingSchedulePeriod: periods, ...changes },
  };
}

Deno.test("6.13: a profile that chargers accept though it is wrong never reaches one", () => {
  const wrong: [string, JsonObject][] = [
    ["first startPeriod 5", setProfile(1, schedule([{ startPeriod: 5, limit: 6 }]))],
    ["no period", setProfile(1, schedule([]))],
    ["negative limit", setProfile(-1)],
    [
      "startPeriod falls",
      setProfile(
        1,
        schedule([{ startPeriod: 0, limit: 6 }, {
          startPeriod: 0,
          limit: 7,
        }]),
      ),
    ],
    ["TxProfile without a transaction", setProfile(6, { chargingProfilePurpose: "TxProfile" })],
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

Deno.test("limits are rounded down to one decimal, the rest of a profile is passed on", () => {
  const h = stage();
  const periods = [{ startPeriod: 0, limit: 8.1, numberPhases: 1 }, { startPeriod: 60, limit: 6 }];
  const given = profile(1, {
    ...schedule(periods, { duration: 120, minChargingRate: 5.9 }),
    validFrom: "2026-11-22T12:00:00Z",
    validTo: "2026-11-23T12:00:00Z",
    chargingProfileKind: "Recurring",
    recurrencyKind: "Daily",
  });
  set(h, "evcc", { connectorId: 1, csChargingProfiles: given });
  assert.deepEqual(installed(h), [{ ...given, chargingProfileId: 1 }]);
});

Deno.test("N30: profile ids are the proxy's own, the same for the same profile, new for another's", () => {
  const h = stage();
  set(h, "evcc", setProfile(16));
  set(h, "evcc", setProfile(10));
  set(h, "evcc", setProfile(8, { chargingProfileId: 6, stackLevel: 1 }));
  h.event({ type: "owner", mode: { mode: "backend", backendId: "ha" } });
  while (h.state.charger.pending) h.chargerAnswers(ACCEPTED);
  set(h, "ha", setProfile(9));
  assert.deepEqual(installed(h).map(({ chargingProfileId }) => chargingProfileId), [1, 1, 2, 3]);
  assert.deepEqual(clearedIds(h), [{ id: 1 }, { id: 2 }]);
});

Deno.test("one profile sent twice before its answer has one id", () => {
  const h = stage();
  h.backendCalls("evcc", "SetChargingProfile", setProfile(16), "1");
  h.backendCalls("evcc", "SetChargingProfile", setProfile(10), "2");
  h.chargerAnswers(ACCEPTED);
  h.chargerAnswers(ACCEPTED);
  assert.deepEqual(installed(h).map(({ chargingProfileId }) => chargingProfileId), [1, 1]);
  assert.equal(h.state.profiles.size, 1);
});

Deno.test("ids are never used again, also after refusals and a restart", () => {
  const h = stage();
  assert.deepEqual(set(h, "evcc", setProfile(16), REJECTED), REJECTED);
  set(h, "evcc", setProfile(16));
  h.restart();
  h.bootCharger(2);
  h.attach("evcc");
  set(h, "evcc", setProfile(10));
  set(h, "evcc", setProfile(10, { chargingProfileId: 9, stackLevel: 9 }));
  assert.deepEqual(installed(h).map(({ chargingProfileId }) => chargingProfileId), [1, 2, 2, 3]);
});

Deno.test("N30: a profile that takes another's slot replaces it", () => {
  const h = stage();
  set(h, "evcc", setProfile(16));
  set(h, "evcc", setProfile(10, { chargingProfileId: 6 }));
  set(h, "evcc", { ...setProfile(8, { chargingProfileId: 7 }), connectorId: 2 });
  assert.deepEqual([...h.state.profiles.values()].map(({ theirs }) => theirs), [6, 7]);
  assert.deepEqual(clear(h, "evcc", { id: 5 }), UNKNOWN);
  assert.equal(h.callsToCharger("ClearChargingProfile").length, 0);
});

Deno.test("N31: ClearChargingProfile clears what its backend has set and it means, one call each", () => {
  const cases: [JsonObject, number[]][] = [
    [{}, [1, 2, 3]],
    [{ id: 5 }, [1]],
    [{ id: 5, connectorId: 2 }, [1]],
    [{ id: 99 }, []],
    [{ connectorId: 1 }, [1, 2]],
    [{ stackLevel: 3 }, [2, 3]],
    [{ connectorId: 1, stackLevel: 3 }, [2]],
    [{ chargingProfilePurpose: "TxDefaultProfile" }, [1, 2, 3]],
    [{ chargingProfilePurpose: "ChargePointMaxProfile" }, []],
    [{ connectorId: 0 }, []],
  ];
  for (const [request, expected] of cases) {
    const h = stage();
    set(h, "evcc", setProfile(16));
    set(h, "evcc", setProfile(10, { chargingProfileId: 6, stackLevel: 3 }));
    set(h, "evcc", { ...setProfile(8, { chargingProfileId: 7, stackLevel: 3 }), connectorId: 2 });
    assert.deepEqual(clear(h, "ha", request), UNKNOWN);
    const answer = clear(h, "evcc", request);
    assert.deepEqual(answer, expected.length > 0 ? ACCEPTED : UNKNOWN, JSON.stringify(request));
    assert.deepEqual(clearedIds(h), expected.map((id) => ({ id })), JSON.stringify(request));
    assert.equal(h.state.profiles.size, 3 - expected.length);
  }
});

Deno.test("N31: what the charger says of several clearings becomes one answer", () => {
  const prepare = () => {
    const h = stage();
    set(h, "evcc", setProfile(16));
    set(h, "evcc", setProfile(10, { chargingProfileId: 6, stackLevel: 3 }));
    h.backendCalls("evcc", "ClearChargingProfile", {}, "c");
    return h;
  };
  const one = prepare();
  one.chargerAnswers(UNKNOWN);
  assert.equal(one.answerTo("evcc", "c"), undefined);
  one.chargerAnswers(ACCEPTED);
  assert.deepEqual(soleAnswer(one, "evcc", "c", "ClearChargingProfile"), ACCEPTED);
  const none = prepare();
  none.chargerAnswers(UNKNOWN);
  none.chargerAnswers(UNKNOWN);
  assert.deepEqual(soleAnswer(none, "evcc", "c", "ClearChargingProfile"), UNKNOWN);
  assert.equal(none.state.profiles.size, 0);
  const silent = prepare();
  silent.pass(31_000);
  silent.pass(31_000);
  assert.equal(soleAnswer(silent, "evcc", "c", "ClearChargingProfile"), "GenericError");
  const gone = prepare();
  gone.disconnectCharger();
  assert.equal(typeof soleAnswer(gone, "evcc", "c", "ClearChargingProfile"), "object");
  assert.equal(gone.state.profiles.size, 2);
});

Deno.test("N32: a TxProfile names the charger's transaction, by whatever id its backend has", () => {
  const h = stage();
  const first = start(h);
  const second = start(h, 2);
  const tx = (transactionId: number | undefined, connectorId = 1) => ({
    ...setProfile(6, {
      chargingProfilePurpose: "TxProfile",
      ...transactionId !== undefined && { transactionId },
    }),
    connectorId,
  });
  for (const [theirs, connectorId, ours] of [[7_001, 1, first], [7_002, 2, second]] as const) {
    assert.deepEqual(set(h, "evcc", tx(theirs, connectorId)), ACCEPTED);
    assert.equal(installed(h).at(-1)?.transactionId, ours);
  }
  assert.deepEqual(set(h, "evcc", tx(undefined)), ACCEPTED);
  assert.equal(installed(h).at(-1)?.transactionId, first);
  const before = installed(h).length;
  for (
    const [theirs, connectorId] of [[7_001, 2], [8_001, 1], [first, 1], [-1, 1], [5, 1]] as const
  ) {
    assert.deepEqual(
      set(h, "evcc", tx(theirs, connectorId)),
      REJECTED,
      `${theirs} on ${connectorId}`,
    );
  }
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StopTransaction", { transactionId: first, meterStop: 1, timestamp });
  h.serve("evcc");
  while (h.state.charger.pending) h.chargerAnswers(ACCEPTED);
  assert.deepEqual(set(h, "evcc", tx(7_001)), REJECTED);
  assert.equal(installed(h).length, before);
});

Deno.test("a transaction id on another purpose is left out", () => {
  const h = stage();
  start(h);
  set(h, "evcc", setProfile(6, { transactionId: 7_001 }));
  assert.equal(installed(h)[0]!.transactionId, undefined);
});

Deno.test("N32: the profile of a RemoteStart is a TxProfile without a transaction", () => {
  const ask = (changes: JsonObject) => {
    const h = stage();
    const chargingProfile = profile(6, { chargingProfilePurpose: "TxProfile", ...changes });
    const request = { connectorId: 1, idTag: "x", chargingProfile };
    return [h, outcome(h.backendCalls("evcc", "RemoteStartTransaction", request))] as const;
  };
  for (
    const changes of [
      { transactionId: 1 },
      { chargingProfilePurpose: "TxDefaultProfile" },
      schedule([]),
    ] as JsonObject[]
  ) {
    const [h, answer] = ask(changes);
    assert.deepEqual(answer, REJECTED);
    assert.equal(h.state.control.lease, undefined);
  }
  const [h] = ask({});
  const sent = h.lastCallToCharger().payload.chargingProfile as JsonObject;
  assert.equal(sent.chargingProfileId, 1);
  h.chargerAnswers(ACCEPTED);
  h.pass(75_000);
  assert.deepEqual(clearedIds(h), [{ id: 1 }]);
});

Deno.test("a profile that the charger refuses is none; one that it replaces stays what it was", () => {
  const h = stage();
  set(h, "evcc", setProfile(16));
  assert.deepEqual(set(h, "evcc", setProfile(0), { status: "NotSupported" }), {
    status: "NotSupported",
  });
  assert.equal(h.state.profiles.size, 1);
  assert.deepEqual(clear(h, "evcc", { id: 5 }), ACCEPTED);
});

Deno.test("more profiles or reservations than MAX_LEFTOVERS are refused", () => {
  const h = stage();
  for (let id = 0; id < MAX_LEFTOVERS; id++) {
    assert.deepEqual(
      set(h, "evcc", setProfile(6, { chargingProfileId: id, stackLevel: id })),
      ACCEPTED,
    );
  }
  const more = setProfile(6, { chargingProfileId: 99, stackLevel: 99 });
  assert.deepEqual(set(h, "evcc", more), REJECTED);
  assert.deepEqual(
    set(h, "evcc", setProfile(7, { chargingProfileId: 3, stackLevel: 3 })),
    ACCEPTED,
  );
  for (let reservationId = 0; reservationId < MAX_LEFTOVERS; reservationId++) {
    assert.deepEqual(reserve(h, "evcc", reservationId), ACCEPTED);
  }
  assert.deepEqual(reserve(h, "evcc", 99), REJECTED);
});

Deno.test("GetCompositeSchedule goes to the charger in anybody's name, and comes back as it is", () => {
  const h = stage();
  const schedule = {
    status: "Accepted",
    connectorId: 1,
    scheduleStart: "2026-11-22T12:00:00Z",
    chargingSchedule: {
      chargingRateUnit: "A",
      duration: 60,
      chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }],
    },
  };
  const request = { connectorId: 1, duration: 60 };
  assert.deepEqual(run(h, "ha", "GetCompositeSchedule", request, schedule), schedule);
  assert.deepEqual(h.lastCallToCharger().payload, request);
});

function reserve(
  h: Harness,
  id: string,
  reservationId: number,
  answer: JsonObject = ACCEPTED,
  expiryDate = "2026-11-22T14:00:00Z",
) {
  const request = { connectorId: 1, expiryDate, idTag: "CAR", reservationId };
  return run(h, id, "ReserveNow", request, answer);
}

function cancel(h: Harness, id: string, reservationId: number) {
  return run(h, id, "CancelReservation", { reservationId }, ACCEPTED);
}

function reservedIds(h: Harness): JsonValue[] {
  return h.callsToCharger("ReserveNow").map(({ payload }) => payload.reservationId!);
}

Deno.test("reservations: the proxy's ids, replaced by the same id, cancelled by their backend alone", () => {
  const h = stage();
  assert.deepEqual(reserve(h, "evcc", 4), ACCEPTED);
  assert.deepEqual(reserve(h, "evcc", 4), ACCEPTED);
  assert.deepEqual(reserve(h, "evcc", 5, { status: "Occupied" }), { status: "Occupied" });
  assert.deepEqual(reservedIds(h), [1, 1, 2]);
  assert.deepEqual(cancel(h, "ha", 4), REJECTED);
  assert.deepEqual(cancel(h, "ha", 1), REJECTED);
  assert.deepEqual(cancel(h, "evcc", 5), REJECTED);
  assert.deepEqual(cancel(h, "evcc", 4), ACCEPTED);
  assert.deepEqual(h.callsToCharger("CancelReservation").map(({ payload }) => payload), [
    { reservationId: 1 },
  ]);
  assert.deepEqual(cancel(h, "evcc", 4), REJECTED);
  assert.deepEqual(reserve(h, "evcc", 4, ACCEPTED, "2020-01-01T00:00:00Z"), REJECTED);
});

Deno.test("a reservation goes with the control under which it was made, also after a restart", () => {
  for (const restart of [false, true]) {
    const h = stage();
    reserve(h, "evcc", 4);
    if (restart) {
      h.restart();
      h.bootCharger(2);
      h.attach("evcc");
    }
    h.pass(60_000);
    assert.equal(h.state.control.lease, undefined);
    assert.deepEqual(h.lastCallToCharger().payload, { reservationId: 1 });
    h.chargerAnswers(ACCEPTED);
    assert.deepEqual(h.tables.facts.get("reservations"), []);
  }
});

Deno.test("N17: StartTransaction carries the reservation's id to who reserved, and to nobody else", () => {
  const h = stage();
  reserve(h, "evcc", 4);
  const timestamp = "2026-11-22T12:00:00Z";
  h.chargerCalls("StartTransaction", {
    connectorId: 1,
    idTag: "CAR",
    meterStart: 0,
    timestamp,
    reservationId: 1,
  });
  const told = (id: string) => h.outstanding(id)?.payload.reservationId;
  assert.deepEqual([told("evcc"), told("ha")], [4, undefined]);
});

Deno.test("reservations that are over make room for new ones", () => {
  const h = new Harness(configuration({
    backends: [backend("evcc", "controller")],
    controlTimeoutMs: 600_000,
  }));
  h.bootCharger();
  h.attach("evcc");
  const reserve = (reservationId: number) => {
    const expiryDate = new Date(h.now + 30_000).toISOString();
    const request = { connectorId: 1, expiryDate, idTag: "CAR", reservationId };
    return run(h, "evcc", "ReserveNow", request, ACCEPTED);
  };
  for (let id = 1; id <= MAX_LEFTOVERS; id++) assert.deepEqual(reserve(id), ACCEPTED);
  assert.deepEqual(reserve(100), REJECTED);
  h.pass(31_000);
  assert.deepEqual(reserve(101), ACCEPTED);
  assert.equal(h.state.reservations.size, 1);
});

Deno.test("a request id is never used again, also after a kill while the charger has it", () => {
  const h = new Harness(configuration({ backends: [backend("admin", "admin")] }));
  const ask = () => {
    h.bootCharger();
    h.attach("admin");
    h.backendCalls("admin", "GetLog", {
      log: { remoteLocation: "https://example.org/log" },
      logType: "DiagnosticsLog",
      requestId: 7,
    });
    return h.lastCallToCharger().payload.requestId;
  };
  const first = ask();
  h.crash();
  assert.notEqual(ask(), first);
});
