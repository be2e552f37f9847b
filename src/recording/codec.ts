// Values as JSON text and back without loss: Set, Map, bigint, odd numbers, and shared objects.

import type { JsonValue } from "../ocpp/json.ts";

/** What stands for a value that JSON has no word for; a key of an object never begins so. */
const MARK = "$";

const WHOLE_NUMBER = /^-?\d+$/;

/** Codes a value as JSON; throws TypeError on functions and symbols. */
export function encodeValue(value: unknown): JsonValue {
  return encode(value, undefined);
}

/** The same, and an object that is met again stays the same one: for a state, which changes. */
export function encodeGraph(value: unknown): JsonValue {
  return encode(value, new Map());
}

function encode(value: unknown, met: Map<object, number> | undefined): JsonValue {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $number: Object.is(value, -0) ? "-0" : String(value) };
    case "bigint":
      return { $bigint: String(value) };
    case "undefined":
      return { $undefined: true };
    case "object":
      return value === null ? null : encodeObject(value, met);
    default:
      throw new TypeError(`a ${typeof value} cannot be recorded`);
  }
}

function encodeObject(value: object, met: Map<object, number> | undefined): JsonValue {
  if (met !== undefined) {
    const number = met.get(value);
    if (number !== undefined) return { $same: number };
    met.set(value, met.size);
  }
  const items = (values: Iterable<unknown>) => Array.from(values, (item) => encode(item, met));
  if (Array.isArray(value)) return items(value);
  if (value instanceof Set) return { $set: items(value) };
  if (value instanceof Map) {
    return { $map: [...value].map(([key, item]) => [encode(key, met), encode(item, met)]) };
  }
  // A property without a value is one that is not there.
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const coded = entries.map(([key, item]): [string, JsonValue] => [key, encode(item, met)]);
  return coded.some(([key]) => key.startsWith(MARK))
    ? { $object: coded }
    : Object.fromEntries(coded);
}

/** The value that `encodeValue` or `encodeGraph` coded; throws SyntaxError on anything else. */
export function decodeValue(coded: JsonValue): unknown {
  return decode(coded, []);
}

/** `met`: objects in the order in which they were coded, each before what is in it. */
function decode(coded: JsonValue, met: object[]): unknown {
  if (typeof coded !== "object" || coded === null) return coded;
  if (Array.isArray(coded)) {
    const list: unknown[] = [];
    met.push(list);
    for (const item of coded) list.push(decode(item, met));
    return list;
  }
  const [key, content = null] = Object.entries(coded)[0] ?? [];
  if (key === undefined || !key.startsWith(MARK)) return decodeEntries(Object.entries(coded), met);
  switch (key) {
    case "$number":
      return Number(content);
    case "$bigint":
      if (!WHOLE_NUMBER.test(String(content))) throw new SyntaxError("$bigint is no whole number");
      return BigInt(String(content));
    case "$undefined":
      return undefined;
    case "$same": {
      const same = met[Number(content)];
      if (same === undefined) throw new SyntaxError(`there is no object ${content} yet`);
      return same;
    }
    case "$set": {
      const set = new Set<unknown>();
      met.push(set);
      for (const item of listOf(content)) set.add(decode(item, met));
      return set;
    }
    case "$map": {
      const map = new Map<unknown, unknown>();
      met.push(map);
      for (const pair of listOf(content)) {
        const [name = null, item = null] = listOf(pair);
        map.set(decode(name, met), decode(item, met));
      }
      return map;
    }
    case "$object":
      return decodeEntries(listOf(content) as [string, JsonValue][], met);
    default:
      throw new SyntaxError(`nobody knows what ${key} stands for`);
  }
}

function decodeEntries(
  entries: readonly (readonly [string, JsonValue | undefined])[],
  met: object[],
): object {
  const object = {};
  met.push(object);
  for (const [key, item = null] of entries) {
    // Also where the key is __proto__.
    Object.defineProperty(object, key, {
      value: decode(item, met),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return object;
}

function listOf(value: JsonValue): JsonValue[] {
  if (!Array.isArray(value)) throw new SyntaxError("$set, $map and $object need a list");
  return value;
}
