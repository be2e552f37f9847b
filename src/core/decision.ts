// Decisions, written down with their reasons, and told to whoever follows for the owner.

import { formatTime } from "../ocpp/time.ts";
import { type DecisionRecord, REMEMBERED_DECISIONS } from "./record.ts";
import { log, type Step } from "./step_context.ts";

/** Equal refusals so close together are written down once. */
const REPEATED_DECISION_MS = 60_000;

/** A decision, before it has its time. */
export type Decision = Omit<DecisionRecord, "at" | "rule"> & {
  readonly rule?: string | undefined;
  /** What the backend itself says for its request. */
  readonly why?: string | undefined;
  /** It is the end of something whose begin is written down: however often that happens. */
  readonly ends?: boolean;
};

/** A reason, and what the backend itself said. */
export function withWords(reason: string, why: string | undefined): string {
  return why === undefined ? reason : `${reason}; it says "${why}"`;
}

/** Writes a decision down; one that only says once more what was said a moment ago, not again. */
export function recordDecision(step: Step, decision: Decision): void {
  const { decisions } = step.state;
  const { backendId, request, outcome, rule = null } = decision;
  const reason = withWords(decision.reason, decision.why);
  const repeated = outcome === "denied" && !decision.ends &&
    decisions.some((row) =>
      row.backendId === backendId && row.request === request && row.reason === reason &&
      row.outcome === outcome && Math.abs(step.now - row.at) < REPEATED_DECISION_MS
    );
  if (repeated) return;
  const row: DecisionRecord = { at: step.now, backendId, request, outcome, rule, reason };
  decisions.push(row);
  if (decisions.length > REMEMBERED_DECISIONS) decisions.shift();
  step.effects.push({ type: "note", write: { table: "decision", row } });
  step.effects.push({
    type: "publish",
    event: {
      type: "decision",
      time: formatTime(step.now),
      backend_id: backendId,
      request,
      outcome,
      rule,
      reason,
    },
  });
  const who = backendId ?? "the household";
  log(step, "info", "decision", { backend: who, request, outcome, reason });
}
