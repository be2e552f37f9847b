// A backend's connection: dialled or taken in, replaced, lost, dialled again.

import { withdrawAsk } from "./authorization.ts";
import { createBackend, rememberAbsent } from "./backend.ts";
import { backendTimedOut } from "./backend_frame.ts";
import { pump } from "./backend_outbox.ts";
import type { Backend } from "./backend_state.ts";
import { dialWaitMs } from "./backoff.ts";
import { backendOf } from "./configuration.ts";
import { keepCursors, resetDelivery } from "./delivery.ts";
import type { Event } from "./event.ts";
import { forgetHeld } from "./held_command.ts";
import { connectJson } from "./json_backend.ts";
import { replayStatus } from "./notify.ts";
import { log, type Step } from "./step_context.ts";

/** Backends that nobody configured; one more takes the place of one that has gone, or is refused. */
export const MAX_UNKNOWN_BACKENDS = 16;

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
  if (!configuration.allowUnknownBackends || known.has(id)) return undefined;
  const unknown = [...backends.values()].filter((backend) => !known.has(backend.id));
  if (unknown.length >= MAX_UNKNOWN_BACKENDS && !makeRoom(step, unknown)) return undefined;
  // What the first ocpp-proxy let everybody do.
  const backend = createBackend(step.state, backendOf(id, "controller"), step.now);
  backends.set(id, backend);
  keepCursors(step, [backend]);
  return backend;
}

/** Forgets the backend that has been away for longest and holds nothing; false: there is none. */
function makeRoom({ state }: Step, among: readonly Backend[]): boolean {
  const { lease, handover, queue, questions } = state.control;
  const concerned = new Set([
    lease?.backendId,
    handover?.backendId,
    ...[...queue, ...questions.values()].map(({ backendId }) => backendId),
  ]);
  const [gone] = among.filter(({ id, link }) => link.type === "offline" && !concerned.has(id))
    .sort((a, b) => (a.awaySince ?? 0) - (b.awaySince ?? 0));
  if (gone === undefined) return false;
  state.backends.delete(gone.id);
  rememberAbsent(state, gone.id, gone);
  return true;
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
  backend.busy.clear();
  forgetHeld(step, backend.id);
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

/** The charger's identity has become known: backends that are dialled under it need not wait. */
export function dialNow({ state, now }: Step): void {
  for (const backend of state.backends.values()) {
    const named = backend.configuration.chargePointId !== undefined;
    if (backend.link.type === "waiting" && !named) backend.link = { type: "waiting", until: now };
  }
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
