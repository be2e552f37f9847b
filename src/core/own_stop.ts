// RemoteStopTransactions of the proxy's own, and why: sent only while the reason stands.

import { callCharger } from "./charger_call.ts";
import { handoverAnswered } from "./handover.ts";
import type { SessionRecord } from "./record.ts";
import { chargerTransactionId } from "./session.ts";
import type { ChargerCall, ChargerOutcome, Origin, State } from "./state.ts";
import type { Step } from "./step_context.ts";

/** Why the proxy ends a transaction: another one takes over, the owner has paused, or it may not be. */
export type StopReason = "handover" | "pause" | "refused";

/** Ends a transaction, unless a stop is under way that will do. */
export function stopSession(step: Step, session: SessionRecord, why: StopReason): void {
  const { charger: { pending, queue } } = step.state;
  const { transactionId } = session;
  const isStop = (call: ChargerCall | undefined, what: (why: StopReason) => boolean) =>
    call?.origins.some((origin) =>
      origin.type === "own_stop" && origin.transactionId === transactionId && what(origin.why)
    );
  // One that is sent does for every reason; but a hand-over has to know how its own came out.
  if (isStop(pending?.call, (other) => other === why || why !== "handover")) return;
  if (queue.some((call) => isStop(call, (other) => other === why))) return;
  callCharger(step, {
    action: "RemoteStopTransaction",
    payload: { transactionId: chargerTransactionId(session) },
    origins: [{ type: "own_stop", why, transactionId }],
    backendId: undefined,
    urgent: true,
  });
}

/** What came of a stop: one that was never sent is not one that was tried. */
export function ownStopAnswered(
  step: Step,
  { why, transactionId }: Origin & { type: "own_stop" },
  outcome: ChargerOutcome,
): void {
  if (why === "handover") return handoverAnswered(step, outcome);
  const unsent = outcome.type === "offline" || outcome.type === "busy";
  if (why === "pause" && unsent) step.state.limits.stopped.delete(transactionId);
}

/** Takes out of the queue what nobody wants any more: what was sent cannot be taken back. */
export function dropPointless({ state, now }: Step): void {
  const { queue } = state.charger;
  const pointless = (call: ChargerCall) =>
    call.origins.some((origin) => origin.type === "own_stop" && !isDue(state, origin, now));
  for (const call of queue.filter(pointless)) queue.splice(queue.indexOf(call), 1);
}

function isDue(
  { open, control, refused }: State,
  { why, transactionId }: Origin & { type: "own_stop" },
  now: number,
): boolean {
  if (!open.has(transactionId)) return false;
  // On a slow disk a reason may be over before the tick that ends it has come.
  switch (why) {
    case "handover":
      return control.handover !== undefined && now < control.handover.deadline;
    case "pause":
      return control.mode.mode === "paused" && now < (control.modeUntil ?? Infinity);
    case "refused":
      return refused.has(transactionId);
    default:
      return why satisfies never;
  }
}
