// The facts in words: for REST, with their age and what they are for.

import type { JsonObject } from "../ocpp/json.ts";
import { formatTime } from "../ocpp/time.ts";
import type { CoreConfiguration } from "./configuration.ts";
import { factOf, lastKnown, wantedFacts } from "./fact.ts";
import { factsIn } from "./rule_expression.ts";
import type { State } from "./state.ts";

/** Every fact that the configuration names, known or not. */
export function factReport(state: State, now: number): JsonObject[] {
  const users = factUsers(state.configuration);
  return [...wantedFacts(state.configuration)].map((name) => {
    const fact = lastKnown(state, name);
    const told = fact?.at === Infinity ? undefined : fact;
    return {
      name,
      value: fact?.value ?? null,
      attributes: fact?.attributes ?? {},
      state: fact === undefined ? "unknown" : factOf(state, name, now) ? "known" : "stale",
      at: told ? formatTime(told.at) : null,
      since: told ? formatTime(told.since) : null,
      age_s: told ? Math.max(0, Math.round((now - told.at) / 1000)) : null,
      used_by: users.get(name) ?? [],
    };
  });
}

/** By fact, the names of rules and keys of the configuration that look at it. */
function factUsers(configuration: CoreConfiguration): Map<string, string[]> {
  const { rules, presenceSensor, overrideInputBoolean, household } = configuration;
  const users = new Map<string, string[]>();
  const add = (name: string | undefined, user: string) => {
    if (name !== undefined) users.set(name, [...users.get(name) ?? [], user]);
  };
  for (const rule of rules) {
    const names = new Set([...factsIn(rule.when ?? ""), rule.presenceSensor]);
    for (const name of names) add(name, `rule '${rule.name}'`);
  }
  add(presenceSensor, "presence_sensor");
  add(overrideInputBoolean, "override_input_boolean");
  add(household.priceSensor, "household.price_sensor");
  return users;
}
