// Home Assistant and a broker that are broken, or mean harm: nothing of it reaches the proxy.

import { deepEqual, equal, ok } from "node:assert/strict";
import { Home } from "../../src/io/home.ts";
import { HomeAssistant } from "../../src/io/home_assistant.ts";
import { LINK_TIMES } from "../../src/io/home_assistant_link.ts";
import { MAX_WORDS_AT_ONCE } from "../../src/io/owner_pace.ts";
import { FakeHomeAssistant } from "../support/fake_home_assistant.ts";
import { MuteBroker, publishPacket } from "../support/mute_broker.ts";
import { type RunningProxy, withProxy } from "../support/running_proxy.ts";
import { pause, until } from "../support/until.ts";

const RULES = `
presence_sensor: binary_sensor.home
backends: [{ id: evcc, role: controller, token: v }]
`;

interface Scene {
  readonly fake: FakeHomeAssistant;
  readonly running: RunningProxy;
  readonly house: HomeAssistant;
}

async function withHouse(test: (scene: Scene) => Promise<void>): Promise<void> {
  const fake = new FakeHomeAssistant();
  try {
    await withProxy(`${RULES}${fake.yaml}`, async (running) => {
      const { proxy, logged } = running;
      const house = new HomeAssistant(
        { url: fake.url, token: fake.token, notify: [], notifications: new Set() },
        proxy,
        { state: () => ({}), wantsRest: () => false },
        (level, message) => void logged.push(`${level} ${message}`),
        { ...LINK_TIMES, firstWaitMs: 5, longestWaitMs: 10 },
      );
      try {
        await until(() => house.health().connected, 5_000, "the connection");
        await test({ fake, running, house });
      } finally {
        await house.close();
      }
    });
  } finally {
    await fake.close();
  }
}

function assertNoDefect({ logged }: RunningProxy): void {
  deepEqual(logged.filter((line) => line.includes("defect")), []);
}

Deno.test("whatever Home Assistant says, in whatever shape, it is connected again afterwards", () =>
  withHouse(async ({ fake, running, house }) => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const messages = [
      "no JSON",
      "null",
      "7",
      "[null]",
      deep,
      Uint8Array.of(255, 254),
      // Nobody's, then the entities, answers from phones, commands.
      '{"id":2,"type":"event"}',
      '{"id":3,"type":"event","event":null}',
      '{"id":3,"type":"event","event":{"a":null}}',
      '{"id":3,"type":"event","event":{"a":{"binary_sensor.home":null}}}',
      '{"id":3,"type":"event","event":{"a":{"binary_sensor.home":{"s":7,"a":[1]}}}}',
      `{"id":3,"type":"event","event":{"a":{"binary_sensor.home":{"s":"on","a":{"x":${deep}}}}}}`,
      '{"id":3,"type":"event","event":{"c":{"binary_sensor.home":{"-":{"a":7}}}}}',
      '{"id":3,"type":"event","event":{"r":7}}',
      '{"id":4,"type":"event","event":null}',
      '{"id":4,"type":"event","event":{"data":{"action":{}}}}',
      '{"id":5,"type":"event","event":{"data":[]}}',
      '{"id":5,"type":"event","event":null}',
      '{"id":99,"type":"result","success":true}',
      '{"id":2,"type":"result","success":false}',
    ];
    for (const message of messages) {
      await until(() => house.health().connected, 5_000, "the connection");
      fake.raw(message);
      await pause(10);
      running.proxy.report();
    }
    await until(
      () => {
        fake.set("binary_sensor.home", "off");
        return running.proxy.facts().some(({ value }) => value === "off");
      },
      5_000,
      "a fact",
    );
    assertNoDefect(running);
  }));

Deno.test("a message that is too long, and too many of them, end the connection", () =>
  withHouse(async ({ fake, house, running }) => {
    fake.raw(`"${"x".repeat(5_000_000)}"`);
    await until(() => house.health().connected === false, 5_000, "the end");
    await until(() => house.health().connected, 10_000, "another connection");
    for (let count = 0; count < 2_000; count++) fake.raw(`{"id":2,"type":"pang","n":${count}}`);
    await until(() => house.health().connected === false, 5_000, "the end");
    equal(house.health().problem, "it sends too much");
    assertNoDefect(running);
  }));

