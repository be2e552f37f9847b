// Frames that are nearly right, and texts that are not frames at all.

import fc from "fast-check";
import { type JsonObject, stringifyJson } from "../../src/ocpp/json.ts";
import type { Action } from "../../src/ocpp/types.ts";
import { PUBLISHED, spoiltPayload, validPayload } from "../ocpp/oracle.ts";

/** A text to be sent; `ours`: it is a CALL with an id of its own, unless it was cut or spoilt. */
export type Sent =
  | { readonly type: "call"; readonly action: string; readonly payload: JsonObject }
  /** An answer to the peer's outstanding CALL, or to none. */
  | { readonly type: "answer"; readonly matching: boolean; readonly payload: JsonObject }
  | { readonly type: "error"; readonly matching: boolean; readonly code: string }
  /** A CALL as above with some of its characters changed. */
  | {
    readonly type: "damaged";
    readonly action: string;
    readonly payload: JsonObject;
    readonly damage: readonly Damage[];
  }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "pass"; readonly ms: number };

/** At a place of a text (a fraction of it): so many characters go, and these come. */
export interface Damage {
  readonly at: number;
  /** Moves the place on, to behind the next one of these characters. */
  readonly behind?: "{" | ":" | "[";
  readonly remove: number;
  readonly insert: string;
}

const ACTIONS = [...new Set(PUBLISHED.map((name) => name.split(".")[0] as Action))];

const payload = (kind: "request" | "confirmation") =>
  fc.constantFrom(...ACTIONS).chain((action) =>
    fc.tuple(
      fc.constant(action),
      fc.oneof(
        { weight: 2, arbitrary: validPayload(action, kind) },
        { weight: 3, arbitrary: spoiltPayload(action, kind) },
      ),
    )
  );

/** Members and values that are JSON, and not what anybody means. */
const GRAFTS: readonly (readonly [behind: "{" | ":" | "[", insert: string])[] = [
  ["{", '"connectorId":2,'],
  ["{", '"connectorId":1e999,'],
  ["{", '"transactionId":9223372036854775807,'],
  ["{", '"idTag":"OTHER",'],
  ["{", '"__proto__":{"idTag":"x","connectorId":1},'],
  ["{", '"constructor":{"prototype":null},'],
  ["{", '"toString":0,'],
  ["{", '"":[],'],
  [":", '1e999,"odd":'],
  [":", '-1e999,"odd":'],
  [":", '-0,"odd":'],
  [":", '5e-324,"odd":'],
  [":", '99999999999999999999999999,"odd":'],
  [":", `${"[".repeat(20)}${"]".repeat(20)},"odd":`],
  [":", '"\\u0000\\ud800\\u2028",'],
  ["[", "null,"],
  ["[", "{},"],
  ["[", "[[]],"],
];

/** Not a double: nearly all of those below 1 are next to 0. */
const at = fc.nat(9_999).map((at) => at / 10_000);

/** Damage done to a text. */
export const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({
    at,
    remove: fc.nat(6),
    insert: fc.oneof(
      fc.constantFrom("", "[", "]", "{", "}", '"', "\\", ",", ":", "\0", "\\ud800", "1e999", "-"),
      fc.string({ unit: "binary", maxLength: 3 }),
    ),
  }),
  fc.record({ at, graft: fc.constantFrom(...GRAFTS) })
    .map(({ at, graft: [behind, insert] }) => ({ at, behind, remove: 0, insert })),
);

/** Anything a peer may send. */
export const sent: fc.Arbitrary<Sent> = fc.oneof(
  {
    weight: 6,
    arbitrary: payload("request").map(([action, payload]) => ({
      type: "call" as const,
      action,
      payload,
    })),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(payload("confirmation"), fc.boolean()).map((
      [[, payload], matching],
    ) => ({ type: "answer" as const, matching, payload })),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("error" as const),
      matching: fc.boolean(),
      code: fc.oneof(fc.constant("InternalError"), fc.string({ maxLength: 300 })),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(payload("request"), fc.array(damage, { minLength: 1, maxLength: 3 }))
      .map(([[action, payload], damage]) => ({
        type: "damaged" as const,
        action,
        payload,
        damage,
      })),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(fc.string({ unit: "binary" }), fc.json())
      .map((text) => ({ type: "text" as const, text })),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("pass" as const),
      ms: fc.constantFrom(1, 500, 3_000, 61_000),
    }),
  },
);

/** The text of what is sent; `id`: its own, `outstanding`: of the peer's CALL. */
export function textOf(
  one: Exclude<Sent, { type: "pass" }>,
  id: string,
  outstanding: string | undefined,
): string {
  switch (one.type) {
    case "call":
      return stringifyJson([2, id, one.action, one.payload]);
    case "answer":
      return stringifyJson([3, one.matching ? outstanding ?? id : id, one.payload]);
    case "error":
      return stringifyJson([4, one.matching ? outstanding ?? id : id, one.code, "", {}]);
    case "damaged":
      return damaged(stringifyJson([2, id, one.action, one.payload]), one.damage);
    case "text":
      return one.text;
    default:
      return one satisfies never;
  }
}

/** A text with damage done to it. */
export function damaged(text: string, damage: readonly Damage[]): string {
  return damage.reduce((before, { at, behind, remove, insert }) => {
    const from = Math.floor(at * before.length);
    // Behind nothing is at the beginning.
    const place = behind === undefined ? from : before.indexOf(behind, from) + 1;
    return before.slice(0, place) + insert + before.slice(place + remove);
  }, text);
}
