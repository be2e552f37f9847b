// Power, current and voltage out of the feed's meter events: the newest of each, as Home Assistant wants them.

import type { JsonObject, JsonValue } from "../ocpp/json.ts";

/** One moment at the meter; null: it does not say. */
export interface PowerReading {
  /** W, of all phases. */
  readonly powerW: number | null;
  /** A and V of L1, L2, L3. */
  readonly currentA: readonly (number | null)[];
  readonly voltageV: readonly (number | null)[];
}

const PHASES = ["L1", "L2", "L3"] as const;

/** Reads `values` of an event `meter`; undefined: it says nothing of power, current or voltage. */
export function powerReading(values: JsonValue | undefined): PowerReading | undefined {
  if (!Array.isArray(values)) return undefined;
  const newest = values.at(-1);
  const samples = isObject(newest) && Array.isArray(newest.sampled_value)
    ? newest.sampled_value.filter(isObject)
    : [];
  const reading = {
    powerW: power(samples),
    currentA: PHASES.map((phase) => sampleOf(samples, "Current.Import", phase)),
    voltageV: PHASES.map((phase) => sampleOf(samples, "Voltage", phase)),
  };
  const said = [reading.powerW, ...reading.currentA, ...reading.voltageV];
  return said.some((value) => value !== null) ? reading : undefined;
}

/** The total, else the sum of the phases. */
function power(samples: readonly JsonObject[]): number | null {
  const total = sampleOf(samples, "Power.Active.Import", undefined);
  if (total !== null) return total;
  const parts = PHASES.map((phase) => sampleOf(samples, "Power.Active.Import", phase));
  const known = parts.filter((part) => part !== null);
  return known.length === 0 ? null : known.reduce((sum, part) => sum + part);
}

/** `L1-N` is as good as `L1`; the location is the outlet unless it is said. */
function sampleOf(
  samples: readonly JsonObject[],
  measurand: string,
  phase: typeof PHASES[number] | undefined,
): number | null {
  const fitting = samples.findLast((sample) =>
    sample.measurand === measurand && (sample.location ?? "Outlet") === "Outlet" &&
    (sample.phase === phase || (phase !== undefined && sample.phase === `${phase}-N`))
  );
  if (fitting === undefined || fitting.value === "") return null;
  const value = Number(fitting.value) * (fitting.unit === "kW" ? 1_000 : 1);
  return Number.isFinite(value) ? Math.round(value * 1_000) / 1_000 : null;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
