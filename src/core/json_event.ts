// The events of the simple JSON protocol (contract, section 6): OCPP's names in snake_case.

import type { JsonObject, JsonValue } from "../ocpp/json.ts";
import { formatTime } from "../ocpp/time.ts";
import type { BootNotificationRequest, StatusNotificationRequest } from "../ocpp/types.ts";
import type { LogEntry, SessionRecord } from "./record.ts";
import { sessionFlags, sessionMoney } from "./session_money.ts";

/** An event without its `time`. */
export interface JsonEvent extends JsonObject {
  type: string;
}

/** `boot`; `vendor` and `model` as the first ocpp-proxy named them. */
export function bootEvent(request: BootNotificationRequest): JsonEvent {
  return {
    type: "boot",
    vendor: request.chargePointVendor,
    model: request.chargePointModel,
    ...snakeCase(request) as JsonObject,
  };
}

/** `status` of a connector. */
export function statusEvent(request: StatusNotificationRequest): JsonEvent {
  return { type: "status", ...snakeCase(request) as JsonObject };
}

/** `meter` outside of a transaction. */
export function meterEvent(payload: JsonObject): JsonEvent {
  return {
    type: "meter",
    connector_id: payload.connectorId,
    values: snakeCase(payload.meterValue ?? []),
  };
}

/** Whom events are made for. */
export interface EventReader {
  /** undefined: the owner. */
  readonly backendId: string | undefined;
  /** Puts an id tag into the reader's own. */
  readonly asKnown: (idTag: string) => string;
}

const OWNER: EventReader = { backendId: undefined, asKnown: (idTag) => idTag };

/** The events of one entry of the log, as the reader may see them. */
export function entryEvents(entry: LogEntry, reader: EventReader = OWNER): JsonEvent[] {
  const { asKnown } = reader;
  const { transactionId: transaction_id, connectorId: connector_id, payload } = entry;
  switch (entry.action) {
    case "StartTransaction": {
      // A JSON backend cannot reserve: the id is another's, as the charger knows it.
      const { reservationId: _, ...known } = payload;
      return [{
        type: "transaction_started",
        transaction_id,
        ...snakeCase(withTag(known, asKnown)) as JsonObject,
      }];
    }
    case "MeterValues":
      return [{ ...meterEvent(payload), transaction_id, connector_id }];
    case "StopTransaction": {
      const stopped: JsonEvent = {
        type: "transaction_stopped",
        transaction_id,
        connector_id,
        ...snakeCase(withTag(payload, asKnown)) as JsonObject,
      };
      return entry.session ? [stopped, sessionEvent(entry.session, reader)] : [stopped];
    }
    default:
      return entry.action satisfies never;
  }
}

function withTag(payload: JsonObject, asKnown: (idTag: string) => string): JsonObject {
  const { idTag } = payload;
  return typeof idTag === "string" ? { ...payload, idTag: asKnown(idTag) } : payload;
}

function sessionEvent(session: SessionRecord, { backendId, asKnown }: EventReader): JsonEvent {
  const { startedAt, stoppedAt } = session;
  return {
    type: "session",
    transaction_id: session.transactionId,
    connector_id: session.connectorId,
    backend_id: session.backendId,
    id_tag: asKnown(session.idTag),
    started_at: formatTime(startedAt),
    stopped_at: stoppedAt === null ? null : formatTime(stoppedAt),
    duration_s: stoppedAt === null ? null : Math.round((stoppedAt - startedAt) / 1000),
    energy_kwh: session.energyWh / 1000,
    stop_reason: session.stopReason,
    flags: sessionFlags(session, backendId),
    ...sessionMoney(session, backendId),
  };
}

function snakeCase(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== "object" || value === null) return value;
  const result: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    result[key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = snakeCase(item);
  }
  return result;
}
