// The simple JSON protocol: requests, replies, events, and what a durable backend missed.

import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import { MAX_REQUEST_LENGTH } from "../../src/core/json_request.ts";
import type { JsonObject, JsonValue } from "../../src/ocpp/json.ts";
import { backend, configuration, Harness } from "./harness.ts";

const ACCEPTED = { status: "Accepted" };

function stage(
  changes: Parameters<typeof configuration>[0] = {},
  json = backend("simple", "controller"),
): Harness {
  const h = new Harness(configuration({
    backends: [json, backend("second", "controller"), backend("ocpp", "controller")],
    ...changes,
  }));
  h.bootCharger();
  h.connectBackend(json.id, "json");
  return h;
}

function messages(h: Harness, id = "simple", from = 0): JsonObject[] {
  return h.received(id).slice(from).map(({ text }) => JSON.parse(text));
}

function events(h: Harness, id = "simple", from = 0): JsonObject[] {
  return messages(h, id, from).filter(({ type }) => type !== undefined);
}

/** What a request is answered with at once: the replies, without events. */
function say(h: Harness, request: JsonValue, id = "simple"): JsonObject[] {
  const before = h.received(id).length;
  h.backendSays(id, typeof request === "string" ? request : JSON.stringify(request));
  return messages(h, id, before).filter(({ type }) => type === undefined);
}

/** The replies after the charger has answered. */
function answered(h: Harness, payload: JsonObject): JsonObject[] {
  const before = h.received("simple").length;
  h.chargerAnswers(payload);
  return messages(h, "simple", before).filter(({ type }) => type === undefined);
}

function start(h: Harness, idTag = "CAR", connectorId = 1): number {
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StartTransaction", { connectorId, idTag, meterStart: 1000, timestamp });
  return [...h.tables.sessions.keys()].at(-1)!;
}

function meter(h: Harness, transactionId: number, value: string) {
  h.chargerCalls("MeterValues", {
    connectorId: 1,
    transactionId,
    meterValue: [{ timestamp: new Date(h.now).toISOString(), sampledValue: [{ value }] }],
  });
}

function stop(h: Harness, transactionId: number, meterStop = 1500) {
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StopTransaction", { transactionId, meterStop, timestamp, reason: "Local" });
}

Deno.test("a request that cannot be read is answered with a code and a sentence", () => {
  const h = stage();
  const cases: [JsonValue, JsonObject][] = [
    ["{", { error: "invalid_request" }],
    ["[]", { error: "invalid_request" }],
    ["null", { error: "invalid_request" }],
    ["{}", { error: "invalid_request" }],
    [{ action: "ping", id: "x".repeat(MAX_REQUEST_LENGTH) }, { error: "invalid_request" }],
    [{ id: 7 }, { id: 7, error: "invalid_request" }],
    [{ action: 5 }, { error: "invalid_request" }],
    [{ action: "dance" }, { action: "dance", error: "unknown_action" }],
    [{ action: "constructor", id: [1] }, {
      id: [1],
      action: "constructor",
      error: "unknown_action",
    }],
    [{ action: "subscribe", events: "all" }, { action: "subscribe", error: "invalid_request" }],
    [{ action: "subscribe", events: ["x"] }, { action: "subscribe", error: "invalid_request" }],
    [{ action: "subscribe", events: [{ toString: 1 }] }, {
      action: "subscribe",
      error: "invalid_request",
    }],
    [{ action: "release_control" }, { action: "release_control", error: "denied" }],
  ];
  for (const connector_id of ["1", -1, 1.5, null, 1e9]) {
    cases.push([{ action: "request_control", connector_id }, {
      action: "request_control",
      error: "invalid_request",
    }]);
  }
  for (
    const wrong of [
      {},
      { id_tag: "" },
      { id_tag: 5 },
      { id_tag: "x".repeat(21) },
      { id_tag: "x", connector_id: 0 },
      { id_tag: "x", connector_id: "1" },
    ]
  ) {
    const action = "RemoteStartTransaction";
    cases.push([{ action, ...wrong }, { action, error: "invalid_request" }]);
  }
  for (
    const transaction_id of [undefined, null, true, "x", "", 1.5, [1], { valueOf: 1, toString: 1 }]
  ) {
    const action = "RemoteStopTransaction";
    cases.push([
      { action, ...transaction_id !== undefined && { transaction_id } as JsonObject },
      { action, error: "invalid_request" },
    ]);
  }
  for (
    const wrong of [
      {},
      { current_a: 6, power_w: 1000 },
      { current_a: "6" },
      { current_a: -1 },
      { current_a: 1001 },
      { power_w: 1e7 },
      { current_a: null },
      { current_a: 6, until: "soon" },
      { current_a: 6, until: "2020-01-01T00:00:00Z" },
      { current_a: 6, until: { toString: 1 } },
      { current_a: 6, until: 5 },
    ]
  ) {
    cases.push([{ action: "set_limit", ...wrong }, {
      action: "set_limit",
      error: "invalid_request",
    }]);
  }
  for (const [request, expected] of cases) {
    const replies = say(h, request);
    assert.equal(replies.length, 1, JSON.stringify(request));
    const { reason, ...rest } = replies[0]!;
    assert.deepEqual(rest, expected, JSON.stringify(request));
    assert.ok(typeof reason === "string" && reason.length > 5);
  }
  assert.equal(h.callsToCharger().length, 0);
  assert.equal(h.state.control.lease, undefined);
});

