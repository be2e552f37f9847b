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
