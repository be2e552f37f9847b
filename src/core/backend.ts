// A backend's side: its connection, its own registration and heartbeat, and what it is told.

import { callOfText } from "../ocpp/frame.ts";
import { type JsonObject, stringifyJson } from "../ocpp/json.ts";
import type { Action, StatusNotificationRequest } from "../ocpp/types.ts";
import { withdrawAsk } from "./authorization.ts";
import { backendTimedOut } from "./backend_frame.ts";
import { dialWaitMs } from "./backoff.ts";
import { nextMessageId } from "./charger_call.ts";
import { type BackendConfiguration, ROLES } from "./configuration.ts";
import { entryText, keepCursors, nextEntry, resetDelivery } from "./delivery.ts";
import type { Event } from "./event.ts";
import { connectJson, deliverJson } from "./json_backend.ts";
import type { LogEntry } from "./record.ts";
import { sessionOnConnector } from "./session.ts";
import {
  type Backend,
  type BackendMemory,
  log,
  type Outgoing,
  type State,
  type Step,
} from "./state.ts";
import { virtualHeartbeatMs } from "./virtual_configuration.ts";

/** How long a backend may take to answer, ms (ocpp16.md, 8.5). */
export const BACKEND_CALL_TIMEOUT_MS = 30_000;

/** CALLs that wait for one backend's slot ahead of the log; the oldest notice goes first. */
export const MAX_WAITING = 64;

/** Messages that may overtake the log in a row; a flood of them must not hold it up (3.7.1). */
const MAX_OVERTAKING = 8;

/** Backends that nobody configured; one more is refused. */
export const MAX_UNKNOWN_BACKENDS = 16;

/** What a backend's heartbeat and Boot intervals are clamped to, s. */
const INTERVAL_S = { least: 10, most: 86_400, unspecified: 60 };

/** Absent backends that are remembered; the one that went first is forgotten first. */
export const MAX_ABSENT = 64;

/** A backend as it is remembered; one that has never been heard of begins where the log ends. */
export function createBackend(
  state: State,
  configuration: BackendConfiguration,
  now: number,
): Backend {
  const starts = [...state.startSequences.values()];
  const memory = state.absent.get(configuration.id);
  state.absent.delete(configuration.id);
  return {
    id: configuration.id,
    configuration,
    link: configuration.url === undefined ? { type: "offline" } : { type: "waiting", until: now },
    dialAttempts: 0,
    awaySince: now,
    lastProblem: undefined,
    registration: "unregistered",
    known: false,
    bootAt: undefined,
    heartbeatIntervalMs: INTERVAL_S.unspecified * 1000,
    sentAt: 0,
    pending: undefined,
    waiting: [],
    // A transaction that runs already is told from its start (ocpp16.md, N12).
    cursor: memory?.cursor ??
      Math.min(state.log.lastSequence, ...starts.map((sequence) => sequence - 1)),
    sentSequence: 0,
    unconfirmedLength: 0,
    delivery: {
      attempts: 0,
      timeouts: 0,
      answeredSince: false,
      overtaken: 0,
      notBefore: 0,
      lastStartAt: Number.NEGATIVE_INFINITY,
      page: [],
      reading: false,
    },
    transactionIds: memory?.transactionIds ?? new Map(),
    virtual: memory?.virtual ?? new Map(),
    events: undefined,
    grantedAt: memory?.grantedAt,
    setAside: memory?.setAside ?? 0,
  };
}

/** Keeps what has to be known when this backend comes back. */
export function rememberAbsent(state: State, id: string, memory: BackendMemory): void {
  const { cursor, transactionIds, virtual, grantedAt, setAside } = memory;
  state.absent.delete(id);
  state.absent.set(id, { cursor, transactionIds, virtual, grantedAt, setAside });
  if (state.absent.size > MAX_ABSENT) state.absent.delete(state.absent.keys().next().value!);
}

