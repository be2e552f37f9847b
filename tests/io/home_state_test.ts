// The state as Home Assistant shows it, what can be said of it, and what the owner can do.

import { deepEqual, equal, ok } from "node:assert/strict";
import type { StatusReport } from "../../src/core/status_report.ts";
import { homeState } from "../../src/io/home_state.ts";
import { modeMinutesOf, ownerCommand } from "../../src/io/mqtt_command.ts";
import { discoveryMessage } from "../../src/io/mqtt_discovery.ts";
import { topicsOf } from "../../src/io/mqtt_topics.ts";
import { powerReading } from "../../src/io/power_reading.ts";
import { applyStates, type EntityState, isEntityId } from "../../src/io/home_assistant_states.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";

const CONNECTORS = [
  { connector_id: 0, status: "Available", error_code: "NoError" },
  { connector_id: 1, status: "Available", error_code: "NoError" },
  { connector_id: 2, status: "SuspendedEV", error_code: "NoError" },
];

const REPORT: StatusReport = {
  charger: { id: "CP1", connected: true, connectors: CONNECTORS },
  mode: { mode: "employer", until: null },
  owner_limit: null,
  limit: { current_a: 10, by: "owner" },
  holder: null,
  handover: null,
  queue: [],
  questions: [],
  sessions: [{
    connector_id: 2,
    energy_kwh: 1.25,
    backend_id: null,
    started_at: "t",
    revenue: 2,
    currency: "SEK",
    cost: 0.4,
    cost_currency: "EUR",
  }],
  backends: [{ id: "employer", role: "biller", connected: true, backlog: 3, problem: "late" }],
  decisions: [{ backend_id: "employer", reason: "x".repeat(300) }],
};

const SOURCES = {
  monthStart: 0,
  currency: "EUR",
  card: "04…D5",
  totals: {
    energyKwh: 100,
    month: new Map([["employer", { energyKwh: 5, revenue: 1.5 }]]),
  },
  reading: { powerW: 7_000, currentA: [10, 10, 10], voltageV: [230, 231, 232] },
  highestCurrentA: 16,
};

Deno.test("the connector with the session is the one that counts", () => {
  const state = homeState(REPORT, SOURCES);
  equal(state.status, "suspended_ev");
  equal(state.energy_kwh, 101.25);
  equal(state.power_w, 7_000);
  equal(state.mode, "Only employer");
  equal(state.owner_limit_a, 16);
  const { started: _, ...session } = state.session as JsonObject;
  // An amount of another currency is not one of this entity's.
  deepEqual(session, {
    energy_kwh: 1.25,
    booked_to: "household",
    revenue: null,
    cost: 0.4,
    card: "04…D5",
  });
  equal(state.month_revenue, 1.5);
  equal(String(state.decision).length, 255);
  deepEqual((state.backends as JsonObject).employer, {
    online: true,
    backlog: 3,
    details: { role: "biller", problem: "late", next_dial: null },
    month_energy_kwh: 5,
    month_revenue: 1.5,
  });
});

Deno.test("without a session no power is drawn; without a charger nobody knows", () => {
  equal(homeState({ ...REPORT, sessions: [] }, SOURCES).power_w, 0);
  const gone = { ...REPORT, charger: { ...REPORT.charger, connected: false } };
  const state = homeState(gone, SOURCES);
  deepEqual([state.power_w, state.status, state.plugged], [null, "offline", false]);
  equal(state.energy_kwh, 101.25);
});

Deno.test("totals that cannot be read are unknown, not less than before", () => {
  const state = homeState(REPORT, { ...SOURCES, totals: undefined });
  deepEqual([state.energy_kwh, state.month_revenue], [null, null]);
  equal(state.month_since, "1970-01-01T00:00:00Z");
});

Deno.test("where the owner lets nobody else, the owner is in control", () => {
  const holder = (mode: string, backend_id?: string) =>
    homeState({
      ...REPORT,
      mode: { mode, until: null },
      holder: backend_id === undefined ? null : { backend_id },
    }, SOURCES).holder;
  equal(holder("auto"), "none");
  equal(holder("auto", "evcc"), "evcc");
  equal(holder("employer"), "none");
  equal(holder("owner_only"), "owner");
  equal(holder("paused"), "owner");
});

Deno.test("power is the total, else the sum of the phases, in watts", () => {
  const values = (...sampled_value: JsonObject[]) => [{ timestamp: "t", sampled_value }];
  const phase = (phase: string, value: string) => ({
    measurand: "Power.Active.Import",
    phase,
    value,
  });
  const total = { measurand: "Power.Active.Import", value: "7.2", unit: "kW" };
  equal(powerReading(values(phase("L1", "1000"), phase("L2-N", "500")))?.powerW, 1_500);
  equal(powerReading(values(phase("L1", "1000"), total))?.powerW, 7_200);
  equal(
    powerReading(values({ measurand: "Energy.Active.Import.Register", value: "1" })),
    undefined,
  );
  equal(powerReading(values({ ...total, value: "", unit: "W" })), undefined);
  equal(powerReading([]), undefined);
});