Deno.test("whatever a JSON backend sends, it gets at most one reply and the core goes on", () => {
  const field = fc.oneof(fc.jsonValue(), fc.constant({ toString: 1, valueOf: 1 }));
  const request = fc.record({
    action: fc.constantFrom(
      "subscribe",
      "request_control",
      "release_control",
      "RemoteStartTransaction",
      "RemoteStopTransaction",
      "set_limit",
      "clear_limit",
      "status",
      "ping",
    ),
    id: field,
    events: field,
    connector_id: field,
    id_tag: field,
    transaction_id: field,
    current_a: field,
    power_w: field,
    until: field,
  }, { requiredKeys: ["action"] });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 12 }), (requests) => {
      const h = stage();
      for (const item of requests) assert.ok(say(h, item as JsonObject).length <= 1);
      assert.deepEqual(say(h, { action: "ping", id: 1 }), [{
        id: 1,
        action: "ping",
        result: "pong",
      }]);
    }),
    { numRuns: 200 },
  );
});

Deno.test("the first ocpp-proxy's client: start, stop, locked, unknown, all without an id", () => {
  const h = stage();
  const start_ = { action: "RemoteStartTransaction", connector_id: 1, id_tag: "TAG" };
  assert.deepEqual(say(h, start_), []);
  assert.deepEqual(h.lastCallToCharger().payload, { connectorId: 1, idTag: "TAG" });
  assert.deepEqual(answered(h, ACCEPTED), [{ action: "RemoteStartTransaction", result: true }]);
  const transactionId = start(h, "TAG");
  const stop_ = { action: "RemoteStopTransaction", transaction_id: transactionId };
  assert.deepEqual(say(h, stop_), []);
  assert.deepEqual(h.lastCallToCharger().payload, { transactionId });
  assert.deepEqual(answered(h, ACCEPTED), [{ action: "RemoteStopTransaction", result: true }]);
  h.connectBackend("second", "json");
  const [locked] = say(h, start_, "second");
  assert.equal(locked?.error, "control_locked");
  assert.equal(say(h, { action: "Reset" })[0]?.error, "unknown_action");
  assert.equal(h.callsToCharger().length, 2);
});

