// A session's books: which one a message belongs to, and its energy, monotonic whatever the meter does.

import { type JsonValue, stringifyJson } from "../ocpp/json.ts";
import type { Int64 } from "../ocpp/types.ts";
import type { Backend } from "./backend_state.ts";
import { REMEMBERED_SESSIONS, type SessionFlag, type SessionRecord } from "./record.ts";
import type { State } from "./state.ts";

/** The most a charge point can deliver, W: beyond it a register value is not believed. */
const PLAUSIBLE_POWER_W = 100_000;

/** Energy that is believed whatever the time says, Wh: clocks of chargers are coarse. */
const PLAUSIBLE_SLACK_WH = 2_000;

/** Energy that is believed when the times say nothing, Wh: the largest battery there is. */
const PLAUSIBLE_UNTIMED_WH = 200_000;

/** Shorter spans say nothing: some chargers stamp everything with the time of sending. */
const SHORTEST_SPAN_MS = 60_000;

/** A fall of the register up to this is noise of the meter, Wh. */
const METER_NOISE_WH = 10;

/** What identifies a StartTransaction however often it is sent (same payload, any message id). */
export function startKey(
  connectorId: unknown,
  idTag: unknown,
  meterStart: unknown,
  timestamp: unknown,
): string {
  return JSON.stringify([
    Number(plain(connectorId)),
    plain(idTag).toLowerCase(),
    Number(plain(meterStart)),
    plain(timestamp),
  ]);
}

/** Any JSON value as text; objects of a hostile peer may have a `toString` of their own. */
export function plain(value: unknown): string {
  return typeof value === "object" ? stringifyJson(value as JsonValue) : String(value);
}

/** What is known of a session's money before anything is billed. */
export const UNBILLED = {
  tariff: null,
  vat: null,
  currency: null,
  revenueMicros: null,
  costCurrency: null,
  costMicros: null,
  bill: null,
} as const;

/** A session with nothing metered yet, and whatever is known of it. */
export function createSession(
  known:
    & Pick<SessionRecord, "transactionId" | "connectorId" | "idTag" | "startKey" | "startedAt">
    & Partial<SessionRecord>,
): SessionRecord {
  return {
    chargerTransactionId: null,
    backendId: null,
    bookedBy: "nobody",
    reservationId: null,
    stoppedAt: null,
    meterStartWh: null,
    meterStopWh: null,
    energyWh: 0,
    registerWh: null,
    resetCandidateWh: null,
    meteredAt: null,
    energyRoseAt: null,
    stopReason: null,
    flags: [],
    ...UNBILLED,
    ...known,
  };
}

/** Adds a session, forgetting the oldest closed one beyond REMEMBERED_SESSIONS. */
export function rememberSession(state: State, session: SessionRecord): void {
  state.sessions.set(session.transactionId, session);
  state.sessionsByKey.set(session.startKey, session.transactionId);
  if (session.transactionId > state.lastTransactionId) {
    state.lastTransactionId = session.transactionId;
  }
  if (session.stoppedAt === null) state.open.add(session.transactionId);
  if (state.sessions.size - state.open.size <= REMEMBERED_SESSIONS) return;
  for (const [id, oldest] of state.sessions) {
    if (state.open.has(id)) continue;
    state.sessions.delete(id);
    if (state.sessionsByKey.get(oldest.startKey) === id) {
      state.sessionsByKey.delete(oldest.startKey);
    }
    for (const backend of state.backends.values()) forgetBackendIds(state, backend);
    return;
  }
}

/** Drops a backend's ids of forgotten sessions, unless it still has something to hear of them. */
function forgetBackendIds(state: State, { cursor, transactionIds }: Backend): void {
  if (cursor < state.log.lastSequence) return;
  for (const id of transactionIds.keys()) {
    if (state.sessions.has(id)) return;
    transactionIds.delete(id);
  }
}

/** The open sessions, oldest first. */
export function openSessions(state: State): SessionRecord[] {
  return [...state.open].map((id) => state.sessions.get(id)!);
}

/** The open session of a connector; the newest if there were several. */
export function sessionOnConnector(state: State, connectorId: number): SessionRecord | undefined {
  return openSessions(state).findLast((session) => session.connectorId === connectorId);
}

/** The id by which the charger knows a session. */
export function chargerTransactionId(session: SessionRecord): Int64 {
  if (session.chargerTransactionId === null) return session.transactionId;
  const number = Number(session.chargerTransactionId);
  return Number.isSafeInteger(number) ? number : BigInt(session.chargerTransactionId);
}

