// Puts back into the state what the tables say; a restarted core behaves as the one that was killed.

import type { JsonObject, JsonValue } from "../ocpp/json.ts";
import type { BootNotificationRequest, Int64, StatusNotificationRequest } from "../ocpp/types.ts";
import { createBackend, rememberAbsent } from "./backend.ts";
import type { BackendMemory } from "./backend_state.ts";
import type { Fallback, Installed, Limits, StoredProfile } from "./limit_state.ts";
import { LONGEST_CLAIM_MS } from "./claim.ts";
import { NO_TRANSACTION } from "./delivery.ts";
import type { OwnerMode } from "./event.ts";
import { restoreFacts } from "./fact.ts";
import { ANSWER_MS } from "./question.ts";
import type { Snapshot } from "./record.ts";
import { openSessions, rememberSession, sessionOnConnector } from "./session.ts";
import type { ConfigurationKey, NoticeKind, ReservationEntry, State } from "./state.ts";
import type {
  Claim,
  Handover,
  Lease,
  OwnerAnswer,
  Question,
  QueuedRequest,
} from "./control_state.ts";

/** Fills a fresh state from a snapshot. */
export function restore(state: State, snapshot: Snapshot, now: number): void {
  for (const session of snapshot.sessions) rememberSession(state, session);
  restoreCharger(state, snapshot, now);
  restoreControl(state, snapshot, now);
  restoreFacts(state, snapshot, now);
  const configured = state.configuration.backends.filter(({ enabled }) => enabled);
  const ids = new Set(configured.map(({ id }) => id));
  // Those that are configured last: none of them is forgotten before it is made.
  const cursors = snapshot.cursors.toSorted((a, b) =>
    Number(ids.has(a.backendId)) - Number(ids.has(b.backendId))
  );
  for (const { backendId, sequence } of cursors) {
    const memory = backendMemory(backendId, sequence, snapshot, now);
    if (ids.has(backendId)) state.absent.set(backendId, memory);
    else rememberAbsent(state, backendId, memory);
  }
  for (const configuration of configured) {
    state.backends.set(configuration.id, createBackend(state, configuration, now));
  }
}

/** What the tables know of a backend, configured or not. */
function backendMemory(
  id: string,
  cursor: number,
  snapshot: Snapshot,
  now: number,
): BackendMemory {
  const transactionIds = new Map<number, Int64>();
  for (const row of snapshot.backendTransactions) {
    if (row.backendId !== id) continue;
    transactionIds.set(row.transactionId, transactionId(row.backendTransactionId));
  }
  const virtual = Object.entries(record(snapshot.facts.get(`virtual/${id}`)));
  const grantedAt = snapshot.facts.get(`granted_at/${id}`);
  return {
    cursor,
    transactionIds,
    virtual: new Map(virtual.map(([key, value]) => [key, String(value)])),
    // After a clock that was ahead, a grant to come would lock it out until then.
    grantedAt: typeof grantedAt === "number" ? Math.min(grantedAt, now) : undefined,
    setAside: snapshot.setAside.filter((row) => row.backendId === id).length,
  };
}

