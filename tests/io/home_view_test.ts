// What the house sees of a proxy: totals that follow whatever becomes of sessions.

import { equal } from "node:assert/strict";
import { HomeView } from "../../src/io/home_view.ts";
import type { Proxy } from "../../src/io/proxy.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { withProxy } from "../support/running_proxy.ts";

const CONNECTION = 1_000_000;

function connect(proxy: Proxy): (action: string, payload: JsonObject) => void {
  proxy.dispatch({
    type: "charger_connected",
    connection: CONNECTION,
    chargePointId: "CP1",
    remoteAddress: "192.0.2.1",
  });
  let id = 0;
  return (action, payload) =>
    proxy.dispatch({
      type: "charger_frame",
      connection: CONNECTION,
      text: JSON.stringify([2, String(++id), action, payload]),
    });
}

Deno.test("a stop that comes late is in the totals, though nothing begins or ends", async () => {
  await withProxy("backends: []", ({ proxy }) => {
    const view = new HomeView(proxy, () => {});
    const { stop } = proxy.feed.follow(({ data }) => view.happened(JSON.parse(data)));
    const say = connect(proxy);
    const at = (minutesAgo: number) => new Date(proxy.now() - minutesAgo * 60_000).toISOString();
    const start = (meterStart: number, timestamp: string) =>
      say("StartTransaction", { connectorId: 1, idTag: "TAG", meterStart, timestamp });
    start(0, at(60));
    // The stop before it has been lost, and with it what came after the last meter value.
    start(9_000, at(10));
    const [first] = proxy.report().sessions.map(({ transaction_id }) => Number(transaction_id) - 1);
    equal(view.state().energy_kwh, 9);
    say("StopTransaction", { transactionId: first!, meterStop: 10_000, timestamp: at(9) });
    equal(view.state().energy_kwh, 10);
    stop();
    return Promise.resolve();
  });
});
