// Facts: what the house and the world say, each with its age. An old one is unknown.

import type { JsonObject } from "../ocpp/json.ts";
import type { Event } from "./event.ts";
import type { State } from "./state.ts";
import { noteFact, type Step } from "./step_context.ts";

/** A value that somebody has fed. */
export interface Fact {
  readonly value: string;
  readonly attributes: JsonObject;
  /** When it was last said; Infinity: it never grows old. */
  readonly at: number;
  /** Since when it has been this value. */
  readonly since: number;
}

/** The longest value of a fact, characters; what is longer is cut off. */
export const MAX_FACT_LENGTH = 255;

/** A fact that is known and young enough. */
export function factOf(state: State, name: string, now: number): Fact | undefined {
  const fact = state.facts.get(name);
  return fact !== undefined && now < fact.at + maxAgeMs(state, name) ? fact : undefined;
}

/** When the youngest of the usable facts that rules read grows old next. */
export function maxAgeMs({ configuration }: State, name: string): number {
  return configuration.facts.find((fact) => fact.name === name)?.maxAgeMs ??
    configuration.factMaxAgeMs;
}

/** Takes a value in. One that its source cannot tell leaves the last one, which grows old. */
export function learnFact(step: Step, event: Event & { type: "fact" }): void {
  const { state, now } = step;
  const { name, attributes = {} } = event;
  if (event.value === null) return;
  const value = event.value.slice(0, MAX_FACT_LENGTH);
  const before = state.facts.get(name);
  const since = before?.value === value ? before.since : now;
  const fact: Fact = { value, attributes, at: now, since };
  state.facts.set(name, fact);
  noteFact(step, `value/${name}`, { ...fact });
}