Deno.test("the first ocpp-proxy's events have kept their names and fields", () => {
  const h = stage();
  const from = h.received("simple").length;
  h.chargerCalls("BootNotification", { chargePointVendor: "Acme", chargePointModel: "One" });
  h.chargerCalls("Heartbeat", {});
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Preparing",
  });
  const transaction_id = start(h);
  meter(h, transaction_id, "1100");
  stop(h, transaction_id);
  const time = "2026-11-22T12:00:00Z";
  const got = Object.fromEntries(events(h, "simple", from).map((event) => [event.type, event]));
  assert.deepEqual(got.boot, {
    type: "boot",
    time,
    vendor: "Acme",
    model: "One",
    charge_point_vendor: "Acme",
    charge_point_model: "One",
  });
  assert.deepEqual(got.heartbeat, { type: "heartbeat", time, current_time: time });
  assert.deepEqual(got.status, {
    type: "status",
    time,
    connector_id: 1,
    error_code: "NoError",
    status: "Preparing",
  });
  assert.deepEqual(got.transaction_started, {
    type: "transaction_started",
    time,
    transaction_id,
    connector_id: 1,
    id_tag: "CAR",
    meter_start: 1000,
    timestamp: "2026-11-22T12:00:00.500Z",
  });
  assert.deepEqual(got.meter, {
    type: "meter",
    time,
    connector_id: 1,
    transaction_id,
    values: [{ timestamp: "2026-11-22T12:00:00.500Z", sampled_value: [{ value: "1100" }] }],
  });
  assert.deepEqual(got.transaction_stopped, {
    type: "transaction_stopped",
    time,
    transaction_id,
    connector_id: 1,
    meter_stop: 1500,
    reason: "Local",
    timestamp: "2026-11-22T12:00:00.500Z",
  });
  assert.deepEqual(got.session, {
    type: "session",
    time,
    transaction_id,
    connector_id: 1,
    backend_id: null,
    id_tag: "CAR",
    started_at: time,
    stopped_at: time,
    duration_s: 0,
    energy_kwh: 0.5,
    stop_reason: "Local",
    flags: [],
  });
});

Deno.test("a reservation's id is between the charger and who reserved", () => {
  const h = stage();
  h.chargerCalls("StartTransaction", {
    connectorId: 1,
    idTag: "TAG",
    meterStart: 0,
    timestamp: "2026-11-22T12:00:00Z",
    reservationId: 77,
  });
  const started = events(h).find(({ type }) => type === "transaction_started");
  assert.equal(started?.id_tag, "TAG");
  assert.equal("reservation_id" in started, false);
});

Deno.test("an id comes back in the reply, whatever it is; without one there is none", () => {
  const h = stage();
  for (const id of [1, "a", null, { b: [] }, false]) {
    assert.deepEqual(say(h, { id, action: "ping" }), [{ id, action: "ping", result: "pong" }]);
  }
  assert.deepEqual(say(h, { action: "ping" }), [{ action: "ping", result: "pong" }]);
  say(h, { id: "later", action: "RemoteStartTransaction", id_tag: "T" });
  assert.deepEqual(answered(h, ACCEPTED), [
    { id: "later", action: "RemoteStartTransaction", result: true },
  ]);
});

Deno.test("control by request: granted, renewed, locked, given back", () => {
  const h = stage();
  h.connectBackend("second", "json");
  const granted = { granted: true, holder: "simple" };
  for (let turn = 0; turn < 2; turn++) {
    assert.deepEqual(say(h, { action: "request_control" }), [
      { action: "request_control", result: granted },
    ]);
  }
  const [reply] = say(h, { action: "request_control", id: 1 }, "second");
  assert.deepEqual([reply?.id, reply?.error], [1, "control_locked"]);
  assert.match(String(reply?.reason), /simple/);
  assert.deepEqual(events(h, "second").at(-1)?.type, "control_denied");
  assert.deepEqual(say(h, { action: "release_control" }), [
    { action: "release_control", result: true },
  ]);
  assert.deepEqual(
    events(h).map(({ type }) => type).filter((type) => String(type).startsWith("control")),
    ["control_granted", "control_released"],
  );
  assert.equal(say(h, { action: "request_control" }, "second")[0]?.error, undefined);
  h.event({ type: "owner", mode: { mode: "owner_only" } });
  assert.equal(events(h, "second").at(-1)?.type, "control_revoked");
});

