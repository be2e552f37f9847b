// A card at the charger: a request by whoever it belongs to (contract, section 5).

import { decideLocal } from "./arbitration.ts";
import { recordDecision } from "./decision.ts";
import { askOwner } from "./question.ts";
import type { Step } from "./step_context.ts";

/**
 * Decides whether a card may charge, and writes the decision down. null: it is the household's own.
 *
 * The charger cannot wait for the owner: where a rule asks, the answer is no, and the next time the
 * card is shown the owner's word counts.
 */
export function localRequest(
  step: Step,
  backendId: string | null,
  idTag: string,
  connectorId?: number,
): { readonly granted: boolean; readonly reason: string } {
  const verdict = decideLocal(step.state, { backendId, idTag, connectorId }, step.now);
  const request = "Authorize";
  switch (verdict.type) {
    case "granted": {
      const { reason, rule } = verdict;
      recordDecision(step, { backendId, request, outcome: "granted", rule, reason });
      return { granted: true, reason };
    }
    case "ask": {
      const asked = { backendId: backendId!, action: request, connectorId, idTag };
      const question = askOwner(step, asked, verdict.ruling);
      const reason = "code" in question
        ? question.reason
        : `denied: the owner is asked (question ${question.id})`;
      return { granted: false, reason };
    }
    case "denied": {
      const { reason, rule } = verdict;
      recordDecision(step, { backendId, request, outcome: "denied", rule, reason });
      return { granted: false, reason };
    }
    case "handover":
      throw new Error("a card takes nothing over");
    default:
      return verdict satisfies never;
  }
}
