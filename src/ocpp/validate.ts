// Checks messages against their field tables, as strictly as the published schemas.

import type { ErrorCode } from "./frame.ts";
import type { FieldKind } from "./field.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { isJsonObject } from "./json.ts";
import { CONFIRMATIONS, REQUESTS } from "./message.ts";
import { isStrictTime } from "./time.ts";
import type { Action, Messages } from "./types.ts";

/** What is wrong with a message. */
export interface Fault {
  readonly code: ErrorCode;
  /** For example `meterValue[0].timestamp`. */
  readonly path: string;
  /** A phrase that says what, where, and what was expected; fit for a CALLERROR. */
  readonly message: string;
}

/** A message that is valid, or the first thing that is wrong with it. */
export type Checked<T> = { readonly ok: true; readonly value: T } | {
  readonly ok: false;
  readonly fault: Fault;
};

/** Checks a request; the value is the payload itself. Codes: see OCPP-J 1.6, section 4.2.3. */
export function checkRequest<A extends Action>(
  action: A,
  payload: JsonObject,
): Checked<Messages[A]["request"]> {
  return verdict(payload, findFault(REQUESTS[action], payload));
}

/** Checks a confirmation; the value is the payload itself. */
export function checkConfirmation<A extends Action>(
  action: A,
  payload: JsonObject,
): Checked<Messages[A]["confirmation"]> {
  return verdict(payload, findFault(CONFIRMATIONS[action], payload));
}

/** A fault on its way up to the message: the path grows at its front. */
export interface Finding {
  readonly code: ErrorCode;
  path: string;
  readonly problem: string;
}

/** The first thing wrong with a value; `path` is where the value is. */
export function findFault(field: FieldKind, value: JsonValue, path = ""): Finding | undefined {
  const finding = check(field, value);
  if (finding !== undefined) finding.path = `${path}${finding.path}`;
  return finding;
}

/** That a required field is not there. */
export function missing(field: FieldKind, path: string): Finding {
  const problem = `is missing: ${expected(field)} is required`;
  return { code: "OccurenceConstraintViolation", path, problem };
}

/** The finding in words. */
export function faultOf({ code, path, problem }: Finding): Fault {
  const clean = path.replace(/^\./, "").replaceAll(".[", "[");
  return { code, path: clean, message: `${clean} ${problem}` };
}

function verdict<T>(payload: JsonObject, finding: Finding | undefined): Checked<T> {
  return finding === undefined
    ? { ok: true, value: payload as T }
    : { ok: false, fault: faultOf(finding) };
}

function check(field: FieldKind, value: JsonValue): Finding | undefined {
  switch (field.type) {
    case "text":
      if (typeof value !== "string") return wrongType(field, value);
      if (isLonger(value, field.maximum)) {
        return violation(`is longer than ${field.maximum} characters`);
      }
      return undefined;
    case "integer":
      if (typeof value === "bigint") return violation("is an integer beyond 2^53");
      if (typeof value !== "number" || !Number.isInteger(value)) return wrongType(field, value);
      if (!Number.isSafeInteger(value)) return violation("is an integer beyond 2^53");
      if (value < field.minimum) return violation(`is below ${field.minimum}`);
      return undefined;
    case "int64":
      if (typeof value === "bigint") {
        return BigInt.asIntN(64, value) === value ? undefined : violation("is beyond 64 bits");
      }
      if (typeof value !== "number" || !Number.isInteger(value)) return wrongType(field, value);
      return Number.isSafeInteger(value) ? undefined : violation("is beyond 2^53 and not exact");
    case "decimal":
      if (typeof value === "bigint") return violation("is an integer beyond 2^53");
      if (typeof value !== "number") return wrongType(field, value);
      return hasOneDecimal(value) ? undefined : violation("has more than one decimal");
    case "boolean":
      return typeof value === "boolean" ? undefined : wrongType(field, value);
    case "time":
      if (typeof value !== "string") return wrongType(field, value);
      return isStrictTime(value)
        ? undefined
        : violation("is not a date and time like 2026-01-31T12:00:00Z");
    case "uri":
      if (typeof value !== "string") return wrongType(field, value);
      return isUri(value) ? undefined : violation("is not a URI");
    case "choice":
      if (typeof value !== "string") return wrongType(field, value);
      if (field.words.includes(value)) return undefined;
      return violation(`is ${JSON.stringify(value.slice(0, 50))}, not ${expected(field)}`);
    case "list":
      if (!Array.isArray(value)) return wrongType(field, value);
      if (value.length < field.minimum) {
        return { code: "OccurenceConstraintViolation", path: "", problem: "is empty" };
      }
      for (let index = 0; index < value.length; index++) {
        const finding = check(field.item, value[index]!);
        if (finding !== undefined) {
          finding.path = `[${index}]${finding.path}`;
          return finding;
        }
      }
      return undefined;
    case "record":
      return isJsonObject(value) ? checkFields(field, value) : wrongType(field, value);
  }
}

