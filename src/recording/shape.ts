// What the values of a recording must look like: schemas that cannot drift from the core's types.

import * as v from "valibot";
import type { JsonObject, JsonValue } from "../ocpp/json.ts";

/** A type as a schema sees it: nothing is read-only, and what may be undefined may be missing. */
type Seen<Type> = Type extends ReadonlySet<infer Item> ? Set<Seen<Item>>
  : Type extends ReadonlyMap<infer Key, infer Item> ? Map<Seen<Key>, Seen<Item>>
  : Type extends JsonObject ? string extends keyof Type ? JsonObject
    : SeenObject<Type>
  : Type extends readonly (infer Item)[] ? Seen<Item>[]
  : Type extends object ? SeenObject<Type>
  : Type;

type SeenObject<Type> = {
  -readonly [Key in keyof Type]-?: undefined extends Type[Key]
    ? readonly [maybe: Seen<Exclude<Type[Key], undefined>>]
    : Seen<Type[Key]>;
};

type Identical<One, Other> = (<T>() => T extends One ? 1 : 2) extends
  (<T>() => T extends Other ? 1 : 2) ? true : false;

/** `true` where a schema accepts exactly the values of a type: `true satisfies Describes<…>`. */
export type Describes<Schema extends v.GenericSchema, Type> = Identical<
  Seen<v.InferOutput<Schema>>,
  Seen<Type>
>;

/** Any JSON value, bigint too. */
export const jsonValue = v.custom<JsonValue>(isJson, "expected JSON");

/** Any JSON object. */
export const jsonObject = v.custom<JsonObject>(
  (value) => isJson(value) && typeof value === "object" && value !== null && !Array.isArray(value),
  "expected a JSON object",
);

function isJson(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      return true;
    case "object":
      if (value === null) return true;
      if (Array.isArray(value)) return value.every(isJson);
      return !(value instanceof Map || value instanceof Set) && Object.values(value).every(isJson);
    default:
      return false;
  }
}

/** A number without a fraction. */
export const wholeNumber = v.pipe(v.number(), v.integer("expected a whole number"));

/** Characters of a value, or of words, that are told. */
const MAX_TOLD = 60;

/** What a schema calls them; a set and a map stand in a line as `{"$set":[…]}` and `{"$map":[…]}`. */
const NAMES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
  Object: "an object",
  Array: "a list",
  Set: "a $set",
  Map: "a $map",
};

/** What is wrong with a value called `name`, as a clause; undefined: it has the shape. */
export function misshape(
  schema: v.GenericSchema,
  value: unknown,
  name: string,
): string | undefined {
  const { issues } = v.safeParse(schema, value, { abortEarly: true });
  if (issues === undefined) return undefined;
  const [{ path = [], expected, received, message }] = issues;
  const keys = path.map(({ key }) => key).filter((key) => key !== null && key !== undefined);
  const place = [name, ...keys.map(String)].join(".");
  if (received === "undefined") return `${place} is missing`;
  const wanted = expected === null || expected === "unknown"
    ? message
    : `expected ${told(expected.replace(/^\((.*)\)$/, "$1").replaceAll(" | ", ", "))}`;
  return `${place} is ${told(received)}; ${wanted}`;
}

function told(words: string): string {
  const text = NAMES[words] ?? words;
  return text.length > MAX_TOLD ? `${text.slice(0, MAX_TOLD)}…` : text;
}
