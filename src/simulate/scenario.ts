// A scenario: what people, the network, the charger and its backends do, and when.

import type { Action } from "../ocpp/types.ts";
import type { Tree } from "../config/document.ts";
import type { BehaviourName } from "./behaviour.ts";
import type { Fault } from "./connector.ts";
import type { Quirk } from "./quirk.ts";
import type { VehicleOptions } from "./vehicle.ts";

/** When a step is due: at a time of day, or so long after the step before it. */
export type When =
  | { readonly type: "at"; readonly minuteOfDay: number }
  | { readonly type: "after"; readonly ms: number };

/** What happens in a step. */
export type Act =
  | { readonly type: "plug"; readonly connector: number; readonly car: VehicleOptions }
  | { readonly type: "unplug"; readonly connector: number }
  | { readonly type: "tag"; readonly connector: number; readonly idTag: string }
  | { readonly type: "network"; readonly to: "offline" | "online" | "dropped" }
  | { readonly type: "restart"; readonly kind: "Soft" | "Hard" }
  | { readonly type: "fault"; readonly connector: number; readonly code: Fault }
  | { readonly type: "repair"; readonly connector: number }
  | { readonly type: "meter"; readonly connector: number; readonly byWh: number }
  | { readonly type: "behave"; readonly backend: string; readonly name: BehaviourName }
  | {
    readonly type: "send";
    readonly backend: string;
    readonly action: Action;
    /** As it was written; see `requestOf`. */
    readonly payload: Tree;
  }
  | { readonly type: "say"; readonly text: string };

export interface Step {
  readonly when: When;
  readonly act: Act;
}

/** A backend that a scenario wants to dial in. */
export interface ScenarioBackend {
  readonly id: string;
  readonly token: string | undefined;
  readonly behaves: BehaviourName;
}

/** A scenario without mistakes. */
export interface Scenario {
  readonly name: string;
  /** One line. */
  readonly about: string;
  /** The charger's clock begins at this time of day; undefined: at the present time. */
  readonly startMinute: number | undefined;
  /** IANA; whose times of day are meant. */
  readonly timeZone: string;
  /** How many times faster than real, unless the command line says otherwise. */
  readonly speed: number | undefined;
  readonly connectors: number;
  readonly quirks: readonly Quirk[];
  readonly settings: Readonly<Record<string, string>>;
  readonly backends: readonly ScenarioBackend[];
  readonly steps: readonly Step[];
}

/** The first time at or after `from` at which a clock in the zone shows it; epoch milliseconds. */
export function nextTimeOfDay(from: number, minuteOfDay: number, timeZone: string): number {
  const zoned = Temporal.Instant.fromEpochMilliseconds(Math.ceil(from)).toZonedDateTimeISO(
    timeZone,
  );
  const time = new Temporal.PlainTime(Math.floor(minuteOfDay / 60), minuteOfDay % 60);
  const today = zoned.withPlainTime(time);
  const due = Temporal.ZonedDateTime.compare(today, zoned) < 0
    ? zoned.add({ days: 1 }).withPlainTime(time)
    : today;
  return due.epochMilliseconds;
}

/** When a step is due, if the one before it was due at `previous`; epoch milliseconds. */
export function dueAt({ when }: Step, previous: number, timeZone: string): number {
  switch (when.type) {
    case "at":
      return nextTimeOfDay(previous, when.minuteOfDay, timeZone);
    case "after":
      return previous + when.ms;
  }
}

/** The latest past time of day at which the scenario begins; undefined: it begins at any time. */
export function startOf({ startMinute, timeZone }: Scenario, now: number): number | undefined {
  if (startMinute === undefined) return undefined;
  const next = Temporal.Instant.fromEpochMilliseconds(nextTimeOfDay(now, startMinute, timeZone));
  return next.toZonedDateTimeISO(timeZone).subtract({ days: 1 }).epochMilliseconds;
}