Deno.test("every way to say no has its code", () => {
  const ask = { action: "RemoteStartTransaction", id_tag: "T" };
  const cases: [string, (h: Harness) => void, Parameters<typeof stage>][] = [
    ["denied", () => {}, [{ allowSharedCharging: false }]],
    ["denied", () => {}, [{ blockedProviders: ["simple"] }]],
    ["denied", () => {}, [{ allowedProviders: ["other"] }]],
    ["not_permitted", () => {}, [{}, backend("simple", "observer")]],
    ["charger_offline", (h) => h.disconnectCharger(), []],
    ["rate_limited", (h) => {
      say(h, { action: "request_control" });
      say(h, { action: "release_control" });
    }, [{ rateLimitMs: 60_000 }]],
    ["control_locked", (h) => {
      h.connectBackend("second", "json");
      say(h, { action: "request_control" }, "second");
    }, []],
  ];
  for (const [code, prepare, given] of cases) {
    const h = stage(...given);
    prepare(h);
    const facts = new Map(h.tables.facts);
    const [reply] = say(h, ask);
    assert.equal(reply?.error, code);
    assert.deepEqual(h.tables.facts, facts);
    assert.equal(h.callsToCharger().length, 0);
  }
});

Deno.test("rate_limit_seconds counts from the grant; a denied request does not extend it", () => {
  const h = stage({ rateLimitMs: 60_000 });
  say(h, { action: "request_control" });
  say(h, { action: "release_control" });
  for (let second = 10; second < 60; second += 10) {
    h.pass(10_000);
    assert.equal(say(h, { action: "request_control" })[0]?.error, "rate_limited");
  }
  h.restart();
  h.bootCharger();
  h.connectBackend("simple", "json");
  assert.equal(say(h, { action: "request_control" })[0]?.error, "rate_limited");
  h.pass(10_000);
  assert.equal(say(h, { action: "request_control" })[0]?.error, undefined);
});

Deno.test("what the charger does with a command, in codes", () => {
  const cases: [(h: Harness) => void, JsonObject][] = [
    [(h) => h.chargerAnswers({ status: "Rejected" }), { error: "charger_rejected" }],
    [(h) => h.chargerSays(`[4,"${h.lastCallToCharger().id}","NotSupported","no",{}]`), {
      error: "charger_rejected",
    }],
    [(h) => h.pass(30_000), { error: "timeout" }],
    [(h) => h.disconnectCharger(), { error: "charger_offline" }],
  ];
  for (const [act, expected] of cases) {
    const h = stage();
    say(h, { action: "RemoteStartTransaction", id_tag: "T", id: 3 });
    const before = h.received("simple").length;
    act(h);
    const replies = messages(h, "simple", before).filter(({ type }) => type === undefined);
    assert.equal(replies.length, 1);
    const { reason: _, ...rest } = replies[0]!;
    assert.deepEqual(rest, { id: 3, action: "RemoteStartTransaction", ...expected });
  }
  const h = stage();
  h.backendCalls("ocpp", "GetLocalListVersion", {});
  h.attach("ocpp");
  h.backendCalls("ocpp", "GetLocalListVersion", {});
  say(h, { action: "RemoteStartTransaction", id_tag: "T", id: 3 });
  h.event({ type: "owner", mode: { mode: "paused" } });
  assert.equal(messages(h).at(-1)?.error, "denied");
});

