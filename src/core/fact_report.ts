// The facts in words: for REST, with their age and what they are for.

import type { JsonObject } from "../ocpp/json.ts";
import { formatTime } from "../ocpp/time.ts";
import type { CoreConfiguration } from "./configuration.ts";
import { factOf } from "./fact.ts";
import type { State } from "./state.ts";

/** Every fact that the configuration names, known or not. */
export function factReport(state: State, now: number): JsonObject[] {
  return [...wantedFacts(state.configuration)].map((name) => {
    const fact = state.facts.get(name);
    const lasting = fact?.at === Infinity;
    return {
      name,
      value: fact?.value ?? null,
      attributes: fact?.attributes ?? {},
      // A stale one counts as unknown.
      state: fact === undefined
        ? "unknown"
        : factOf(state, name, now) === undefined
        ? "stale"
        : "known",
      at: fact && !lasting ? formatTime(fact.at) : null,
      since: fact && !lasting ? formatTime(fact.since) : null,
      age_s: fact && !lasting ? Math.max(0, Math.round((now - fact.at) / 1000)) : null,
      used_by: users(state.configuration, name),
    };
  });
}

function wantedFacts({ facts }: CoreConfiguration): string[] {
  return facts.map(({ name }) => name);
}

/** The names of rules, and of keys of the configuration. */
function users(configuration: CoreConfiguration, name: string): string[] {
  const { rules, presenceSensor, overrideInputBoolean, household } = configuration;
  const quoted = [`"${name}"`, `'${name}'`];
  return [
    ...rules.filter(({ when = "", presenceSensor: sensor }) =>
      sensor === name || quoted.some((text) => when.includes(text))
    ).map((rule) => `rule '${rule.name}'`),
    ...presenceSensor === name ? ["presence_sensor"] : [],
    ...overrideInputBoolean === name ? ["override_input_boolean"] : [],
    ...household.priceSensor === name ? ["household.price_sensor"] : [],
  ];
}
