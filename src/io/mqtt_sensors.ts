// The sensors of the device: charger, session, control, limits.

import { HOME_EVENTS } from "./home_event.ts";
import { CHARGER_STATES } from "./home_state.ts";
import {
  attributesAt,
  type Components,
  DIAGNOSTIC,
  ENERGY,
  flagAt,
  type HomeDevice,
  money,
  OFF,
  valueAt,
} from "./mqtt_component.ts";
import type { Topics } from "./mqtt_topics.ts";

/** Everything that is only looked at, backends apart. */
export function sensors(device: HomeDevice, topics: Topics): Components {
  return {
    ...charger(topics),
    ...session(device),
    ...control(device, topics),
    ...phases("current", "Current", "A"),
    ...phases("voltage", "Voltage", "V"),
  };
}

function charger({ state }: Topics): Components {
  return {
    status: {
      platform: "sensor",
      name: "Status",
      device_class: "enum",
      options: [...CHARGER_STATES],
      ...valueAt("status"),
    },
    power: {
      platform: "sensor",
      name: "Power",
      device_class: "power",
      unit_of_measurement: "W",
      state_class: "measurement",
      suggested_display_precision: 0,
      ...valueAt("power_w"),
    },
    energy: {
      platform: "sensor",
      name: "Energy",
      ...ENERGY,
      state_class: "total_increasing",
      ...valueAt("energy_kwh"),
    },
    plugged: {
      platform: "binary_sensor",
      name: "Vehicle connected",
      device_class: "plug",
      ...flagAt("plugged"),
    },
    charging: {
      platform: "binary_sensor",
      name: "Charging",
      device_class: "battery_charging",
      ...flagAt("charging"),
    },
    online: {
      platform: "binary_sensor",
      name: "Charger online",
      device_class: "connectivity",
      ...DIAGNOSTIC,
      ...flagAt("online"),
    },
    fault: {
      platform: "binary_sensor",
      name: "Fault",
      device_class: "problem",
      ...flagAt("fault"),
      ...attributesAt("fault_details", state),
    },
  };
}

function session({ currency, payers }: HomeDevice): Components {
  return {
    session_energy: {
      platform: "sensor",
      name: "Session energy",
      ...ENERGY,
      state_class: "total_increasing",
      ...valueAt("session.energy_kwh"),
    },
    session_start: {
      platform: "sensor",
      name: "Session start",
      device_class: "timestamp",
      ...valueAt("session.started"),
    },
    session_revenue: {
      platform: "sensor",
      name: "Session revenue",
      ...money(currency),
      ...valueAt("session.revenue"),
    },
    session_cost: {
      platform: "sensor",
      name: "Session cost",
      ...money(currency),
      ...valueAt("session.cost"),
    },
    session_backend: {
      platform: "sensor",
      name: "Session booked to",
      device_class: "enum",
      options: [...payers],
      ...valueAt("session.booked_to"),
    },
    session_card: {
      platform: "sensor",
      name: "Session card",
      ...DIAGNOSTIC,
      ...OFF,
      ...valueAt("session.card"),
    },
    revenue_month: {
      platform: "sensor",
      name: "Revenue this month",
      ...money(currency),
      state_class: "total",
      last_reset_value_template: "{{ value_json.month_since }}",
      ...valueAt("month_revenue"),
    },
  };
}

function control({ holders }: HomeDevice, { state, event }: Topics): Components {
  return {
    decision: {
      platform: "sensor",
      name: "Last decision",
      ...valueAt("decision"),
      ...attributesAt("decision_details", state),
    },
    event: {
      platform: "event",
      name: "Event",
      state_topic: event,
      event_types: [...HOME_EVENTS],
    },
    holder: {
      platform: "sensor",
      name: "In control",
      device_class: "enum",
      options: [...holders],
      ...valueAt("holder"),
    },
    mode_until: {
      platform: "sensor",
      name: "Mode ends",
      device_class: "timestamp",
      ...valueAt("mode_until"),
    },
    limit: {
      platform: "sensor",
      name: "Current limit",
      device_class: "current",
      unit_of_measurement: "A",
      state_class: "measurement",
      ...valueAt("limit_a"),
      ...attributesAt("limit_details", state),
    },
    limit_source: { platform: "sensor", name: "Limited by", ...valueAt("limit_by") },
    questions: {
      platform: "sensor",
      name: "Open questions",
      state_class: "measurement",
      ...valueAt("questions"),
      ...attributesAt("question_details", state),
    },
    backends_connected: {
      platform: "sensor",
      name: "Backends connected",
      state_class: "measurement",
      ...DIAGNOSTIC,
      ...OFF,
      ...valueAt("backends_connected"),
    },
  };
}

/** Of each phase. */
function phases(key: "current" | "voltage", name: string, unit: string): Components {
  return Object.fromEntries(
    [1, 2, 3].map((phase) => [`${key}_l${phase}`, {
      platform: "sensor",
      name: `${name} L${phase}`,
      device_class: key,
      unit_of_measurement: unit,
      state_class: "measurement",
      ...DIAGNOSTIC,
      ...OFF,
      ...valueAt(`${key}_${unit.toLowerCase()}[${phase - 1}]`),
    }]),
  );
}
