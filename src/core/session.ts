// A session's books: which one a message belongs to, and its energy, monotonic whatever the meter does.

import type { Int64 } from "../ocpp/types.ts";
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

/** Before this instant (2020-01-01) a charger's clock is not set. */
export const EARLIEST_TIME = 1_577_836_800_000;

/** What identifies a StartTransaction however often it is sent (same payload, any message id). */
export function startKey(
  connectorId: unknown,
  idTag: unknown,
  meterStart: unknown,
  timestamp: unknown,
): string {
  return JSON.stringify([
    Number(connectorId),
    String(idTag).toLowerCase(),
    Number(meterStart),
    String(timestamp),
  ]);
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
    for (const backend of state.backends.values()) backend.transactionIds.delete(id);
    return;
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
 * A fall is not believed until the next value confirms it: chargers send a 0 between real values.
 * A jump that no cable can carry moves the base instead of the energy.
 */
export function meterReading(session: SessionRecord, registerWh: number, at: number): void {
  const last = session.registerWh;
  const meteredAt = session.meteredAt ?? session.startedAt;
  session.meteredAt = Math.max(at, meteredAt);
  if (last === null) {
    session.registerWh = registerWh;
    return;
  }
  if (registerWh >= last) {
    session.resetCandidateWh = null;
    addEnergy(session, last, registerWh, meteredAt, at);
    return;
  }
  const candidate = session.resetCandidateWh;
  if (candidate !== null && registerWh >= candidate) {
    flag(session, "meter_reset");
    session.resetCandidateWh = null;
    addEnergy(session, candidate, registerWh, meteredAt, at);
    return;
  }
  if (last - registerWh > METER_NOISE_WH) session.resetCandidateWh = registerWh;
}

function addEnergy(
  session: SessionRecord,
  fromWh: number,
  toWh: number,
  meteredAt: number,
  at: number,
): void {
  session.registerWh = toWh;
  const gainWh = toWh - fromWh;
  if (!plausible(session, gainWh, at - meteredAt)) {
    flag(session, "meter_start_corrected");
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
  return energyWh <= PLAUSIBLE_SLACK_WH + PLAUSIBLE_POWER_W * durationMs / 3_600_000;
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
    const steady = !session.flags.includes("meter_reset") &&
      !session.flags.includes("meter_start_corrected");
    if (
      directWh !== undefined && directWh >= 0 && plausible(session, directWh, durationMs) &&
      (steady || directWh >= session.energyWh)
    ) {
      if (directWh > session.energyWh) session.energyRoseAt = stop.at;
      else if (directWh < session.energyWh) flag(session, "meter_stop_corrected");
      session.energyWh = Math.max(directWh, session.energyWh);
    } else {
      if (steady) flag(session, "meter_stop_corrected");
      meterReading(session, meterStopWh, stop.at);
    }
  }
  session.meterStopWh = meterStopWh;
  session.stoppedAt = Math.max(stop.at, session.startedAt);
  session.stopReason = stop.reason;
  session.resetCandidateWh = null;
}
