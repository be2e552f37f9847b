// `GET /status`: the keys of the first ocpp-proxy, and the whole report.

import type { StatusReport } from "../core/status_report.ts";
import type { JsonObject } from "../ocpp/json.ts";
import type { HomeHealth } from "./home.ts";
import type { Proxy } from "./proxy.ts";

/** The report as everybody gets it who may read. */
export function apiStatus(proxy: Proxy, home?: HomeHealth): JsonObject {
  const report = proxy.report();
  return {
    websocket_backends: connectedDialIns(report),
    lock_owner: report.holder?.backend_id ?? null,
    ocpp_services: services(report),
    ...report,
    database_problem: proxy.storeFailure ?? null,
    home_assistant: home?.homeAssistant ? { ...home.homeAssistant } : null,
    mqtt: home?.mqtt ? { ...home.mqtt } : null,
  };
}

function connectedDialIns({ backends }: StatusReport): string[] {
  return backends.filter(({ dials, connected }) => dials === "in" && connected)
    .map(({ id }) => String(id));
}

function services({ backends }: StatusReport): JsonObject {
  return Object.fromEntries(
    backends.filter(({ dials }) => dials === "out").map(({ id, connected, registration }) => [
      String(id),
      { connected, authenticated: registration === "accepted", version: "1.6" },
    ]),
  );
}