Deno.test("every entity of the device has an id, and a template for a key of the state", () => {
  const state = homeState(REPORT, SOURCES);
  const mqtt = { enabled: true, topic: "t", discoveryPrefix: "d", name: "Charger" };
  const message = discoveryMessage({
    instance: "1",
    name: "Charger",
    currency: "EUR",
    backendIds: ["employer"],
    modes: ["Auto"],
    holders: ["none"],
    payers: ["none"],
    mayShare: true,
    highestCurrentA: 16,
    charger: { id: "CP1", vendor: null, model: null, firmware: null },
  }, topicsOf(mqtt, "1"));
  const components = Object.values(message.components as Record<string, JsonObject>);
  const ids = new Set(components.map(({ unique_id }) => unique_id));
  equal(ids.size, components.length);
  const names = components.map(({ default_entity_id }) => default_entity_id);
  equal(new Set(names).size, components.length);
  ok(names.includes("number.charger_owner_s_limit"));
  // Those with a topic of their own for what they show, or that show nothing.
  const without = components.filter(({ value_template }) => value_template === undefined);
  deepEqual(without.map(({ name }) => name), ["Event", "Mode lasts", "Take over", "Give back"]);
  for (const { name, value_template = "", json_attributes_template = "" } of components) {
    const paths = `${value_template} ${json_attributes_template}`;
    for (const [, key] of paths.matchAll(/value_json\.(\w+)/g)) {
      ok(key! in state, `${name}: ${key}`);
    }
  }
});

const CONTEXT = { backendIds: ["evcc"], mode: "auto", modeMinutes: 0, highestCurrentA: 16 };

Deno.test("commands that mean nothing, or what is so already, are none", () => {
  const nothing = [
    ["mode", "Only nobody"],
    ["sharing", "ON"],
    ["charging", "ON"],
    ["limit", "17"],
    ["limit", "-1"],
    ["limit", ""],
    ["take_over", ""],
    ["release", "PRESS"],
  ] as const;
  for (const [control, payload] of nothing) {
    equal(ownerCommand(control, payload, CONTEXT), undefined, `${control} ${payload}`);
  }
  const paused = { ...CONTEXT, mode: "paused" };
  // A pause is not ended by switching off what is off.
  equal(ownerCommand("sharing", "OFF", paused), undefined);
  equal(ownerCommand("charging", "OFF", paused), undefined);
});

Deno.test("controls are words of the owner, for as long as a mode lasts", () => {
  const auto = { type: "mode", mode: { mode: "auto" } };
  const hour = 3_600_000;
  const paused = { type: "mode", mode: { mode: "paused" } };
  const ownerOnly = { type: "mode", mode: { mode: "owner_only" } };
  const rows = [
    ["mode", "Pause", {}, paused],
    ["mode", "Pause", { modeMinutes: 60 }, { ...paused, forMs: hour }],
    ["mode", "Auto", { modeMinutes: 60, mode: "paused" }, auto],
    ["sharing", "OFF", { modeMinutes: 60 }, ownerOnly],
    ["sharing", "ON", { mode: "owner_only" }, auto],
    ["charging", "OFF", { modeMinutes: 60 }, { ...paused, forMs: hour }],
    ["charging", "ON", { mode: "paused" }, auto],
    ["take_over", "PRESS", {}, { ...ownerOnly, forMs: hour }],
    ["take_over", "PRESS", { modeMinutes: 120 }, { ...ownerOnly, forMs: 2 * hour }],
    ["release", "PRESS", { mode: "evcc" }, auto],
    ["limit", "16", {}, { type: "limit", currentA: undefined }],
    ["limit", "9.5", {}, { type: "limit", currentA: 9.5 }],
  ] as const;
  for (const [control, payload, context, expected] of rows) {
    const command = ownerCommand(control, payload, { ...CONTEXT, ...context });
    deepEqual(command, expected, `${control} ${payload}`);
  }
});

Deno.test("a mode lasts whole minutes, a week at most", () => {
  deepEqual(["0", "90", "90.0", "10080", "10081", "-1", "1.5", "", "x"].map(modeMinutesOf), [
    0,
    90,
    90,
    10_080,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("states are added, changed in part, and removed", () => {
  const states = new Map<string, EntityState>();
  applyStates(states, ["sensor.x"], { a: { "sensor.x": { s: "1", a: { unit: "W", name: "x" } } } });
  applyStates(states, ["sensor.x"], {
    c: { "sensor.x": { "+": { s: "2" }, "-": { a: ["name"] } } },
  });
  deepEqual(states.get("sensor.x"), { state: "2", attributes: { unit: "W" } });
  applyStates(states, ["sensor.x"], { c: { "sensor.unknown": { "+": { s: "2" } } } });
  equal(states.size, 1);
  deepEqual(applyStates(states, ["sensor.x"], { r: ["sensor.x"] }), ["sensor.x"]);
  equal(states.size, 0);
});

Deno.test("names that Home Assistant would refuse are no entities", () => {
  for (const name of ["sensor.a", "input_boolean.x_1", "a1.b_c"]) ok(isEntityId(name), name);
  for (const name of ["season", "_a.b", "a__b.c", "a._b", "a.b_", "a.b.c"]) {
    ok(!isEntityId(name), name);
  }
});
