// The sensors of each backend: whether it is there, what waits for it, what it earns.

import { createHash } from "node:crypto";
import {
  attributesAt,
  type Component,
  type Components,
  DIAGNOSTIC,
  ENERGY,
  flagAt,
  type HomeDevice,
  money,
  slug,
  valueAt,
} from "./mqtt_component.ts";
import type { Topics } from "./mqtt_topics.ts";

/** Those of every backend; all of them on, because Home Assistant never lets go of one that is off. */
export function backendSensors(
  { backendIds, currency }: HomeDevice,
  { state }: Topics,
): Components {
  const thisMonth = {
    state_class: "total",
    last_reset_value_template: "{{ value_json.month_since }}",
  };
  return Object.fromEntries(backendIds.flatMap((id): [string, Component][] => {
    const key = backendKey(id);
    const path = `backends[${JSON.stringify(id)}]`;
    return [
      [`${key}_online`, {
        platform: "binary_sensor",
        name: `${id} online`,
        device_class: "connectivity",
        ...DIAGNOSTIC,
        ...flagAt(`${path}.online`),
        ...attributesAt(`${path}.details`, state),
      }],
      [`${key}_backlog`, {
        platform: "sensor",
        name: `${id} waiting messages`,
        state_class: "measurement",
        ...DIAGNOSTIC,
        ...valueAt(`${path}.backlog`),
      }],
      [`${key}_revenue_month`, {
        platform: "sensor",
        name: `${id} revenue this month`,
        ...money(currency),
        ...thisMonth,
        ...valueAt(`${path}.month_revenue`),
      }],
      [`${key}_energy_month`, {
        platform: "sensor",
        name: `${id} energy this month`,
        ...ENERGY,
        ...thisMonth,
        ...valueAt(`${path}.month_energy_kwh`),
      }],
    ];
  }));
}

/** An id in which nothing had to be changed stays; the others get digits that tell them apart. */
function backendKey(id: string): string {
  if (/^[a-z\d_]+$/.test(id)) return `backend_${id}`;
  return `backend_${slug(id)}_${createHash("sha256").update(id).digest("hex").slice(0, 6)}`;
}
