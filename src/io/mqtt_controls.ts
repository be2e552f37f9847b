// The controls of the device: everything that the owner can set or press.

import { MAX_MODE_MINUTES } from "./mqtt_command.ts";
import { type Components, flagAt, type HomeDevice, valueAt } from "./mqtt_component.ts";
import type { Topics } from "./mqtt_topics.ts";

/** The controls, and where their commands go. */
export function controls(
  { modes, mayShare, highestCurrentA }: HomeDevice,
  topics: Topics,
): Components {
  return {
    mode: {
      platform: "select",
      name: "Mode",
      options: [...modes],
      command_topic: topics.command("mode"),
      ...valueAt("mode"),
    },
    mode_minutes: {
      platform: "number",
      name: "Mode lasts",
      entity_category: "config",
      device_class: "duration",
      unit_of_measurement: "min",
      min: 0,
      max: MAX_MODE_MINUTES,
      step: 1,
      mode: "box",
      state_topic: topics.modeMinutes,
      command_topic: topics.command("mode_minutes"),
    },
    ...mayShare && {
      sharing: {
        platform: "switch",
        name: "Allow shared charging",
        command_topic: topics.command("sharing"),
        ...flagAt("sharing"),
      },
    },
    charge_enable: {
      platform: "switch",
      name: "Charging allowed",
      command_topic: topics.command("charging"),
      ...flagAt("charging_allowed"),
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
      ...valueAt("owner_limit_a"),
    },
    take_over: {
      platform: "button",
      name: "Take over",
      command_topic: topics.command("take_over"),
    },
    release: {
      platform: "button",
      name: "Give back",
      command_topic: topics.command("release"),
    },
  };
}
