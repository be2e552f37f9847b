// What the entities of the device have in common, and what they depend on.

import type { JsonObject } from "../ocpp/json.ts";

/** What the entities depend on. */
export interface HomeDevice {
  /** Names the installation. */
  readonly instance: string;
  readonly name: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly backendIds: readonly string[];
  /** The labels to choose a mode from. */
  readonly modes: readonly string[];
  /** Whoever can be in control, in the state's words. */
  readonly holders: readonly string[];
  /** Whom a session can be booked to, in the state's words. */
  readonly payers: readonly string[];
  /** Whether the configuration lets anybody but the owner charge. */
  readonly mayShare: boolean;
  /** The highest limit that the owner can set, A. */
  readonly highestCurrentA: number;
  readonly charger: {
    readonly id: string | null;
    readonly vendor: string | null;
    readonly model: string | null;
    readonly firmware: string | null;
  };
}

/** One entity without what all of them have. */
export interface Component extends JsonObject {
  platform: "sensor" | "binary_sensor" | "select" | "switch" | "number" | "button" | "event";
  name: string;
}

/** Entities by their keys. */
export type Components = Record<string, Component>;

/** What energy needs for the Energy dashboard. */
export const ENERGY = {
  device_class: "energy",
  unit_of_measurement: "kWh",
  suggested_display_precision: 2,
} as const;

/** Beside the ones that matter, on the page of the device. */
export const DIAGNOSTIC = { entity_category: "diagnostic" } as const;

/** Not there until somebody wants it. */
export const OFF = { enabled_by_default: false } as const;

/** The value at a path of the state, as an expression of Home Assistant's templates. */
export function valueAt(path: string): { value_template: string } {
  return { value_template: `{{ value_json.${path} }}` };
}

/** The same for what is on or off. */
export function flagAt(path: string): { value_template: string } {
  return { value_template: `{{ 'ON' if value_json.${path} else 'OFF' }}` };
}

/** Attributes: the object at a path of the state. */
export function attributesAt(path: string, stateTopic: string): JsonObject {
  return {
    json_attributes_topic: stateTopic,
    json_attributes_template: `{{ value_json.${path} | tojson }}`,
  };
}

/** Amounts of money in one currency. */
export function money(currency: string): JsonObject {
  return {
    device_class: "monetary",
    unit_of_measurement: currency,
    suggested_display_precision: 2,
  };
}

/** Letters, digits and `_`. */
export function slug(text: string): string {
  return text.toLowerCase().replace(/[^a-z\d]+/g, "_").replace(/^_+|_+$/g, "");
}
