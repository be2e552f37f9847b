// The broker that the supervisor of Home Assistant knows: asked for, used, and done without.

import { equal, ok, rejects } from "node:assert/strict";
import { Home } from "../../src/io/home.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import { supervisorBroker } from "../../src/io/supervisor_broker.ts";
import { brokerTest } from "../support/broker.ts";
import { withFakeHomeAssistant } from "../support/fake_home_assistant.ts";
import { withProxy } from "../support/running_proxy.ts";
import { until } from "../support/until.ts";

/** A supervisor that answers `GET /services/mqtt`; runs the test with its address. */
async function withSupervisor(
  answer: (token: string | null) => Response,
  test: (url: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/services/mqtt") return new Response(null, { status: 404 });
    return answer(request.headers.get("authorization"));
  });
  try {
    await test(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

const MQTT: NonNullable<Configuration["mqtt"]> = {
  enabled: true,
  topic: "ocpp-proxy",
  discoveryPrefix: "homeassistant",
  name: "Charger",
};

brokerTest("an app of Home Assistant finds the broker by itself", (broker) =>
  withSupervisor(
    (token) =>
      token === "Bearer given"
        ? Response.json({
          result: "ok",
          data: {
            host: "127.0.0.1",
            port: broker.port,
            ssl: false,
            username: broker.username,
            password: broker.password,
            protocol: "3.1.1",
          },
        })
        : new Response(null, { status: 401 }),
    (url) =>
      withProxy("", async ({ proxy }) => {
        const supervisor = { url, token: "given" };
        proxy.reconfigure({ ...proxy.configuration, mqtt: MQTT, supervisor });
        const home = new Home(proxy, () => {});
        try {
          await until(() => home.health().mqtt?.connected, 5_000, "the broker");
        } finally {
          await home.close();
        }
      }),
  ));

Deno.test("without a broker at the supervisor states go by REST", () =>
  withSupervisor(
    () => Response.json({ result: "error", message: "Service not enabled" }, { status: 400 }),
    (url) =>
      withFakeHomeAssistant((fake) =>
        withProxy(fake.yaml, async ({ proxy, logged }) => {
          const supervisor = { url, token: "given" };
          proxy.reconfigure({ ...proxy.configuration, mqtt: MQTT, supervisor });
          const home = new Home(proxy, (_, message) => void logged.push(message));
          try {
            await until(() => fake.posted.size === 8, 10_000, "the states");
            equal(home.health().mqtt?.problem, "Home Assistant has no broker");
            ok(logged.some((line) => line.includes("read-only states")));
          } finally {
            await home.close();
          }
        })
      ),
  ));

Deno.test("an answer of the supervisor that names no broker is told in a sentence", async () => {
  const broker = { host: "core-mosquitto", port: 1883 };
  const sentence = "the supervisor's answer does not say where its MQTT broker is";
  const answers = [
    ["{}", "(data)"],
    ["null", ""],
    ["no JSON", ""],
    ['{"data":null}', "(data)"],
    [JSON.stringify({ data: { ...broker, host: "a/b@c" } }), "(data.host)"],
    [JSON.stringify({ data: { ...broker, port: "1883" } }), "(data.port)"],
    [JSON.stringify({ data: { ...broker, password: 7 } }), "(data.password)"],
    [JSON.stringify({ data: broker }).padEnd(100_000), ""],
  ] as const;
  for (const [answer, where] of answers) {
    await withSupervisor(() => new Response(answer), async (url) => {
      const asked = supervisorBroker({ url, token: "given" }, new AbortController().signal);
      await rejects(asked, (error: Error) => {
        equal(error.message, where === "" ? sentence : `${sentence} ${where}`, answer.slice(0, 80));
        return true;
      });
    });
  }
});
