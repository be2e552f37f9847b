// The state of the charger as Home Assistant's entities show it: one object, numbers as numbers.

import type { StatusReport } from "../core/status_report.ts";
import type { JsonObject, JsonValue } from "../ocpp/json.ts";
import { formatTime } from "../ocpp/time.ts";
import { modeLabel } from "./home_mode.ts";
import type { HomeTotals } from "./home_totals.ts";
import type { PowerReading } from "./power_reading.ts";

/** States of a connector (OCPP 1.6, section 7.7), and one for a charger that is not there. */
export const CHARGER_STATES = [
  "available",
  "preparing",
  "charging",
  "suspended_evse",
  "suspended_ev",
  "finishing",
  "reserved",
  "unavailable",
  "faulted",
  "offline",
] as const;

/** States of a connector with a cable in the car. */
const PLUGGED: ReadonlySet<string> = new Set([
  "preparing",
  "charging",
  "suspended_evse",
  "suspended_ev",
  "finishing",
]);

const NO_PHASES = [null, null, null] as const;

/** The longest text that Home Assistant takes for a state, characters. */
export const MAX_STATE_LENGTH = 255;

/** What the report does not say. */
export interface HomeSources {
  /** undefined: they cannot be read now. */
  readonly totals: HomeTotals | undefined;
  /** When the month began, epoch milliseconds. */
  readonly monthStart: number;
  /** undefined: the meter has said nothing in this session. */
  readonly reading: PowerReading | undefined;
  /** The highest limit that the owner can set, A. */
  readonly highestCurrentA: number;
  /** ISO 4217; amounts of another one are left out. */
  readonly currency: string;
  /** The card of the running session, masked; undefined: nobody has seen it begin. */
  readonly card: string | undefined;
}

/** The state; null is what nobody knows. */
export function homeState(report: StatusReport, sources: HomeSources): JsonObject {
  const { charger, sessions } = report;
  const session = sessions[0];
  return {
    ...chargerState(charger, connectorOf(charger, session), sources.reading, session === undefined),
    ...sessionState(session, sources),
    ...totalState(report, sources),
    ...controlState(report, sources.highestCurrentA),
    ...limitState(report.limit),
  };
}

function chargerState(
  charger: JsonObject,
  connector: JsonObject | undefined,
  reading: PowerReading | undefined,
  idle: boolean,
): JsonObject {
  const online = charger.connected === true;
  const status = online ? snakeCase(connector?.status) : "offline";
  const phases = online ? reading : undefined;
  return {
    status,
    fault: connector?.status === "Faulted",
    fault_details: {
      connector_id: connector?.connector_id ?? null,
      error_code: connector?.error_code ?? null,
    },
    online,
    plugged: PLUGGED.has(status),
    charging: status === "charging",
    // Chargers fall silent when a session ends.
    power_w: !online ? null : idle ? 0 : reading?.powerW ?? null,
    current_a: [...phases?.currentA ?? NO_PHASES],
    voltage_v: [...phases?.voltageV ?? NO_PHASES],
  };
}

function sessionState(session: JsonObject | undefined, sources: HomeSources): JsonObject {
  const { currency, card } = sources;
  const inOurs = (amount: JsonValue | undefined, its: JsonValue | undefined) =>
    its === currency ? amount ?? null : null;
  return {
    session: {
      energy_kwh: session?.energy_kwh ?? 0,
      started: session?.started_at ?? null,
      booked_to: payerOf(session),
      revenue: inOurs(session?.revenue, session?.currency),
      cost: inOurs(session?.cost, session?.cost_currency),
      card: (session && card) ?? null,
    },
  };
}

/** A total that nobody can read now is unknown: less than before would count as a new meter. */
function totalState(
  { sessions, backends }: StatusReport,
  { totals, monthStart }: HomeSources,
): JsonObject {
  const running = sessions.reduce((sum, { energy_kwh }) => sum + Number(energy_kwh), 0);
  const earned = [...totals?.month.values() ?? []].reduce((sum, { revenue }) => sum + revenue, 0);
  return {
    energy_kwh: totals ? rounded(totals.energyKwh + running) : null,
    month_since: formatTime(monthStart),
    month_revenue: totals ? rounded(earned) : null,
    backends_connected: backends.filter(({ connected }) => connected === true).length,
    backends: Object.fromEntries(
      backends.map((backend) => [String(backend.id), backendState(backend, totals)]),
    ),
  };
}

function backendState(backend: JsonObject, totals: HomeTotals | undefined): JsonObject {
  const { id, role, connected, backlog, problem, next_dial } = backend;
  const month = totals && (totals.month.get(String(id)) ?? { energyKwh: 0, revenue: 0 });
  return {
    online: connected ?? false,
    backlog: backlog ?? 0,
    details: { role: role ?? null, problem: problem ?? null, next_dial: next_dial ?? null },
    month_energy_kwh: month ? rounded(month.energyKwh) : null,
    month_revenue: month ? rounded(month.revenue) : null,
  };
}

function controlState(report: StatusReport, highestCurrentA: number): JsonObject {
  const { mode: { mode, until }, owner_limit, decisions, questions } = report;
  const decision = decisions.at(-1);
  return {
    holder: holderOf(report),
    decision: decision === undefined ? "none yet" : shortened(
      `${decision.backend_id ?? "owner"}: ${decision.reason}`,
    ),
    decision_details: { ...decision },
    questions: questions.length,
    question_details: { questions },
    mode: modeLabel(String(mode)),
    mode_until: until ?? null,
    sharing: mode !== "owner_only" && mode !== "paused",
    charging_allowed: mode !== "paused",
    owner_limit_a: Math.min(owner_limit?.current_a ?? highestCurrentA, highestCurrentA),
  };
}

function limitState({ current_a, by, until, applied, problem }: JsonObject): JsonObject {
  return {
    limit_a: current_a ?? null,
    limit_by: by ?? "none",
    limit_details: { until: until ?? null, applied: applied ?? null, problem: problem ?? null },
  };
}

/** A backend's id, `owner` where nobody else is let, or `none`. */
export function holderOf({ holder, mode: { mode } }: StatusReport): string {
  if (holder !== null) return String(holder.backend_id);
  return mode === "owner_only" || mode === "paused" ? "owner" : "none";
}

/** A backend's id, `household`, or `none` while nobody charges. */
export function payerOf(session: JsonObject | undefined): string {
  return session === undefined ? "none" : String(session.backend_id ?? "household");
}

/** The connector with the session; else the first that is in use; else the first. */
function connectorOf(charger: JsonObject, session: JsonObject | undefined): JsonObject | undefined {
  const connectors = charger.connectors as JsonObject[];
  const plugs = connectors.filter(({ connector_id }) => connector_id !== 0);
  return plugs.find(({ connector_id }) => connector_id === session?.connector_id) ??
    plugs.find(({ status }) => status !== "Available") ?? plugs[0] ?? connectors[0];
}

/** `SuspendedEVSE` → `suspended_evse`; a charger that has said nothing yet: `unavailable`. */
function snakeCase(status: unknown): string {
  const word = String(status ?? "").replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
  return CHARGER_STATES.find((state) => state === word) ?? "unavailable";
}

function rounded(value: number): number {
  return Math.round(value * 1_000_000) / 1_000_000;
}

function shortened(text: string): string {
  return text.length <= MAX_STATE_LENGTH ? text : `${text.slice(0, MAX_STATE_LENGTH - 1)}…`;
}
