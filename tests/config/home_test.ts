// Where Home Assistant and the broker are: the file, the environment, the supervisor.

import { deepEqual, equal } from "node:assert/strict";
import type { Configuration } from "../../src/config/configuration.ts";
import { parseConfiguration } from "../../src/config/load.ts";
import { problemText } from "../../src/config/problem.ts";

function load(text: string, environment: Readonly<Record<string, string>> = {}) {
  return parseConfiguration(text, "c.yaml", { get: (name) => environment[name] }, () => "");
}

function configuration(text: string, environment?: Readonly<Record<string, string>>) {
  const { configuration, problems } = load(text, environment);
  deepEqual(problems, []);
  return configuration as Configuration;
}

Deno.test("without a word of it there is no Home Assistant and no broker", () => {
  const { homeAssistant, mqtt, supervisor } = configuration("");
  deepEqual([homeAssistant, mqtt, supervisor], [undefined, undefined, undefined]);
});

Deno.test("HA_URL and HA_TOKEN are enough", () => {
  const found = configuration("", { HA_URL: "homeassistant.local:8123/", HA_TOKEN: "t" });
  equal(found.homeAssistant?.url, "http://homeassistant.local:8123");
  equal(found.homeAssistant?.token, "t");
  deepEqual(found.homeAssistant?.notify, []);
  equal(found.mqtt, undefined);
});

Deno.test("what people paste as the address is understood", () => {
  for (
    const [text, url] of [
      ["https://ha.example", "https://ha.example"],
      ["http://ha.local:8123/api/", "http://ha.local:8123"],
      ["https://ha.example/api/websocket", "https://ha.example"],
      ["https://example/home//", "https://example/home"],
    ]
  ) {
    const file = `home_assistant: { url: "${text}", token: t }\n`;
    equal(configuration(file).homeAssistant?.url, url);
  }
});

Deno.test("the file comes before the environment, and that before the supervisor", () => {
  const environment = { HA_URL: "http://two", HA_TOKEN: "2", SUPERVISOR_TOKEN: "3" };
  const file = "home_assistant: { url: http://one, token: t }\n";
  equal(configuration(file, environment).homeAssistant?.url, "http://one");
  equal(configuration("", environment).homeAssistant?.url, "http://two");
  const app = configuration("home_assistant: { notify: [phone] }\n", { SUPERVISOR_TOKEN: "3" });
  equal(app.homeAssistant?.url, "http://supervisor/core");
  equal(app.homeAssistant?.token, "3");
  deepEqual(app.homeAssistant?.notify, ["notify.phone"]);
  deepEqual(app.supervisor, { url: "http://supervisor", token: "3" });
});

Deno.test("an app of Home Assistant asks the supervisor for the broker, unless one is named", () => {
  const environment = { SUPERVISOR_TOKEN: "3" };
  equal(configuration("", environment).mqtt?.enabled, true);
  equal(configuration("", environment).mqtt?.broker, undefined);
  const named = configuration("mqtt: { url: mqtt://b, password: p }\n", environment).mqtt;
  deepEqual(named?.broker, { url: "mqtt://b", password: "p" });
  equal(configuration("mqtt: { enabled: false }\n", environment).mqtt?.enabled, false);
});

Deno.test("Home Assistant can be switched off", () => {
  const environment = { HA_URL: "http://two", HA_TOKEN: "2" };
  const off = configuration("home_assistant: { enabled: false }\n", environment);
  equal(off.homeAssistant, undefined);
});

Deno.test("half of an address in the environment is worth a warning", () => {
  deepEqual(load("", { HA_TOKEN: "t" }).problems.map(problemText), [
    "c.yaml:1:1: warning: Home Assistant is not asked: HA_URL and HA_TOKEN need each other",
  ]);
});

Deno.test("a presence sensor of the first ocpp-proxy is fed once Home Assistant is there", () => {
  const file = "presence_sensor: binary_sensor.home\n";
  const warnings = (environment?: Record<string, string>) =>
    load(file, environment).problems.filter(({ path }) => path[0] === "presence_sensor").length;
  equal(warnings(), 1);
  equal(warnings({ HA_URL: "http://two", HA_TOKEN: "2" }), 0);
});
