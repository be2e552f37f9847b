// /metrics: what Prometheus reads, and that names chosen by others cannot break it.

import assert from "node:assert/strict";
import { metricsText } from "../../src/io/api_metrics.ts";
import { statusReport } from "../../src/core/status_report.ts";
import { backend, configuration, Harness } from "../core/harness.ts";
import { withProxy } from "../support/running_proxy.ts";

function stage(): Harness {
  const h = new Harness(configuration({
    backends: [backend("solar", "controller"), backend('odd "one\\', "controller")],
    charger: { maxCurrentA: 16 },
  }));
  h.bootCharger();
  h.attach("solar");
  h.backendCalls("solar", "RemoteStartTransaction", { connectorId: 1, idTag: "X" });
  h.chargerAnswers({ status: "Accepted" });
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StartTransaction", { connectorId: 1, idTag: "X", meterStart: 0, timestamp });
  h.pass(60_000);
  return h;
}

function samples(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

Deno.test("each figure has its line of help, its type, and its labels", () => {
  const h = stage();
  const text = metricsText(statusReport(h.state, h.now), true);
  const found = samples(text);
  for (
    const line of [
      "ocpp_proxy_charger_connected 1",
      'ocpp_proxy_backend_connected{backend="solar"} 1',
      'ocpp_proxy_control_held{backend="solar"} 1',
      'ocpp_proxy_session_duration_seconds{connector="1",backend="solar"} 60',
      "ocpp_proxy_limit_amperes 16",
      "ocpp_proxy_database_writable 1",
      String.raw`ocpp_proxy_backend_connected{backend="odd \"one\\"} 0`,
    ]
  ) assert.ok(found.includes(line), `${line} is not in\n${text}`);
  for (const line of found) {
    const name = /^\w+/.exec(line)![0];
    assert.ok(text.includes(`# TYPE ${name} gauge\n`), name);
    assert.match(
      line,
      /^[a-z_]+(\{[a-z_]+="(?:[^"\\]|\\.)*"(,[a-z_]+="(?:[^"\\]|\\.)*")*\})? [\d.]+$/,
    );
  }
});

Deno.test("a limit that nobody set is no figure", () => {
  const h = new Harness(configuration());
  const text = metricsText(statusReport(h.state, h.now), false);
  assert.ok(!samples(text).some((line) => line.startsWith("ocpp_proxy_limit_amperes")));
  assert.ok(samples(text).includes("ocpp_proxy_database_writable 0"));
});

Deno.test("the route answers in the type that Prometheus expects", () =>
  withProxy("", async ({ url }) => {
    const response = await fetch(`${url}/metrics`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
    assert.match(await response.text(), /^ocpp_proxy_charger_connected 0$/m);
  }));
