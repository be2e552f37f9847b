// Running transactions that are refused: stopped, also if the charger is away just then.

import { stopSession } from "./own_stop.ts";
import type { SessionRecord } from "./record.ts";
import { log, persist, type Step } from "./step_context.ts";

/** The backend's verdict came after the charger was answered, and its policy is to stop. */
export function stopLate(step: Step, session: SessionRecord): void {
  step.state.refused.add(session.transactionId);
  saveRefused(step);
  stop(step, session);
}

/** The household refuses a transaction: until it has ended, the charger hears Blocked. */
export function refuseStart(step: Step, session: SessionRecord): void {
  step.state.refused.add(session.transactionId);
  saveRefused(step);
  log(step, "warning", "a transaction began that may not charge; it is stopped", {
    transactionId: session.transactionId,
    connectorId: session.connectorId,
  });
}

/** Ends what was refused, unless the charger is sure to end it by itself (OCPP 1.6, section 9.1). */
export function stopRefusedStart(step: Step, session: SessionRecord): void {
  const key = step.state.charger.configuration?.find((row) =>
    row.key.toLowerCase() === "stoptransactiononinvalidid"
  );
  if (key?.value?.trim().toLowerCase() !== "true") stop(step, session);
}

/** The charger is back: what could not be stopped is stopped now. */
export function stopRefused(step: Step): void {
  const { refused, sessions } = step.state;
  for (const id of refused) stop(step, sessions.get(id)!);
}

/** It has ended, whoever did it. */
export function refusedEnded(step: Step, transactionId: number): void {
  if (step.state.refused.delete(transactionId)) saveRefused(step);
}

function stop(step: Step, session: SessionRecord): void {
  if (step.state.charger.connection === undefined) return;
  stopSession(step, session, "refused");
}

/** On disk before the charger hears of it: what it is told has to stay true. */
function saveRefused(step: Step): void {
  const { refused } = step.state;
  const value = refused.size === 0 ? undefined : [...refused];
  persist(step, [{ table: "fact", key: "refused", value }]);
}
