// The state as Home Assistant shows it, what can be said of it, and what the owner can do.

import { deepEqual, equal, ok } from "node:assert/strict";
import type { StatusReport } from "../../src/core/status_report.ts";
import { homeState } from "../../src/io/home_state.ts";
import { ownerCommand } from "../../src/io/mqtt_command.ts";
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
  sessions: [{ connector_id: 2, energy_kwh: 1.25, backend_id: null, started_at: "t" }],
  backends: [{ id: "employer", connected: true, backlog: 3, problem: null }],
  decisions: [{ backend_id: "employer", reason: "x".repeat(300) }],
};

const SOURCES = {
  totals: {
    energyKwh: 100,
    monthStart: 0,
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
  equal((state.session as JsonObject).booked_to, "household");
  equal(String(state.decision).length, 255);
  deepEqual((state.backends as JsonObject).employer, {
    online: true,
    backlog: 3,
    problem: null,
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
    mayShare: true,
    highestCurrentA: 16,
    charger: { id: "CP1", vendor: null, model: null, firmware: null },
  }, topicsOf(mqtt, "1"));
  const components = Object.values(message.components as Record<string, JsonObject>);
  const ids = new Set(components.map(({ unique_id }) => unique_id));
  equal(ids.size, components.length);
  for (const { platform, value_template, name } of components) {
    if (platform === "button") continue;
    const [, key] = /value_json\.(\w+)/.exec(String(value_template)) ?? [];
    ok(key !== undefined && key in state, `${name}: ${value_template}`);
  }
});

Deno.test("commands that mean nothing, or what is so already, are none", () => {
  const context = { backendIds: ["evcc"], sharing: true, highestCurrentA: 16 };
  equal(ownerCommand("mode", "Only nobody", context), undefined);
  equal(ownerCommand("sharing", "ON", context), undefined);
  equal(ownerCommand("limit", "17", context), undefined);
  equal(ownerCommand("limit", "-1", context), undefined);
  equal(ownerCommand("limit", "", context), undefined);
  equal(ownerCommand("take_over", "", context), undefined);
  // A pause is not ended by switching off what is off.
  equal(ownerCommand("sharing", "OFF", { ...context, sharing: false }), undefined);
  deepEqual(ownerCommand("limit", "16", context), { type: "limit", currentA: undefined });
  deepEqual(ownerCommand("limit", "9.5", context), { type: "limit", currentA: 9.5 });
});

Deno.test("states are added, changed in part, and removed", () => {
  const states = new Map<string, EntityState>();
  applyStates(states, { a: { "sensor.x": { s: "1", a: { unit: "W", name: "x" } } } });
  applyStates(states, { c: { "sensor.x": { "+": { s: "2" }, "-": { a: ["name"] } } } });
  deepEqual(states.get("sensor.x"), { state: "2", attributes: { unit: "W" } });
  applyStates(states, { c: { "sensor.unknown": { "+": { s: "2" } } } });
  equal(states.size, 1);
  deepEqual(applyStates(states, { r: ["sensor.x"] }), ["sensor.x"]);
  equal(states.size, 0);
});

Deno.test("names that Home Assistant would refuse are no entities", () => {
  for (const name of ["sensor.a", "input_boolean.x_1", "a1.b_c"]) ok(isEntityId(name), name);
  for (const name of ["season", "_a.b", "a__b.c", "a._b", "a.b_", "a.b.c"]) {
    ok(!isEntityId(name), name);
  }
});
