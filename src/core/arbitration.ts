// Who may control: one pure decision over state, facts and request, in the contract's order (5).

import { conflict } from "./conflict.ts";
import {
  type ControlRequest,
  type Denial,
  household,
  ownerMode,
  permission,
  rateLimit,
  safety,
  sharing,
} from "./objection.ts";
import { idTagRow } from "./id_tag.ts";
import { answerTo, type Concern } from "./question.ts";
import { evaluateRules, type Ruling } from "./rules.ts";
import type { State } from "./state.ts";
import type { Lease } from "./control_state.ts";

/** What goes with a grant. */
interface Grant {
  readonly reason: string;
  readonly rule: string | undefined;
  readonly limit: Lease["limit"];
}

export type Verdict =
  | { readonly type: "granted"; readonly renewed: boolean } & Grant
  /** As soon as the transactions of `from` have been ended. */
  | { readonly type: "handover"; readonly from: string } & Grant
  /** If the owner agrees. */
  | { readonly type: "ask"; readonly ruling: Ruling & { type: "ask" } }
  | { readonly type: "denied" } & Denial;

/** Decides; changes nothing. The owner is asked only for what could be had if the owner agrees. */
export function decide(state: State, request: ControlRequest, now: number): Verdict {
  const objection = ownerMode(state, request.backendId) ??
    safety(state, request.connectorId) ??
    sharing(state, request.backendId) ??
    permission(state, request) ??
    household(state, request.backendId, now) ??
    rateLimit(state, request.backendId, now);
  if (objection) return denied(objection);
  const ruling = evaluateRules(state, { idTag: undefined, ...request }, now);
  if (ruling.type === "deny") return denied(ruled(ruling));
  const standing = conflict(state, request, now);
  if ("code" in standing) return denied(standing);
  const held = state.control.lease;
  const agreed = held?.backendId === request.backendId && held.rule !== undefined &&
    ruling.type !== "none" && held.rule === ruling.rule;
  const word = agreed
    ? undefined
    : ownersWord(state, { backendId: request.backendId, card: undefined }, ruling, now);
  if (word) return word;
  const limit = ruling.type === "limit"
    ? { rule: ruling.rule, currentA: ruling.currentA }
    : undefined;
  const rule = ruling.type === "none" ? undefined : ruling.rule;
  return { ...standing, rule, limit, reason: grantReason(standing.reason, ruling) };
}

/**
 * Decides about a card at the charger, which is a request by whoever it belongs to; null: the owner.
 *
 * A person stands there, and the charger itself knows what is free: neither the rate limit nor the
 * holder of control counts.
 */
export function decideLocal(
  state: State,
  request: {
    readonly backendId: string | null;
    readonly idTag: string;
    readonly connectorId: number | undefined;
  },
  now: number,
): Verdict {
  const { backendId } = request;
  const grant = { type: "granted", renewed: false, rule: undefined, limit: undefined } as const;
  if (backendId === null) {
    if (state.control.mode.mode === "paused") {
      return denied({ code: "denied", reason: "the owner has paused charging" });
    }
    const whose = idTagRow(state, request.idTag)
      ? "the household's own"
      : "nobody's, and unknown ones may charge (unknown_id_tags)";
    return { ...grant, reason: `granted: the card is ${whose}` };
  }
  const objection = ownerMode(state, backendId) ?? sharing(state, backendId) ??
    household(state, backendId, now);
  if (objection) return denied(objection);
  const ruling = evaluateRules(state, { ...request, backendId, action: "Authorize" }, now);
  if (ruling.type === "deny") return denied(ruled(ruling));
  const word = ownersWord(state, { backendId, card: request.idTag }, ruling, now);
  if (word) return word;
  return { ...grant, reason: grantReason(`granted: the card is ${backendId}'s`, ruling) };
}

/** What stands between a rule that asks and a grant; undefined: nothing does. */
function ownersWord(
  state: State,
  { backendId, card }: Omit<Concern, "rule">,
  ruling: Ruling,
  now: number,
): Verdict | undefined {
  if (ruling.type !== "ask") return undefined;
  const { rule } = ruling;
  const answer = answerTo(state, { backendId, rule, card }, now);
  if (answer === undefined) return { type: "ask", ruling };
  if (answer.allow) return undefined;
  const what = answer.byDefault ? "the owner was asked and did not answer" : "the owner said no";
  return denied({ code: "denied", reason: `${what} (rule '${rule}')`, rule });
}

function grantReason(reason: string, ruling: Ruling): string {
  switch (ruling.type) {
    case "none":
    case "deny":
      return reason;
    case "allow":
      return `${reason}; rule '${ruling.rule}' allows it`;
    case "ask":
      return `${reason}; rule '${ruling.rule}': the owner agrees`;
    case "limit":
      return `${reason}, with at most ${ruling.currentA} A: rule '${ruling.rule}' — ${ruling.because}`;
    default:
      return ruling satisfies never;
  }
}

function ruled(ruling: Ruling & { type: "deny" | "allow" }): Denial {
  const reason = `rule '${ruling.rule}' — ${ruling.because}`;
  return { code: "denied", reason, rule: ruling.rule };
}

function denied(denial: Denial): Verdict {
  return { type: "denied", ...denial, reason: `denied: ${denial.reason}` };
}
