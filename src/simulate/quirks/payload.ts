// Small changes to payloads, of which the tables of quirks are made.

import { isJsonObject, type JsonObject, type JsonValue } from "../../ocpp/json.ts";

/** The payload with each sampled value replaced by none, one or several. */
export function mapSamples(
  payload: JsonObject,
  change: (sample: JsonObject) => readonly JsonObject[],
): JsonObject {
  const changed = { ...payload };
  for (const key of ["meterValue", "transactionData"]) {
    const values = payload[key];
    if (!Array.isArray(values)) continue;
    changed[key] = values.filter(isJsonObject).map((value) => ({
      ...value,
      sampledValue: samplesOf(value).flatMap(change),
    }));
  }
  return changed;
}

/** The sampled values of one meter value. */
export function samplesOf(value: JsonObject): JsonObject[] {
  return Array.isArray(value.sampledValue) ? value.sampledValue.filter(isJsonObject) : [];
}

/** Whether a sample is of the energy register. */
export function isRegister({ measurand }: JsonObject): boolean {
  return measurand === undefined || measurand === "Energy.Active.Import.Register";
}

/** The payload with every `timestamp` in it, however deep, replaced; undefined removes it. */
export function mapTimes(
  payload: JsonObject,
  change: (text: string) => string | undefined,
): JsonObject {
  const walk = (value: JsonValue): JsonValue => {
    if (Array.isArray(value)) return value.map(walk);
    return isJsonObject(value) ? mapTimes(value, change) : value;
  };
  return Object.fromEntries(
    Object.entries(payload).map(([key, value]) => [
      key,
      key === "timestamp" ? change(String(value)) : value === undefined ? undefined : walk(value),
    ]),
  );
}

/** The payload with every text in it, however deep, replaced. */
export function mapTexts(payload: JsonObject, change: (text: string) => string): JsonObject {
  const walk = (value: JsonValue): JsonValue => {
    if (typeof value === "string") return change(value);
    if (Array.isArray(value)) return value.map(walk);
    return isJsonObject(value) ? mapTexts(value, change) : value;
  };
  return Object.fromEntries(
    Object.entries(payload).map(([key, value]) => [key, value === undefined ? value : walk(value)]),
  );
}

/** A confirmation of GetConfiguration with each row replaced. */
export function mapKeys(answer: JsonObject, change: (row: JsonObject) => JsonObject): JsonObject {
  const rows = Array.isArray(answer.configurationKey) ? answer.configurationKey : [];
  return { ...answer, configurationKey: rows.filter(isJsonObject).map(change) };
}

/** The action and the kind of a frame: `[2, …]` with its action, `[3, …]` and `[4, …]` without. */
export function frameKind(text: string): string {
  const match = /^\[(\d),(?:"[^"]*"|\d+)(?:,"(\w+)")?/.exec(text);
  return match?.[1] === "2" ? match[2] ?? "" : `[${match?.[1]}]`;
}
