// The limit of a rule that goes with control: it follows what the rules say.

import { limitsChanged } from "./charging_limit.ts";
import type { Lease } from "./control_state.ts";
import { recordDecision } from "./decision.ts";
import { saveControl } from "./lease.ts";
import type { ControlRequest } from "./objection.ts";
import { evaluateRules } from "./rules.ts";
import type { Step } from "./step_context.ts";

/** Rules may say something else by now: the cap that goes with control follows them. */
export function reviewRuleLimit(step: Step): void {
  const { state, now } = step;
  const { lease } = state.control;
  if (!lease) return;
  const { backendId, action, connectorId, idTag } = lease;
  const ruling = evaluateRules(state, { backendId, action, connectorId, idTag }, now);
  switch (ruling.type) {
    case "limit":
      return putLimit(step, lease, { rule: ruling.rule, currentA: ruling.currentA });
    case "none":
    case "allow":
      return putLimit(step, lease, undefined);
    case "ask":
    case "deny":
      // Nothing that charges is stopped, or set free, by what a rule says later.
      return;
    default:
      ruling satisfies never;
  }
}

/** A holder does not rid itself of a cap by asking for something that has none. */
export function renewRuleLimit(
  step: Step,
  lease: Lease,
  { action, idTag }: ControlRequest,
  limit: Lease["limit"],
): void {
  if (limit === undefined) return lease.limit && reviewRuleLimit(step);
  lease.action = action;
  lease.idTag = idTag ?? lease.idTag;
  putLimit(step, lease, limit);
}

function putLimit(step: Step, lease: Lease, limit: Lease["limit"]): void {
  if (lease.limit?.currentA === limit?.currentA && lease.limit?.rule === limit?.rule) return;
  const before = lease.limit;
  lease.limit = limit;
  saveControl(step);
  recordDecision(step, {
    backendId: lease.backendId,
    request: "limit",
    outcome: "granted",
    rule: limit?.rule ?? before?.rule,
    reason: limit
      ? `limited: rule '${limit.rule}' — at most ${limit.currentA} A`
      : `no longer limited by rule '${before?.rule}'`,
  });
  limitsChanged(step);
}
