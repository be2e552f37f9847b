// The small language in which the messages of OCPP are described, and the types it stands for.

import type { JsonObject } from "./json.ts";

/** An integer of the wire; bigint when it is beyond 2⁵³. */
export type Int64 = number | bigint;

/** What a field may hold. */
export type FieldKind =
  /** At most `maximum` Unicode characters. `whole`: longer means another thing, so never cut it. */
  | { readonly type: "text"; readonly maximum: number; readonly whole: boolean }
  /** A whole number within ±2⁵³, not below `minimum`. */
  | { readonly type: "integer"; readonly minimum: number }
  /** A whole number of 64 bits. */
  | { readonly type: "int64" }
  /** A number with at most one decimal. */
  | { readonly type: "decimal" }
  | { readonly type: "boolean" }
  /** RFC 3339 with an offset. */
  | { readonly type: "time" }
  | { readonly type: "uri" }
  | { readonly type: "choice"; readonly words: readonly string[] }
  | { readonly type: "list"; readonly item: FieldKind; readonly minimum: number }
  | { readonly type: "record"; readonly fields: ReadonlyMap<string, Member> };

export interface Member {
  readonly field: FieldKind;
  readonly required: boolean;
}

declare const meaning: unique symbol;

/** A field whose values have the type T; the mark exists for the compiler only. */
export type Field<T> = FieldKind & { readonly [meaning]?: T };

/** The type of a field's values. */
export type Value<F> = F extends Field<infer T> ? T : never;

type Fields = Readonly<Record<string, FieldKind>>;
type Values<R, O> = [keyof R | keyof O] extends [never] ? Record<string, never> : Flat<
  & { -readonly [K in keyof R]: Value<R[K]> }
  & { -readonly [K in keyof O]?: Value<O[K]> }
>;
type Flat<T> = { [K in keyof T]: T[K] };

/** At most `maximum` characters (CiString and String). */
export function text(maximum: number = Infinity): Field<string> {
  return { type: "text", maximum, whole: false };
}

/** An IdToken, section 7.28: 20 characters, and a longer one is somebody else's. */
export const idToken: Field<string> = { type: "text", maximum: 20, whole: true };

/** A whole number, not below `minimum`. */
export function integer(minimum: number = -Infinity): Field<number> {
  return { type: "integer", minimum };
}

/** A transaction id: chargers and backends use more than the 32 bits that the spec means. */
export const int64: Field<Int64> = { type: "int64" };

export const decimal: Field<number> = { type: "decimal" };
export const boolean: Field<boolean> = { type: "boolean" };
export const time: Field<string> = { type: "time" };
export const uri: Field<string> = { type: "uri" };

export function choice<const W extends readonly string[]>(words: W): Field<W[number]> {
  return { type: "choice", words };
}

/** At least `minimum` items. */
export function list<F extends FieldKind>(item: F, minimum = 0): Field<Value<F>[]> {
  return { type: "list", item, minimum };
}

/** An object with these required and these optional fields, and no others. */
export function record<R extends Fields, O extends Fields>(
  required: R,
  optional: O,
): Field<Values<R, O>> & { readonly type: "record" };
export function record<R extends Fields>(
  required: R,
): Field<Values<R, Record<never, never>>> & { readonly type: "record" };
export function record(
  required: Fields,
  optional: Fields = {},
): Field<JsonObject> & { readonly type: "record" } {
  const fields = new Map<string, Member>();
  for (const [name, field] of Object.entries(required)) fields.set(name, { field, required: true });
  for (const [name, field] of Object.entries(optional)) {
    fields.set(name, { field, required: false });
  }
  return { type: "record", fields };
}
