// Home Assistant as it comes and goes: facts, notifications, answers, states without a broker.

import { deepEqual, equal, ok } from "node:assert/strict";
import { Home } from "../../src/io/home.ts";
import { HomeAssistant } from "../../src/io/home_assistant.ts";
import { LINK_TIMES } from "../../src/io/home_assistant_link.ts";
import { type FakeHomeAssistant, withFakeHomeAssistant } from "../support/fake_home_assistant.ts";
import { type RunningProxy, withProxy } from "../support/running_proxy.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { bootStrictCharger, strictCharger } from "../support/strict_charger.ts";
import { pause, until } from "../support/until.ts";

const RULES = `
presence_sensor: binary_sensor.home
backends:
  - { id: evcc, role: controller, token: v }
  - { id: neighbour, role: controller, token: w }
rules:
  - { name: house, when: 'number(ha("sensor.house_power")) > 4000', then: deny }
  - { name: stranger, backends: [neighbour], then: ask }
`;

interface Playing {
  readonly fake: FakeHomeAssistant;
  readonly running: RunningProxy;
  readonly home: Home;
  configure(yaml: string): void;
  fact(name: string): unknown;
}

function play(yaml: string, test: (playing: Playing) => Promise<void>): Promise<void> {
  return withFakeHomeAssistant((fake) =>
    withProxy(`${yaml}${fake.yaml}`, async (running) => {
      const home = new Home(
        running.proxy,
        (level, message, values) =>
          void running.logged.push(`${level} ${message} ${JSON.stringify(values)}`),
      );
      try {
        await test({
          fake,
          running,
          home,
          configure: (text) => {
            running.configure(`${text}${fake.yaml}`);
            home.reconfigure();
          },
          fact: (name) => running.proxy.facts().find((fact) => fact.name === name)?.value,
        });
      } finally {
        await home.close();
      }
    })
  );
}

Deno.test("exactly the entities that the configuration names are followed, live", () =>
  play(RULES, async ({ fake, fact, home, running }) => {
    fake.states.set("sensor.other", { state: "7", attributes: {} });
    fake.states.set("binary_sensor.home", { state: "on", attributes: { friendly_name: "Home" } });
    await until(() => home.health().homeAssistant?.connected, 5_000, "the connection");
    deepEqual(fake.followed, ["binary_sensor.home", "sensor.house_power"]);
    await until(() => fact("binary_sensor.home") === "on", 5_000, "the fact");
    fake.set("sensor.house_power", "5000");
    await until(() => fact("sensor.house_power") === "5000", 5_000, "the new entity");
    fake.set("binary_sensor.home", "off");
    await until(() => fact("binary_sensor.home") === "off", 5_000, "the change");
    ok(!running.logged.join().includes(fake.token));
  }));

Deno.test("what Home Assistant cannot tell leaves the last value", () =>
  play(RULES, async ({ fake, fact }) => {
    fake.states.set("binary_sensor.home", { state: "on", attributes: {} });
    await until(() => fact("binary_sensor.home") === "on", 5_000, "the fact");
    fake.set("binary_sensor.home", "unavailable");
    fake.set("sensor.house_power", "1");
    await until(() => fact("sensor.house_power") === "1", 5_000, "the other fact");
    equal(fact("binary_sensor.home"), "on");
  }));

Deno.test("a value that stays stays young while Home Assistant is there", () =>
  play(`${RULES}facts:\n  - { name: binary_sensor.home, max_age_s: 2 }\n`, async (playing) => {
    const { fake, running } = playing;
    const known = () =>
      running.proxy.facts().find(({ name }) => name === "binary_sensor.home")?.state === "known";
    fake.states.set("binary_sensor.home", { state: "on", attributes: {} });
    await until(known, 5_000, "the fact");
    for (let look = 0; look < 12; look++) {
      await pause(250);
      ok(known(), `at look ${look}`);
    }
    fake.mood = "deaf";
    await until(() => !known(), 5_000, "the fact to grow old");
  }));

Deno.test("another configuration follows other entities by the same connection", () =>
  play(RULES, async ({ fake, configure }) => {
    await until(() => fake.followed.length === 2, 5_000, "the entities");
    configure("presence_sensor: person.me\n");
    await until(() => fake.followed.join() === "person.me", 5_000, "the other one");
    equal(fake.opened, 1);
  }));

