// Store and forward: each backend reads the one log at its own pace, under its own ids.

import { type JsonObject, stringifyJson } from "../ocpp/json.ts";
import type { Int64 } from "../ocpp/types.ts";
import { mayKnow } from "./backend.ts";
import type { Backend } from "./backend_state.ts";
import { tagFor } from "./id_tag.ts";
import { entryAt } from "./log_window.ts";
import { payloadText } from "./payload_text.ts";
import type { LogEntry, Write } from "./record.ts";
import { chargerTransactionId } from "./session.ts";
import type { State } from "./state.ts";
import { persist, type Step } from "./step_context.ts";

/** Entries read from disk at once. */
export const PAGE_ENTRIES = 64;

/** The id of a transaction whose StartTransaction was never confirmed (errata 3.18). */
export const NO_TRANSACTION = -1;

/** A connection has ended: what it had sent is sent again on the next one. */
export function resetDelivery(backend: Backend): void {
  const { delivery } = backend;
  delivery.reading = undefined;
  delivery.page = [];
  delivery.notBefore = 0;
  delivery.timeouts = 0;
  delivery.answeredSince = false;
  backend.sentSequence = backend.cursor;
}

/** The next entry that a backend is to get now, passing over what it may not see. */
export function nextEntry(step: Step, backend: Backend): LogEntry | undefined {
  const { delivery } = backend;
  if (step.state.storing || delivery.notBefore > step.now) return undefined;
  for (;;) {
    const entry = entryAfter(step, backend, backend.cursor);
    if (entry === undefined) return undefined;
    if (!visible(step.state, backend, entry) || !isBegun(step.state, backend, entry)) {
      pass(step, backend, entry.sequence, false);
      continue;
    }
    if (entry.action === "StartTransaction") {
      const spacedUntil = delivery.lastStartAt + step.state.configuration.startSpacingMs;
      if (spacedUntil > step.now) {
        delivery.notBefore = spacedUntil;
        return undefined;
      }
      delivery.lastStartAt = step.now;
    }
    return entry;
  }
}

/** The first entry after `sequence`; undefined: there is none, or the disk is asked. */
export function entryAfter(step: Step, backend: Backend, sequence: number): LogEntry | undefined {
  const { log: tail } = step.state;
  if (sequence >= tail.lastSequence) return undefined;
  const { delivery } = backend;
  const entry = entryAt(tail, sequence + 1) ??
    delivery.page.find((item) => item.sequence > sequence);
  if (entry || delivery.reading !== undefined) return entry;
  if (delivery.notBefore > step.now) return undefined;
  delivery.reading = sequence;
  step.effects.push({
    type: "read_log",
    backendId: backend.id,
    after: sequence,
    limit: PAGE_ENTRIES,
  });
  return undefined;
}

/** Whether a backend is to get this entry. */
export function visible(state: State, backend: Backend, entry: LogEntry): boolean {
  if (!backend.configuration.permissions.has("receive")) return false;
  if (backend.configuration.sees === "all") return true;
  const bookedTo = entry.session?.backendId ??
    state.sessions.get(entry.transactionId)?.backendId ?? null;
  return mayKnow(backend, bookedTo);
}

/**
 * Whether the backend knows the transaction, if only by −1. One that it never heard of (it began
 * before the backend was configured) must not end: some would end another one (ocpp16.md, 8.1 e).
 */
function isBegun(state: State, backend: Backend, entry: LogEntry): boolean {
  return entry.action === "StartTransaction" || backend.transactionIds.has(entry.transactionId) ||
    (state.sessions.get(entry.transactionId)?.chargerTransactionId ?? null) !== null;
}

/** Moves the cursor past an entry; `urgent`: on disk before anything else. */
export function pass(step: Step, backend: Backend, sequence: number, urgent: boolean): void {
  advance(backend, sequence);
  const write = { table: "cursor" as const, cursor: { backendId: backend.id, sequence } };
  if (urgent) persist(step, [write]);
  else step.effects.push({ type: "note", write });
}

/** Moves the cursor, without a word to the store. */
export function advance(backend: Backend, sequence: number): void {
  backend.cursor = sequence;
  const { delivery } = backend;
  delivery.attempts = 0;
  delivery.timeouts = 0;
  delivery.answeredSince = false;
  delivery.notBefore = 0;
}

/** Writes down where backends begin: what is logged from now on is theirs. */
export function keepCursors(step: Step, backends: readonly Backend[]): void {
  if (backends.length === 0) return;
  const writes = backends.map(({ id, cursor }) => ({
    table: "cursor" as const,
    cursor: { backendId: id, sequence: cursor },
  }));
  persist(step, writes);
}

/** An entry's payload as the backend gets it, in JSON: with its own ids. */
export function entryText(state: State, backend: Backend, entry: LogEntry): string {
  const { payload } = entry;
  const known = withOwnTag(state, backend, payload);
  if (entry.action === "StartTransaction") {
    return stringifyJson(withReservation(state, backend, known));
  }
  // Mostly only the id differs from backend to backend; it is never part of a logged payload.
  const shared = payloadText(known).slice(0, -1);
  const comma = shared === "{" ? "" : ",";
  return `${shared}${comma}"transactionId":${backendTransactionId(state, backend, entry)}}`;
}

function backendTransactionId(state: State, backend: Backend, entry: LogEntry): Int64 {
  const theirs = backend.transactionIds.get(entry.transactionId);
  if (theirs !== undefined) return theirs;
  const session = state.sessions.get(entry.transactionId);
  // An adopted transaction has no StartTransaction: backends learn the charger's own id.
  return session && session.chargerTransactionId !== null
    ? chargerTransactionId(session)
    : NO_TRANSACTION;
}

/** The very payload, unless the backend knows its tag by another one. */
function withOwnTag(state: State, backend: Backend, payload: JsonObject): JsonObject {
  const { idTag } = payload;
  if (typeof idTag !== "string") return payload;
  const theirs = tagFor(state, backend.id, idTag);
  return theirs === idTag ? payload : { ...payload, idTag: theirs };
}

function withReservation(state: State, backend: Backend, payload: JsonObject): JsonObject {
  const { reservationId, ...rest } = payload;
  const reservation = state.reservations.get(Number(reservationId ?? -1));
  return reservation?.backendId === backend.id
    ? { ...rest, reservationId: reservation.theirs }
    : rest;
}

/** The session that a backend means by one of its ids; the running one first. */
export function sessionByBackendId(state: State, backend: Backend, id: Int64) {
  const text = String(id);
  let ended;
  for (const session of [...state.sessions.values()].reverse()) {
    const theirs = backend.transactionIds.get(session.transactionId);
    const known = theirs !== undefined
      ? theirs !== NO_TRANSACTION && String(theirs) === text
      : session.chargerTransactionId === text && mayKnow(backend, session.backendId);
    if (!known) continue;
    if (session.stoppedAt === null) return session;
    ended ??= session;
  }
  return ended;
}

/** Keeps a backend's id for one of our transactions. */
export function backendIdWrite(backend: Backend, transactionId: number, theirs: Int64): Write {
  return {
    table: "backend_transaction",
    row: { backendId: backend.id, transactionId, backendTransactionId: String(theirs) },
  };
}