Deno.test("set_limit and clear_limit: the whole charger, in its unit, to its end", () => {
  const h = stage();
  const sent = () =>
    h.lastCallToCharger().payload as {
      connectorId: number;
      csChargingProfiles: JsonObject & { chargingSchedule: JsonObject };
    };
  assert.deepEqual(say(h, { action: "clear_limit" }), [{ action: "clear_limit", result: true }]);
  say(h, { action: "set_limit", current_a: 10.46, until: "2026-11-22T14:00:00+01:00" });
  assert.deepEqual(sent(), {
    connectorId: 1,
    csChargingProfiles: {
      chargingProfileId: 1,
      stackLevel: 5,
      chargingProfilePurpose: "TxDefaultProfile",
      chargingProfileKind: "Absolute",
      chargingSchedule: {
        duration: 3_660,
        startSchedule: "2026-11-22T11:59:00Z",
        chargingRateUnit: "A",
        chargingSchedulePeriod: [{ startPeriod: 0, limit: 10.4 }],
      },
    },
  });
  assert.deepEqual(answered(h, ACCEPTED), [{ action: "set_limit", result: true }]);
  say(h, { action: "set_limit", power_w: 3680 });
  assert.deepEqual(sent().csChargingProfiles.chargingSchedule.chargingSchedulePeriod, [
    { startPeriod: 0, limit: 5.3 },
  ]);
  answered(h, ACCEPTED);
  assert.deepEqual(say(h, { action: "clear_limit" }), [{ action: "clear_limit", result: true }]);
  assert.deepEqual(h.lastCallToCharger().payload, { id: 1 });
  h.chargerAnswers({ status: "Unknown" });
  assert.equal(h.state.limits.profiles.length, 0);
});

Deno.test("set_limit in the only unit that the charger knows", () => {
  for (
    const [unit, ask, expected] of [
      ["Power", { current_a: 16 }, ["W", 11_040]],
      ["W", { current_a: 6 }, ["W", 4_140]],
      ["Current", { power_w: 6_900 }, ["A", 10]],
      ["Current,Power", { power_w: 6_900 }, ["A", 10]],
    ] as const
  ) {
    const h = stage();
    h.attach("ocpp");
    h.backendCalls("ocpp", "GetConfiguration", {});
    const key = "ChargingScheduleAllowedChargingRateUnit";
    h.chargerAnswers({ configurationKey: [{ key, readonly: true, value: unit }] });
    say(h, { action: "set_limit", ...ask });
    const { csChargingProfiles } = h.lastCallToCharger().payload as {
      csChargingProfiles: JsonObject;
    };
    const { chargingRateUnit, chargingSchedulePeriod } = csChargingProfiles
      .chargingSchedule as JsonObject;
    assert.deepEqual(
      [chargingRateUnit, (chargingSchedulePeriod as JsonObject[])[0]!.limit],
      expected,
    );
  }
});

Deno.test("RemoteStop takes the id of the events, as a number or as text, of a running one only", () => {
  const h = stage();
  const id = start(h);
  for (const transaction_id of [0, -1, 1, id + 1]) {
    assert.equal(say(h, { action: "RemoteStopTransaction", transaction_id })[0]?.error, "denied");
  }
  say(h, { action: "RemoteStopTransaction", transaction_id: String(id) });
  assert.deepEqual(h.lastCallToCharger().payload, { transactionId: id });
  answered(h, ACCEPTED);
  stop(h, id);
  assert.equal(say(h, { action: "RemoteStopTransaction", transaction_id: id })[0]?.error, "denied");
  const observer = stage({}, backend("simple", "observer"));
  const [reply] = say(observer, {
    action: "RemoteStopTransaction",
    transaction_id: start(observer),
  });
  assert.equal(reply?.error, "not_permitted");
});

