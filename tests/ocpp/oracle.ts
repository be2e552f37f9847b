// The published JSON schemas (as packaged in ocpp-rpc) as an independent judge, and payloads made from them.

import fc from "fast-check";
import schemas from "ocpp-rpc/lib/schemas/ocpp1_6.json" with { type: "json" };
import standardValidators from "ocpp-rpc/lib/standard-validators.js";
import { type JsonObject, type JsonValue, stringifyJson } from "../../src/ocpp/json.ts";
import type { Action } from "../../src/ocpp/types.ts";

/** The part of JSON schema that the published files use. */
export interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean;
  items?: Schema;
  minItems?: number;
  maxLength?: number;
  enum?: string[];
  format?: string;
  multipleOf?: number;
  $ref?: string;
  $id?: string;
  definitions?: Record<string, Schema>;
}

export type Kind = "request" | "confirmation";

interface Judge {
  readonly subprotocol: string;
  /** Throws where the payload is invalid. */
  validate(id: string, payload: unknown): boolean;
}

const judges = standardValidators as unknown as readonly Judge[];
const judge = judges.find((one) => one.subprotocol === "ocpp1.6")!;
const published = new Map((schemas as Schema[]).map((schema) => [schema.$id!, schema]));

/** The names of all published schemas, as `Action.req` and `Action.conf`. */
export const PUBLISHED: readonly string[] = [...published.keys()].map((id) => id.slice(4));

function idOf(action: Action, kind: Kind): string {
  return `urn:${action}.${kind === "request" ? "req" : "conf"}`;
}

/** Whether the published schema accepts the payload as a peer reads it off the wire. */
export function isPublishedValid(action: Action, kind: Kind, payload: JsonObject): boolean {
  return publishedObjection(action, kind, payload) === undefined;
}

/** The keyword of the published schema that the payload offends first; undefined: none. */
export function publishedObjection(
  action: Action,
  kind: Kind,
  payload: JsonObject,
): string | undefined {
  try {
    const valid = judge.validate(idOf(action, kind), JSON.parse(stringifyJson(payload)));
    return valid ? undefined : "invalid";
  } catch (error) {
    const { details } = error as { details?: { errors?: readonly { keyword: string }[] } };
    return details?.errors?.[0]?.keyword ?? String(error);
  }
}

/** The published schema with its references put in place. */
export function publishedSchema(action: Action, kind: Kind): Schema {
  const schema = published.get(idOf(action, kind))!;
  return resolve(schema, schema.definitions ?? {});
}

function resolve(schema: Schema, definitions: Record<string, Schema>): Schema {
  if (schema.$ref !== undefined) {
    return resolve(definitions[schema.$ref.replace("#/definitions/", "")]!, definitions);
  }
  const { $id: _id, definitions: _definitions, ...rest } = schema;
  const resolved: Schema = { ...rest };
  if (schema.items) resolved.items = resolve(schema.items, definitions);
  if (schema.properties) {
    resolved.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, one]) => [name, resolve(one, definitions)]),
    );
  }
  return resolved;
}

/** Payloads that the schema accepts. */
export function validPayload(action: Action, kind: Kind): fc.Arbitrary<JsonObject> {
  return fromSchema(publishedSchema(action, kind)) as fc.Arbitrary<JsonObject>;
}

const TIMES = [
  "2026-01-01T00:00:00Z",
  "2026-02-28T23:59:59.123456+01:00",
  "2024-02-29t12:00:00z",
  "2016-12-31T23:59:60Z",
  "2026-01-01T00:00:00",
  "2026-01-01 00:00:00Z",
  "2026-01-01T00:00:00+02",
  "1970-01-01T00:00:12Z",
  "0001-01-01T00:00:00Z",
];

const URIS = [
  "ftp://user:pw@host.example:21/a/b.bin",
  "https://[::1]/x?y=z#a",
  "http://[2001:db8::192.0.2.1]:80",
  "urn:a:b",
  "a:/",
  "a:/b//c",
  "file:///a%20b",
  "http://a:/?b?c/d#e/f?",
];

