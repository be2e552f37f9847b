// Facts: what the house and the world say, each with its age. An old one is unknown.

import type { JsonObject, JsonValue } from "../ocpp/json.ts";
import type { CoreConfiguration, FactConfiguration } from "./configuration.ts";
import type { Event } from "./event.ts";
import type { Snapshot } from "./record.ts";
import { factsIn } from "./rule_expression.ts";
import type { State } from "./state.ts";
import { noteFact, type Step } from "./step_context.ts";

/** A value that somebody has fed, or that stands in the configuration. */
export interface Fact {
  readonly value: string;
  /** Those that are text, numbers or flags. */
  readonly attributes: JsonObject;
  /** When it was last said; Infinity: it never grows old. */
  readonly at: number;
  /** Since when it has been this value. */
  readonly since: number;
}

/** The most facts there are; configurations that name more are refused. */
export const MAX_FACTS = 256;

/** The longest value of a fact or an attribute, characters; what is longer is cut off. */
export const MAX_FACT_LENGTH = 255;

/** The most attributes of one fact; what is beyond is dropped. */
export const MAX_ATTRIBUTES = 64;

/** How often a value that does not change is written down until it would be old. */
const NOTES_PER_AGE = 4;

/** What sources say when they cannot tell. */
const NOT_TOLD: ReadonlySet<string> = new Set(["", "unknown", "unavailable"]);

/** Values that say that somebody or something is there. */
const PRESENT: ReadonlySet<string> = new Set([
  "on",
  "home",
  "true",
  "yes",
  "open",
  "occupied",
  "detected",
  "1",
]);

/** What the configuration says about facts, by name. */
interface FactTable {
  readonly wanted: ReadonlySet<string>;
  readonly settings: ReadonlyMap<string, FactConfiguration>;
}

const tables = new WeakMap<CoreConfiguration, FactTable>();

function tableOf(configuration: CoreConfiguration): FactTable {
  let table = tables.get(configuration);
  if (table === undefined) {
    const { facts, rules, presenceSensor, overrideInputBoolean, household } = configuration;
    const names = [
      ...facts.map(({ name }) => name),
      ...rules.flatMap(({ when = "", presenceSensor }) => [...factsIn(when), presenceSensor]),
      presenceSensor,
      overrideInputBoolean,
      household.priceSensor,
    ].filter((name) => name !== undefined);
    table = {
      wanted: new Set([...new Set(names)].slice(0, MAX_FACTS)),
      settings: new Map(facts.map((fact) => [fact.name, fact])),
    };
    tables.set(configuration, table);
  }
  return table;
}

/** The facts that the configuration lists, or that anything in it looks at; at most MAX_FACTS. */
export function wantedFacts(configuration: CoreConfiguration): ReadonlySet<string> {
  return tableOf(configuration).wanted;
}

/** A fact that is known and young enough. */
export function factOf(state: State, name: string, now: number): Fact | undefined {
  const fact = lastKnown(state, name);
  return fact !== undefined && now < fact.at + maxAgeMs(state, name) ? fact : undefined;
}

/** The last that is known of a fact, however old. */
export function lastKnown({ facts, configuration }: State, name: string): Fact | undefined {
  const fed = facts.get(name);
  if (fed !== undefined) return fed;
  const value = tableOf(configuration).settings.get(name)?.value;
  return value === undefined ? undefined : { value, attributes: {}, at: Infinity, since: 0 };
}

/** How old a fact may become before it is unknown. */
export function maxAgeMs({ configuration }: State, name: string): number {
  return tableOf(configuration).settings.get(name)?.maxAgeMs ?? configuration.factMaxAgeMs;
}

/** Whether a fact says that somebody is there, or something is on or open. */
export function presence({ value }: Fact): boolean {
  return PRESENT.has(value.trim().toLowerCase());
}

/**
 * Takes a value in; whether that changes anything.
 *
 * A value that its source cannot tell leaves the last one, which grows old; a fact that nobody
 * looks at is not kept.
 */
export function learnFact(step: Step, event: Event & { type: "fact" }): boolean {
  const { state, now } = step;
  const { name } = event;
  if (event.value === null || NOT_TOLD.has(event.value.trim().toLowerCase())) return false;
  if (!wantedFacts(state.configuration).has(name)) return false;
  const value = event.value.slice(0, MAX_FACT_LENGTH);
  const attributes = plainAttributes(event.attributes ?? {});
  const before = state.facts.get(name);
  const same = before?.value === value;
  const fact: Fact = { value, attributes, at: now, since: same ? before.since : now };
  state.facts.set(name, fact);
  const ageMs = maxAgeMs(state, name);
  const changed = !same || now >= before.at + ageMs || !areEqual(before.attributes, attributes);
  // A value that stays the same is written now and then, so that a restart knows it is not old.
  const span = ageMs / NOTES_PER_AGE;
  if (changed || Math.floor(now / span) !== Math.floor(before.at / span)) {
    noteFact(step, `value/${name}`, { ...fact });
  }
  return changed;
}

/** Lists and mappings, such as tomorrow's prices, can be large, and no rule can read them. */
function plainAttributes(attributes: JsonObject): JsonObject {
  const plain: [string, JsonValue][] = [];
  for (const [key, value] of Object.entries(attributes)) {
    if (plain.length >= MAX_ATTRIBUTES) break;
    if (value === undefined || value === null || typeof value === "object") continue;
    const text = typeof value === "string" ? value.slice(0, MAX_FACT_LENGTH) : value;
    plain.push([key.slice(0, MAX_FACT_LENGTH), text]);
  }
  return Object.fromEntries(plain);
}

function areEqual(one: JsonObject, other: JsonObject): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && one[key] === other[key]);
}

/** Forgets what nobody looks at any more. */
export function forgetFacts(step: Step): void {
  const { facts, configuration } = step.state;
  const wanted = wantedFacts(configuration);
  for (const name of facts.keys()) {
    if (wanted.has(name)) continue;
    facts.delete(name);
    noteFact(step, `value/${name}`, undefined);
  }
}

/** Puts back what the tables know; after a clock that was ahead, nothing is younger than now. */
export function restoreFacts(state: State, snapshot: Snapshot, now: number): void {
  for (const [key, stored] of snapshot.facts) {
    if (!key.startsWith("value/")) continue;
    const { value, attributes, at, since } = stored as unknown as Fact;
    const heardAt = Math.min(at, now);
    const fact = { value, attributes, at: heardAt, since: Math.min(since, heardAt) };
    state.facts.set(key.slice("value/".length), fact);
  }
}

/** The clock was set: facts are as old as they were. */
export function shiftFacts({ facts }: State, byMs: number): void {
  for (const [name, fact] of facts) {
    facts.set(name, { ...fact, at: fact.at + byMs, since: fact.since + byMs });
  }
}