/** A backend's socket is open; an older one is replaced. */
export function openBackend(step: Step, event: Event & { type: "backend_connected" }): void {
  const { state, now } = step;
  const backend = state.backends.get(event.backendId) ?? welcome(step, event.backendId);
  if (backend === undefined) {
    const { backendId, connection } = event;
    const reason = "this backend is not configured";
    step.effects.push({ type: "close_backend", backendId, connection, code: 1008, reason });
    return;
  }
  if (backend.link.type === "open") {
    const { connection } = backend.link;
    disconnect(step, backend, "a newer connection replaces it");
    const reason = "replaced by a newer connection";
    step.effects.push({
      type: "close_backend",
      backendId: backend.id,
      connection,
      code: 1000,
      reason,
    });
  }
  backend.link = {
    type: "open",
    connection: event.connection,
    protocol: event.protocol,
    remoteAddress: event.remoteAddress,
    since: now,
  };
  backend.awaySince = undefined;
  log(step, "info", "backend connected", { backend: backend.id, protocol: event.protocol });
  if (event.protocol === "json") {
    connectJson(step, backend);
    return;
  }
  if (backend.known && !backend.configuration.bootOnReconnect) {
    backend.registration = "accepted";
    replayStatus(step, backend);
  } else {
    backend.registration = "unregistered";
    backend.bootAt = now;
  }
  pump(step, backend);
}

/** A dial-in backend that nobody configured, where the owner allows that. */
function welcome(step: Step, id: string): Backend | undefined {
  const { backends, configuration } = step.state;
  const known = new Set(configuration.backends.map((backend) => backend.id));
  const unknown = [...backends.keys()].filter((key) => !known.has(key)).length;
  if (!configuration.allowUnknownBackends || known.has(id) || unknown >= MAX_UNKNOWN_BACKENDS) {
    return undefined;
  }
  const backend = createBackend(step.state, unknownBackend(id), step.now);
  backends.set(id, backend);
  keepCursors(step, [backend]);
  return backend;
}

/** What a backend may do that nobody configured: what the first ocpp-proxy let everybody do. */
function unknownBackend(id: string): BackendConfiguration {
  return {
    id,
    enabled: true,
    role: "controller",
    permissions: new Set(ROLES.controller),
    sees: "all",
    priority: 0,
    durable: false,
    bootOnReconnect: true,
    messageAttempts: 3,
    messageRetryIntervalMs: 60_000,
    lateRejection: "keep",
  };
}

/** A backend's socket is gone. */
export function backendClosed(step: Step, event: Event & { type: "backend_disconnected" }): void {
  const backend = step.state.backends.get(event.backendId);
  if (backend?.link.type !== "open" || backend.link.connection !== event.connection) return;
  const accepted = backend.registration === "accepted";
  disconnect(step, backend, event.reason);
  if (backend.configuration.url === undefined) return;
  backend.dialAttempts = accepted ? 1 : backend.dialAttempts + 1;
  const until = step.now + dialWaitMs(backend.dialAttempts, event.random);
  backend.link = { type: "waiting", until };
}

/** Forgets everything that belonged to the connection. */
export function disconnect(step: Step, backend: Backend, reason: string): void {
  if (backend.pending?.outgoing.type === "ask") {
    withdrawAsk(step, backend.pending.outgoing.awaiting, backend.id);
  }
  for (const outgoing of backend.waiting) {
    if (outgoing.type === "ask") withdrawAsk(step, outgoing.awaiting, backend.id);
  }
  backend.waiting.length = 0;
  backend.pending = undefined;
  backend.registration = "unregistered";
  backend.bootAt = undefined;
  backend.link = { type: "offline" };
  backend.awaySince = step.now;
  backend.lastProblem = reason;
  resetDelivery(backend);
  log(step, "warning", "backend disconnected", { backend: backend.id, reason });
}

