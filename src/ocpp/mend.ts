// Makes a value fit its field: the general rules of what is forgiven, for every message.

import type { FieldKind, Member } from "./field.ts";
import { isJsonObject, type JsonObject, type JsonValue, stringifyJson } from "./json.ts";
import { formatTime, isZoneless, parseTime, strictTime } from "./time.ts";
import { findFault, type Finding, missing } from "./validate.ts";

/** No charger's clock was right before this: 2020-01-01T00:00:00Z, epoch milliseconds. */
export const CLOCK_UNSET_BEFORE_MS = 1_577_836_800_000;

type RecordField = Extract<FieldKind, { type: "record" }>;

/** What a time without a zone means, from and to epoch milliseconds: as if it were UTC, and truly. */
export type ZonelessReader = (asUtc: number) => number;

/** The repair of one message: where it is, what it has done, and why it had to give up. */
export class Repair {
  readonly notes = new Set<string>();
  /** A time of receipt stands in for a missing or an impossible one. */
  clockCorrected = false;
  /** Why a required field could not be made to fit. */
  fault: Finding | undefined;
  readonly #path: string[] = [];
  readonly #special: ReadonlyMap<FieldKind, SpecialRule>;
  readonly #receivedAt: number | undefined;
  readonly #zoneless: ZonelessReader;

  /** Without `receivedAt` (epoch milliseconds), times that are no times are dropped. */
  constructor(
    special: ReadonlyMap<FieldKind, SpecialRule>,
    receivedAt?: number,
    zoneless: ZonelessReader = (asUtc) => asUtc,
  ) {
    this.#special = special;
    this.#receivedAt = receivedAt;
    this.#zoneless = zoneless;
  }

  /** Remembers what was done to the field at hand, or to one inside of it. */
  note(what: string, name = ""): void {
    const path = [...this.#path, name].filter((part) => part !== "").join(".");
    this.notes.add(`${path.replaceAll(".[]", "[]")} ${what}`);
  }

  /** A value that fits the field, or undefined. */
  mend(field: FieldKind, value: JsonValue): JsonValue | undefined {
    switch (field.type) {
      case "text":
        return this.#text(field, value);
      case "integer": {
        const whole = this.#whole(value);
        if (typeof whole !== "number" || whole < field.minimum) return undefined;
        return whole;
      }
      case "int64":
        return this.#whole(value);
      case "decimal": {
        const number = this.#number(value);
        if (typeof number !== "number") return undefined;
        if (findFault(field, number) === undefined) return number;
        return Number.isFinite(number * 10) ? this.#rounded(number, 10) : undefined;
      }
      case "boolean":
        return this.#boolean(value);
      case "time":
        return this.#time(value);
      case "uri":
        return findFault(field, value) === undefined ? value : undefined;
      case "choice":
        return this.#choice(field.words, value);
      case "list":
        return this.#list(field, value);
      case "record":
        return isJsonObject(value) ? this.mendRecord(field, value) : undefined;
    }
  }

  /** An object with the fields of the table and no others; undefined where one cannot be had. */
  mendRecord(field: RecordField, value: JsonObject): JsonObject | undefined {
    const special = this.#special.get(field);
    const prepared = special?.before === undefined ? value : special.before(value, this);
    if (prepared === undefined) return undefined;
    const mended: JsonObject = {};
    for (const name in prepared) {
      const raw = prepared[name];
      if (raw === undefined) continue;
      const member = field.fields.get(name);
      if (member === undefined) {
        this.note("dropped: it is not a field of this message", name.slice(0, 50));
        continue;
      }
      this.#path.push(name);
      const fitting = this.#member(member, raw);
      this.#path.pop();
      if (this.fault !== undefined) return undefined;
      if (fitting !== undefined) mended[name] = fitting;
    }
    for (const [name, member] of field.fields) {
      if (!member.required || mended[name] !== undefined) continue;
      const stand = member.field.type === "time" ? this.#receipt("missing", name) : undefined;
      if (stand === undefined) {
        this.fault = missing(member.field, [...this.#path, name].join("."));
        return undefined;
      }
      mended[name] = stand;
    }
    return special?.after === undefined ? mended : special.after(mended, this);
  }

  #member({ field, required }: Member, raw: JsonValue): JsonValue | undefined {
    if (raw === null && !required) return this.#drop("null");
    if (raw === "" && !required && field.type !== "text") return this.#drop("empty");
    const fitting = this.mend(field, raw);
    if (fitting !== undefined) return fitting;
    if (!required) {
      this.fault = undefined;
      return this.#drop("unusable");
    }
    this.fault ??= findFault(field, raw, this.#path.join("."));
    return undefined;
  }

  #drop(why: string): undefined {
    this.note(`dropped: ${why}`);
  }

  #text(field: Extract<FieldKind, { type: "text" }>, value: JsonValue): string | undefined {
    let text: string;
    if (typeof value === "string") text = value;
    else if (typeof value === "object") {
      // Only free text (DataTransfer) can take a structure.
      if (value === null || field.maximum !== Infinity) return undefined;
      text = stringifyJson(value);
      this.note("an object, written as text");
    } else {
      text = String(value);
      this.note(`a ${typeof value}, written as text`);
    }
    if (text.includes("\0")) {
      text = text.replaceAll("\0", "");
      this.note("freed of NUL characters");
    }
    if (text.length <= field.maximum || findFault(field, text) === undefined) return text;
    if (field.whole) return undefined;
    this.note(`truncated to ${field.maximum} characters`);
    return [...text.slice(0, 2 * field.maximum)].slice(0, field.maximum).join("");
  }

  #whole(value: JsonValue): number | bigint | undefined {
    const number = this.#number(value);
    if (typeof number === "bigint") {
      return BigInt.asIntN(64, number) === number ? number : undefined;
    }
    if (number === undefined || Number.isSafeInteger(number)) return number;
    const rounded = this.#rounded(number, 1);
    return Number.isSafeInteger(rounded) ? rounded : undefined;
  }

