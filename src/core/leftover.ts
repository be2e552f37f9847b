// The reservations that backends leave on the charger: whose they are, and under which ids.

import type { JsonValue } from "../ocpp/json.ts";
import { parseTime } from "../ocpp/time.ts";
import type { Messages } from "../ocpp/types.ts";
import type { Backend } from "./backend_state.ts";
import { callsUnderWay } from "./call_queue.ts";
import { clearAbandoned } from "./leftover_clearing.ts";
import type { Write } from "./record.ts";
import type { ChargerCall, ChargerOutcome, State } from "./state.ts";
import { persist, type Step } from "./step_context.ts";

/** Reservations that are kept track of; one more is refused. */
export const MAX_LEFTOVERS = 64;

/** An id that the charger has never had from this installation. */
export function nextForeignId({ state }: Step): number {
  return ++state.lastForeignId;
}

/** The charger's id for a backend's reservation; undefined: it has none yet. */
export function reservationIdOf(
  { reservations }: State,
  backend: Backend,
  theirs: number,
): number | undefined {
  for (const [ours, entry] of reservations) {
    if (entry.backendId === backend.id && entry.theirs === theirs && !entry.abandoned) return ours;
  }
  return undefined;
}

/** The reservation under the charger's id. */
export function registerReservation(
  step: Step,
  backend: Backend,
  request: Messages["ReserveNow"]["request"],
): Messages["ReserveNow"]["request"] {
  const theirs = request.reservationId;
  let ours = reservationIdOf(step.state, backend, theirs);
  if (ours === undefined) {
    ours = nextForeignId(step);
    step.state.reservations.set(ours, {
      backendId: backend.id,
      theirs,
      connectorId: request.connectorId,
      expiresAt: parseTime(request.expiryDate) ?? step.now,
      confirmed: false,
      abandoned: false,
    });
  }
  return { ...request, reservationId: ours };
}

/** Whether a command may have been carried out although there is no answer to it. */
export function isUnknown(outcome: ChargerOutcome): boolean {
  return outcome.type === "timeout" || outcome.type === "lost";
}

/** Without an answer it may be there: it is cleared with the others, whatever is said later. */
function mayBeThere(step: Step, ours: number): void {
  const { reservations } = step.state;
  const entry = reservations.get(ours);
  if (!entry || entry.confirmed) return;
  reservations.set(ours, { ...entry, confirmed: true });
  saveLeftovers(step);
}

/** Whether another CALL that brings the same is in flight or waits. */
function isUnderWay(state: State, ours: number): boolean {
  return callsUnderWay(state).some((call) =>
    call.action === "ReserveNow" && call.payload.reservationId === ours
  );
}

/** The end of a ReserveNow. */
export function reservationSent(step: Step, call: ChargerCall, outcome: ChargerOutcome): void {
  const { reservations, control } = step.state;
  const request = call.payload as Messages["ReserveNow"]["request"];
  const ours = request.reservationId;
  const entry = reservations.get(ours);
  if (call.backendId === undefined) return;
  if (isUnknown(outcome)) return mayBeThere(step, ours);
  if (outcome.type !== "result" || outcome.payload.status !== "Accepted") {
    const may = entry && !entry.confirmed && !isUnderWay(step.state, ours);
    if (may) reservations.delete(ours);
  } else {
    reservations.set(ours, {
      backendId: call.backendId,
      theirs: Number(call.requested.reservationId),
      connectorId: request.connectorId,
      expiresAt: parseTime(request.expiryDate) ?? step.now,
      confirmed: true,
      abandoned: entry?.abandoned === true || control.lease?.backendId !== call.backendId,
    });
  }
  dropExpired(step);
  saveLeftovers(step);
  clearAbandoned(step);
}

/** Whether a backend has left a reservation on the charger. */
export function hasLeft({ reservations }: State, backendId: string): boolean {
  return [...reservations.values()].some((entry) =>
    entry.backendId === backendId && !entry.abandoned
  );
}

/** Writes down what backends left on the charger, before anything else happens. */
export function saveLeftovers(step: Step): void {
  persist(step, leftoverWrites(step.state));
}

/** The same, for whoever writes it down with something else. */
export function leftoverWrites({ reservations, requests, lastForeignId }: State): Write[] {
  const fact = (key: string, value: JsonValue): Write => ({ table: "fact", key, value });
  return [
    fact("reservations", [...reservations].map(([id, entry]) => [id, { ...entry }])),
    fact("requests", [...requests].map(([id, entry]) => [id, { ...entry }])),
    fact("last_foreign_id", lastForeignId),
  ];
}

/** Forgets reservations whose time is over: the charger has let go of them by itself. */
export function dropExpired({ state, now }: Step): void {
  for (const [id, { expiresAt }] of state.reservations) {
    if (expiresAt < now) state.reservations.delete(id);
  }
}
