// The real program, the real Home Assistant and a real broker between them.

import { equal, ok } from "node:assert/strict";
import { Broker, NO_BROKER } from "../support/broker.ts";
import { startProgram } from "../support/program.ts";
import { bootStrictCharger, strictCharger } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";
import { prepareHomeAssistant, RealHomeAssistant } from "./home_assistant.ts";

const installed = NO_BROKER === undefined
  ? await prepareHomeAssistant()
  : { available: false as const, reason: NO_BROKER };
const NAME = "Home Assistant discovers the charger, commands it, is told, and may restart";
if (!installed.available) console.log(`skipped: ${NAME}: ${installed.reason}`);

interface Push {
  readonly title?: string;
  readonly message: string;
  readonly data?: { readonly actions?: readonly { readonly action: string }[] };
}

Deno.test({ name: NAME, ignore: !installed.available, fn: play });

async function play(): Promise<void> {
  if (!installed.available) return;
  const broker = await Broker.start();
  const house = await RealHomeAssistant.start(installed.hass);
  const pushes: Push[] = [];
  const phone = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (push) => {
    pushes.push(await push.json());
    return Response.json({}, { status: 201 });
  });
  await house.addBroker(broker.port, broker.username, broker.password);
  const webhook = await house.addPhone("test phone", `http://127.0.0.1:${phone.addr.port}/push`);
  await house.call("input_boolean.turn_on", { entity_id: "input_boolean.guest" });
  const program = await startProgram({
    config: `charger: { max_current_a: 20 }
backends:
  - { id: neighbour, role: controller, token: v }
rules:
  - { name: guests, when: 'ha("input_boolean.guest") == "on"', then: ask, ask_timeout_s: 60 }
home_assistant: { url: "${house.url}", token: ${house.token}, notify: [mobile_app_test_phone] }
${broker.yaml}`,
  });
  const charger = await strictCharger(program.chargerUrl, "CP1");
  const status = async () => await (await fetch(`${program.httpUrl}/status`)).json();
  const state = async (id: string) => (await house.state(id))?.state;
  const shows = async (id: string, value: string | number) => {
    const isIt = (found?: string) => found === value || Number(found || NaN) === value;
    await until(async () => isIt(await state(id)), 20_000, `${id} to be ${value}`);
  };
  try {
    await bootStrictCharger(charger);
    // It discovers the device and shows it; its select changes the mode.
    await shows("sensor.charger_status", "available");
    await shows("select.charger_mode", "Auto");
    const energy = await house.state("sensor.charger_energy");
    equal(energy?.attributes.state_class, "total_increasing");
    equal(energy?.attributes.unit_of_measurement, "kWh");
    await house.call("select.select_option", {
      entity_id: "select.charger_mode",
      option: "Owner only",
    });
    await shows("select.charger_mode", "Owner only");
    equal((await status()).mode.mode, "owner_only");
    await house.call("switch.turn_on", { entity_id: "switch.charger_allow_shared_charging" });
    await shows("select.charger_mode", "Auto");
    await house.call("number.set_value", { entity_id: "number.charger_owner_s_limit", value: 10 });
    await until(async () => (await status()).owner_limit?.current_a === 10, 10_000, "the limit");

    // An entity that a rule looks at, a question on the phone, its answer.
    await until(async () => (await status()).home_assistant?.connected, 20_000, "Home Assistant");
    const neighbour = new WebSocket(`${program.backendUrl}/neighbour?token=v`);
    await new Promise((resolve) => neighbour.onopen = resolve);
    neighbour.send(JSON.stringify({ action: "request_control", id: 1 }));
    const push = await until(
      () => pushes.find(({ data }) => data?.actions),
      20_000,
      "the question",
    );
    await fetch(webhook, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        type: "fire_event",
        data: {
          event_type: "mobile_app_notification_action",
          event_data: { action: push.data?.actions?.[0]?.action },
        },
      }),
    }).then((response) => response.text());
    await shows("sensor.charger_in_control", "neighbour");
    await until(
      () => pushes.some(({ message }) => message === "clear_notification"),
      10_000,
      "the clearing",
    );

    // Home Assistant restarts in the middle of a transaction, and the broker after it.
    const at = () => new Date().toISOString();
    const { transactionId } = await charger.call("StartTransaction", {
      connectorId: 1,
      idTag: "CARD",
      meterStart: 1_000,
      timestamp: at(),
    });
    const complaints = house.log.split("\n").filter((line) => /mqtt|ocpp/i.test(line));
    equal(complaints.join("\n"), "");
    await house.down();
    const meter = (wh: number) =>
      charger.call("MeterValues", {
        connectorId: 1,
        transactionId,
        meterValue: [{ timestamp: at(), sampledValue: [{ value: String(wh) }] }],
      });
    await meter(2_000);
    ok(!(await status()).home_assistant?.connected);
    await house.up();
    await shows("sensor.charger_session_energy", 1);
    await broker.down();
    await meter(3_000);
    await broker.up();
    await shows("sensor.charger_session_energy", 2);
    await until(async () => (await status()).home_assistant?.connected, 60_000, "Home Assistant");
    await charger.call("StopTransaction", { transactionId, meterStop: 4_000, timestamp: at() });
    await shows("sensor.charger_energy", 3);
    await until(
      () => pushes.some(({ title }) => title === "Charging has ended"),
      20_000,
      "the end of the session on the phone",
    );

    // A wrong token is told, and costs nothing else.
    const wrong = (await Deno.readTextFile(program.configPath)).replace(house.token, "wrong")
      .split("\n").filter((line) => !/^(listen|data_dir)/.test(line)).join("\n");
    await program.configure(wrong);
    program.signal("SIGHUP");
    await until(
      async () => (await status()).home_assistant?.problem === "it does not accept the token",
      20_000,
      "the refusal",
    );
    await shows("sensor.charger_status", "available");
    equal(program.stderr.split("does not accept the token").length, 2);
    const closed = new Promise((resolve) => neighbour.onclose = resolve);
    neighbour.close();
    await closed;
  } finally {
    await charger.close();
    await program.close();
    await phone.shutdown();
    await house.close();
    await broker.close();
  }
}
