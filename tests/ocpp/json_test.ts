// JSON with every integer exact.

import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import { isJsonObject, type JsonValue, parseJson, stringifyJson } from "../../src/ocpp/json.ts";

Deno.test("parseJson agrees with JSON.parse wherever numbers are exact", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    let exact = true;
    const text = JSON.stringify(value, (_key, item) => {
      exact &&= !Number.isInteger(item) || Number.isSafeInteger(item);
      return item;
    });
    if (exact) assert.deepEqual(parseJson(text), JSON.parse(text));
  }));
});

Deno.test("any integer survives reading and writing", () => {
  fc.assert(fc.property(fc.bigInt(), (integer) => {
    const text = `{"a":[${integer}]}`;
    assert.equal(stringifyJson(parseJson(text)), text);
  }));
});

Deno.test("only integers that are not exact become bigint", () => {
  const rows: readonly [string, JsonValue][] = [
    ["9007199254740991", 9007199254740991],
    ["9007199254740992", 9007199254740992n],
    ["-9007199254740993", -9007199254740993n],
    ["0.15006999999999998", 0.15006999999999998],
    ["1e300", 1e300],
    ['"12345678901234567890"', "12345678901234567890"],
    ["10.0", 10],
    ["\ufeff1", 1],
    [" \n1 ", 1],
  ];
  for (const [text, value] of rows) assert.deepEqual(parseJson(text), value, text);
});

Deno.test("what is not JSON throws SyntaxError", () => {
  for (const text of ["", "[1,]", "{'a':1}", "NaN", "12345678901234567890x", "\ufeff\ufeff1"]) {
    assert.throws(() => parseJson(text), SyntaxError, text);
  }
});

Deno.test("a circular value is an error, not a silent loss", () => {
  const circular: JsonValue[] = [];
  circular.push(circular);
  assert.throws(() => stringifyJson(circular), TypeError);
});

Deno.test("arrays and null are no JSON objects", () => {
  assert(isJsonObject({}));
  for (const value of [null, [], "a", 1, undefined]) assert(!isJsonObject(value));
});