Deno.test("subscribe chooses the events; on connect there are the charger and its connectors", () => {
  const h = stage();
  assert.deepEqual(events(h).map(({ type }) => type), ["charger_connected", "status", "status"]);
  const chosen = ["transaction_started", "charger_disconnected"];
  assert.deepEqual(say(h, { action: "subscribe", events: chosen }), [
    { action: "subscribe", result: { events: chosen } },
  ]);
  const from = h.received("simple").length;
  h.chargerCalls("Heartbeat", {});
  const id = start(h);
  meter(h, id, "1100");
  h.disconnectCharger();
  assert.deepEqual(events(h, "simple", from).map(({ type }) => type), chosen);
  const all = say(h, { action: "subscribe" })[0]?.result as { events: string[] };
  assert.equal(all.events.length, 13);
  h.connectCharger();
  assert.equal(events(h).at(-1)?.type, "charger_connected");
  h.connectBackend("simple", "json");
  h.pass(60_000);
  h.chargerCalls("Heartbeat", {});
  assert.equal(events(h).at(-1)?.type, "heartbeat");
});

Deno.test("a durable backend gets what it missed, in order, also over a restart; another does not", () => {
  for (const durable of [true, false]) {
    const h = stage({}, backend("simple", "controller", { durable }));
    const confirm = () => {
      for (const effect of h.others.splice(0)) {
        if (effect.type === "probe_backend") h.event({ ...effect, type: "backend_received" });
      }
    };
    const first = start(h);
    confirm();
    h.disconnectBackend("simple");
    meter(h, first, "1100");
    stop(h, first);
    h.restart();
    h.bootCharger();
    const second = start(h, "OTHER");
    const from = h.received("simple").length;
    h.connectBackend("simple", "json");
    const got = events(h, "simple", from).filter(({ transaction_id }) =>
      transaction_id !== undefined
    )
      .map(({ type, transaction_id, sequence }) => [type, transaction_id, sequence]);
    assert.deepEqual(
      got,
      durable
        ? [
          ["meter", first, 2],
          ["transaction_stopped", first, 3],
          ["session", first, 3],
          ["transaction_started", second, 4],
        ]
        : [],
    );
    // Not confirmed: told again. Confirmed: not again.
    const again = h.received("simple").length;
    h.connectBackend("simple", "json");
    const count = () =>
      events(h, "simple", again).filter(({ transaction_id }) => transaction_id !== undefined)
        .length;
    assert.equal(count(), durable ? 4 : 0);
    confirm();
    h.connectBackend("simple", "json");
    assert.equal(count(), durable ? 4 : 0);
    assert.equal(h.tables.cursors.get("simple"), 4);
  }
});

Deno.test("a confirmation of another connection, or of what was not sent, confirms nothing", () => {
  const h = stage({}, backend("simple", "controller", { durable: true }));
  start(h);
  const probe = h.others.findLast((effect) => effect.type === "probe_backend");
  assert.ok(probe?.type === "probe_backend");
  const received = { ...probe, type: "backend_received" as const };
  for (const wrong of [{ connection: 999 }, { sequence: 999 }, { sequence: 0 }]) {
    h.event({ ...received, ...wrong });
    assert.equal(h.tables.cursors.get("simple"), 0);
  }
  h.event(received);
  assert.equal(h.tables.cursors.get("simple"), 1);
  h.event({ ...received, sequence: 0 });
  assert.equal(h.tables.cursors.get("simple"), 1);
});

Deno.test("a durable backend far behind gets everything, page by page", () => {
  const h = stage({}, backend("simple", "controller", { durable: true }));
  h.disconnectBackend("simple");
  const id = start(h);
  for (let wh = 0; wh < 700; wh++) {
    h.pass(1_000);
    meter(h, id, String(1_000 + wh));
  }
  const from = h.received("simple").length;
  h.connectBackend("simple", "json");
  for (let turn = 0; turn < 30; turn++) {
    const probes = h.others.splice(0);
    for (const effect of probes) {
      if (effect.type === "probe_backend") h.event({ ...effect, type: "backend_received" });
    }
  }
  const sequences = events(h, "simple", from).flatMap(({ sequence }) => sequence ?? []);
  assert.deepEqual(sequences, Array.from({ length: 701 }, (_, index) => index + 1));
});

