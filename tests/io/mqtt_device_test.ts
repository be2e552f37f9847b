// The charger as a device at a real broker: announced, current, commanded, and taken away.

import { deepEqual, equal, ok } from "node:assert/strict";
import { Home } from "../../src/io/home.ts";
import { MqttDevice } from "../../src/io/mqtt_device.ts";
import { MqttLink } from "../../src/io/mqtt_link.ts";
import { type Broker, brokerTest, freePort, type Listener } from "../support/broker.ts";
import { type RunningProxy, withProxy } from "../support/running_proxy.ts";
import { strictCharger } from "../support/strict_charger.ts";
import { pause, until } from "../support/until.ts";

const BACKENDS = `
charger: { max_current_a: 20 }
backends:
  - { id: evcc, role: controller, token: v }
  - { id: Employer 1, role: biller, token: w }
`;

interface Device {
  readonly running: RunningProxy;
  readonly home: Home;
  readonly listener: Listener;
  /** The newest message at one of our topics, as JSON. */
  newest(topic: "state"): Record<string, unknown>;
  discovery(): { components: Record<string, Record<string, unknown>> };
  availability(): string | undefined;
  command(control: string, payload: string): Promise<void>;
  configure(yaml: string): void;
}

async function withDevice(
  broker: Broker,
  yaml: string,
  test: (device: Device) => Promise<void>,
): Promise<void> {
  await withProxy(`${BACKENDS}${yaml}`, async (running) => {
    const { proxy } = running;
    const listener = await broker.listen("#");
    const home = new Home(
      proxy,
      (level, message) => void running.logged.push(`${level} ${message}`),
    );
    const topic = (name: string) => listener.newest.get(`ocpp-proxy/${proxy.instance}/${name}`);
    try {
      await test({
        running,
        home,
        listener,
        newest: (name) => JSON.parse(topic(name) || "{}"),
        discovery: () =>
          JSON.parse(
            listener.newest.get(`homeassistant/device/ocpp_proxy_${proxy.instance}/config`) || "{}",
          ),
        availability: () => topic("availability"),
        command: (control, payload) =>
          listener.publish(`ocpp-proxy/${proxy.instance}/set/${control}`, payload),
        configure: (text) => {
          running.configure(text);
          home.reconfigure();
        },
      });
    } finally {
      await home.close();
    }
  });
}

brokerTest(
  "the device is announced with every entity, then its state",
  (broker) =>
    withDevice(broker, broker.yaml, async ({ discovery, newest, availability, home }) => {
      await until(() => newest("state").status, 5_000, "a state");
      const { components } = discovery();
      const platforms = Object.values(components).map(({ platform }) => platform);
      deepEqual(
        new Set(platforms),
        new Set([
          "sensor",
          "binary_sensor",
          "event",
          "select",
          "switch",
          "number",
          "button",
        ]),
      );
      deepEqual(components.mode?.options, [
        "Auto",
        "Owner only",
        "Pause",
        "Only evcc",
        "Only Employer 1",
      ]);
      equal(components.owner_limit?.max, 20);
      equal(components.energy?.state_class, "total_increasing");
      ok(components.backend_evcc_online);
      equal(newest("state").status, "offline");
      equal(newest("state").mode, "Auto");
      equal(availability(), "online");
      equal(home.health().mqtt?.connected, true);
    }),
);

brokerTest(
  "controls become the owner's word, and the state follows",
  (broker) =>
    withDevice(broker, broker.yaml, async ({ running, newest, command }) => {
      const { proxy } = running;
      await until(() => newest("state").status, 5_000, "a state");
      await command("mode", "Only evcc");
      await until(() => newest("state").mode === "Only evcc", 5_000, "the mode");
      equal(proxy.report().mode.mode, "evcc");
      await command("sharing", "OFF");
      await until(() => newest("state").sharing === false, 5_000, "the switch");
      equal(proxy.report().mode.mode, "owner_only");
      await command("sharing", "ON");
      await until(() => newest("state").sharing === true, 5_000, "the switch back");
      await command("limit", "10");
      await until(() => newest("state").owner_limit_a === 10, 5_000, "the limit");
      equal(proxy.report().owner_limit?.current_a, 10);
      await command("limit", "20");
      await until(() => proxy.report().owner_limit === null, 5_000, "no limit");
      await command("take_over", "PRESS");
      await until(() => newest("state").mode === "Owner only", 5_000, "the owner");
      ok(proxy.report().mode.until);
      equal(newest("state").holder, "owner");
      await command("release", "PRESS");
      await until(() => newest("state").mode === "Auto", 5_000, "auto");
      await command("charging", "OFF");
      await until(() => newest("state").charging_allowed === false, 5_000, "the pause");
      equal(proxy.report().mode.until, null);
      await command("charging", "ON");
      await until(() => newest("state").charging_allowed, 5_000, "no pause");
    }),
);