Deno.test("after a restart of Home Assistant everything is followed again", () =>
  play(RULES, async ({ fake, fact, home, running }) => {
    fake.states.set("binary_sensor.home", { state: "on", attributes: {} });
    await until(() => fact("binary_sensor.home") === "on", 5_000, "the fact");
    const restarted = fake.restart(300);
    await until(() => home.health().homeAssistant?.connected === false, 5_000, "the loss");
    equal(fact("binary_sensor.home"), "on");
    await restarted;
    fake.states.set("binary_sensor.home", { state: "off", attributes: {} });
    await until(() => fact("binary_sensor.home") === "off", 10_000, "the fact again");
    equal(running.logged.filter((line) => line.includes("Home Assistant is away")).length, 1);
  }));

Deno.test("a wrong token is told once, and seldom tried again", () =>
  withFakeHomeAssistant((fake) =>
    withProxy(RULES, async ({ proxy }) => {
      const logged: string[] = [];
      const link = new HomeAssistant(
        { url: fake.url, token: "wrong-one", notify: [], notifications: new Set() },
        proxy,
        { state: () => ({}), wantsRest: () => false },
        (_, message, values) => void logged.push(`${message} ${JSON.stringify(values)}`),
        { ...LINK_TIMES, firstWaitMs: 5, longestWaitMs: 10, wrongTokenMs: 400 },
      );
      await until(() => fake.refused >= 3, 5_000, "three attempts");
      ok(logged.length === 1 && logged[0]!.includes("does not accept the token"), logged.join());
      ok(!logged.join().includes("wrong-one"));
      const { refused } = fake;
      await pause(150);
      ok(fake.refused <= refused + 1);
      await link.close();
    })
  ));

Deno.test("one that takes connections and says nothing is left alone, and tried again", () =>
  withFakeHomeAssistant((fake) =>
    withProxy(RULES, async ({ proxy }) => {
      fake.mood = "deaf";
      const link = new HomeAssistant(
        { url: fake.url, token: fake.token, notify: [], notifications: new Set() },
        proxy,
        { state: () => ({}), wantsRest: () => false },
        () => {},
        { ...LINK_TIMES, firstWaitMs: 5, longestWaitMs: 10, answerMs: 100 },
      );
      await until(() => fake.opened >= 2, 5_000, "a second attempt");
      equal(link.health().problem, "it does not answer any more");
      fake.mood = "well";
      await until(() => link.health().connected, 5_000, "the connection");
      await link.close();
    })
  ));

/** A question: the neighbour asks for control, and the rule asks the owner. */
const NEIGHBOUR = `
backends:
  - { id: neighbour, role: controller, token: v }
rules:
  - { name: stranger, backends: [neighbour], then: ask, ask_timeout_s: 60 }
`;

/** The charger is there, and the neighbour asks; `close` ends both. */
async function neighbourAsks({ url }: RunningProxy): Promise<{ close(): Promise<void> }> {
  const base = url.replace("http", "ws");
  const charger = await strictCharger(`${base}/charger`, "CP1");
  await bootStrictCharger(charger);
  const socket = new WebSocket(`${base}/backend/neighbour?token=v`);
  const closed = new Promise((resolve) => socket.onclose = resolve);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  socket.send(JSON.stringify({ action: "request_control", id: 1 }));
  return {
    close: async () => {
      socket.close();
      await closed;
      await charger.close();
    },
  };
}

function withNotify(fake: FakeHomeAssistant): string {
  return fake.yaml.replace("token:", "notify: [notify.mobile_app_phone], token:");
}

Deno.test("a question reaches the phone, and its answer the arbiter", () =>
  withFakeHomeAssistant((fake) =>
    withProxy(`${NEIGHBOUR}${withNotify(fake)}`, async (running) => {
      fake.services.add("notify.mobile_app_phone");
      const { proxy } = running;
      const home = new Home(proxy, () => {});
      try {
        await until(() => home.health().homeAssistant?.connected, 5_000, "the connection");
        const peers = await neighbourAsks(running);
        const asked = await until(() => fake.calls[0], 5_000, "the notification");
        equal(asked.service, "mobile_app_phone");
        const { data } = asked.data as { data: { tag: string; actions: { action: string }[] } };
        equal(data.actions.length, 2);
        fake.tap("OCPP_PROXY_ALLOW_somebody_1");
        fake.tap("OTHER_APP");
        await pause(50);
        equal(proxy.questionState(1), "open");
        fake.tap(data.actions[0]!.action);
        await until(() => proxy.report().holder?.backend_id === "neighbour", 5_000, "control");
        const cleared = await until(() => fake.calls[1], 5_000, "the clearing");
        deepEqual(cleared.data, { message: "clear_notification", data: { tag: data.tag } });
        fake.tap(data.actions[1]!.action);
        await pause(50);
        equal(proxy.report().holder?.backend_id, "neighbour");
        await peers.close();
      } finally {
        await home.close();
      }
    })
  ));

