// The MQTT topics of one installation; none of them holds anything that a peer has chosen.

import type { MqttConfiguration } from "../config/configuration.ts";

/** What the owner can set, or press. */
export const CONTROLS = [
  "mode",
  "mode_minutes",
  "sharing",
  "charging",
  "limit",
  "take_over",
  "release",
] as const;

export type ControlName = typeof CONTROLS[number];

/** Those that become words of the owner; the other one is a setting of the device. */
export type OwnerControl = Exclude<ControlName, "mode_minutes">;

/** Where things are published, and commands come in. */
export interface Topics {
  /** The device, for Home Assistant to find; retained. */
  readonly discovery: string;
  /** `online` or `offline`; retained, the broker's will. */
  readonly availability: string;
  /** One JSON object; retained. */
  readonly state: string;
  /** How long a mode lasts, minutes; retained, so that the broker remembers it. */
  readonly modeMinutes: string;
  /** What has just happened, a JSON object; not retained. */
  readonly event: string;
  command(control: ControlName): string;
  /** All commands, as a subscription. */
  readonly commands: string;
  /** Where Home Assistant says that it has started. */
  readonly birth: string;
}

/** The name of the device among everything that Home Assistant knows. */
export function deviceId(instance: string): string {
  return `ocpp_proxy_${instance}`;
}

/** The topics of an installation. */
export function topicsOf({ topic, discoveryPrefix }: MqttConfiguration, instance: string): Topics {
  const base = `${topic}/${instance}`;
  return {
    discovery: `${discoveryPrefix}/device/${deviceId(instance)}/config`,
    availability: `${base}/availability`,
    state: `${base}/state`,
    modeMinutes: `${base}/mode_minutes`,
    event: `${base}/event`,
    command: (control) => `${base}/set/${control}`,
    commands: `${base}/set/+`,
    birth: `${discoveryPrefix}/status`,
  };
}
