// Every single thing that can be wrong with a message, one at a time, made from its published schema.

import type { ErrorCode } from "../../src/ocpp/frame.ts";
import type { JsonObject, JsonValue } from "../../src/ocpp/json.ts";
import type { Action } from "../../src/ocpp/types.ts";
import { type Kind, publishedSchema, type Schema } from "./oracle.ts";

/** A message that is right but for one place. */
export interface Defect {
  /** Where and what, for example `meterValue[0].timestamp is a number`. */
  readonly what: string;
  /** The keyword of the published schema that forbids it. */
  readonly keyword: Keyword;
  /** What a CALL with it is answered, by OCPP-J 1.6 section 4.2.3. */
  readonly code: ErrorCode;
  readonly payload: JsonObject;
}

/** The code by the keyword of the schema that is offended. */
const CODES = {
  required: "OccurenceConstraintViolation",
  minItems: "OccurenceConstraintViolation",
  type: "TypeConstraintViolation",
  maxLength: "PropertyConstraintViolation",
  enum: "PropertyConstraintViolation",
  format: "PropertyConstraintViolation",
  multipleOf: "PropertyConstraintViolation",
  additionalProperties: "FormationViolation",
} as const satisfies Record<string, ErrorCode>;

type Keyword = keyof typeof CODES;

/** Every keyword that a defect can offend. */
export const KEYWORDS = Object.keys(CODES) as readonly Keyword[];

/** A message with every field that there is, each list with one item. */
export function fullPayload(action: Action, kind: Kind): JsonObject {
  return sample(publishedSchema(action, kind)) as JsonObject;
}

/** Others that are as right: without one of the optional fields, with a text of full length. */
export function rightPayloads(action: Action, kind: Kind): JsonObject[] {
  return variations(action, kind)
    .filter(({ keyword }) => keyword === undefined)
    .map(({ value }) => value as JsonObject);
}

/** Every defect of a message. */
export function defects(action: Action, kind: Kind): Defect[] {
  return variations(action, kind).flatMap(({ path, how, keyword, value }) => {
    // A payload that is no object is the frame's defect, not the message's.
    if (keyword === undefined || path === "") return [];
    const what = `${path.slice(1)} ${how}`;
    return [{ what, keyword, code: CODES[keyword], payload: value as JsonObject }];
  });
}

function variations(action: Action, kind: Kind): Spoilt[] {
  const schema = publishedSchema(action, kind);
  return [...spoilt(schema, sample(schema), "")];
}

interface Spoilt {
  readonly path: string;
  readonly how: string;
  /** What forbids it; undefined: nothing does. */
  readonly keyword: Keyword | undefined;
  readonly value: JsonValue;
}

const SAMPLES: Readonly<Record<string, string>> = {
  "date-time": "2026-11-22T12:00:00Z",
  uri: "ftp://192.0.2.1/a",
};

function sample(schema: Schema): JsonValue {
  if (schema.enum) return schema.enum[0]!;
  switch (schema.type) {
    case "string":
      return (SAMPLES[schema.format ?? ""] ?? "1").slice(0, schema.maxLength ?? Infinity);
    case "integer":
    case "number":
      return 1;
    case "boolean":
      return true;
    case "array":
      return [sample(schema.items!)];
    default:
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, one]) => [name, sample(one)]),
      );
  }
}

/** One value of each type of JSON, and what only looks like one. */
const VALUES: readonly (readonly [how: string, type: string, value: JsonValue])[] = [
  ["is null", "null", null],
  ["is a boolean", "boolean", false],
  ["is an integer", "integer", 1],
  ["is a fraction", "number", 1.5],
  ["is an integer in text", "string", "1"],
  ["is empty text", "string", ""],
  ["is an empty list", "array", []],
  ["is an empty object", "object", {}],
];

function* spoilt(schema: Schema, value: JsonValue, path: string): Generator<Spoilt> {
  const wanted = schema.type ?? "object";
  for (const [how, type, other] of VALUES) {
    const fits = type === wanted || (wanted === "number" && type === "integer");
    if (!fits) yield { path, how, keyword: "type", value: other };
  }
  // A structure one level too deep is of another type as well.
  if (wanted !== "array") yield { path, how: "is in a list", keyword: "type", value: [value] };
  yield* spoiltText(schema, path);
  if (schema.multipleOf === 0.1) {
    yield { path, how: "has two decimals", keyword: "multipleOf", value: 0.15 };
  }
  if (wanted === "array") yield* spoiltList(schema, value as JsonValue[], path);
  if (wanted === "object") yield* spoiltObject(schema, value as JsonObject, path);
}

function* spoiltText(schema: Schema, path: string): Generator<Spoilt> {
  if (schema.enum) {
    const [word = ""] = schema.enum;
    for (const other of ["", `${word} `, word.toLowerCase(), word.toUpperCase(), "constructor"]) {
      if (schema.enum.includes(other)) continue;
      yield { path, how: `is "${other}"`, keyword: "enum", value: other };
    }
  }
  if (schema.maxLength !== undefined) {
    const { maxLength } = schema;
    for (const letter of ["x", "🔌"]) {
      const longest = letter.repeat(maxLength);
      yield { path, how: `is ${maxLength} times ${letter}`, keyword: undefined, value: longest };
      const how = `is ${maxLength + 1} times ${letter}`;
      yield { path, how, keyword: "maxLength", value: longest + letter };
    }
  }
  for (const [format, texts] of Object.entries(BROKEN)) {
    if (schema.format !== format) continue;
    for (const text of texts) {
      yield { path, how: `is "${text}"`, keyword: "format", value: text };
    }
  }
}

const BROKEN: Readonly<Record<string, readonly string[]>> = {
  "date-time": ["", "now", "2026-11-22", "2026-02-30T12:00:00Z", "2026-11-22T25:00:00Z"],
  uri: ["", "somewhere", "//host/path", "ftp://host/a b"],
};

function* spoiltList(schema: Schema, value: JsonValue[], path: string): Generator<Spoilt> {
  if ((schema.minItems ?? 0) > 0) {
    yield { path, how: "is empty", keyword: "minItems", value: [] };
  }
  const [first] = value as [JsonValue];
  yield { path, how: "is its item alone", keyword: "type", value: first };
  for (const one of spoilt(schema.items!, first, `${path}[0]`)) {
    yield { ...one, value: [one.value] };
  }
  // What follows the first item is looked at as well.
  for (const one of spoilt(schema.items!, first, `${path}[1]`)) {
    yield { ...one, value: [first, one.value] };
  }
}

function* spoiltObject(schema: Schema, value: JsonObject, path: string): Generator<Spoilt> {
  for (const extra of ["odd", "__proto__", "constructor", ""]) {
    const widened = Object.fromEntries([...Object.entries(value), [extra, 1]]);
    const how = `has a field "${extra}"`;
    yield { path: `${path}.${extra}`, how, keyword: "additionalProperties", value: widened };
  }
  for (const [name, one] of Object.entries(schema.properties ?? {})) {
    const { [name]: _, ...rest } = value;
    const keyword = schema.required?.includes(name) ? "required" : undefined;
    yield { path: `${path}.${name}`, how: "is missing", keyword, value: rest };
    for (const part of spoilt(one, value[name]!, `${path}.${name}`)) {
      yield { ...part, value: { ...value, [name]: part.value } };
    }
  }
}
