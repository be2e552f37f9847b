// The device as Home Assistant discovers it by MQTT: one message with every entity.

import { createHash } from "node:crypto";
import metadata from "../../deno.json" with { type: "json" };
import type { JsonObject } from "../ocpp/json.ts";
import { CHARGER_STATES } from "./home_state.ts";
import { deviceId, type Topics } from "./mqtt_topics.ts";

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

const ENERGY = { device_class: "energy", unit_of_measurement: "kWh" } as const;
const DIAGNOSTIC = { entity_category: "diagnostic" } as const;

/** Components without what all of them have; `value` is an expression of Home Assistant's templates. */
type Component = JsonObject & { platform: string; name: string; value?: string };

/** The message for Home Assistant's device discovery. */
export function discoveryMessage(device: HomeDevice, topics: Topics): JsonObject {
  const { charger, instance, name } = device;
  const id = deviceId(instance);
  return {
    device: {
      identifiers: [id],
      name,
      manufacturer: charger.vendor ?? "OCPP",
      model: charger.model ?? "Charge point",
      ...charger.id !== null && { serial_number: charger.id },
      ...charger.firmware !== null && { sw_version: charger.firmware },
    },
    origin: { name: "ocpp-proxy", sw_version: metadata.version },
    availability_topic: topics.availability,
    state_topic: topics.state,
    qos: 1,
    components: Object.fromEntries(
      Object.entries({ ...sensors(device), ...backends(device), ...controls(device, topics) })
        .map(([key, { value, ...component }]) => [key, {
          ...component,
          unique_id: `${id}_${key}`,
          default_entity_id: `${component.platform}.${slug(name) || "charger"}_${key}`,
          ...component.platform === "button" ? {} : { value_template: template(component, value!) },
        }]),
    ),
  };
}

/** The keys of the components of a message; none where it is no message of ours. */
export function componentsOf(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  try {
    const { components } = JSON.parse(text);
    for (const [key, { platform }] of Object.entries<{ platform: string }>(components)) {
      found.set(key, String(platform));
    }
  } catch {
    // Whatever it is, it names no component.
  }
  return found;
}

/** The message with components that are no more: Home Assistant lets go of these. */
export function withRemoved(
  message: JsonObject,
  removed: Iterable<readonly [key: string, platform: string]>,
): JsonObject {
  const gone = Object.fromEntries([...removed].map(([key, platform]) => [key, { platform }]));
  return { ...message, components: { ...message.components as JsonObject, ...gone } };
}

function template({ platform }: Component, value: string): string {
  const binary = platform === "binary_sensor" || platform === "switch";
  return binary ? `{{ 'ON' if ${value} else 'OFF' }}` : `{{ ${value} }}`;
}

function sensors({ currency }: HomeDevice): Record<string, Component> {
  return {
    status: {
      platform: "sensor",
      name: "Status",
      device_class: "enum",
      options: [...CHARGER_STATES],
      value: "value_json.status",
    },
    decision: { platform: "sensor", name: "Last decision", value: "value_json.decision" },
    holder: { platform: "sensor", name: "In control", value: "value_json.holder" },
    mode_until: {
      platform: "sensor",
      name: "Mode ends",
      device_class: "timestamp",
      value: "value_json.mode_until",
    },
    power: {
      platform: "sensor",
      name: "Power",
      device_class: "power",
      unit_of_measurement: "W",
      state_class: "measurement",
      suggested_display_precision: 0,
      value: "value_json.power_w",
    },
    energy: {
      platform: "sensor",
      name: "Energy",
      ...ENERGY,
      state_class: "total_increasing",
      suggested_display_precision: 2,
      value: "value_json.energy_kwh",
    },
    session_energy: {
      platform: "sensor",
      name: "Session energy",
      ...ENERGY,
      state_class: "total_increasing",
      suggested_display_precision: 2,
      value: "value_json.session.energy_kwh",
    },
    session_start: {
      platform: "sensor",
      name: "Session start",
      device_class: "timestamp",
      value: "value_json.session.started",
    },
    session_revenue: {
      platform: "sensor",
      name: "Session revenue",
      device_class: "monetary",
      unit_of_measurement: currency,
      suggested_display_precision: 2,
      value: "value_json.session.revenue",
    },
    session_backend: {
      platform: "sensor",
      name: "Session booked to",
      value: "value_json.session.booked_to",
    },
    limit: {
      platform: "sensor",
      name: "Current limit",
      device_class: "current",
      unit_of_measurement: "A",
      state_class: "measurement",
      value: "value_json.limit_a",
    },
    limit_source: { platform: "sensor", name: "Limited by", value: "value_json.limit_by" },
    ...phases("current", "Current", "A"),
    ...phases("voltage", "Voltage", "V"),
    plugged: {
      platform: "binary_sensor",
      name: "Vehicle connected",
      device_class: "plug",
      value: "value_json.plugged",
    },
    charging: {
      platform: "binary_sensor",
      name: "Charging",
      device_class: "battery_charging",
      value: "value_json.charging",
    },
    online: {
      platform: "binary_sensor",
      name: "Charger online",
      device_class: "connectivity",
      ...DIAGNOSTIC,
      value: "value_json.online",
    },
    fault: {
      platform: "binary_sensor",
      name: "Fault",
      device_class: "problem",
      value: "value_json.fault",
    },
  };
}

