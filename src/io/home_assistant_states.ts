// States of entities as Home Assistant streams them: compressed, first all of them, then changes.

import type { JsonObject } from "../ocpp/json.ts";

/** What is known of one entity. */
export interface EntityState {
  readonly state: string;
  readonly attributes: JsonObject;
}

/** One message of `subscribe_entities`: added, changed, removed. */
export interface StatesMessage {
  readonly a?: Readonly<Record<string, CompressedState>>;
  readonly c?: Readonly<
    Record<string, { readonly "+"?: CompressedState; readonly "-"?: { readonly a?: string[] } }>
  >;
  readonly r?: readonly string[];
}

interface CompressedState {
  readonly s?: string;
  readonly a?: JsonObject;
}

/** Ids that Home Assistant takes; one wrong id and it refuses the whole subscription. */
const ENTITY_ID = /^(?!.+__)(?!_)[\da-z_]+(?<!_)\.(?!_)[\da-z_]+(?<!_)$/;

/** Whether a fact's name can be that of an entity. */
export function isEntityId(name: string): boolean {
  return ENTITY_ID.test(name) && name.length <= 255;
}

/** Attributes of an entity that are kept, and how much of each; lists and mappings are not. */
export const MAX_ENTITY_ATTRIBUTES = 256;
const MAX_ATTRIBUTE_LENGTH = 1024;

/** Takes a message in; returns the ids of the entities that it is about, of those `followed`. */
export function applyStates(
  states: Map<string, EntityState>,
  followed: readonly string[],
  { a: added = {}, c: changed = {}, r: removed = [] }: StatesMessage,
): string[] {
  const names = new Set<string>();
  const isOurs = (id: string) => followed.includes(id) && names.add(id);
  for (const [id, { s = "unknown", a = {} }] of Object.entries(added)) {
    if (isOurs(id)) states.set(id, { state: String(s), attributes: plain(a) });
  }
  for (const [id, { "+": more = {}, "-": less = {} }] of Object.entries(changed)) {
    const before = states.get(id);
    if (before === undefined || !isOurs(id)) continue;
    const attributes = plain({ ...before.attributes, ...more.a });
    for (const name of less.a ?? []) delete attributes[name];
    states.set(id, { state: String(more.s ?? before.state), attributes });
  }
  for (const id of removed) if (isOurs(id)) states.delete(id);
  return [...names];
}

/** What rules can read of attributes. */
function plain(attributes: JsonObject): JsonObject {
  const kept = Object.entries(attributes).filter(([name, value]) =>
    name.length <= MAX_ATTRIBUTE_LENGTH && value !== null && typeof value !== "object"
  ).slice(0, MAX_ENTITY_ATTRIBUTES);
  return Object.fromEntries(kept.map(([name, value]) => [
    name,
    typeof value === "string" ? value.slice(0, MAX_ATTRIBUTE_LENGTH) : value,
  ]));
}
