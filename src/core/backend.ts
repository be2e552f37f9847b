// A backend's side: its connection, its own registration and heartbeat, and what it is told.

import type { Backend, BackendMemory } from "./backend_state.ts";
import type { BackendConfiguration } from "./configuration.ts";
import type { State } from "./state.ts";

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
    busy: new Set(),
    delivery: {
      attempts: 0,
      timeouts: 0,
      answeredSince: false,
      overtaken: 0,
      notBefore: 0,
      lastStartAt: Number.NEGATIVE_INFINITY,
      page: [],
      reading: undefined,
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

/** Whether a backend may see a session that is booked to `bookedTo`. */
export function mayKnow(backend: Backend, bookedTo: string | null): boolean {
  return backend.configuration.sees === "all" || bookedTo === backend.id;
}

/** What a backend's own interval comes to, ms (ocpp16.md, N57). */
export function clampIntervalMs(seconds: number): number {
  const wanted = seconds > 0 ? seconds : INTERVAL_S.unspecified;
  return 1000 * Math.min(Math.max(wanted, INTERVAL_S.least), INTERVAL_S.most);
}
