// `GET /metrics`: the state as Prometheus reads it (text format 0.0.4), made from the status report.

import type { StatusReport } from "../core/status_report.ts";
import type { JsonObject, JsonValue } from "../ocpp/json.ts";

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels?: Labels;
  /** undefined: unknown, and left out. */
  readonly value: number | undefined;
}

/** The content type that Prometheus expects. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Every figure, each with a line of what it is. `storing`: the database takes writes. */
export function metricsText(report: StatusReport, storing: boolean): string {
  const { charger, backends, sessions, queue, questions, limit, holder } = report;
  const perBackend = (value: (backend: JsonObject) => number): Sample[] =>
    backends.map((backend) => ({
      labels: { backend: String(backend.id) },
      value: value(backend),
    }));
  const perSession = (value: (session: JsonObject) => number | undefined): Sample[] =>
    sessions.map((session) => ({
      labels: {
        connector: String(session.connector_id),
        backend: String(session.backend_id ?? ""),
      },
      value: value(session),
    }));
  const connectors = (charger.connectors ?? []) as JsonObject[];
  return [
    gauge("charger_connected", "1 while the charger is connected.", [
      { value: Number(charger.connected === true) },
    ]),
    gauge(
      "connector_status",
      "1 for the state that a connector reported last.",
      connectors.map((connector) => ({
        labels: {
          connector: String(connector.connector_id),
          status: String(connector.status),
          error_code: String(connector.error_code),
        },
        value: 1,
      })),
    ),
    gauge(
      "backend_connected",
      "1 while a backend is connected.",
      perBackend(({ connected }) => Number(connected === true)),
    ),
    gauge(
      "backend_backlog_messages",
      "Transaction messages that a backend has not acknowledged.",
      perBackend(({ backlog }) => Number(backlog)),
    ),
    gauge(
      "backend_set_aside_messages",
      "Messages that a backend refused for good.",
      perBackend(({ set_aside }) => Number(set_aside)),
    ),
    gauge(
      "control_held",
      "1 for the backend that holds control.",
      perBackend(({ id }) => Number(id === holder?.backend_id)),
    ),
    gauge("control_queue_length", "Backends that wait for control.", [{ value: queue.length }]),
    gauge("open_questions", "Questions to the owner.", [{ value: questions.length }]),
    gauge("limit_amperes", "What the charger is allowed, per phase; absent: no limit.", [
      { value: amount(limit.current_a) },
    ]),
    gauge("limit_applied", "1 while the charger has what it is allowed.", [
      { value: Number(limit.applied === true) },
    ]),
    gauge(
      "session_energy_watt_hours",
      "Energy of a running session.",
      perSession(({ energy_kwh }) => Math.round(1000 * Number(energy_kwh))),
    ),
    gauge(
      "session_duration_seconds",
      "Time since a running session began.",
      perSession(({ duration_s }) => Number(duration_s)),
    ),
    gauge("database_writable", "1 while the database takes writes.", [{ value: Number(storing) }]),
  ].join("");
}

function amount(value: JsonValue | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  const full = `ocpp_proxy_${name}`;
  const lines = samples.flatMap(({ labels = {}, value }) => {
    if (value === undefined) return [];
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    return [`${full}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}\n`];
  });
  return `# HELP ${full} ${help}\n# TYPE ${full} gauge\n${lines.join("")}`;
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => character === "\n" ? "\\n" : `\\${character}`);
}