Deno.test("entities that nobody follows, and attributes without end, are not kept", () =>
  withHouse(async ({ fake, running }) => {
    const { states } = fake;
    states.set("binary_sensor.home", { state: "on", attributes: {} });
    const many = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, n) => [`sensor.n${n}`, { s: "1", a: {} }]),
    );
    fake.raw(JSON.stringify({ id: 3, type: "event", event: { a: many } }));
    for (let round = 0; round < 20; round++) {
      const a = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`${round}/${n}`, n]));
      fake.raw(JSON.stringify({
        id: 3,
        type: "event",
        event: { c: { "binary_sensor.home": { "+": { s: `${round}`, a } } } },
      }));
    }
    await pause(400);
    const facts = running.proxy.facts();
    deepEqual(facts.map(({ name }) => name), ["binary_sensor.home"]);
    ok(JSON.stringify(facts).length < 20_000);
    assertNoDefect(running);
  }));

Deno.test("events that say the owner's word thousands of times are said at a pace", () =>
  withHouse(async ({ fake, running }) => {
    const { proxy } = running;
    let words = 0;
    proxy.feed.follow(({ data }) => words += data.includes('"override"') ? 1 : 0);
    for (let count = 0; count < 400; count++) {
      fake.fire("ocpp_proxy_command", { mode: count % 2 === 0 ? "auto" : "paused" });
    }
    await until(() => words >= MAX_WORDS_AT_ONCE, 5_000, "the first words");
    await pause(1_500);
    equal(proxy.report().mode.mode, "paused");
    ok(words <= MAX_WORDS_AT_ONCE + 5, `${words} words`);
  }));

async function withMuteBroker(
  test: (broker: MuteBroker, running: RunningProxy, topic: string) => Promise<void>,
): Promise<void> {
  const broker = new MuteBroker();
  try {
    await withProxy(`${RULES}${broker.yaml}`, async (running) => {
      const { proxy, logged } = running;
      const home = new Home(proxy, (level, message) => void logged.push(`${level} ${message}`));
      try {
        await until(() => broker.wasTold, 5_000, "the announcement");
        await test(broker, running, `ocpp-proxy/${proxy.instance}`);
      } finally {
        await home.close();
      }
    });
  } finally {
    await broker.close();
  }
}

Deno.test("whatever a broker sends to the controls, only words count, at a pace", () =>
  withMuteBroker(async (broker, running, topic) => {
    const { proxy } = running;
    const { instance } = proxy;
    const payloads = ["", "\0", "{}", "x".repeat(100_000)].map((text) =>
      new TextEncoder().encode(text)
    );
    payloads.push(Uint8Array.of(255, 254, 0));
    const topics = ["set/mode", "set/limit", "set/mode_minutes", "set/take_over", "set/nothing"]
      .map((name) => `${topic}/${name}`);
    topics.push(`homeassistant/device/ocpp_proxy_${instance}/config`, "homeassistant/status", "/");
    for (const name of topics) {
      for (const payload of payloads) await broker.send(publishPacket(name, payload));
    }
    await pause(200);
    equal(proxy.report().mode.mode, "auto");
    let words = 0;
    proxy.feed.follow(({ data }) => words += data.includes('"override"') ? 1 : 0);
    for (let count = 0; count < 200; count++) {
      const mode = new TextEncoder().encode(count % 2 === 0 ? "Auto" : "Pause");
      await broker.send(publishPacket(`${topic}/set/mode`, mode));
    }
    await until(() => proxy.report().mode.mode === "paused", 15_000, "the last word");
    await pause(1_500);
    equal(proxy.report().mode.mode, "paused");
    ok(words <= MAX_WORDS_AT_ONCE + 5, `${words} words`);
    equal(broker.packets.get(1), 1);
    assertNoDefect(running);
  }));

for (
  const [what, packets] of [
    ["a packet without an end", [publishPacket("x", new Uint8Array(5_000_000))]],
    ["what has to be kept", [publishPacket("x", new Uint8Array(1), 2)]],
    ["a flood", Array.from({ length: 3_000 }, () => publishPacket("x", new Uint8Array(1)))],
    ["no MQTT", [Uint8Array.of(0, 255, 255, 255, 255, 255)]],
  ] as const
) {
  Deno.test(`a broker that sends ${what} is left, and tried again`, () =>
    withMuteBroker(async (broker, running) => {
      for (const packet of packets) await broker.send(packet);
      await until(() => broker.packets.get(1) === 2, 8_000, "another connection");
      assertNoDefect(running);
    }));
}