brokerTest("how long a mode lasts is remembered by the broker", async (broker) => {
  let topic = "";
  const listener = await broker.listen("#");
  await withDevice(broker, broker.yaml, async ({ running, command, newest }) => {
    const { proxy } = running;
    topic = `ocpp-proxy/${proxy.instance}/mode_minutes`;
    await until(() => newest("state").status, 5_000, "a state");
    equal(listener.newest.get(topic), "0");
    await command("mode_minutes", "90");
    await until(() => listener.newest.get(topic) === "90", 5_000, "the minutes");
    const words = listener.all.length;
    await command("mode_minutes", "99999");
    await until(() => listener.all.slice(words).some(([name]) => name === topic), 5_000, "an echo");
    equal(listener.newest.get(topic), "90");
    await command("mode", "Pause");
    await until(() => newest("state").mode === "Pause", 5_000, "the pause");
    const minutes = (Date.parse(String(proxy.report().mode.until)) - Date.now()) / 60_000;
    ok(minutes > 89 && minutes <= 90, String(minutes));
    // Another broker, without a memory, is told; one with a memory tells.
    const { instance } = proxy;
    const elsewhere = await withSameInstance(broker, instance);
    equal(elsewhere, "90");
  });
});

/** What a program that starts anew finds set at this broker. */
async function withSameInstance(broker: Broker, instance: string): Promise<string | undefined> {
  const device = new MqttDevice(
    { enabled: true, topic: "ocpp-proxy", discoveryPrefix: "elsewhere", name: "Charger" },
    {
      device: () => ({ ...NO_DEVICE, instance }),
      state: () => ({}),
      command: (_control, _payload, modeMinutes) => void heard.push(modeMinutes),
    },
    () => Promise.resolve({ url: broker.url, username: "proxy", password: "secret" }),
    () => {},
  );
  const heard: number[] = [];
  try {
    await until(() => device.health().connected, 5_000, "the broker");
    const sender = await broker.listen("nothing");
    await sender.publish(`ocpp-proxy/${instance}/set/release`, "PRESS");
    await until(() => heard.length > 0, 5_000, "the command");
    return String(heard[0]);
  } finally {
    await device.close();
  }
}

const NO_DEVICE = {
  name: "Charger",
  currency: "EUR",
  backendIds: [],
  modes: ["Auto"],
  holders: ["none"],
  payers: ["none"],
  mayShare: true,
  highestCurrentA: 16,
  charger: { id: null, vendor: null, model: null, firmware: null },
};

brokerTest("what was said before anybody listened is told apart", async (broker) => {
  const sender = await broker.listen("nothing");
  await sender.publish("x/before", "1", true);
  const heard: [string, boolean][] = [];
  const link = new MqttLink({
    broker: () => Promise.resolve({ url: broker.url, username: "proxy", password: "secret" }),
    will: { topic: "x/will", payload: "" },
    subscriptions: ["x/+"],
    opened: () => Promise.resolve(),
    message: (topic, _, retained) => void heard.push([topic, retained]),
    closed: () => {},
  }, () => {});
  try {
    await until(() => heard.length === 1, 5_000, "the old message");
    await sender.publish("x/after", "1", true);
    await until(() => heard.length === 2, 5_000, "the new message");
    deepEqual(heard, [["x/before", true], ["x/after", false]]);
  } finally {
    await link.close();
  }
});

