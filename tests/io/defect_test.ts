// A bug of ours: the message that meets it is answered, and everything else goes on.

import assert from "node:assert/strict";
import { WebSocket } from "ws";
import { until } from "../support/until.ts";
import { withProxy } from "../support/running_proxy.ts";

Deno.test("a charger whose message meets a defect is answered and stays connected", () =>
  withProxy("", async ({ proxy, port, logged }) => {
    const { configuration } = proxy;
    proxy.reconfigure({
      ...configuration,
      core: {
        ...configuration.core,
        get idTags(): never {
          throw new Error("planted");
        },
      },
    });
    const charger = new WebSocket(`ws://127.0.0.1:${port}/charger/CP1`, ["ocpp1.6"]);
    const answers: unknown[][] = [];
    charger.on("message", (data) => answers.push(JSON.parse(String(data))));
    await until(() => charger.readyState === WebSocket.OPEN, 2_000, "an open socket");
    charger.send('[2,"1","Authorize",{"idTag":"TAG"}]');
    charger.send('[2,"2","Heartbeat",{}]');
    await until(() => answers.length === 2, 2_000, "two answers");
    assert.deepEqual(answers[0]?.slice(0, 3), [4, "1", "InternalError"]);
    assert.deepEqual(answers[1]?.slice(0, 2), [3, "2"]);
    assert.ok(
      logged.some((line) => line.includes("a defect of the proxy") && line.includes("planted")),
    );
    charger.close();
    await until(() => charger.readyState === WebSocket.CLOSED, 2_000, "a closed socket");
  }));