Deno.test("without a phone a question is a card on the page, with the way to answer", () =>
  play(NEIGHBOUR, async ({ fake, home, running }) => {
    await until(() => home.health().homeAssistant?.connected, 5_000, "the connection");
    const peers = await neighbourAsks(running);
    const { service, data } = await until(() => fake.calls[0], 5_000, "the card");
    equal(service, "create");
    ok(String(data.message).includes("ocpp-proxy override allow 1"));
    running.proxy.answerQuestion(1, false);
    const dismissed = await until(() => fake.calls[1], 5_000, "the dismissal");
    deepEqual(dismissed, {
      domain: "persistent_notification",
      service: "dismiss",
      data: { notification_id: data.notification_id },
      target: undefined,
    });
    await peers.close();
  }));

Deno.test("a phone that is no more makes way for a card, and is told once", () =>
  withFakeHomeAssistant((fake) =>
    withProxy(`${NEIGHBOUR}${withNotify(fake)}`, async (running) => {
      const logged: string[] = [];
      const home = new Home(running.proxy, (_, message) => void logged.push(message));
      try {
        await until(() => home.health().homeAssistant?.connected, 5_000, "the connection");
        const peers = await neighbourAsks(running);
        const { service } = await until(() => fake.calls[0], 5_000, "the card");
        equal(service, "create");
        running.proxy.answerQuestion(1, false);
        await until(() => fake.calls[1], 5_000, "the dismissal");
        const told = logged.filter((line) => line.includes("notify.mobile_app_phone"));
        equal(told.length, 1);
        await peers.close();
      } finally {
        await home.close();
      }
    })
  ));

Deno.test("a notify entity is told by the service for entities", () =>
  withFakeHomeAssistant((fake) =>
    withProxy(`${NEIGHBOUR}${withNotify(fake)}`, async (running) => {
      fake.services.add("notify.send_message");
      const home = new Home(running.proxy, () => {});
      try {
        await until(() => home.health().homeAssistant?.connected, 5_000, "the connection");
        const peers = await neighbourAsks(running);
        const { service, target, data } = await until(() => fake.calls[0], 5_000, "the message");
        equal(service, "send_message");
        deepEqual(target, { entity_id: "notify.mobile_app_phone" });
        deepEqual(Object.keys(data), ["title", "message"]);
        await peers.close();
      } finally {
        await home.close();
      }
    })
  ));

Deno.test("a question that comes while Home Assistant is away is asked when it is back", () =>
  play(NEIGHBOUR, async ({ fake, home, running }) => {
    await until(() => home.health().homeAssistant?.connected, 5_000, "the connection");
    const restarted = fake.restart(600);
    await until(() => home.health().homeAssistant?.connected === false, 5_000, "the loss");
    const peers = await neighbourAsks(running);
    await restarted;
    const { service } = await until(() => fake.calls[0], 10_000, "the card");
    equal(service, "create");
    await peers.close();
  }));

Deno.test("without a broker states go by REST, again after a restart, and end as unavailable", () =>
  withFakeHomeAssistant((fake) =>
    withProxy(`${NEIGHBOUR}${fake.yaml}`, async ({ proxy, logged }) => {
      const home = new Home(proxy, (_, message) => void logged.push(message));
      const state = () => fake.posted.get("sensor.ocpp_proxy_status");
      await until(() => fake.posted.size === 8, 5_000, "the states");
      deepEqual(state(), {
        state: "offline",
        attributes: { friendly_name: "Charger status", error_code: null },
      });
      deepEqual(fake.posted.get("sensor.ocpp_proxy_energy"), {
        state: "0",
        attributes: {
          friendly_name: "Charger energy",
          device_class: "energy",
          unit_of_measurement: "kWh",
          state_class: "total_increasing",
        },
      });
      equal(logged.filter((line) => line.includes("read-only states")).length, 1);
      await fake.restart(50);
      await until(() => fake.posted.size === 8, 10_000, "the states again");
      await home.close();
      equal(state()?.state, "unavailable");
    })
  ));