brokerTest(
  "what happens is told once, and not kept",
  (broker) =>
    withDevice(broker, broker.yaml, async ({ running, newest, listener }) => {
      const { proxy } = running;
      await until(() => newest("state").status, 5_000, "a state");
      const topic = `ocpp-proxy/${proxy.instance}/event`;
      proxy.setMode({ mode: "paused" });
      const text = await until(() => listener.newest.get(topic), 5_000, "the event");
      const { event_type, reason } = JSON.parse(text);
      deepEqual([event_type, reason], ["override", "the owner has paused charging"]);
      const late = await broker.listen("#");
      await pause(200);
      ok(late.newest.size > 0 && !late.newest.has(topic));
    }),
);

brokerTest(
  "a control that was moved in vain goes back",
  (broker) =>
    withDevice(broker, broker.yaml, async ({ running, newest, command, listener }) => {
      const { proxy } = running;
      await until(() => newest("state").status, 5_000, "a state");
      const topic = `ocpp-proxy/${proxy.instance}/state`;
      (listener.newest as Map<string, string>).delete(topic);
      await command("mode", "Only nobody");
      await until(() => listener.newest.has(topic), 5_000, "the state once more");
      equal(newest("state").mode, "Auto");
    }),
);

brokerTest(
  "a session at the charger is in the state, with its energy",
  (broker) =>
    withDevice(broker, broker.yaml, async ({ running, newest, discovery, listener }) => {
      await until(() => newest("state").status, 5_000, "a state");
      const charger = await strictCharger(`${running.url.replace("http", "ws")}/charger`, "CP1");
      try {
        await charger.call("BootNotification", {
          chargePointVendor: "Acme",
          chargePointModel: "X",
        });
        const at = () => new Date().toISOString();
        await charger.call("StatusNotification", {
          connectorId: 1,
          errorCode: "NoError",
          status: "SuspendedEVSE",
        });
        const { transactionId } = await charger.call("StartTransaction", {
          connectorId: 1,
          idTag: "T",
          meterStart: 1_000,
          timestamp: at(),
        });
        await charger.call("MeterValues", {
          connectorId: 1,
          transactionId,
          meterValue: [{
            timestamp: at(),
            sampledValue: [
              { value: "3500", measurand: "Energy.Active.Import.Register", unit: "Wh" },
              { value: "3.7", measurand: "Power.Active.Import", unit: "kW" },
              { value: "16.1", measurand: "Current.Import", phase: "L1", unit: "A" },
              { value: "231", measurand: "Voltage", phase: "L1-N", unit: "V" },
            ],
          }],
        });
        await until(() => newest("state").power_w === 3_700, 5_000, "the power");
        const state = newest("state");
        equal(state.status, "suspended_evse");
        equal(state.plugged, true);
        equal(state.energy_kwh, 2.5);
        deepEqual(state.current_a, [16.1, null, null]);
        deepEqual(state.voltage_v, [231, null, null]);
        equal((state.session as Record<string, unknown>).energy_kwh, 2.5);
        await charger.call("StopTransaction", { transactionId, meterStop: 4_000, timestamp: at() });
        await until(() => newest("state").power_w === 0, 5_000, "no power");
        equal(newest("state").energy_kwh, 3);
        // One that is less than before would count as a new meter.
        const energies = listener.all.filter(([topic]) => topic.endsWith("/state"))
          .map(([, text]) => Number(JSON.parse(text).energy_kwh));
        deepEqual(energies, energies.toSorted((one, other) => one - other));
        const device = discovery() as unknown as { device: Record<string, unknown> };
        await until(
          () => JSON.stringify(discovery()).includes("Acme"),
          8_000,
          "the charger's maker",
        );
        ok(device);
      } finally {
        await charger.close();
      }
    }),
);

brokerTest(
  "after the broker's restart everything is there again",
  (broker) =>
    withDevice(broker, broker.yaml, async ({ running, newest, home }) => {
      await until(() => newest("state").status, 5_000, "a state");
      await broker.down();
      await until(() => home.health().mqtt?.connected === false, 5_000, "the loss");
      await broker.up();
      const again = await broker.listen("#");
      await until(() => home.health().mqtt?.connected, 15_000, "the connection");
      const base = `ocpp-proxy/${running.proxy.instance}`;
      await until(() => again.newest.has(`${base}/state`), 5_000, "the state");
      equal(again.newest.get(`${base}/availability`), "online");
      const told = running.logged.filter((line) => line.includes("broker is away"));
      equal(told.length, 1);
    }),
);