/** The session that the charger means by a transaction id; open ones first. */
export function sessionByChargerId(state: State, id: Int64): SessionRecord | undefined {
  const text = String(id);
  const matches = (session: SessionRecord) =>
    session.chargerTransactionId === null
      ? String(session.transactionId) === text
      : session.chargerTransactionId === text;
  for (const session of openSessions(state)) if (matches(session)) return session;
  const own = state.sessions.get(Number(id));
  if (own && matches(own)) return own;
  return [...state.sessions.values()].findLast((session) =>
    session.chargerTransactionId !== null && matches(session)
  );
}

/** Adds a quality flag once. */
export function flag(session: SessionRecord, name: SessionFlag): void {
  if (!session.flags.includes(name)) session.flags.push(name);
}

/**
 * Takes in one value of the energy register.
 *
 * A fall is not believed until a later value confirms it: chargers send a 0 between real values.
 * A jump that no cable can carry moves the base instead of the energy.
 */
export function meterReading(session: SessionRecord, registerWh: number, at: number): void {
  const { registerWh: last, meteredAt } = session;
  // Batches and retransmissions tell old values again.
  if (last !== null && meteredAt !== null && registerWh < last && at <= meteredAt) return;
  takeRegister(session, registerWh, at);
}

function takeRegister(session: SessionRecord, registerWh: number, at: number): void {
  const { registerWh: last, resetCandidateWh: candidate } = session;
  const span = {
    first: session.meteredAt === null,
    ms: at - (session.meteredAt ?? session.startedAt),
  };
  session.meteredAt = Math.max(at, session.meteredAt ?? session.startedAt);
  if (last === null) {
    session.registerWh = registerWh;
    return;
  }
  if (registerWh >= last) {
    session.resetCandidateWh = null;
    addEnergy(session, last, registerWh, span, at);
    return;
  }
  // Only a register that counts again has been reset; several zeros in a row can be noise.
  if (candidate !== null && registerWh > candidate) {
    flag(session, "meter_reset");
    session.resetCandidateWh = null;
    addEnergy(session, candidate, registerWh, { ...span, first: false }, at);
    return;
  }
  if (last - registerWh > METER_NOISE_WH) session.resetCandidateWh = registerWh;
}

function addEnergy(
  session: SessionRecord,
  fromWh: number,
  toWh: number,
  span: { readonly first: boolean; readonly ms: number },
  at: number,
): void {
  session.registerWh = toWh;
  const gainWh = toWh - fromWh;
  // A meterStart of 0 is often no reading at all (ABB): what follows has to fit it by the minute.
  const believed = span.first && session.meterStartWh === 0
    ? gainWh <= deliverableWh(Math.max(span.ms, 0))
    : plausible(session, gainWh, span.ms);
  if (!believed) {
    flag(session, span.first ? "meter_start_corrected" : "meter_reset");
    return;
  }
  session.energyWh += gainWh;
  if (gainWh > 0) session.energyRoseAt = at;
}

/** Whether so much energy can have flowed in so many milliseconds of this session. */
function plausible(session: SessionRecord, energyWh: number, durationMs: number): boolean {
  if (session.flags.includes("clock_corrected") || durationMs < SHORTEST_SPAN_MS) {
    return energyWh <= PLAUSIBLE_UNTIMED_WH;
  }
  return energyWh <= deliverableWh(durationMs);
}

function deliverableWh(durationMs: number): number {
  return PLAUSIBLE_SLACK_WH + PLAUSIBLE_POWER_W * durationMs / 3_600_000;
}

/** Whether meterStop − meterStart says what was delivered. */
function comparesEnds(session: SessionRecord, directWh: number): boolean {
  if (session.flags.includes("meter_reset")) return directWh >= session.energyWh;
  return !session.flags.includes("meter_start_corrected");
}

/** Ends a session's books; `meterStopWh` null: nobody knows. */
export function endSession(
  session: SessionRecord,
  stop: { at: number; meterStopWh: number | null; reason: string },
): void {
  const { meterStartWh } = session;
  const { meterStopWh } = stop;
  const durationMs = stop.at - session.startedAt;
  if (meterStopWh !== null) {
    const directWh = meterStartWh === null ? undefined : meterStopWh - meterStartWh;
    if (
      directWh !== undefined && directWh >= 0 && plausible(session, directWh, durationMs) &&
      comparesEnds(session, directWh)
    ) {
      if (directWh > session.energyWh) session.energyRoseAt = stop.at;
      else if (directWh < session.energyWh) flag(session, "meter_stop_corrected");
      session.energyWh = Math.max(directWh, session.energyWh);
    } else {
      const explained = session.flags.includes("meter_reset") ||
        session.flags.includes("meter_start_corrected");
      if (directWh !== undefined && !explained) flag(session, "meter_stop_corrected");
      takeRegister(session, meterStopWh, stop.at);
    }
  }
  session.meterStopWh = meterStopWh;
  session.stoppedAt = Math.max(stop.at, session.startedAt);
  session.stopReason = stop.reason;
  session.resetCandidateWh = null;
}