/** What is no integer keeps no proxy from starting: the rest of that transaction goes without id. */
function transactionId(text: string): Int64 {
  if (!/^-?\d+$/.test(text)) return NO_TRANSACTION;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

function restoreCharger(state: State, snapshot: Snapshot, now: number): void {
  const { charger } = state;
  const { facts } = snapshot;
  charger.id ??= facts.get("charger_id") as string | undefined;
  charger.boot = facts.get("boot") as BootNotificationRequest | undefined;
  const cache = record(facts.get("charger_configuration"));
  if (Array.isArray(cache.keys)) {
    charger.configuration = cache.keys as unknown as ConfigurationKey[];
    charger.configurationStale = cache.stale === true;
  }
  for (const [key, value] of facts) {
    if (!key.startsWith("connector/")) continue;
    const { status, at } = value as { status: StatusNotificationRequest; at: number };
    charger.connectors.set(status.connectorId, {
      status,
      // After a clock that was ahead, a time to come would outlive every newer state.
      at: Math.min(at, now),
      availableSince: isFree(state, status, at) ? now : undefined,
      bootedSince: false,
    });
  }
  for (const [kind, payload] of Object.entries(record(facts.get("notices")))) {
    charger.notices.set(kind as NoticeKind, payload as JsonObject);
  }
  for (const [kind, backendId] of Object.entries(record(facts.get("ordered_by")))) {
    charger.orderedBy.set(kind as NoticeKind, String(backendId));
  }
}

/** Whether a connector became free under its running session: what it did before says nothing. */
function isFree(state: State, status: StatusNotificationRequest, at: number): boolean {
  const session = sessionOnConnector(state, status.connectorId);
  return status.status === "Available" && session !== undefined &&
    at > Math.max(session.startedAt, session.energyRoseAt ?? 0);
}

function restoreControl(state: State, snapshot: Snapshot, now: number): void {
  const { facts } = snapshot;
  const control = record(facts.get("control"));
  if (control.mode) state.control.mode = control.mode as unknown as OwnerMode;
  state.control.modeUntil = control.modeUntil as number | undefined;
  state.control.ownerLimit = control.ownerLimit as unknown as State["control"]["ownerLimit"];
  state.control.handover = control.handover as unknown as Handover | undefined;
  restoreWaiting(state, control, now);
  const claims = list(control.claims) as unknown as Claim[];
  // A clock that was ahead must not hold the charger for longer than one that was right.
  state.control.claims = claims.map((claim) => ({
    ...claim,
    expiresAt: Math.min(claim.expiresAt, now + LONGEST_CLAIM_MS),
  }));
  const lease = restoreLease(state, control.lease as unknown as Lease | undefined);
  const longestMs = Math.max(
    state.configuration.controlTimeoutMs,
    claims.length > 0 ? LONGEST_CLAIM_MS : 0,
  );
  state.control.lease = lease &&
    {
      ...lease,
      grantedAt: Math.min(lease.grantedAt, now),
      expiresAt: Math.min(lease.expiresAt, now + longestMs),
    };
  restoreLimits(state, facts.get("limits"), now);
  for (const [ours, entry] of pairs(facts.get("reservations"))) {
    // What was under way when the process died may be there.
    state.reservations.set(ours, { ...entry as unknown as ReservationEntry, confirmed: true });
  }
  for (const [ours, entry] of pairs(facts.get("requests"))) {
    state.requests.set(ours, entry as unknown as { backendId: string; theirs: number });
  }
  state.lastForeignId = Number(facts.get("last_foreign_id") ?? 0);
  for (const [tag, backendId] of Object.entries(record(facts.get("authorized_by")))) {
    state.authorizedBy.set(tag, String(backendId));
  }
  const refused = facts.get("refused");
  for (const id of Array.isArray(refused) ? refused : []) {
    if (state.open.has(Number(id))) state.refused.add(Number(id));
  }
}

function restoreLimits({ limits }: State, saved: JsonValue | undefined, now: number): void {
  const { profiles, fallback, installed, accepted } = record(saved);
  for (const item of list(profiles)) {
    const stored = item as unknown as StoredProfile;
    limits.profiles.push({ ...stored, receivedAt: Math.min(stored.receivedAt, now) });
  }
  limits.fallback = fallback as unknown as Fallback | undefined;
  for (const item of list(installed)) {
    const content = item as unknown as Installed;
    limits.installed.set(content.id, { ...content, sentAt: Math.min(content.sentAt, now) });
  }
  limits.accepted = accepted as unknown as Limits["accepted"];
  limits.dirty = true;
}

/** Who waits for control, and what the owner has been asked and has said. */
function restoreWaiting({ control }: State, saved: JsonObject, now: number): void {
  for (const item of list(saved.queue)) control.queue.push(item as unknown as QueuedRequest);
  for (const item of list(saved.questions)) {
    const question = item as unknown as Question;
    // After a clock that was ahead, it is open for no longer than it was meant to be.
    const deadline = Math.min(question.deadline, now + question.deadline - question.askedAt);
    control.questions.set(question.id, { ...question, deadline });
  }
  control.lastQuestion = Number(saved.lastQuestion ?? 0);
  const answers = list(saved.answers) as unknown as OwnerAnswer[];
  control.answers = answers.map((answer) => ({
    ...answer,
    until: Math.min(answer.until, now + ANSWER_MS),
  }));
}

/** The sessions are on disk before the lease is: a crash between them must not keep it for ever. */
function restoreLease(state: State, lease: Lease | undefined): Lease | undefined {
  if (!lease) return undefined;
  const open = openSessions(state);
  const running = open.find(({ transactionId }) => transactionId === lease.transactionId) ??
    open.findLast(({ backendId }) => backendId === null || backendId === lease.backendId);
  return { ...lease, transactionId: running?.transactionId };
}

function record(value: JsonValue | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

function list(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function pairs(value: JsonValue | undefined): [number, JsonValue][] {
  return Array.isArray(value) ? value as unknown as [number, JsonValue][] : [];
}