/** A dial came to nothing; there will be another. */
export function refuseDial(step: Step, event: Event & { type: "dial_failed" }): void {
  const backend = step.state.backends.get(event.backendId);
  if (backend?.link.type !== "dialling") return;
  backend.dialAttempts++;
  const wait = dialWaitMs(backend.dialAttempts, event.random, event.status);
  backend.link = { type: "waiting", until: step.now + wait };
  const repeated = backend.lastProblem === event.reason;
  backend.lastProblem = event.reason;
  log(step, repeated ? "debug" : "warning", "a backend cannot be reached", {
    backend: backend.id,
    reason: event.reason,
    againInS: Math.round(wait / 1000),
  });
}

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
  const running = connectorId > 0 ? sessionOnConnector(state, connectorId) : undefined;
  if (running && !mayKnow(backend, running.backendId)) {
    return { connectorId, status: "Unavailable", errorCode: "NoError" };
  }
  if (live) return known;
  const { timestamp: _, ...rest } = known;
  return rest;
}

/** Whether a backend may see a session that is booked to `bookedTo`. */
export function mayKnow(backend: Backend, bookedTo: string | null): boolean {
  return backend.configuration.sees === "all" || bookedTo === backend.id;
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

/** The charger has booted: every backend sees its own BootNotification, and the states again. */
export function announceBoot(step: Step): void {
  for (const backend of step.state.backends.values()) {
    if (backend.link.type !== "open" || backend.link.protocol !== "ocpp1.6") {
      // It hears of this boot when it is back, whatever `boot_on_reconnect` says.
      backend.known = false;
      continue;
    }
    if (backend.registration === "accepted" || backend.bootAt === undefined) {
      backend.bootAt = step.now;
    }
    pump(step, backend);
  }
}

/** After an accepted Boot: the newest state of every connector, the whole charger first. */
export function replayStatus(step: Step, backend: Backend): void {
  const ids = [...step.state.charger.connectors.keys()].sort((a, b) => a - b);
  for (const connectorId of ids) {
    enqueue(step, backend, { type: "status", connectorId, live: false });
  }
}

/** Tells every backend that may receive it a connector's new state. */
export function notifyStatus(step: Step, connectorId: number): void {
  for (const backend of receivers(step.state)) {
    if (backend.registration !== "accepted") continue;
    enqueue(step, backend, { type: "status", connectorId, live: true });
  }
}

/** Tells the backends that `may` know it something that is not kept for those who are away. */
export function notifySubset(
  step: Step,
  action: Action,
  payload: JsonObject,
  may: (backend: Backend) => boolean,
): void {
  for (const backend of receivers(step.state)) {
    if (backend.registration === "accepted" && may(backend)) {
      enqueue(step, backend, { type: "notice", action, payload });
    }
  }
}

function receivers(state: State): Backend[] {
  return [...state.backends.values()].filter((backend) =>
    backend.configuration.permissions.has("receive")
  );
}

/** What a backend's own interval comes to, ms (ocpp16.md, N57). */
export function clampIntervalMs(seconds: number): number {
  const wanted = seconds > 0 ? seconds : INTERVAL_S.unspecified;
  return 1000 * Math.min(Math.max(wanted, INTERVAL_S.least), INTERVAL_S.most);
}

/** A page of the log has come from the disk. */
export function fetchedLog(
  step: Step,
  backendId: string,
  after: number,
  entries: readonly LogEntry[],
): void {
  const backend = step.state.backends.get(backendId);
  if (!backend?.delivery.reading) return;
  backend.delivery.reading = false;
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

/** Dials, time-outs and whatever else was waiting for the clock. */
export function tickBackends(step: Step): void {
  for (const backend of step.state.backends.values()) {
    if (backend.link.type === "waiting" && backend.link.until <= step.now) {
      backend.link = { type: "dialling" };
      step.effects.push({ type: "dial", backendId: backend.id });
    }
    if (backend.pending && backend.pending.deadline <= step.now) backendTimedOut(step, backend);
    pump(step, backend);
  }
}
