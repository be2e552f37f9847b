// The device as Home Assistant discovers it by MQTT: one message with every entity.

import metadata from "../../deno.json" with { type: "json" };
import type { JsonObject } from "../ocpp/json.ts";
import { backendSensors } from "./mqtt_backend_sensors.ts";
import { type HomeDevice, slug } from "./mqtt_component.ts";
import { controls } from "./mqtt_controls.ts";
import { sensors } from "./mqtt_sensors.ts";
import { deviceId, type Topics } from "./mqtt_topics.ts";

/** The message for Home Assistant's device discovery. */
export function discoveryMessage(device: HomeDevice, topics: Topics): JsonObject {
  const { charger, instance, name } = device;
  const id = deviceId(instance);
  const prefix = slug(name) || "charger";
  const components = {
    ...sensors(device, topics),
    ...backendSensors(device, topics),
    ...controls(device, topics),
  };
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
      Object.entries(components).map(([key, component]) => [key, {
        ...component,
        unique_id: `${id}_${key}`,
        // As versions of Home Assistant that do not know this key name it by themselves.
        default_entity_id: `${component.platform}.${prefix}_${slug(component.name)}`,
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
