// Cancels reservations that backends have left on the charger when nobody stands behind them.

import { callsUnderWay } from "./call_queue.ts";
import { callCharger } from "./charger_call.ts";
import { saveLeftovers } from "./leftover.ts";
import type { ChargerCall, ChargerOutcome } from "./state.ts";
import type { Step } from "./step_context.ts";

/** What could not be cleared is tried again after this long, ms. */
export const CLEAR_RETRY_MS = 60_000;

/** The end of a CancelReservation: the charger has it no more. */
export function leftoverCleared(step: Step, call: ChargerCall, outcome: ChargerOutcome): void {
  const { charger, reservations } = step.state;
  const id = Number(call.payload.reservationId);
  if (outcome.type === "result") {
    reservations.delete(id);
    return saveLeftovers(step);
  }
  // Whoever asked: nobody else may clear it any more.
  if (reservations.get(id)?.abandoned) charger.clearAt = step.now + CLEAR_RETRY_MS;
}

/** Nobody stands behind what a backend has left: it is cleared, now or when the charger is back. */
export function abandon(step: Step, backendId: string): void {
  let changed = false;
  for (const entry of step.state.reservations.values()) {
    if (entry.backendId !== backendId || entry.abandoned) continue;
    entry.abandoned = true;
    changed = true;
  }
  if (changed) saveLeftovers(step);
  clearAbandoned(step);
}

/** Clears what nobody stands behind, when the charger is there. */
export function clearAbandoned(step: Step): void {
  const { charger, reservations } = step.state;
  charger.clearAt = undefined;
  if (charger.connection === undefined) return;
  const underWay = callsUnderWay(step.state)
    .filter((call) => call.action === "CancelReservation")
    .map((call) => call.payload.reservationId);
  for (const [reservationId, { abandoned }] of [...reservations]) {
    if (!abandoned || underWay.includes(reservationId)) continue;
    callCharger(step, {
      action: "CancelReservation",
      payload: { reservationId },
      origins: [{ type: "housekeeping" }],
      backendId: undefined,
    });
  }
}

/** Tries again what could not be cleared. */
export function tickLeftovers(step: Step): void {
  const { clearAt } = step.state.charger;
  if (clearAt !== undefined && clearAt <= step.now) clearAbandoned(step);
}