Deno.test("sees own: foreign transactions are a busy connector, in events, status and commands", () => {
  const h = stage({
    idTags: [{ tag: "MINE", owner: false, backend: "simple", action: "allow" }],
  }, backend("simple", "controller", { sees: "own" }));
  const from = h.received("simple").length;
  const foreign = start(h, "SECRETTAG");
  meter(h, foreign, "1100");
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Charging",
  });
  const text = () => h.received("simple").slice(from).map((item) => item.text).join("\n");
  assert.ok(!text().includes("SECRETTAG") && !text().includes(String(foreign)));
  const last = events(h).at(-1);
  assert.deepEqual([last?.type, last?.status], ["status", "Unavailable"]);
  const [view] = say(h, { action: "status" });
  const { connectors, sessions, control } = view!.result as JsonObject;
  assert.deepEqual((connectors as JsonObject[])[1], { connector_id: 1, status: "Unavailable" });
  assert.deepEqual([sessions, control], [[], { held: false, free: true }]);
  const before = h.received("simple").length;
  const refused = say(h, { action: "RemoteStopTransaction", transaction_id: foreign });
  assert.equal(refused[0]?.error, "denied");
  h.received("simple").splice(before);
  stop(h, foreign);
  assert.ok(!text().includes("SECRETTAG") && !text().includes(String(foreign)));
  const own = start(h, "MINE");
  assert.ok(text().includes(`"transaction_id":${own}`));
  const mine = say(h, { action: "status" })[0]!.result as { sessions: JsonObject[] };
  assert.deepEqual(mine.sessions.map((session) => session.transaction_id), [own]);
});

Deno.test("a backend without `receive` gets replies and no events", () => {
  const permissions = new Set(["start_stop"] as const);
  const h = stage({}, backend("simple", "observer", { permissions }));
  h.chargerCalls("Heartbeat", {});
  assert.deepEqual(messages(h), []);
  assert.equal(say(h, { action: "request_control" })[0]?.error, undefined);
  assert.equal(messages(h).length, 1);
  assert.equal(say(h, { action: "status" })[0]?.error, "not_permitted");
});

Deno.test("the charger's answer goes to the connection that asked, or nowhere", () => {
  const h = stage();
  say(h, { action: "RemoteStartTransaction", id_tag: "T", id: 1 });
  h.connectBackend("simple", "json");
  const before = h.received("simple").length;
  h.chargerAnswers(ACCEPTED);
  assert.equal(messages(h, "simple", before).filter(({ type }) => type === undefined).length, 0);
});

Deno.test("sees own: the connector is busy from start to stop, whatever comes first", () => {
  const h = stage({
    backends: [
      backend("simple", "controller", { sees: "own" }),
      backend("ocpp", "controller", { sees: "own" }),
      backend("second", "controller"),
    ],
  });
  h.attach("ocpp");
  const status = (status: string) =>
    h.chargerCalls("StatusNotification", { connectorId: 1, errorCode: "NoError", status });
  const seen = () => {
    h.serve("ocpp");
    return [
      events(h).findLast((event) => event.connector_id === 1)?.status,
      h.callsToBackend("ocpp", "StatusNotification")
        .findLast(({ payload }) => payload.connectorId === 1)?.payload.status,
    ];
  };
  status("Charging");
  assert.deepEqual(seen(), ["Charging", "Charging"]);
  const id = start(h);
  assert.deepEqual(seen(), ["Unavailable", "Unavailable"]);
  status("Available");
  assert.deepEqual(seen(), ["Unavailable", "Unavailable"]);
  stop(h, id);
  assert.deepEqual(seen(), ["Available", "Available"]);
});

Deno.test("sees own: its own session brings no state but the charger's", () => {
  const h = stage({
    idTags: [{ tag: "MINE", owner: false, backend: "simple", action: "allow" }],
  }, backend("simple", "controller", { sees: "own" }));
  const from = h.received("simple").length;
  stop(h, start(h, "MINE"));
  assert.deepEqual(events(h, "simple", from).filter(({ type }) => type === "status"), []);
});