function fromSchema(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case "string":
      if (schema.format === "date-time") return fc.constantFrom(...TIMES);
      if (schema.format === "uri") return fc.oneof(fc.constantFrom(...URIS), fc.webUrl());
      return fc.string({ unit: "binary", maxLength: schema.maxLength ?? 300 });
    case "integer":
      return fc.oneof(fc.nat(3), fc.integer(), fc.maxSafeInteger());
    case "number":
      return fc.integer({ min: -100_000, max: 100_000 }).map((tenths) => tenths / 10);
    case "boolean":
      return fc.boolean();
    case "array":
      return fc.array(fromSchema(schema.items!), {
        minLength: schema.minItems ?? 0,
        maxLength: 3,
      });
    default: {
      const fields = Object.entries(schema.properties ?? {});
      return fc.record(
        Object.fromEntries(fields.map(([name, one]) => [name, fromSchema(one)])),
        { requiredKeys: schema.required ?? [], noNullPrototype: true },
      );
    }
  }
}

/** What may stand in the place of any value: every JSON type, and what is only nearly right. */
const JUNK: readonly JsonValue[] = [
  null,
  true,
  0,
  -1,
  1.5,
  8.15,
  1e300,
  2 ** 60,
  "",
  "1",
  " 1234",
  "10.0",
  "-7.5",
  "constructor",
  "accepted ",
  "Current.Import\n",
  "Hertz",
  "%",
  "\0\0",
  "\ud800",
  "2026-02-30T00:00:00Z",
  "2026-01-01T25:00:00Z",
  "2026-01-01T00:00:00+0200",
  "not a uri",
  "https://[[[]],::1]/",
  "http://a:b/",
  "http://a/[b]",
  "http://a#b#c",
  "http://a@b@c",
  "http://[::1]a",
  "a:",
  "a:?b",
  "a:%2",
  "x".repeat(60),
  "🔌".repeat(600),
  "y".repeat(11_000),
  [],
  [[]],
  [{}],
  {},
  { a: 1 },
];

const EXTRA_NAMES = ["foo", "__proto__", "constructor", "hasOwnProperty", ""];

/** Payloads that were valid before one to three of their parts were spoilt, replaced or taken away. */
export function spoiltPayload(action: Action, kind: Kind): fc.Arbitrary<JsonObject> {
  const spoil = fc.record({ where: fc.nat(), how: fc.nat(), what: fc.nat() });
  return fc.tuple(validPayload(action, kind), fc.array(spoil, { minLength: 1, maxLength: 3 }))
    .map(([payload, spoils]) => {
      const root: JsonObject = { root: structuredClone(payload) };
      for (const { where, how, what } of spoils) spoilOne(root, where, how, what);
      const spoilt = root.root;
      const isObject = typeof spoilt === "object" && spoilt !== null && !Array.isArray(spoilt);
      return isObject ? spoilt : {};
    });
}

type Place = { readonly holder: JsonObject | JsonValue[]; readonly key: string };

function places(holder: JsonObject | JsonValue[], found: Place[] = []): Place[] {
  for (const [key, value] of Object.entries(holder)) {
    found.push({ holder, key });
    if (typeof value === "object" && value !== null) places(value, found);
  }
  return found;
}

function spoilOne(root: JsonObject, where: number, how: number, what: number): void {
  const all = places(root);
  const { holder, key } = all[where % all.length]!;
  const target = holder as JsonObject;
  const value = target[key];
  switch (how % 5) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else if (holder !== root) delete holder[key];
      break;
    case 1:
      if (typeof value === "object" && value !== null && !Array.isArray(value)) {
        Object.defineProperty(value, EXTRA_NAMES[what % EXTRA_NAMES.length]!, {
          value: structuredClone(JUNK[what % JUNK.length]),
          enumerable: true,
          configurable: true,
          writable: true,
        });
      }
      break;
    case 2:
      if (typeof value === "string") target[key] = what % 2 ? value.toUpperCase() : `${value} `;
      else if (typeof value === "number") target[key] = what % 2 ? String(value) : value + 0.25;
      else if (Array.isArray(value)) target[key] = value[0] ?? {};
      break;
    default:
      target[key] = structuredClone(JUNK[what % JUNK.length]);
  }
}
