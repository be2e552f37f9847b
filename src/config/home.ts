// Home Assistant and the MQTT broker: from the file, else from the environment that it starts us in.

import type {
  Configuration,
  HomeAssistantConfiguration,
  MqttConfiguration,
} from "./configuration.ts";
import type { Report, TreeMap } from "./document.ts";
import type { Environment } from "./load.ts";
import type { Settings } from "./schema.ts";
import { isMapping, isOn } from "./tree.ts";

/** Where the supervisor of Home Assistant answers its apps. */
export const SUPERVISOR_URL = "http://supervisor";

/** What the configuration says of the house; each part only where it is to be had. */
export type HomeParts = Pick<Configuration, "homeAssistant" | "mqtt" | "supervisor">;

/** The parts that these settings and this environment make. */
export function homeParts(settings: Settings, environment: Environment): HomeParts {
  const supervisorToken = environment.get("SUPERVISOR_TOKEN") || undefined;
  const homeAssistant = homeAssistantOf(settings, environment, supervisorToken);
  const mqtt = mqttOf(settings, supervisorToken);
  return {
    ...homeAssistant && { homeAssistant },
    ...mqtt && { mqtt },
    ...supervisorToken !== undefined &&
      { supervisor: { url: SUPERVISOR_URL, token: supervisorToken } },
  };
}

function homeAssistantOf(
  { home_assistant: section }: Settings,
  environment: Environment,
  supervisorToken: string | undefined,
): HomeAssistantConfiguration | undefined {
  if (section?.enabled === false) return undefined;
  const found = address(section?.url, section?.token, environment, supervisorToken);
  return found && {
    ...found,
    notify: section?.notify ?? [],
    notifications: new Set(section?.notifications),
  };
}

/** The file before HA_URL and HA_TOKEN, and these before the supervisor. */
function address(
  url: string | undefined,
  token: string | undefined,
  environment: Environment,
  supervisorToken: string | undefined,
): { url: string; token: string } | undefined {
  const ownUrl = url ?? (environment.get("HA_URL") || undefined);
  const ownToken = token ?? (environment.get("HA_TOKEN") || undefined);
  if (ownUrl !== undefined && ownToken !== undefined) {
    return { url: homeAssistantUrl(ownUrl), token: ownToken };
  }
  if (supervisorToken === undefined) return undefined;
  return { url: `${SUPERVISOR_URL}/core`, token: supervisorToken };
}

/** `http://host:port`, without the slash and the `/api` that people add; http where none is said. */
export function homeAssistantUrl(text: string): string {
  const url = /^\w+:\/\//.test(text) ? text : `http://${text}`;
  return url.replace(/^ws/i, "http").replace(/\/+(?:api(?:\/+websocket)?\/*)?$/, "");
}

function mqttOf(
  { mqtt: section }: Settings,
  supervisorToken: string | undefined,
): MqttConfiguration | undefined {
  if (section === undefined && supervisorToken === undefined) return undefined;
  return {
    enabled: section?.enabled ?? true,
    ...section?.url !== undefined && {
      broker: {
        url: section.url,
        ...section.username !== undefined && { username: section.username },
        ...section.password !== undefined && { password: section.password },
        ...section.ca_file !== undefined && { caFile: section.ca_file },
      },
    },
    topic: section?.topic ?? "ocpp-proxy",
    discoveryPrefix: section?.discovery_prefix ?? "homeassistant",
    name: section?.name ?? "Charger",
  };
}

/** Whether a file together with the environment leads to Home Assistant. */
export function followsHomeAssistant(root: TreeMap, environment: Environment): boolean {
  const section = root["home_assistant"];
  const settings = isMapping(section) ? section : {};
  if ("enabled" in settings && !isOn(settings["enabled"])) return false;
  const textAt = (key: string) => {
    const value = settings[key];
    return typeof value === "string" ? value : undefined;
  };
  const token = environment.get("SUPERVISOR_TOKEN") || undefined;
  return address(textAt("url"), textAt("token"), environment, token) !== undefined;
}

/** Reports a half of an address without its other half. */
export function checkHome(
  root: TreeMap,
  environment: Environment,
  error: Report,
  warning: Report,
): void {
  const section = root["home_assistant"];
  const switchedOff = isMapping(section) && "enabled" in section && !isOn(section["enabled"]);
  if (!switchedOff && !followsHomeAssistant(root, environment)) {
    if (isMapping(section)) {
      const missing = "url" in section ? "token" : "url";
      const variable = missing === "url" ? "HA_URL" : "HA_TOKEN";
      error(["home_assistant"], `expected \`${missing}\` here, or ${variable} in the environment`);
    } else if (environment.get("HA_URL") || environment.get("HA_TOKEN")) {
      warning([], "Home Assistant is not asked: HA_URL and HA_TOKEN need each other");
    }
  }
  const mqtt = root["mqtt"];
  if (!isMapping(mqtt) || "url" in mqtt) return;
  const needed = !("enabled" in mqtt) || isOn(mqtt["enabled"]);
  if (needed && !environment.get("SUPERVISOR_TOKEN")) {
    error(["mqtt"], "expected `url`, such as mqtt://broker.local:1883");
  }
}
