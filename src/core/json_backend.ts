// The simple JSON protocol on /backend (contract, section 6): requests, replies, events.

import { type JsonObject, stringifyJson } from "../ocpp/json.ts";
import { formatTime } from "../ocpp/time.ts";
import type { Backend } from "./backend_state.ts";
import { entryAfter, PAGE_ENTRIES, pass, visible } from "./delivery.ts";
import { tagFor } from "./id_tag.ts";
import { entryEvents, type EventReader, type JsonEvent, statusEvent } from "./json_event.ts";
import { viewOf } from "./masked_status.ts";
import type { Step } from "./step_context.ts";
import { toldReason } from "./told_reason.ts";

/** The event types there are. */
export const EVENT_TYPES: readonly string[] = [
  "charger_connected",
  "charger_disconnected",
  "boot",
  "heartbeat",
  "status",
  "meter",
  "transaction_started",
  "transaction_stopped",
  "control_granted",
  "control_denied",
  "control_revoked",
  "control_released",
  "session",
];

/** A durable backend gets no more once so many characters await its confirmation. */
const MAX_UNCONFIRMED_LENGTH = 64 * 1024;

/** Returns the length of what was sent. */
export function write(
  step: Step,
  backend: Backend,
  connection: number,
  message: JsonObject,
): number {
  if (backend.link.type !== "open" || backend.link.connection !== connection) return 0;
  const text = stringifyJson(message);
  step.effects.push({ type: "send_backend", backendId: backend.id, connection, text });
  return text.length;
}

/** A JSON backend is here: what it missed, if that was kept for it, and the present state. */
export function connectJson(step: Step, backend: Backend): void {
  const { charger, log } = step.state;
  backend.registration = "accepted";
  backend.events = undefined;
  if (!backend.configuration.durable) pass(step, backend, log.lastSequence, false);
  backend.sentSequence = backend.cursor;
  backend.unconfirmedLength = 0;
  if (charger.connection !== undefined) {
    emitJsonTo(step, backend.id, {
      type: "charger_connected",
      charge_point_id: charger.id ?? null,
    });
  }
  for (const id of [...charger.connectors.keys()].sort((a, b) => a - b)) {
    emitJsonTo(step, backend.id, statusEvent(charger.connectors.get(id)!.status));
  }
  deliverJson(step, backend);
}

/** Sends the log's entries as events; a durable backend has to confirm them with a pong. */
export function deliverJson(step: Step, backend: Backend): void {
  if (backend.link.type !== "open") return;
  const { connection } = backend.link;
  const { durable } = backend.configuration;
  const { delivery } = backend;
  if (delivery.notBefore <= step.now) delivery.notBefore = 0;
  const reader: EventReader = {
    backendId: backend.id,
    asKnown: (idTag) => tagFor(step.state, backend.id, idTag),
  };
  let sent = false;
  while (!durable || mayGetMore(backend)) {
    const entry = entryAfter(step, backend, backend.sentSequence);
    if (entry === undefined) break;
    backend.sentSequence = entry.sequence;
    sent = true;
    if (!durable) pass(step, backend, entry.sequence, false);
    if (!visible(step.state, backend, entry)) continue;
    for (const event of entryEvents(entry, reader)) {
      const numbered = durable ? { ...event, sequence: entry.sequence } : event;
      backend.unconfirmedLength += emitJsonTo(step, backend.id, numbered);
    }
  }
  if (!durable || !sent) return;
  step.effects.push({
    type: "probe_backend",
    backendId: backend.id,
    connection,
    sequence: backend.sentSequence,
  });
}

function mayGetMore({ sentSequence, cursor, unconfirmedLength }: Backend): boolean {
  return sentSequence - cursor < PAGE_ENTRIES && unconfirmedLength < MAX_UNCONFIRMED_LENGTH;
}

/** The backend's stack has received everything up to `sequence`. */
export function receivedByJson(
  step: Step,
  backendId: string,
  connection: number,
  sequence: number,
): void {
  const backend = step.state.backends.get(backendId);
  if (backend?.link.type !== "open" || backend.link.connection !== connection) return;
  if (sequence <= backend.cursor || sequence > backend.sentSequence) return;
  pass(step, backend, sequence, false);
  if (sequence === backend.sentSequence) backend.unconfirmedLength = 0;
  deliverJson(step, backend);
}

/** Tells every JSON backend, and whoever follows for the owner. */
export function emitJson(step: Step, event: JsonEvent): void {
  if (event.type !== "heartbeat") step.effects.push({ type: "publish", event });
  for (const backend of step.state.backends.values()) {
    if (backend.link.type === "open" && backend.link.protocol === "json") {
      emitJsonTo(step, backend.id, event);
    }
  }
}

/**
 * Tells one JSON backend, if it is there, may receive events and wants this one; returns the length
 * of what was sent.
 */
export function emitJsonTo(step: Step, backendId: string, event: JsonEvent): number {
  const backend = step.state.backends.get(backendId);
  if (backend?.link.type !== "open" || backend.link.protocol !== "json") return 0;
  if (!backend.configuration.permissions.has("receive")) return 0;
  if (backend.events && !backend.events.has(event.type)) return 0;
  const seen = event.type === "status" ? asSeen(step, backend, event) : event;
  if (seen === undefined) return 0;
  const { type, ...rest } = seen;
  if (typeof rest.reason === "string") {
    rest.reason = toldReason(step.state, backend, rest.reason);
  }
  const { connection } = backend.link;
  return write(step, backend, connection, { type, time: formatTime(step.now), ...rest });
}

/** A connector with somebody else's transaction is only busy for those who see their own. */
function asSeen({ state }: Step, backend: Backend, event: JsonEvent): JsonEvent | undefined {
  const connector_id = Number(event.connector_id);
  const view = viewOf(state, backend, connector_id);
  if (view === "open") return event;
  return view === "still_busy"
    ? undefined
    : { type: "status", connector_id, status: "Unavailable", error_code: "NoError" };
}
