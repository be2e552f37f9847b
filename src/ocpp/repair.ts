// Makes valid messages of what chargers send: lenient where a meaning can be had, never inventive.

import type { FieldKind } from "./field.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { isJsonObject } from "./json.ts";
import { Repair, type SpecialRule, squash, type ZonelessReader } from "./mend.ts";
import { CONFIRMATIONS, REQUESTS } from "./message.ts";
import { chargingSchedule, meterValue, sampledValue } from "./structure.ts";
import type { Action, ChargingSchedulePeriod, Messages } from "./types.ts";
import { type Fault, faultOf } from "./validate.ts";
import {
  ERROR_CODES,
  LOCATIONS,
  MEASURANDS,
  PHASES,
  READING_CONTEXTS,
  REASONS,
  UNITS,
  VALUE_FORMATS,
} from "./vocabulary.ts";

/** A message that is strictly valid now and what was done for it, or why that cannot be. */
export type Repaired<T> =
  | {
    readonly ok: true;
    readonly value: T;
    /** Short texts without values, the same for the same defect: fit to be logged once each. */
    readonly repairs: string[];
    /** A time of receipt stands in for a time that was missing, unreadable or before 2020. */
    readonly clockCorrected: boolean;
  }
  | { readonly ok: false; readonly fault: Fault };

/**
 * Repairs a charger's request that was received at that time (epoch milliseconds). Samples without
 * a usable value vanish; a MeterValues with none left has an empty `meterValue` and is not worth
 * forwarding. An id tag that is too long is never cut: it would be another one. `zoneless` tells
 * what times without a zone mean; without it they are UTC.
 */
export function repairRequest<A extends Action>(
  action: A,
  payload: JsonObject,
  receivedAt: number,
  zoneless?: ZonelessReader,
): Repaired<Messages[A]["request"]> {
  return repaired(REQUESTS[action], payload, new Repair(SPECIAL_RULES, receivedAt, zoneless));
}

/**
 * Repairs a charger's confirmation. Configuration values are cut to 500 characters; a composite
 * schedule ends where its limit is -1, which means "none". A status that OCPP lacks is a fault.
 */
export function repairConfirmation<A extends Action>(
  action: A,
  payload: JsonObject,
): Repaired<Messages[A]["confirmation"]> {
  return repaired(CONFIRMATIONS[action], payload, new Repair(SPECIAL_RULES));
}

function repaired<T>(
  field: Extract<FieldKind, { type: "record" }>,
  payload: JsonObject,
  repair: Repair,
): Repaired<T> {
  const value = repair.mendRecord(field, payload);
  if (value === undefined) return { ok: false, fault: faultOf(repair.fault!) };
  const { notes, clockCorrected } = repair;
  return { ok: true, value: value as T, repairs: [...notes], clockCorrected };
}

const SPECIAL_RULES: ReadonlyMap<FieldKind, SpecialRule> = new Map<FieldKind, SpecialRule>([
  [REQUESTS.BootNotification, { before: nameOfMaker }],
  [REQUESTS.StartTransaction, { before: connectorOfStart }],
  [REQUESTS.StatusNotification, { before: errorOfStatus }],
  [REQUESTS.StopTransaction, { before: reasonOfStop }],
  [CONFIRMATIONS.DataTransfer, { before: vendorStatus }],
  [CONFIRMATIONS.GetConfiguration, { before: accessOfKeys }],
  [sampledValue, { before: sample }],
  [meterValue, { after: (value) => isEmpty(value.sampledValue) ? undefined : value }],
  [chargingSchedule, { after: limitedSchedule }],
  [CONFIRMATIONS.GetCompositeSchedule, { after: withoutEmptySchedule }],
]);

function nameOfMaker(value: JsonObject, repair: Repair): JsonObject {
  const named = { ...value };
  for (const name of ["chargePointVendor", "chargePointModel"]) {
    if (!isBlank(named[name])) continue;
    named[name] = "unknown";
    repair.note("empty: unknown", name);
  }
  return named;
}

/** A charger with one socket may call it 0, which is the whole charge point (section 6.45). */
function connectorOfStart(value: JsonObject, repair: Repair): JsonObject {
  if (value.connectorId !== 0 && value.connectorId !== "0") return value;
  repair.note("0, read as 1", "connectorId");
  return { ...value, connectorId: 1 };
}

function errorOfStatus(value: JsonObject, repair: Repair): JsonObject {
  const given = value.errorCode ?? "";
  if (given === "") {
    repair.note("missing: NoError", "errorCode");
    return { ...value, errorCode: "NoError" };
  }
  if (typeof given === "object" || isWord(ERROR_CODES, given)) return value;
  repair.note("unknown: OtherError, and its word in vendorErrorCode", "errorCode");
  const vendorErrorCode = value.vendorErrorCode || String(given);
  return { ...value, errorCode: "OtherError", vendorErrorCode };
}