  #number(value: JsonValue): number | bigint | undefined {
    if (typeof value === "number" || typeof value === "bigint") return value;
    if (typeof value !== "string") return undefined;
    const text = value.replaceAll("\0", "").trim();
    if (!/^[+-]?\d{1,30}(?:\.\d{0,30})?$/.test(text)) return undefined;
    this.note("text, read as a number");
    const number = Number(text);
    return Number.isSafeInteger(number) || text.includes(".") ? number : BigInt(text);
  }

  #rounded(number: number, steps: number): number {
    this.note("rounded");
    return Math.round(number * steps) / steps;
  }

  #boolean(value: JsonValue): boolean | undefined {
    if (typeof value === "boolean") return value;
    if (typeof value === "object") return undefined;
    const read = BOOLEANS.get(String(value).trim().toLowerCase());
    if (read !== undefined) this.note("read as a boolean");
    return read;
  }

  #time(value: JsonValue): string | undefined {
    const text = typeof value === "string" ? value.replaceAll("\0", "").trim() : "";
    const strict = strictTime(text);
    if (strict === undefined) return this.#receipt("not a time");
    if (this.#receivedAt !== undefined && parseTime(strict)! < CLOCK_UNSET_BEFORE_MS) {
      return this.#receipt("from before 2020");
    }
    if (isZoneless(text)) {
      const asUtc = parseTime(strict)!;
      const meant = this.#zoneless(asUtc);
      if (meant !== asUtc) {
        this.note("without a zone, read as local time");
        return formatTime(meant);
      }
    }
    if (strict !== value) this.note("rewritten as RFC 3339");
    return strict;
  }

  #receipt(why: string, name = ""): string | undefined {
    if (this.#receivedAt === undefined) return undefined;
    this.clockCorrected = true;
    this.note(`${why}: the time of receipt stands in`, name);
    return formatTime(this.#receivedAt);
  }

  #choice(words: readonly string[], value: JsonValue): string | undefined {
    if (typeof value !== "string") return undefined;
    if (words.includes(value)) return value;
    const wanted = squash(value);
    const word = words.find((candidate) => squash(candidate) === wanted);
    if (word !== undefined) this.note(`spelled ${word}`);
    return word;
  }

  #list(field: Extract<FieldKind, { type: "list" }>, value: JsonValue): JsonValue[] | undefined {
    if (value === null) return undefined;
    if (!Array.isArray(value)) {
      if (field.item.type === "record" && !isJsonObject(value)) return undefined;
      this.note("put into an array");
    }
    const mended: JsonValue[] = [];
    for (const item of Array.isArray(value) ? value : [value]) {
      this.#path.push("[]");
      const fitting = this.mend(field.item, item);
      if (fitting !== undefined) mended.push(fitting);
      else {
        this.fault = undefined;
        this.note("dropped: unusable");
      }
      this.#path.pop();
    }
    return mended.length < field.minimum ? undefined : mended;
  }
}

/** What is particular to one structure. Neither changes the object that it is given. */
export interface SpecialRule {
  /** The object with its known oddities set right; undefined where it is of no use. */
  readonly before?: (value: JsonObject, repair: Repair) => JsonObject | undefined;
  /** The object that fits its table; undefined where it means nothing. */
  readonly after?: (value: JsonObject, repair: Repair) => JsonObject | undefined;
}

/** Spelling without case, spaces and punctuation: "NOT_IMPLEMENTED", "Current.Import\n". */
export function squash(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]/g, "");
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);
