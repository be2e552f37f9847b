// Questions to the owner: one for each backend and rule, with a deadline and a default.

import type { JsonObject } from "../ocpp/json.ts";
import { formatTime } from "../ocpp/time.ts";
import type { ControlRequest, Denial } from "./arbitration.ts";
import { recordDecision } from "./decision.ts";
import { idTagRow } from "./id_tag.ts";
import { emitJsonTo } from "./json_backend.ts";
import { storeControl } from "./lease.ts";
import { maskedIdTag } from "./masked_id_tag.ts";
import type { Ruling } from "./rules.ts";
import type { OwnerAnswer, Question, State } from "./state.ts";
import type { Step } from "./step_context.ts";

/** Open questions; one more is refused. */
export const MAX_QUESTIONS = 16;

/** So long the owner's word counts for the same backend and rule. */
export const ANSWER_MS = 600_000;

/** Remembered answers; the oldest goes first. */
export const MAX_ANSWERS = 64;

function answerKey(backendId: string, rule: string): string {
  return JSON.stringify([backendId, rule]);
}

/** What the owner has said to this backend about this rule, while it counts. */
export function answerTo(
  { control }: State,
  backendId: string,
  rule: string,
  now: number,
): OwnerAnswer | undefined {
  const answer = control.answers.get(answerKey(backendId, rule));
  return answer && answer.until > now ? answer : undefined;
}

/** Asks the owner, unless that is done already; a denial: too many questions are open. */
export function askOwner(
  step: Step,
  request: Omit<ControlRequest, "permission">,
  ruling: Ruling & { type: "ask" },
): Question | Denial {
  const { state, now } = step;
  const { control } = state;
  const { backendId, action, connectorId, idTag } = request;
  for (const open of control.questions.values()) {
    if (open.backendId === backendId && open.rule === ruling.rule) {
      const joins = open.action === "Authorize" && action !== "Authorize";
      return joins ? joinCard(step, open, request) : open;
    }
  }
  if (control.questions.size >= MAX_QUESTIONS) {
    const reason = `denied: too many questions to the owner are open (rule '${ruling.rule}')`;
    return { code: "denied", reason, rule: ruling.rule };
  }
  const question: Question = {
    id: ++control.lastQuestion,
    backendId,
    action,
    connectorId,
    idTag,
    rule: ruling.rule,
    reason: ruling.because,
    askedAt: now,
    deadline: now + ruling.timeoutMs,
    default: ruling.default,
  };
  control.questions.set(question.id, question);
  storeControl(step);
  recordDecision(step, {
    backendId,
    request: action,
    outcome: "asked",
    rule: question.rule,
    reason: `asked: rule '${question.rule}' — ${question.reason}; question ${question.id}, ` +
      `${question.default} unless the owner answers within ${ruling.timeoutMs / 1000} s`,
  });
  step.effects.push({
    type: "publish",
    event: { type: "question_opened", ...questionView(state, question) },
  });
  return question;
}

/** A card that is answered already has nothing to wait for; who asks for control after it has. */
function joinCard(
  step: Step,
  open: Question,
  { action, connectorId }: Pick<ControlRequest, "action" | "connectorId">,
): Question {
  const joined: Question = { ...open, action, connectorId };
  step.state.control.questions.set(open.id, joined);
  storeControl(step);
  return joined;
}

/** A question as the owner reads it. */
export function questionView(state: State, question: Question): JsonObject {
  const { idTag } = question;
  return {
    id: question.id,
    backend_id: question.backendId,
    action: question.action,
    connector_id: question.connectorId ?? null,
    id_tag: idTag === undefined ? null : maskedIdTag(idTag),
    id_tag_name: idTag === undefined ? null : idTagRow(state, idTag)?.name ?? null,
    rule: question.rule,
    reason: question.reason,
    asked_at: formatTime(question.askedAt),
    deadline: formatTime(question.deadline),
    default: question.default,
  };
}

/**
 * The owner has answered, or let the time pass. Commands that wait for it go on or are refused.
 * Undefined: there is no such question.
 */
export function settleQuestion(
  step: Step,
  id: number,
  allow: boolean,
  byDefault: boolean,
): Question | undefined {
  const { state, now } = step;
  const { control } = state;
  const question = control.questions.get(id);
  if (question === undefined) return undefined;
  const { backendId, rule, action } = question;
  control.questions.delete(id);
  const key = answerKey(backendId, rule);
  control.answers.delete(key);
  control.answers.set(key, { allow, at: now, until: now + ANSWER_MS, byDefault });
  if (control.answers.size > MAX_ANSWERS) {
    control.answers.delete(control.answers.keys().next().value!);
  }
  storeControl(step);
  const seconds = Math.round((question.deadline - question.askedAt) / 1000);
  const why = byDefault
    ? `nobody answered question ${id} within ${seconds} s, and its default is ${question.default}`
    : `the owner said ${allow ? "yes" : "no"} to question ${id}`;
  const outcome = allow ? "allowed" : "denied";
  const reason = `${outcome}: ${why} (rule '${rule}')`;
  recordDecision(step, { backendId, request: action, outcome, rule, reason });
  step.effects.push({
    type: "publish",
    event: { type: "question_closed", id, backend_id: backendId, rule, allow, reason },
  });
  if (!allow) emitJsonTo(step, backendId, { type: "control_denied", code: "denied", reason });
  for (const held of [...control.held]) {
    if (held.waitsFor.type !== "question" || held.waitsFor.id !== id) continue;
    control.held.splice(control.held.indexOf(held), 1);
    const denial: Denial | undefined = allow ? undefined : { code: "denied", reason, rule };
    control.resumed.push({ held, denial });
  }
  control.recheck = true;
  return question;
}
