// The real program, the real Home Assistant and a real broker between them.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { NO_BROKER } from "../support/broker.ts";
import { startProgram } from "../support/program.ts";
import { until } from "../support/until.ts";
import { prepareHomeAssistant } from "./home_assistant_install.ts";
import { Household } from "./home_assistant_scene.ts";

const installed = NO_BROKER === undefined
  ? await prepareHomeAssistant()
  : { available: false as const, reason: NO_BROKER };
const NAME = "Home Assistant";
if (!installed.available) console.log(`skipped: ${NAME}: ${installed.reason}`);

Deno.test({ name: NAME, ignore: !installed.available, fn: play });

async function play(t: Deno.TestContext): Promise<void> {
  if (!installed.available) return;
  const household = await Household.start(installed.hass);
  const steps: readonly [name: string, step: (household: Household) => Promise<void>][] = [
    ["it discovers the device with every entity", discovers],
    ["its controls are obeyed, and the charger is told", controls],
    ["its events say the owner's word, and its automations hear ours", events],
    ["a question reaches the phone, and the phone's answer the arbiter", asks],
    ["it restarts in the middle of a transaction, and then the broker does", restarts],
    ["the energy is one that its dashboard takes", energy],
    ["a backend that is no more takes its entities along", removes],
    ["without a broker it gets states, until there is one", states],
    ["a wrong token is told once, with what to do", refuses],
    ["it complains of nothing", (one) => Promise.resolve(deepEqual(one.complaints(), []))],
    ["a token of somebody who is no administrator does for facts, and says what it lacks", lacks],
  ];
  try {
    for (const [name, step] of steps) if (!await t.step(name, () => step(household))) return;
  } finally {
    await household.close();
  }
}

async function discovers(one: Household): Promise<void> {
  const { house, broker } = one;
  await one.shows("sensor.charger_status", "available");
  await one.shows("select.charger_mode", "Auto");
  const listener = await broker.listen("homeassistant/device/#");
  const [text = "{}"] = await until(
    () => listener.newest.size > 0 && [...listener.newest.values()],
    5_000,
    "the announcement",
  );
  const components: Record<string, Component> = JSON.parse(text).components;
  const registered = await house.ask<Registered[]>({
    type: "config/entity_registry/list",
  });
  for (const [key, { unique_id, enabled_by_default = true }] of Object.entries(components)) {
    const entry = registered.find((entity) => entity.unique_id === unique_id);
    equal(entry?.disabled_by, enabled_by_default ? null : "integration", key);
    if (!entry || !enabled_by_default) continue;
    const state = await house.state(entry.entity_id);
    ok(state && state.state !== "unavailable", `${entry.entity_id}: ${state?.state}`);
  }
  const attributes = async (id: string) => (await house.state(id))?.attributes ?? {};
  await until(
    async () => (await attributes("sensor.charger_current_limit")).applied === true,
    10_000,
    "the cap to be in effect",
  );
  deepEqual((await attributes("sensor.charger_in_control")).options, [
    "none",
    "owner",
    "neighbour",
    "Second car",
  ]);
  equal((await attributes("binary_sensor.charger_neighbour_online")).role, "controller");
}

interface Component {
  readonly unique_id: string;
  readonly enabled_by_default?: boolean;
}

interface Registered {
  readonly unique_id: string;
  readonly entity_id: string;
  readonly disabled_by: string | null;
}

async function controls(one: Household): Promise<void> {
  const { house, charger } = one;
  const mode = async () => (await one.status()).mode;
  const choose = (option: string) =>
    house.call("select.select_option", { entity_id: "select.charger_mode", option });
  await choose("Owner only");
  await one.shows("select.charger_mode", "Owner only");
  await one.shows("sensor.charger_in_control", "owner");
  equal((await mode()).mode, "owner_only");
  await house.call("switch.turn_on", { entity_id: "switch.charger_allow_shared_charging" });
  await one.shows("select.charger_mode", "Auto");

  await house.call("number.set_value", { entity_id: "number.charger_mode_lasts", value: 30 });
  await one.shows("number.charger_mode_lasts", 30);
  await house.call("switch.turn_off", { entity_id: "switch.charger_charging_allowed" });
  await one.shows("select.charger_mode", "Pause");
  ok(Date.parse(String((await mode()).until)) - Date.now() < 30 * 60_000);
  ok(Date.parse((await house.state("sensor.charger_mode_ends"))!.state) > Date.now());
  await house.call("switch.turn_on", { entity_id: "switch.charger_charging_allowed" });
  await one.shows("select.charger_mode", "Auto");
  await house.call("button.press", { entity_id: "button.charger_take_over" });
  await one.shows("select.charger_mode", "Owner only");
  await house.call("button.press", { entity_id: "button.charger_give_back" });
  await one.shows("select.charger_mode", "Auto");

  const limit = (value: number) =>
    house.call("number.set_value", { entity_id: "number.charger_owner_s_limit", value });
  await limit(10);
  await one.shows("sensor.charger_current_limit", 10);
  await one.shows("sensor.charger_limited_by", "the owner's limit");
  const told = () => JSON.stringify(charger.payloads("SetChargingProfile").at(-1) ?? {});
  await until(() => /"limit":10\b/.test(told()), 10_000, "the charger to be told");
  await rejected(limit(21), "more than the cap");
  equal((await one.status()).owner_limit?.current_a, 10);
}