function reasonOfStop(value: JsonObject, repair: Repair): JsonObject {
  const given = value.reason ?? "";
  if (given === "" || isWord(REASONS, given)) return value;
  repair.note("unknown: Other", "reason");
  return { ...value, reason: "Other" };
}

/** "UnknownVendor" is what the text of section 4.3 says by mistake. */
function vendorStatus(value: JsonObject, repair: Repair): JsonObject {
  if (value.status !== "UnknownVendor") return value;
  repair.note("spelled UnknownVendorId", "status");
  return { ...value, status: "UnknownVendorId" };
}

function accessOfKeys(value: JsonObject, repair: Repair): JsonObject {
  if (!Array.isArray(value.configurationKey)) return value;
  const configurationKey = value.configurationKey.map((item) => {
    if (!isJsonObject(item) || (item.readonly ?? null) !== null) return item;
    repair.note("missing: false", "configurationKey[].readonly");
    return { ...item, readonly: false };
  });
  return { ...value, configurationKey };
}

/** What chargers write for a word of UnitOfMeasure, squashed. */
const UNIT_ALIASES: Readonly<Record<string, string>> = {
  c: "Celsius",
  degc: "Celsius",
  degreescelsius: "Celsius",
  f: "Fahrenheit",
  degf: "Fahrenheit",
  kelvin: "K",
  watt: "W",
  watts: "W",
  volt: "V",
  volts: "V",
  amp: "A",
  amps: "A",
  ampere: "A",
  percentage: "Percent",
};

/** The words that decide what a sample means: with one that nobody knows it means nothing. */
const DECISIVE: readonly (readonly [name: string, words: readonly string[]])[] = [
  ["measurand", MEASURANDS],
  ["phase", PHASES],
  ["location", LOCATIONS],
  ["format", VALUE_FORMATS],
  ["unit", UNITS],
];

function sample(value: JsonObject, repair: Repair): JsonObject | undefined {
  if (isBlank(value.value)) return undefined;
  const known = withKnownUnit(value, repair);
  for (const [name, words] of DECISIVE) {
    const word = known[name] ?? "";
    if (word !== "" && !isWord(words, word)) {
      repair.note("unknown: the sample is ignored", name);
      return undefined;
    }
  }
  const context = known.context ?? "";
  if (context === "" || isWord(READING_CONTEXTS, context)) return known;
  repair.note("unknown: Other", "context");
  return { ...known, context: "Other" };
}

function withKnownUnit(value: JsonObject, repair: Repair): JsonObject {
  const unit = value.unit;
  if (typeof unit !== "string" || isWord(UNITS, unit)) return value;
  const wanted = squash(unit);
  // No unit of the published schema fits Frequency, so strict peers expect none.
  if (wanted === "hz" || wanted === "hertz") {
    const { unit: _, ...rest } = value;
    repair.note("dropped: the schema has no Hertz", "unit");
    return rest;
  }
  const alias = unit.trim() === "%" ? "Percent" : aliasOf(wanted);
  if (alias === undefined) return value;
  repair.note(`spelled ${alias}`, "unit");
  return { ...value, unit: alias };
}

function aliasOf(wanted: string): string | undefined {
  return Object.hasOwn(UNIT_ALIASES, wanted) ? UNIT_ALIASES[wanted] : undefined;
}

/** -1 is "none" to some chargers, for limits and for phases (MicroOcpp). */
function limitedSchedule(value: JsonObject, repair: Repair): JsonObject {
  const limited: JsonObject[] = [];
  for (const period of value.chargingSchedulePeriod as ChargingSchedulePeriod[]) {
    if (period.limit < 0) {
      repair.note("ends where it has no limit");
      return { ...value, duration: period.startPeriod, chargingSchedulePeriod: limited };
    }
    const { numberPhases, ...rest } = period;
    if (numberPhases === undefined || numberPhases > 0) limited.push(period);
    else {
      repair.note("dropped: it is no number of phases", "chargingSchedulePeriod[].numberPhases");
      limited.push(rest);
    }
  }
  return { ...value, chargingSchedulePeriod: limited };
}

function withoutEmptySchedule(value: JsonObject, repair: Repair): JsonObject {
  const { chargingSchedule: schedule, ...rest } = value;
  if (!isJsonObject(schedule) || !isEmpty(schedule.chargingSchedulePeriod)) return value;
  repair.note("dropped: it limits nothing", "chargingSchedule");
  return rest;
}

function isEmpty(value: JsonValue | undefined): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** Whether no text can be had of it. */
function isBlank(value: JsonValue | undefined): boolean {
  if (value === undefined || typeof value === "object") return true;
  return String(value).replaceAll("\0", "").trim() === "";
}

/** Whether it is one of the words, however it is spelled. */
function isWord(words: readonly string[], value: JsonValue): boolean {
  if (typeof value !== "string") return false;
  if (words.includes(value)) return true;
  const wanted = squash(value);
  return words.some((word) => squash(word) === wanted);
}