function checkFields(
  { fields }: Extract<FieldKind, { type: "record" }>,
  value: JsonObject,
): Finding | undefined {
  for (const [name, { field, required }] of fields) {
    const member = Object.hasOwn(value, name) ? value[name] : undefined;
    if (member === undefined) {
      if (!required) continue;
      return missing(field, `.${name}`);
    }
    const finding = check(field, member);
    if (finding !== undefined) {
      finding.path = `.${name}${finding.path}`;
      return finding;
    }
  }
  for (const name in value) {
    if (!fields.has(name) && value[name] !== undefined) {
      return {
        code: "FormationViolation",
        path: `.${name.slice(0, 50)}`,
        problem: "is not a field of this message",
      };
    }
  }
  return undefined;
}

function wrongType(field: FieldKind, value: JsonValue): Finding {
  return {
    code: "TypeConstraintViolation",
    path: "",
    problem: `is ${typeName(value)}, not ${expected(field)}`,
  };
}

function violation(problem: string): Finding {
  return { code: "PropertyConstraintViolation", path: "", problem };
}

function typeName(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  switch (typeof value) {
    case "string":
      return "text";
    case "boolean":
      return "a boolean";
    case "object":
      return "an object";
    default:
      return "a number";
  }
}

function expected(field: FieldKind): string {
  switch (field.type) {
    case "text":
      return field.maximum === Infinity ? "text" : `text of at most ${field.maximum} characters`;
    case "integer":
    case "int64":
      return "an integer";
    case "decimal":
      return "a number";
    case "boolean":
      return "a boolean";
    case "time":
      return "a date and time";
    case "uri":
      return "a URI";
    case "choice":
      return `one of ${field.words.join(", ")}`;
    case "list":
      return "an array";
    case "record":
      return "an object";
  }
}

/** In Unicode characters, as JSON schemas count. */
function isLonger(value: string, maximum: number): boolean {
  if (value.length <= maximum) return false;
  if (value.length > 2 * maximum) return true;
  let count = 0;
  for (const _ of value) count++;
  return count > maximum;
}

function hasOneDecimal(value: number): boolean {
  return Math.abs(Math.round(value * 10) - value * 10) < 1e-6;
}

/** What RFC 3986 lets stand behind a scheme, but for brackets, which are for addresses of IPv6. */
const CHARACTERS = "(?:[a-z0-9\\-._~!$&'()*+,;=:@/]|%[0-9a-f]{2})";
const WITH_ADDRESS = `//(?:(?:(?![@/])${CHARACTERS})*@)?` +
  "(?<address>\\[[0-9a-f:.]+\\])(?::\\d*)?(?:/|(?![^?#]))";
const URI = new RegExp(
  `^[a-z][a-z0-9+\\-.]*:(?:${WITH_ADDRESS}${CHARACTERS}*|${CHARACTERS}+)` +
    `(?:\\?(?:${CHARACTERS}|\\?)*)?(?:#(?:${CHARACTERS}|\\?)*)?$`,
  "i",
);

function isUri(text: string): boolean {
  const found = URI.exec(text);
  const address = found?.groups?.address;
  return found !== null && (address === undefined || URL.canParse(`http://${address}`));
}
