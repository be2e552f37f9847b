// Home Assistant and a broker that are broken, or mean harm: nothing of it reaches the proxy.

import { deepEqual, equal, ok } from "node:assert/strict";
import { Home } from "../../src/io/home.ts";
import { FakeHomeAssistant } from "../support/fake_home_assistant.ts";
import { type RunningProxy, withProxy } from "../support/running_proxy.ts";
import { pause, until } from "../support/until.ts";

const RULES = `
presence_sensor: binary_sensor.home
backends: [{ id: evcc, role: controller, token: v }]
`;

interface Scene {
  readonly fake: FakeHomeAssistant;
  readonly running: RunningProxy;
  readonly home: Home;
}

async function withHouse(test: (scene: Scene) => Promise<void>): Promise<void> {
  const fake = new FakeHomeAssistant();
  try {
    await withProxy(`${RULES}${fake.yaml}`, async (running) => {
      const home = new Home(
        running.proxy,
        (level, message, values) =>
          void running.logged.push(`${level} ${message} ${JSON.stringify(values)}`),
      );
      try {
        await until(() => home.health().homeAssistant?.connected, 5_000, "the connection");
        await test({ fake, running, home });
      } finally {
        await home.close();
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
  withHouse(async ({ fake, running, home }) => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const messages = [
      "no JSON",
      "null",
      "7",
      "[null]",
      deep,
      Uint8Array.of(255, 254),
      '{"id":2,"type":"event"}',
      '{"id":2,"type":"event","event":null}',
      '{"id":2,"type":"event","event":{"a":null}}',
      '{"id":2,"type":"event","event":{"a":{"binary_sensor.home":null}}}',
      '{"id":2,"type":"event","event":{"a":{"binary_sensor.home":{"s":7,"a":[1]}}}}',
      `{"id":2,"type":"event","event":{"a":{"binary_sensor.home":{"s":"on","a":{"x":${deep}}}}}}`,
      '{"id":2,"type":"event","event":{"c":{"binary_sensor.home":{"-":{"a":7}}}}}',
      '{"id":2,"type":"event","event":{"r":7}}',
      '{"id":3,"type":"event","event":null}',
      '{"id":4,"type":"event","event":{"data":[]}}',
      '{"id":4,"type":"event","event":null}',
      '{"id":99,"type":"result","success":true}',
      '{"id":2,"type":"result","success":false}',
    ];
    for (const message of messages) {
      await until(() => home.health().homeAssistant?.connected, 5_000, "the connection");
      fake.raw(message);
      await pause(10);
      running.proxy.report();
    }
    await until(
      () => {
        fake.set("binary_sensor.home", "off");
        return running.proxy.facts().some(({ value }) => value === "off");
      },
      40_000,
      "a fact",
    );
    assertNoDefect(running);
  }));

Deno.test("a message that is too long, and too many of them, end the connection", () =>
  withHouse(async ({ fake, home, running }) => {
    fake.raw(`"${"x".repeat(5_000_000)}"`);
    await until(() => home.health().homeAssistant?.connected === false, 5_000, "the end");
    await until(() => home.health().homeAssistant?.connected, 10_000, "another connection");
    for (let count = 0; count < 2_000; count++) fake.raw(`{"id":2,"type":"pang","n":${count}}`);
    await until(() => home.health().homeAssistant?.connected === false, 5_000, "the end");
    equal(home.health().homeAssistant?.problem, "it sends too much");
    assertNoDefect(running);
  }));

Deno.test("entities that nobody follows, and attributes without end, are not kept", () =>
  withHouse(async ({ fake, running }) => {
    const { states } = fake;
    states.set("binary_sensor.home", { state: "on", attributes: {} });
    const many = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, n) => [`sensor.n${n}`, { s: "1", a: {} }]),
    );
    fake.raw(JSON.stringify({ id: 2, type: "event", event: { a: many } }));
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
