// JSON as a type, and the two places where JSON.parse and JSON.stringify lose integers.

/** A JSON value; integers beyond 2⁵³ are bigint. */
export type JsonValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | JsonValue[]
  | JsonObject;

export interface JsonObject {
  [key: string]: JsonValue | undefined;
}

/** Parts of ECMAScript's "JSON.parse source text access" that TypeScript does not describe yet. */
interface JsonWithSource {
  parse(
    text: string,
    reviver: (key: string, value: JsonValue, context: { source?: string }) => JsonValue,
  ): JsonValue;
  rawJSON(text: string): JsonValue;
}

const json = JSON as unknown as JsonWithSource;

/** Fewer digits than this are always a number that is exact. */
const MANY_DIGITS = /\d{16}/;

const INTEGER = /^-?\d+$/;

/** Parses JSON text, with or without a byte order mark; throws SyntaxError. */
export function parseJson(text: string): JsonValue {
  const clean = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  if (!MANY_DIGITS.test(clean)) return JSON.parse(clean);
  return json.parse(clean, (_key, value, { source }) => {
    const lossy = typeof value === "number" && !Number.isSafeInteger(value);
    return lossy && source !== undefined && INTEGER.test(source) ? BigInt(source) : value;
  });
}

/** Writes JSON text, bigint as an integer; undefined properties are left out. */
export function stringifyJson(value: JsonValue): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(
      value,
      (_key, item) => typeof item === "bigint" ? json.rawJSON(String(item)) : item,
    );
  }
}

/** Whether the value is a JSON object, neither null nor an array. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
