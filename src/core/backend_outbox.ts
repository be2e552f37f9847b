// What goes out to a backend, one CALL at a time: Boot, then what waits, then the log.

import { callOfText } from "../ocpp/frame.ts";
import { stringifyJson } from "../ocpp/json.ts";
import type { Action, StatusNotificationRequest } from "../ocpp/types.ts";
import type { Backend, Outgoing } from "./backend_state.ts";
import { nextMessageId } from "./charger_call.ts";
import { entryText, nextEntry } from "./delivery.ts";
import { deliverJson } from "./json_backend.ts";
import { viewOf } from "./masked_status.ts";
import type { LogEntry } from "./record.ts";
import type { State } from "./state.ts";
import type { Step } from "./step_context.ts";
import { virtualHeartbeatMs } from "./virtual_configuration.ts";

/** When the disk could not be read, it is asked again after this long, ms. */
const READ_RETRY_MS = 5_000;

/** How long a backend may take to answer, ms (ocpp16.md, 8.5). */
export const BACKEND_CALL_TIMEOUT_MS = 30_000;

/** CALLs that wait for one backend's slot ahead of the log; the oldest notice goes first. */
export const MAX_WAITING = 64;

/** Messages that may overtake the log in a row; a flood of them must not hold it up (3.7.1). */
const MAX_OVERTAKING = 8;

/** Sends what may be sent now: Boot, then what waits, then the heartbeat, then the log. */
export function pump(step: Step, backend: Backend): void {
  const { link } = backend;
  if (link.type !== "open") return;
  if (link.protocol === "json") {
    deliverJson(step, backend);
    return;
  }
  if (backend.pending) return;
  const outgoing = takeOutgoing(step, backend);
  if (outgoing === undefined) return;
  const message = messageFor(step, backend, outgoing);
  if (message === undefined) return pump(step, backend);
  const { action, payload } = message;
  const id = outgoing.type === "entry"
    ? `${step.state.instance}.t${outgoing.entry.sequence.toString(36)}`
    : nextMessageId(step);
  if (outgoing.type === "entry") backend.delivery.overtaken = 0;
  backend.pending = { id, outgoing, deadline: step.now + BACKEND_CALL_TIMEOUT_MS };
  backend.sentAt = step.now;
  step.effects.push({
    type: "send_backend",
    backendId: backend.id,
    connection: link.connection,
    text: callOfText(id, action, payload),
  });
}

/** Lets every backend go on. */
export function pumpAll(step: Step): void {
  for (const backend of step.state.backends.values()) pump(step, backend);
}

function takeOutgoing(step: Step, backend: Backend): Outgoing | undefined {
  const { state, now } = step;
  if (backend.bootAt !== undefined) {
    if (backend.bootAt > now || state.charger.boot === undefined) return undefined;
    backend.bootAt = undefined;
    return { type: "boot" };
  }
  if (backend.registration !== "accepted") return undefined;
  const { delivery } = backend;
  const entry = delivery.overtaken < MAX_OVERTAKING ? undefined : nextEntry(step, backend);
  if (entry) return { type: "entry", entry };
  const waiting = backend.waiting.shift();
  if (waiting) {
    delivery.overtaken++;
    return waiting;
  }
  if (heartbeatAt(backend) <= now) return { type: "heartbeat" };
  const next = nextEntry(step, backend);
  return next && { type: "entry", entry: next };
}

/** When a backend's next Heartbeat is due: after its interval without another message (4.6). */
export function heartbeatAt(backend: Backend): number {
  return backend.sentAt + (virtualHeartbeatMs(backend) ?? backend.heartbeatIntervalMs);
}

/** The message of an outgoing CALL, its payload as JSON; undefined: it has become pointless. */
function messageFor(
  step: Step,
  backend: Backend,
  outgoing: Outgoing,
): { action: Action; payload: string } | undefined {
  switch (outgoing.type) {
    case "boot":
      return { action: "BootNotification", payload: stringifyJson(step.state.charger.boot!) };
    case "heartbeat":
      return { action: "Heartbeat", payload: "{}" };
    case "status": {
      const payload = visibleStatus(step.state, backend, outgoing.connectorId, outgoing.live);
      return payload && { action: "StatusNotification", payload: stringifyJson(payload) };
    }
    case "notice":
    case "ask":
      return { action: outgoing.action, payload: stringifyJson(outgoing.payload) };
    case "entry":
      return {
        action: outgoing.entry.action,
        payload: entryText(step.state, backend, outgoing.entry),
      };
    default:
      return outgoing satisfies never;
  }
}

/**
 * A connector's state as this backend may see it.
 *
 * Replayed states carry no timestamp: evcc ignores those older than a minute (ocpp16.md, 8.1).
 */
function visibleStatus(
  state: State,
  backend: Backend,
  connectorId: number,
  live: boolean,
): StatusNotificationRequest | undefined {
  const known = state.charger.connectors.get(connectorId)?.status;
  if (known === undefined) return undefined;
  const view = viewOf(state, backend, connectorId);
  if (view === "still_busy" && live) return undefined;
  if (view !== "open") return { connectorId, status: "Unavailable", errorCode: "NoError" };
  if (live) return known;
  const { timestamp: _, ...rest } = known;
  return rest;
}

/** Puts a CALL in line ahead of the log. */
export function enqueue(step: Step, backend: Backend, outgoing: Outgoing): void {
  if (backend.link.type !== "open" || backend.link.protocol !== "ocpp1.6") return;
  if (outgoing.type === "status") {
    const index = backend.waiting.findIndex((item) =>
      item.type === "status" && item.connectorId === outgoing.connectorId
    );
    if (index >= 0) backend.waiting.splice(index, 1);
  }
  if (backend.waiting.length >= MAX_WAITING) {
    const oldest = backend.waiting.findIndex((item) => item.type === "notice");
    if (oldest < 0) return;
    backend.waiting.splice(oldest, 1);
  }
  backend.waiting.push(outgoing);
  pump(step, backend);
}

/** A page of the log has come from the disk. */
export function fetchedLog(
  step: Step,
  backendId: string,
  after: number,
  entries: readonly LogEntry[] | undefined,
): void {
  const backend = step.state.backends.get(backendId);
  // What an earlier connection asked for may begin behind what this one has to have first.
  if (backend?.delivery.reading !== after) return;
  backend.delivery.reading = undefined;
  if (entries === undefined) {
    backend.delivery.notBefore = step.now + READ_RETRY_MS;
    return;
  }
  backend.delivery.notBefore = 0;
  backend.delivery.page = entries;
  // Nothing is left on disk before the window: those entries are past their retention.
  if (entries.length === 0) {
    const { entries: [first], lastSequence } = step.state.log;
    const before = first === undefined ? lastSequence : Math.max(after, first.sequence - 1);
    if (backend.cursor === after) backend.cursor = before;
    if (backend.sentSequence === after) backend.sentSequence = before;
  }
  pump(step, backend);
}
