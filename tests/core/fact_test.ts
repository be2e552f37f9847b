// Facts: which are kept, how long they count, what changes them, and what a restart knows of them.

import { deepEqual, equal } from "node:assert/strict";
import type { CoreConfiguration } from "../../src/core/configuration.ts";
import { factOf, learnFact, MAX_FACTS, presence, wantedFacts } from "../../src/core/fact.ts";
import { configuration, Harness, START } from "./harness.ts";
import { feed, rule } from "./rule_fixture.ts";

const LISTED: Partial<CoreConfiguration> = {
  facts: [
    { name: "power", maxAgeMs: 60_000 },
    { name: "limit", value: "16", maxAgeMs: 1_000 },
  ],
};

function harness(changes: Partial<CoreConfiguration> = LISTED): Harness {
  const { charger: _, ...rest } = configuration(changes);
  return new Harness(configuration(rest));
}

function value(h: Harness, name: string): string | undefined {
  return factOf(h.state, name, h.now)?.value;
}

/** Feeds a fact; whether that changed anything. */
function changes(h: Harness, name: string, text: string | null, attributes = {}): boolean {
  const step = { state: h.state, now: h.now, effects: [] };
  return learnFact(step, { type: "fact", name, value: text, attributes });
}

Deno.test("the facts that are wanted are those that anything in the configuration names", () => {
  const { core } = harness({
    facts: LISTED.facts ?? [],
    rules: [
      rule({ when: 'ha("a") == "on" && number(fact("b")) > 1' }),
      rule({ presenceSensor: "c", when: 'ha("a") == "off"' }),
    ],
    presenceSensor: "d",
    overrideInputBoolean: "e",
    household: { priceSensor: "f" },
  });
  deepEqual([...wantedFacts(core)], ["power", "limit", "a", "b", "c", "d", "e", "f"]);
});

Deno.test("there are never more facts than the bound", () => {
  const facts = Array.from({ length: MAX_FACTS + 10 }, (_, index) => ({
    name: `f${index}`,
    maxAgeMs: 1_000,
  }));
  const h = harness({ facts });
  for (const { name } of facts) feed(h, name, "1");
  equal(h.state.facts.size, MAX_FACTS);
});

Deno.test("a fact that nobody looks at is not kept", () => {
  const h = harness();
  equal(changes(h, "other", "1"), false);
  feed(h, "other", "1");
  equal(h.state.facts.size, 0);
  equal(h.tables.facts.has("value/other"), false);
});

Deno.test("a value counts until it is too old; each fact may have an age of its own", () => {
  const h = harness({ ...LISTED, presenceSensor: "home" });
  feed(h, "power", "5");
  feed(h, "home", "on");
  h.now = START + 59_999;
  equal(value(h, "power"), "5");
  h.now = START + 60_000;
  equal(value(h, "power"), undefined);
  h.now = START + 899_999;
  equal(value(h, "home"), "on");
  h.now = START + 900_000;
  equal(value(h, "home"), undefined);
});

Deno.test("a value that its source cannot tell leaves the last one, which grows old", () => {
  for (const nothing of [null, "", "unknown", "Unavailable"]) {
    const h = harness();
    feed(h, "power", "5");
    h.now = START + 30_000;
    equal(changes(h, "power", nothing), false);
    equal(value(h, "power"), "5");
    h.now = START + 60_000;
    equal(value(h, "power"), undefined);
  }
});

Deno.test("a value of the configuration counts until somebody says something else", () => {
  const h = harness();
  h.now += 1e12;
  equal(value(h, "limit"), "16");
  feed(h, "limit", "10");
  equal(value(h, "limit"), "10");
  h.now += 1_000;
  equal(value(h, "limit"), undefined);
});

Deno.test("it is told whether a value changed; one that was too old did", () => {
  const h = harness();
  equal(changes(h, "power", "5", { unit: "W" }), true);
  equal(changes(h, "power", "5", { unit: "W" }), false);
  equal(changes(h, "power", "5", { unit: "kW" }), true);
  equal(changes(h, "power", "6", { unit: "kW" }), true);
  h.now += 60_000;
  equal(changes(h, "power", "6", { unit: "kW" }), true);
});

Deno.test("since when it is so stays while the value does", () => {
  const h = harness();
  feed(h, "power", "5");
  h.now += 1_000;
  feed(h, "power", "5");
  deepEqual(h.state.facts.get("power"), {
    value: "5",
    attributes: {},
    at: START + 1_000,
    since: START,
  });
  h.now += 1_000;
  feed(h, "power", "6");
  equal(h.state.facts.get("power")?.since, START + 2_000);
});

Deno.test("long values are cut, and attributes that no rule can read are dropped", () => {
  const h = harness();
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`a${index}`, index]));
  feed(h, "power", "5".repeat(300), { list: [1], none: null, flag: true, ...many });
  const fact = h.state.facts.get("power");
  equal(fact?.value.length, 255);
  equal(Object.keys(fact?.attributes ?? {}).length, 64);
  equal(fact?.attributes.flag, true);
  equal(fact?.attributes.list, undefined);
});

Deno.test("a value that does not change is written four times until it would be old", () => {
  const h = harness();
  feed(h, "power", "5");
  const written = () => (h.tables.facts.get("value/power") as { at: number }).at;
  for (let second = 1; second <= 60; second++) {
    h.now = START + second * 1_000;
    feed(h, "power", "5");
    equal(h.now - written() < 15_000, true, `${second}`);
  }
  equal(written(), START + 60_000);
});

Deno.test("a restart knows the facts, and none is younger than its clock", () => {
  const h = harness();
  feed(h, "power", "5", { unit: "W" });
  h.restart();
  deepEqual(h.state.facts.get("power"), {
    value: "5",
    attributes: { unit: "W" },
    at: START,
    since: START,
  });
  h.now = START - 86_400_000;
  h.restart();
  equal(h.state.facts.get("power")?.at, h.now);
});

Deno.test("what nobody looks at any more is forgotten, by a reload and by a restart", () => {
  const h = harness();
  feed(h, "power", "5");
  h.core = configuration();
  h.restart();
  equal(h.state.facts.size, 0);
  equal(h.tables.facts.has("value/power"), false);
  const other = harness();
  feed(other, "power", "5");
  other.event({ type: "configured", configuration: configuration() });
  equal(other.state.facts.size, 0);
  equal(other.tables.facts.has("value/power"), false);
});

Deno.test("when the clock is set, facts are as old as they were", () => {
  const h = harness();
  feed(h, "power", "5");
  h.now += 30_000 + 86_400_000;
  h.event({ type: "clock_set", byMs: 86_400_000 });
  equal(value(h, "power"), "5");
  h.now += 30_000;
  equal(value(h, "power"), undefined);
});

Deno.test("on, home and the like say that somebody is there", () => {
  const says = (text: string) => presence({ value: text, attributes: {}, at: 0, since: 0 });
  for (const text of ["on", "home", "Home", "true", "open", "yes", "1"]) equal(says(text), true);
  for (const text of ["off", "not_home", "Work", "false", "closed", "0", "2"]) {
    equal(says(text), false);
  }
});
