// Times that a charger writes without a zone: some mean UTC, others the clock on the wall.

import type { JsonObject, JsonValue } from "../ocpp/json.ts";
import { isZoneless, parseTime } from "../ocpp/time.ts";
import { noteFact, type Step } from "./step_context.ts";

/** What a charger's times without a zone are. */
export type ZonelessTimes = "utc" | "local";

/** The document in the tables that outlives the process. */
export const ZONELESS_KEY = "charger_zoneless";

/** A message of now has a time that is at most so far from ours; no two zones are closer, ms. */
const FRESH_MS = 15 * 60_000;

/**
 * Reads the times without a zone in one message: from epoch milliseconds as if it were UTC to what
 * is meant. What the charger wrote in messages of now says it for those that waited, too; before the
 * first of them, what is nearer to our clock.
 */
export function zonelessReader(step: Step, payload: JsonObject): (asUtc: number) => number {
  let meant: ZonelessTimes | undefined;
  return (asUtc) => {
    meant ??= meantIn(step, payload);
    return meant === "utc" ? asUtc : localReading(step, asUtc);
  };
}

/** A charger that has new firmware may write its times in another way. */
export function forgetZonelessTimes(step: Step): void {
  if (step.state.chargerClock.zoneless !== undefined) learn(step, undefined);
}

function meantIn(step: Step, payload: JsonObject): ZonelessTimes {
  const { state: { chargerClock: { zoneless: known }, configuration }, now } = step;
  if (configuration.charger.timeZone !== undefined) return "local";
  const utc = newestIn(payload);
  if (utc === undefined) return known ?? "utc";
  const local = localReading(step, utc);
  if (local === utc) return known ?? "utc";
  const ahead = { utc: utc - now, local: local - now };
  const nearer = Math.abs(ahead.utc) <= Math.abs(ahead.local) ? "utc" : "local";
  // Only what lies ahead of now cannot have waited for hours.
  if (known !== undefined && (known === nearer || ahead[known] <= FRESH_MS)) return known;
  if (Math.abs(ahead[nearer]) <= FRESH_MS) learn(step, nearer);
  return nearer;
}

function learn(step: Step, zoneless: ZonelessTimes | undefined): void {
  step.state.chargerClock.zoneless = zoneless;
  noteFact(step, ZONELESS_KEY, zoneless);
}

/** The newest time without a zone in a message, as if it were UTC. */
function newestIn({ timestamp, meterValue, transactionData }: JsonObject): number | undefined {
  const texts = [timestamp, ...stampsOf(meterValue), ...stampsOf(transactionData)];
  const times = texts.filter((text) => typeof text === "string").filter(isZoneless)
    .map(parseTime).filter((at) => at !== undefined);
  return times.length === 0 ? undefined : times.reduce((one, other) => Math.max(one, other));
}

function stampsOf(values: JsonValue | undefined): (JsonValue | undefined)[] {
  const list = Array.isArray(values) ? values : [values];
  return list.map((item) => (item as JsonObject | null | undefined)?.timestamp);
}

/**
 * On the household's clock, or on the one that is configured for the charger. Of an hour that comes
 * twice, or is left out, it is the later reading, unless that is still to come.
 */
function localReading({ state, now }: Step, asUtc: number): number {
  const { charger, timeZone } = state.configuration;
  const clock = Temporal.Instant.fromEpochMilliseconds(asUtc).toZonedDateTimeISO("UTC")
    .toPlainDateTime();
  const [earlier, later] = (["earlier", "later"] as const).map((disambiguation) =>
    clock.toZonedDateTime(charger.timeZone ?? timeZone, { disambiguation }).epochMilliseconds
  ) as [number, number];
  return later - now > FRESH_MS ? earlier : later;
}
