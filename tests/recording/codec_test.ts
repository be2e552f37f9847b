// Whatever an event, the configuration or the state holds comes back as it was.

import { deepStrictEqual, equal, notEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { decodeValue, encodeGraph, encodeValue } from "../../src/recording/codec.ts";
import "../support/seed.ts";

function there(value: unknown): unknown {
  return decodeValue(JSON.parse(JSON.stringify(encodeValue(value))));
}

Deno.test("sets, maps, bigints, odd numbers and odd keys come back", () => {
  const value = {
    set: new Set(["a", 1]),
    map: new Map<unknown, unknown>([["k", new Map([[1, 2n]])], [2, [new Set([null])]]]),
    big: 9223372036854775807n,
    numbers: [-0, NaN, Infinity, -Infinity, 2 ** 53 + 2, 1e300],
    $set: ["a key that looks like a mark"],
    text: "\ud800 \u0000 \u2028",
    list: [undefined, null],
  };
  const back = there(value) as typeof value;
  deepStrictEqual(back, value);
  equal(Object.is(back.numbers[0], -0), true);
});

Deno.test("a key __proto__ is a key, and no prototype", () => {
  const value = JSON.parse('{"__proto__":{"polluted":true}}');
  const back = there(value) as object;
  equal(JSON.stringify(back), '{"__proto__":{"polluted":true}}');
  equal(Object.getPrototypeOf(back), Object.prototype);
});

Deno.test("what has no value is not there", () => {
  deepStrictEqual(there({ a: undefined, b: 1 }), { b: 1 });
});

Deno.test("any value comes back", () => {
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withMap: true, withSet: true, withNullPrototype: false }),
      (value) => {
        const once = there(value);
        deepStrictEqual(there(once), once);
        deepStrictEqual(JSON.stringify(encodeValue(once)), JSON.stringify(encodeValue(value)));
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("an object that is met twice stays one object", () => {
  const shared = { count: 1 };
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const state = { a: shared, map: new Map([[1, shared]]), list: [shared, { ...shared }], circle };
  const back = decodeValue(JSON.parse(JSON.stringify(encodeGraph(state)))) as typeof state;
  equal(back.a, back.map.get(1));
  equal(back.a, back.list[0]);
  notEqual(back.a, back.list[1]);
  equal(back.circle.self, back.circle);
});

Deno.test("a mark that nobody knows, or an object that is not there, is refused", () => {
  throws(() => decodeValue({ $nothing: 1 }), SyntaxError);
  throws(() => decodeValue({ $same: 3 }), SyntaxError);
});