brokerTest(
  "Home Assistant's birth makes everything be said again",
  (broker) =>
    withDevice(broker, broker.yaml, async ({ running, newest, listener }) => {
      await until(() => newest("state").status, 5_000, "a state");
      const topic = `homeassistant/device/ocpp_proxy_${running.proxy.instance}/config`;
      (listener.newest as Map<string, string>).delete(topic);
      await listener.publish("homeassistant/status", "online");
      await until(() => listener.newest.has(topic), 8_000, "the announcement");
    }),
);

brokerTest(
  "a backend that is no more takes its entities along",
  (broker) =>
    withDevice(broker, broker.yaml, async ({ discovery, configure, listener, running }) => {
      await until(() => discovery().components?.backend_evcc_online, 5_000, "the device");
      const id = running.proxy.instance;
      const topic = `homeassistant/device/ocpp_proxy_${id}/config`;
      configure(`backends:\n  - { id: other, role: observer, token: v }\n${broker.yaml}`);
      await until(() => discovery().components?.backend_other_online, 10_000, "the new one");
      await until(() => !discovery().components?.backend_evcc_online, 5_000, "the old one to go");
      const removal = listener.all.filter(([name]) => name === topic)
        .map(([, text]) => JSON.parse(text).components.backend_evcc_online)
        .find((component) => component && !("unique_id" in component));
      deepEqual(removal, { platform: "binary_sensor" });
    }),
);

brokerTest(
  "switched off, the device is taken away and stays away",
  (broker) =>
    withDevice(broker, broker.yaml, async ({ listener, newest, configure, running, home }) => {
      await until(() => newest("state").status, 5_000, "a state");
      configure(`${BACKENDS}${broker.yaml.replace("{", "{ enabled: false,")}`);
      const topic = `homeassistant/device/ocpp_proxy_${running.proxy.instance}/config`;
      await until(() => listener.newest.get(topic) === "", 5_000, "the removal");
      await pause(300);
      const late = await broker.listen("#");
      await pause(200);
      deepEqual([...late.newest], []);
      ok(home);
    }),
);

brokerTest(
  "a wrong password is told once, and no secret is in the log or in a topic",
  (broker) =>
    withDevice(
      broker,
      broker.yaml.replace(broker.password, "wr0ng-pass"),
      async ({ running, home, listener }) => {
        await until(() => home.health().mqtt?.problem?.includes("orized"), 5_000, "the refusal");
        await pause(1_500);
        equal(running.logged.filter((line) => line.includes("broker is away")).length, 1);
        ok(!running.logged.some((line) => line.includes("wr0ng")));
        ok(![...listener.newest].flat().some((text) => text.includes(broker.password)));
      },
    ),
);

brokerTest(
  "a broker that is away is looked for often, one that refuses us seldom",
  async (broker) => {
    const attempts = async (password: string, port: number) => {
      let count = 0;
      const link = new MqttLink(
        {
          broker: () => {
            count++;
            return Promise.resolve({
              url: `mqtt://127.0.0.1:${port}`,
              username: "proxy",
              password,
            });
          },
          will: { topic: "x", payload: "" },
          subscriptions: ["x"],
          opened: () => Promise.resolve(),
          message: () => {},
          closed: () => {},
        },
        () => {},
        { firstWaitMs: 5, longestWaitMs: 10, refusedMs: 60_000, noBrokerMs: 60_000 },
      );
      await pause(500);
      await link.close();
      return count;
    };
    equal(await attempts("wr0ng-pass", broker.port), 1);
    ok(await attempts(broker.password, freePort()) > 5);
  },
);

brokerTest("at the end the device says that it is gone", async (broker) => {
  const listener = await broker.listen("#");
  let topic = "";
  await withDevice(broker, broker.yaml, async ({ running, availability }) => {
    topic = `ocpp-proxy/${running.proxy.instance}/availability`;
    await until(() => availability() === "online", 5_000, "the device");
  });
  await until(() => listener.newest.get(topic) === "offline", 2_000, "the good-bye");
});
