// Any words of the house at the rules, and of MQTT at the owner's controls: a decision, never a fault.

import assert from "node:assert/strict";
import fc from "fast-check";
import { CHARGE_POINT_STATUSES } from "../../src/ocpp/vocabulary.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { MAX_MODE_MINUTES, modeMinutesOf, ownerCommand } from "../../src/io/mqtt_command.ts";
import { ask, household, rule } from "../core/rule_fixture.ts";
import { campaign } from "./budget.ts";

/** One rule for each way to look at a fact. */
const RULES = [
  { when: 'number(ha("sensor.a")) > 4000', then: "limit", currentA: 10 },
  { when: 'is_on(ha("sensor.a")) && !is_on(ha("sensor.b"))', then: "deny" },
  { when: 'attribute_number(ha("sensor.a"), "power") < -0.5', then: "deny" },
  { when: 'ha("sensor.a") == "on" || ha("sensor.b") == "on"', then: "allow" },
  { when: 'number(ha("sensor.a")) / number(ha("sensor.b")) > 1.0', then: "deny" },
  { when: 'status == "Charging" && session_kwh > number(ha("sensor.b"))', then: "ask" },
  { presenceSensor: "sensor.b", then: "deny" },
] as const;

const value = fc.oneof(
  fc.constantFrom(
    "",
    "on",
    "ON ",
    "home",
    "unavailable",
    "unknown",
    "1e999",
    "-1e999",
    "NaN",
    "0x10",
    "1_000",
    "1,5",
    " 5000.5 ",
    "0",
    "-0",
    "9".repeat(300),
    "__proto__",
    "\0",
    "\ud800",
    "${HOME}",
  ),
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.double().map(String),
  fc.constant(null),
);

const attributes = fc.dictionary(
  fc.oneof(
    fc.constantFrom("power", "__proto__", "constructor", "unit_of_measurement"),
    fc.string(),
  ),
  fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.double(), fc.bigInt()),
  { maxKeys: 70, noNullPrototype: true },
) as fc.Arbitrary<JsonObject>;

const told = fc.record({
  name: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom("sensor.a", "sensor.b") },
    { weight: 1, arbitrary: fc.constantFrom("__proto__", "constructor", "", "sensor.none") },
  ),
  value,
  attributes,
  status: fc.constantFrom(...CHARGE_POINT_STATUSES),
});

const house = fc.record({
  all: fc.array(told, { minLength: 1, maxLength: 5 }),
  at: fc.nat(RULES.length - 1),
});

Deno.test("whatever the house tells, each rule comes to a decision in words", () =>
  campaign(
    fc.property(house, ({ all, at }) => {
      const h = household([rule({ name: "it", ...RULES[at] })]);
      h.bootCharger();
      for (const { name, value, attributes, status } of all) {
        h.event({ type: "fact", name, value, attributes });
        h.chargerCalls("StatusNotification", { connectorId: 1, errorCode: "NoError", status });
        const ruling = ask(h);
        if (ruling.type !== "none") {
          assert.ok(ruling.because.length > 0 && ruling.because.length < 2_000);
          assert.doesNotMatch(ruling.because, /\[object|undefined/);
        }
        assert.equal(({} as { power?: unknown }).power, undefined);
      }
      h.restart();
      ask(h);
    }),
    500,
  ));

const command = fc.record({
  control: fc.constantFrom(
    ...["mode", "sharing", "charging", "limit", "take_over", "release"] as const,
  ),
  payload: fc.oneof(
    fc.constantFrom("ON", "OFF", "PRESS", "Auto", "Pause", "Owner only", "Only evcc", "16", "-1"),
    fc.constantFrom(
      "1e1",
      "16.0001",
      "0x10",
      "٣",
      "",
      " 16",
      "16\n",
      "999",
      "NaN",
      "Only __proto__",
    ),
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.double().map(String),
  ),
  mode: fc.constantFrom("auto", "owner_only", "paused", "evcc"),
  modeMinutes: fc.nat(MAX_MODE_MINUTES),
});

Deno.test("whatever MQTT says, the owner's word is none or one that the owner can say", () =>
  campaign(
    fc.property(command, ({ control, payload, mode, modeMinutes }) => {
      const context = { backendIds: ["evcc"], mode, modeMinutes, highestCurrentA: 32 };
      const word = ownerCommand(control, payload, context);
      if (word?.type === "limit") {
        const { currentA = 0 } = word;
        assert.ok(currentA >= 0 && currentA < 32, `${currentA} A`);
      } else if (word?.type === "mode") {
        const { mode, forMs = 1 } = word;
        if (mode.mode === "backend") assert.equal(mode.backendId, "evcc");
        assert.ok(forMs > 0 && forMs <= MAX_MODE_MINUTES * 60_000);
      }
      const minutes = modeMinutesOf(payload);
      if (minutes !== undefined) assert.ok(Number.isInteger(minutes) && minutes >= 0);
    }),
    2_000,
  ));