/** Of each phase; off until somebody wants them. */
function phases(key: "current" | "voltage", name: string, unit: string): Record<string, Component> {
  return Object.fromEntries(
    [1, 2, 3].map((phase) => [`${key}_l${phase}`, {
      platform: "sensor",
      name: `${name} L${phase}`,
      device_class: key,
      unit_of_measurement: unit,
      state_class: "measurement",
      ...DIAGNOSTIC,
      enabled_by_default: false,
      value: `value_json.${key}_${unit.toLowerCase()}[${phase - 1}]`,
    }]),
  );
}

function backends({ backendIds, currency }: HomeDevice): Record<string, Component> {
  return Object.fromEntries(backendIds.flatMap((id): [string, Component][] => {
    const key = backendKey(id);
    const value = `value_json.backends[${JSON.stringify(id)}]`;
    return [
      [`${key}_online`, {
        platform: "binary_sensor",
        name: `${id} online`,
        device_class: "connectivity",
        ...DIAGNOSTIC,
        value: `${value}.online`,
      }],
      [`${key}_revenue_month`, {
        platform: "sensor",
        name: `${id} revenue this month`,
        device_class: "monetary",
        unit_of_measurement: currency,
        state_class: "total",
        last_reset_value_template: "{{ value_json.month_since }}",
        suggested_display_precision: 2,
        value: `${value}.month_revenue`,
      }],
      [`${key}_energy_month`, {
        platform: "sensor",
        name: `${id} energy this month`,
        ...ENERGY,
        state_class: "total",
        last_reset_value_template: "{{ value_json.month_since }}",
        enabled_by_default: false,
        value: `${value}.month_energy_kwh`,
      }],
    ];
  }));
}

function controls(
  { modes, mayShare, highestCurrentA }: HomeDevice,
  topics: Topics,
): Record<string, Component> {
  return {
    mode: {
      platform: "select",
      name: "Mode",
      options: [...modes],
      command_topic: topics.command("mode"),
      value: "value_json.mode",
    },
    ...mayShare && {
      sharing: {
        platform: "switch",
        name: "Allow shared charging",
        command_topic: topics.command("sharing"),
        value: "value_json.sharing",
      },
    },
    owner_limit: {
      platform: "number",
      name: "Owner's limit",
      device_class: "current",
      unit_of_measurement: "A",
      min: 0,
      max: highestCurrentA,
      step: 1,
      mode: "slider",
      command_topic: topics.command("limit"),
      value: "value_json.owner_limit_a",
    },
    take_over: {
      platform: "button",
      name: "Take over for an hour",
      command_topic: topics.command("take_over"),
    },
  };
}

/** Letters, digits and `_`. */
function slug(text: string): string {
  return text.toLowerCase().replace(/[^a-z\d]+/g, "_").replace(/^_+|_+$/g, "");
}

/** An id in which nothing had to be changed stays; the others get digits that tell them apart. */
function backendKey(id: string): string {
  if (/^[a-z\d_]+$/.test(id)) return `backend_${id}`;
  return `backend_${slug(id)}_${createHash("sha256").update(id).digest("hex").slice(0, 6)}`;
}
