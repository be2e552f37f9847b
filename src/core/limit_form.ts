// In which form the charger takes a limit: tried in turn, remembered, and what if it takes none.

import type { EffectiveLimit } from "./effective_limit.ts";
import { limitAt } from "./limit_curve.ts";
import { LIMIT_FORMS, type Limits } from "./limit_state.ts";
import { failWaiters } from "./limit_waiter.ts";
import { stopSession } from "./own_stop.ts";
import { openSessions } from "./session.ts";
import type { ChargerCall, ChargerOutcome, State } from "./state.ts";
import { noteOnce, type Step } from "./step_context.ts";

/** What every form has refused is tried again after this long: some chargers refuse while booting. */
const REFUSED_MS = 1_800_000;

/** After the pause was refused, transactions that still run are stopped again so often. */
const STOP_RETRY_MS = 60_000;

/** After so many limits in a row without an answer, a pause does not wait for one any longer. */
const UNANSWERED = 2;

/** Errors that say that the charger knows no charging profiles at all. */
const KNOWS_NONE: ReadonlySet<string> = new Set(["NotSupported", "NotImplemented"]);

/** Another charger, or another firmware, is tried from the beginning. */
export function settleForm(state: State): void {
  const { limits } = state;
  const make = makeOf(state);
  if (limits.formOf === make) return;
  limits.formOf = make;
  resetForm(limits);
}

/** The charger has accepted what it is sent now: that form is kept to. */
export function formAccepted({ limits }: State): void {
  const { form, shared, formOf: charger } = limits;
  limits.accepted = { form, shared, charger };
  limits.refused = undefined;
}

/** The charger has refused: the next form, or none is left and nothing is applied. */
export function formRefused(
  step: Step,
  call: ChargerCall,
  outcome: ChargerOutcome,
  effective: EffectiveLimit,
  round: number,
): void {
  const { limits } = step.state;
  const none = outcome.type === "error" && KNOWS_NONE.has(outcome.code);
  const onWhole = call.payload.connectorId === 0;
  const next = LIMIT_FORMS[LIMIT_FORMS.indexOf(limits.form) + 1];
  if (!none && onWhole && limits.form !== "whole") {
    limits.shared = true;
  } else if (!none && next !== undefined) {
    limits.form = next;
  } else {
    resetForm(limits);
    limits.refused = { wanted: wantedText(effective), until: step.now + REFUSED_MS };
    noteOnce(step, "limit-refused", "the charger takes no charging profile; limits do not apply");
    failWaiters(step, round, { type: "result", payload: { status: "Rejected" } });
  }
}

function resetForm(limits: Limits): void {
  const { accepted, formOf } = limits;
  const known = accepted?.charger === formOf ? accepted : undefined;
  limits.form = known?.form ?? "absolute";
  limits.shared = known?.shared ?? false;
}

/** Whether just this was refused in every form, not long ago. */
export function isRefused({ limits }: State, effective: EffectiveLimit, now: number): boolean {
  const { refused } = limits;
  return refused !== undefined && now < refused.until &&
    refused.wanted === wantedText(effective);
}

function wantedText({ whole, connectors, span, lastingA }: EffectiveLimit): string {
  const limits = [whole, ...connectors.values()].map((curve) => limitAt(curve, span.from));
  return JSON.stringify([limits, lastingA]);
}

function makeOf({ charger: { id, boot } }: State): string {
  const { chargePointVendor, chargePointModel, firmwareVersion } = boot ?? {};
  return JSON.stringify([id, chargePointVendor, chargePointModel, firmwareVersion]);
}

/** The owner's pause where no limit is taken: what runs is stopped. */
export function stopPaused(step: Step): void {
  const { state, now } = step;
  const { control, limits } = state;
  if (control.mode.mode !== "paused" || state.open.size === 0) return;
  limits.checkAt = Math.min(limits.checkAt ?? Infinity, now + STOP_RETRY_MS);
  for (const session of openSessions(state)) stopSession(step, session, "pause");
}

/**
 * The owner's pause where limits get no answer: what runs is stopped, once, as the charger may have
 * the limit all the same.
 */
export function stopUnanswered(step: Step): void {
  const { state } = step;
  const { control, limits } = state;
  if (control.mode.mode !== "paused" || limits.unanswered < UNANSWERED) return;
  const running = openSessions(state).filter(({ transactionId }) =>
    !limits.stopped.has(transactionId)
  );
  if (running.length === 0) return;
  noteOnce(step, "limit-unanswered", "the charger does not answer limits; a pause stops what runs");
  for (const session of running) {
    limits.stopped.add(session.transactionId);
    stopSession(step, session, "pause");
  }
}
