// The links to the house end in time, whatever the other side does not do.

import { equal, ok } from "node:assert/strict";
import { Home } from "../../src/io/home.ts";
import { withFakeHomeAssistant } from "../support/fake_home_assistant.ts";
import { MuteBroker } from "../support/mute_broker.ts";
import { withProxy } from "../support/running_proxy.ts";
import { until } from "../support/until.ts";

/** The longest that the links may take to close, ms. */
const CLOSE_MS = 3_500;

async function assertEnds(home: Home): Promise<void> {
  const begin = performance.now();
  await home.close();
  const tookMs = performance.now() - begin;
  ok(tookMs < CLOSE_MS, `${tookMs} ms`);
}

Deno.test("a broker that confirms nothing does not keep the proxy from ending", async () => {
  const broker = new MuteBroker();
  try {
    await withProxy(broker.yaml, async ({ proxy }) => {
      const home = new Home(proxy, () => {});
      await until(() => broker.wasTold, 5_000, "the announcement");
      await assertEnds(home);
      await until(() => broker.clients === 0, 5_000, "the end of the connection");
    });
  } finally {
    await broker.close();
  }
});

Deno.test("Home Assistant that answers no more does not keep the proxy from ending", () =>
  withFakeHomeAssistant((fake) =>
    withProxy(fake.yaml, async ({ proxy }) => {
      const home = new Home(proxy, () => {});
      await until(() => home.health().homeAssistant?.connected, 5_000, "the connection");
      fake.mood = "deaf";
      await assertEnds(home);
    })
  ));

Deno.test("a supervisor that answers nothing does not keep the proxy from ending", async () => {
  const silent = Promise.withResolvers<Response>();
  let asked = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    asked++;
    return silent.promise;
  });
  try {
    await withProxy("", async ({ proxy }) => {
      const supervisor = { url: `http://127.0.0.1:${server.addr.port}`, token: "given" };
      const mqtt = {
        enabled: true,
        topic: "ocpp-proxy",
        discoveryPrefix: "homeassistant",
        name: "Charger",
      };
      proxy.reconfigure({ ...proxy.configuration, mqtt, supervisor });
      const home = new Home(proxy, () => {});
      await until(() => asked > 0, 5_000, "the question");
      await assertEnds(home);
      equal(asked, 1);
    });
  } finally {
    silent.resolve(new Response(null, { status: 500 }));
    await server.shutdown();
  }
});
