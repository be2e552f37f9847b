// The state of the charger as Home Assistant's entities show it: one object, numbers as numbers.

import type { StatusReport } from "../core/status_report.ts";
import type { JsonObject } from "../ocpp/json.ts";
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

/** The longest text that Home Assistant takes for a state, characters. */
export const MAX_STATE_LENGTH = 255;

/** What the report does not say. */
export interface HomeSources {
  readonly totals: HomeTotals;
  /** undefined: the meter has said nothing in this session. */
  readonly reading: PowerReading | undefined;
  /** The highest limit that the owner can set, A. */
  readonly highestCurrentA: number;
}

/** The state; null is what nobody knows. */
export function homeState(report: StatusReport, sources: HomeSources): JsonObject {
  const { charger, mode, limit, owner_limit, holder, sessions, backends, decisions } = report;
  const { totals, reading, highestCurrentA } = sources;
  const session = sessions[0];
  const connector = connectorOf(charger, session);
  const online = charger.connected === true;
  const status = online ? snakeCase(connector?.status) : "offline";
  const running = sessions.reduce((sum, { energy_kwh }) => sum + Number(energy_kwh), 0);
  const decision = decisions.at(-1);
  return {
    status,
    fault: connector?.status === "Faulted",
    error_code: connector?.error_code ?? null,
    online,
    plugged: PLUGGED.has(status),
    charging: status === "charging",
    // Chargers fall silent when a session ends.
    power_w: !online ? null : session === undefined ? 0 : reading?.powerW ?? null,
    current_a: online ? [...reading?.currentA ?? [null, null, null]] : [null, null, null],
    voltage_v: online ? [...reading?.voltageV ?? [null, null, null]] : [null, null, null],
    energy_kwh: rounded(totals.energyKwh + running),
    session: {
      energy_kwh: session?.energy_kwh ?? 0,
      started: session?.started_at ?? null,
      booked_to: session === undefined ? "none" : session.backend_id ?? "household",
      revenue: session?.revenue ?? null,
    },
    holder: holder?.backend_id ?? "none",
    decision: decision === undefined ? "none yet" : shortened(
      `${decision.backend_id ?? "owner"}: ${decision.reason}`,
    ),
    mode: modeLabel(String(mode.mode)),
    mode_until: mode.until ?? null,
    sharing: mode.mode !== "owner_only" && mode.mode !== "paused",
    owner_limit_a: Math.min(owner_limit?.current_a ?? highestCurrentA, highestCurrentA),
    limit_a: limit.current_a ?? null,
    limit_by: limit.by ?? "none",
    month_since: formatTime(totals.monthStart),
    backends: Object.fromEntries(
      backends.map(({ id, connected, backlog, problem }) => [String(id), {
        online: connected ?? false,
        backlog: backlog ?? 0,
        problem: problem ?? null,
        month_energy_kwh: rounded(totals.month.get(String(id))?.energyKwh ?? 0),
        month_revenue: rounded(totals.month.get(String(id))?.revenue ?? 0),
      }]),
    ),
  };
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