/** Home Assistant itself refuses what an entity does not take. */
async function rejected(call: Promise<void>, what: string): Promise<void> {
  const done = await call.then(() => true, () => false);
  ok(!done, what);
}

async function events(one: Household): Promise<void> {
  const { house } = one;
  const command = (data: Record<string, unknown>) =>
    house.post("/api/events/ocpp_proxy_command", data);
  await until(async () => (await one.status()).home_assistant?.connected, 20_000, "the link");
  await command({ mode: "paused", for_s: 900 });
  await one.shows("select.charger_mode", "Pause");
  const { attributes } = (await house.state("event.charger_event"))!;
  equal(attributes.event_type, "override");
  equal(attributes.reason, "the owner has paused charging");
  await command({ mode: "auto", charger: "another" });
  await command({ mod: "auto" });
  await until(
    () => one.program.stderr.includes("did you mean"),
    10_000,
    "the mistake to be told",
  );
  equal((await one.status()).mode.mode, "paused");
  await command({ mode: "auto" });
  await one.shows("select.charger_mode", "Auto");
}

async function asks(one: Household): Promise<void> {
  const neighbour = new WebSocket(`${one.program.backendUrl}/neighbour?token=v`);
  await new Promise((resolve) => neighbour.onopen = resolve);
  neighbour.send(JSON.stringify({ action: "request_control", id: 1 }));
  const push = await until(
    () => one.pushes.find(({ data }) => data?.actions),
    20_000,
    "the question",
  );
  await one.shows("sensor.charger_open_questions", 1);
  await one.tap(push.data?.actions?.[0]?.action);
  await one.shows("sensor.charger_in_control", "neighbour");
  await until(
    () => one.pushes.some(({ message }) => message === "clear_notification"),
    10_000,
    "the clearing",
  );
  const closed = new Promise((resolve) => neighbour.onclose = resolve);
  neighbour.close();
  await closed;
}

async function restarts(one: Household): Promise<void> {
  const { house, charger, broker } = one;
  await one.shows("input_boolean.told", "off");
  const { transactionId } = await charger.call("StartTransaction", {
    connectorId: 1,
    idTag: "CARD",
    meterStart: 1_000,
    timestamp: new Date().toISOString(),
  });
  await one.shows("input_boolean.told", "on");
  await charger.call("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Charging",
  });
  await one.shows("binary_sensor.charger_charging", "on");
  deepEqual(one.complaints(), []);
  await house.down();
  await one.meter(transactionId, 2_000);
  // What is known stays known for its time; what is too old is not guessed.
  const fact = (name: string) => one.fact(name);
  await until(async () => (await fact("input_boolean.told")).state === "stale", 10_000, "its age");
  const { state, value } = await fact("input_boolean.guest");
  deepEqual([state, value], ["known", "on"]);
  ok(!(await one.status()).home_assistant?.connected);
  equal((await one.status()).sessions.length, 1);
  await house.up();
  await one.shows("sensor.charger_session_energy", 1);
  await one.shows("sensor.charger_power", 7_200);
  await until(async () => (await fact("input_boolean.told")).state === "known", 60_000, "the link");

  await broker.down();
  await one.meter(transactionId, 3_000);
  await broker.up();
  const back = performance.now();
  const listener = await broker.listen("ocpp-proxy/+/state");
  const happened = await broker.listen("ocpp-proxy/+/event");
  const energy = () => {
    const [text = "{}"] = listener.newest.values();
    return JSON.parse(text).session?.energy_kwh;
  };
  await until(() => energy() === 2, 5_000, "the state at the broker");
  console.log(`states were right ${Math.round(performance.now() - back)} ms after the broker`);
  // Home Assistant itself looks for its broker every 10 s.
  await one.shows("sensor.charger_session_energy", 2);
  await charger.call("StopTransaction", {
    transactionId,
    meterStop: 4_000,
    timestamp: new Date().toISOString(),
  });
  await charger.call("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Available",
  });
  await one.shows("sensor.charger_energy", 3);
  await one.shows("sensor.charger_power", 0);
  await until(
    () => one.pushes.some(({ title }) => title === "Charging has ended"),
    20_000,
    "the end of the session on the phone",
  );
  const kinds = happened.all.map(([, text]) => JSON.parse(text).event_type);
  ok(kinds.includes("session_ended"), kinds.join());
}

