// The state in words: for `status`, REST, and a backend that asks.

import type { JsonObject } from "../ocpp/json.ts";
import { formatTime } from "../ocpp/time.ts";
import { mayKnow } from "./backend.ts";
import type { Backend } from "./backend_state.ts";
import { limitReport } from "./limit_report.ts";
import { isForeign } from "./masked_status.ts";
import { questionView } from "./question.ts";
import type { SessionRecord } from "./record.ts";
import { openSessions } from "./session.ts";
import { sessionFlags, sessionMoney } from "./session_money.ts";
import type { State } from "./state.ts";
import type { Step } from "./step_context.ts";

/** Everything that the owner may know. */
export interface StatusReport extends JsonObject {
  charger: JsonObject;
  mode: JsonObject;
  /** The owner's, for everybody. */
  owner_limit: { current_a: number; until: string | null } | null;
  /** What the charger is allowed now, and whether it has that. */
  limit: JsonObject;
  holder: JsonObject | null;
  /** A hand-over under way. */
  handover: JsonObject | null;
  /** Who waits for control, in turn. */
  queue: JsonObject[];
  /** What the owner is being asked. */
  questions: JsonObject[];
  sessions: JsonObject[];
  backends: JsonObject[];
  decisions: JsonObject[];
}

/** The state of charger, control and backends. */
export function statusReport(state: State, now: number): StatusReport {
  const { charger, control } = state;
  const { lease, mode, ownerLimit, handover } = control;
  return {
    charger: {
      id: charger.id ?? null,
      connected: charger.connection !== undefined,
      since: charger.connection === undefined ? null : formatTime(charger.connectedAt),
      address: charger.connection === undefined ? null : charger.remoteAddress,
      vendor: charger.boot?.chargePointVendor ?? null,
      model: charger.boot?.chargePointModel ?? null,
      firmware: charger.boot?.firmwareVersion ?? null,
      connectors: connectors(state),
    },
    mode: {
      mode: mode.mode === "backend" ? mode.backendId : mode.mode,
      until: timeOrNull(control.modeUntil),
    },
    owner_limit: ownerLimit
      ? { current_a: ownerLimit.currentA, until: timeOrNull(ownerLimit.until) }
      : null,
    limit: limitReport(state, now),
    holder: lease
      ? {
        backend_id: lease.backendId,
        since: formatTime(lease.grantedAt),
        transaction_id: lease.transactionId ?? null,
        expires: lease.transactionId === undefined ? formatTime(lease.expiresAt) : null,
        limit: lease.limit ? { current_a: lease.limit.currentA, rule: lease.limit.rule } : null,
      }
      : null,
    handover: handover
      ? {
        backend_id: handover.backendId,
        from: handover.from,
        reason: handover.reason,
        deadline: formatTime(handover.deadline),
      }
      : null,
    queue: control.queue.map(({ backendId, connectorId, since }) => ({
      backend_id: backendId,
      connector_id: connectorId ?? null,
      since: formatTime(since),
    })),
    questions: [...control.questions.values()].map((question) => questionView(state, question)),
    sessions: openSessions(state).map((session) => running(session, now, undefined)),
    backends: [...state.backends.values()].map((backend) => backendReport(state, backend)),
    decisions: state.decisions.map((row) => ({
      time: formatTime(row.at),
      backend_id: row.backendId,
      request: row.request,
      outcome: row.outcome,
      rule: row.rule,
      reason: row.reason,
    })),
  };
}

/** What a JSON backend gets for `status`: the charger, and of sessions what it may see. */
export function backendView({ state, now }: Step, backend: Backend): JsonObject {
  const { lease } = state.control;
  return {
    charger: { id: state.charger.id ?? null, connected: state.charger.connection !== undefined },
    connectors: connectors(state).map((connector) =>
      isForeign(state, backend, Number(connector.connector_id))
        ? { connector_id: connector.connector_id, status: "Unavailable" }
        : connector
    ),
    control: {
      held: lease?.backendId === backend.id,
      free: lease === undefined,
    },
    sessions: openSessions(state)
      .filter((session) => mayKnow(backend, session.backendId))
      .map((session) => running(session, now, backend.id)),
  };
}

function timeOrNull(time: number | undefined): string | null {
  return time === undefined ? null : formatTime(time);
}

function connectors({ charger }: State): JsonObject[] {
  return [...charger.connectors.values()]
    .map(({ status, at }) => ({
      connector_id: status.connectorId,
      status: status.status,
      error_code: status.errorCode,
      since: formatTime(at),
    }))
    .sort((a, b) => a.connector_id - b.connector_id);
}

/** `readerId` undefined: for the owner. */
function running(session: SessionRecord, now: number, readerId: string | undefined): JsonObject {
  return {
    transaction_id: session.transactionId,
    connector_id: session.connectorId,
    backend_id: session.backendId,
    booked_by: session.bookedBy,
    started_at: formatTime(session.startedAt),
    duration_s: Math.max(0, Math.round((now - session.startedAt) / 1000)),
    energy_kwh: session.energyWh / 1000,
    metered_at: session.meteredAt === null ? null : formatTime(session.meteredAt),
    flags: sessionFlags(session, readerId),
    ...sessionMoney(session, readerId),
  };
}

function backendReport(state: State, backend: Backend): JsonObject {
  const { link, configuration } = backend;
  return {
    id: backend.id,
    role: configuration.role,
    dials: configuration.url === undefined ? "in" : "out",
    connected: link.type === "open",
    protocol: link.type === "open" ? link.protocol : null,
    since: link.type === "open" ? formatTime(link.since) : null,
    registration: link.type === "open" ? backend.registration : null,
    next_dial: link.type === "waiting" ? formatTime(link.until) : null,
    problem: backend.lastProblem ?? null,
    // Entries of the log that it has not acknowledged; some of them it may not see.
    backlog: keepsLog(backend) ? state.log.lastSequence - backend.cursor : 0,
    set_aside: backend.setAside,
  };
}

function keepsLog({ link, configuration }: Backend): boolean {
  return link.type !== "open" || link.protocol === "ocpp1.6" || configuration.durable;
}