Deno.test("states that went by REST are taken back when a device takes over", () =>
  play(NEIGHBOUR, async ({ fake, configure }) => {
    await until(() => fake.posted.size === 8, 5_000, "the states");
    configure(`${NEIGHBOUR}mqtt: { url: "mqtt://127.0.0.1:1" }\n`);
    await until(() => fake.posted.size === 0, 10_000, "none");
  }));

Deno.test("what happens goes onto the event bus, and names the charger", () =>
  play(NEIGHBOUR, async ({ fake, home, running }) => {
    await until(() => home.health().homeAssistant?.connected, 5_000, "the connection");
    const peers = await neighbourAsks(running);
    const of = (kind: string) => fake.fired.find(({ data }) => data.event_type === kind);
    const { type, data } = await until(() => of("asked"), 5_000, "the question");
    equal(type, "ocpp_proxy_event");
    deepEqual([data.charger, data.backend_id, data.rule], ["CP1", "neighbour", "stranger"]);
    equal(of("charger_online")?.data.charger, "CP1");
    await peers.close();
  }));

Deno.test("the event bus carries the owner's word, with the checks of REST", () =>
  play(NEIGHBOUR, async ({ fake, home, running }) => {
    const { proxy, logged } = running;
    const command = (data: JsonObject) => fake.fire("ocpp_proxy_command", data);
    const mode = () => proxy.report().mode.mode;
    await until(() => home.health().homeAssistant?.connected, 5_000, "the connection");
    command({ mode: "paused", for_s: 600, limit_a: 8 });
    await until(() => mode() === "paused", 5_000, "the pause");
    ok(proxy.report().mode.until);
    equal(proxy.report().owner_limit?.current_a, 8);
    command({ mode: "auto" });
    const peers = await neighbourAsks(running);
    await until(() => proxy.questionState(1) === "open", 5_000, "the question");
    command({ request: 1, decision: "deny" });
    await until(() => proxy.questionState(1) === "closed", 5_000, "the answer");
    command({ mode: "paused" });
    await until(() => mode() === "paused", 5_000, "the pause again");
    // Nothing of this is a word; what is meant for another charger is not even a mistake.
    const mistakes = [
      [{ mode: "backend", backend_id: "nobody" }, 'no backend "nobody"'],
      [{ mode: "auto", mod: 1 }, 'there is no key "mod"'],
      [{ limit_a: 81 }, "limit_a: expected a number from 0 to 80"],
      [{ until: "2001-01-01T00:00:00Z", mode: "owner_only" }, "a time to come"],
      [{ request: 1, decision: "allow" }, "question 1 is not open"],
      [{ request: 1, decision: "maybe" }, "decision: expected"],
      [{ charger: "CP2", mode: "auto" }, undefined],
    ] as const;
    let cap = 10;
    for (const [data, reason] of mistakes) {
      const before = logged.length;
      command(data);
      command({ charger: "CP2" });
      // Words are taken in their order: when this one has its effect, the others have had theirs.
      command({ limit_a: ++cap });
      await until(() => proxy.report().owner_limit?.current_a === cap, 5_000, "the limit");
      equal(mode(), "paused", JSON.stringify(data));
      const told = logged.slice(before).filter((line) => line.includes("was not obeyed"));
      equal(told.length, reason === undefined ? 0 : 1, JSON.stringify(data));
      ok(
        reason === undefined || told[0]!.includes(JSON.stringify(reason).slice(1, -1)),
        told.join(),
      );
    }
    // An automation that repeats its mistake is told of it once.
    for (let time = 0; time < 5; time++) command({ limit_a: 81 });
    command({ charger: "CP1", mode: "auto" });
    await until(() => mode() === "auto", 5_000, "auto");
    equal(logged.filter((line) => line.includes("not obeyed") && line.includes("80")).length, 2);
    await peers.close();
  }));

Deno.test("the status says how the links are doing", () =>
  play(NEIGHBOUR, async ({ home }) => {
    equal(home.health().mqtt, null);
    await until(() => home.health().homeAssistant?.connected, 5_000, "the connection");
    const { since, problem } = home.health().homeAssistant!;
    ok(since);
    equal(problem, null);
  }));