async function energy({ house }: Household): Promise<void> {
  await house.ask({
    type: "energy/save_prefs",
    device_consumption: [{ stat_consumption: "sensor.charger_energy" }],
  });
  const { device_consumption } = await house.ask<{ device_consumption: { type: string }[][] }>({
    type: "energy/validate",
  });
  // The first statistics are made at the next full five minutes.
  const problems = device_consumption.flat()
    .filter(({ type }) => type !== "statistics_not_defined");
  deepEqual(problems, []);
  deepEqual(await house.ask({ type: "recorder/validate_statistics" }), {});
}

async function removes(one: Household): Promise<void> {
  const ofSecondCar = async () => {
    const all = await one.house.ask<Registered[]>({ type: "config/entity_registry/list" });
    return all.filter(({ entity_id }) => entity_id.includes("second_car")).length;
  };
  equal(await ofSecondCar(), 4);
  await one.reconfigure((yaml) => yaml.replace(/.*Second car.*\n/, ""));
  await until(async () => await ofSecondCar() === 0, 20_000, "them to go");
  const options = async () =>
    String((await one.house.state("sensor.charger_in_control"))?.attributes.options);
  await until(async () => await options() === "none,owner,neighbour", 20_000, "the options");
  await one.shows("sensor.charger_status", "available");
}

async function states({ house, broker }: Household): Promise<void> {
  const link = `home_assistant: { url: "${house.url}", token: ${house.token} }\n`;
  const program = await startProgram({ config: link });
  const posted = async () => (await house.state("sensor.ocpp_proxy_status"))?.state;
  try {
    await until(async () => await posted() === "offline", 20_000, "the states");
    equal(program.stderr.split("gets read-only states").length, 2);
    await program.configure(`${link}${broker.yaml.replace("{", "{ name: Second,")}`);
    program.signal("SIGHUP");
    await until(async () => await posted() === undefined, 20_000, "them to go");
    await until(() => house.state("sensor.second_status"), 20_000, "the device");
  } finally {
    await program.close();
  }
}

async function refuses(one: Household): Promise<void> {
  const { house, program } = one;
  await one.reconfigure((yaml) => yaml.replace(house.token, "wrong"));
  const problem = async () => (await one.status()).home_assistant?.problem ?? "";
  await until(async () => (await problem()).includes("token"), 20_000, "the refusal");
  match(await problem(), /does not accept the token; make a long-lived access token/);
  await one.shows("sensor.charger_status", "available");
  equal(program.stderr.split("does not accept the token").length, 2);
  await one.reconfigure((yaml) => yaml.replace("token: wrong", `token: ${house.token}`));
  await until(async () => (await one.status()).home_assistant?.connected, 20_000, "the link");
}

async function lacks(one: Household): Promise<void> {
  const { house, program } = one;
  const token = await house.tokenOf("guest");
  await one.reconfigure((yaml) => yaml.replace(house.token, token));
  await until(
    () => program.stderr.includes("only with the token of an administrator"),
    20_000,
    "the sentence",
  );
  await until(async () => (await one.status()).home_assistant?.connected, 20_000, "the link");
  await house.call("input_boolean.turn_off", { entity_id: "input_boolean.guest" });
  await until(async () => (await one.fact("input_boolean.guest")).value === "off", 10_000, "it");
  await one.charger.call("StatusNotification", {
    connectorId: 1,
    errorCode: "GroundFailure",
    status: "Faulted",
  });
  await until(
    () => one.pushes.some(({ title }) => title === "The charger has a fault"),
    10_000,
    "the notification",
  );
  await one.shows("binary_sensor.charger_fault", "on");
  const { attributes } = (await house.state("binary_sensor.charger_fault"))!;
  equal(attributes.error_code, "GroundFailure");
}
