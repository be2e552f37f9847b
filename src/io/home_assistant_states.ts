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

/** Takes a message in; returns the ids of the entities that it is about. */
export function applyStates(
  states: Map<string, EntityState>,
  { a: added = {}, c: changed = {}, r: removed = [] }: StatesMessage,
): string[] {
  for (const [id, { s = "unknown", a = {} }] of Object.entries(added)) {
    states.set(id, { state: s, attributes: a });
  }
  for (const [id, { "+": more = {}, "-": less = {} }] of Object.entries(changed)) {
    const before = states.get(id);
    if (before === undefined) continue;
    const attributes = { ...before.attributes, ...more.a };
    for (const name of less.a ?? []) delete attributes[name];
    states.set(id, { state: more.s ?? before.state, attributes });
  }
  for (const id of removed) states.delete(id);
  return [...Object.keys(added), ...Object.keys(changed), ...removed];
}
