// Questions to the owner: one for each backend, rule and card, with a deadline and a default.

import type { JsonObject } from "../ocpp/json.ts";
import { formatTime } from "../ocpp/time.ts";
import type { ControlRequest, Denial } from "./objection.ts";
import { recordDecision, withWords } from "./decision.ts";
import { comparable, idTagRow } from "./id_tag.ts";
import { emitJsonTo } from "./json_backend.ts";
import { storeControl } from "./lease.ts";
import { maskedIdTag } from "./masked_id_tag.ts";
import type { Ruling } from "./rules.ts";
import type { State } from "./state.ts";
import type { OwnerAnswer, Question } from "./control_state.ts";
import type { Step } from "./step_context.ts";

/** Open questions; one more is refused. */
export const MAX_QUESTIONS = 16;

/** Those of one backend, whose cards each ask for themselves. */
export const MAX_QUESTIONS_EACH = 8;

/** So long the owner's word counts for the same backend, rule and card. */
export const ANSWER_MS = 600_000;

/** Remembered answers; the oldest goes first. */
export const MAX_ANSWERS = 64;

/** Whom the owner's word is about. `card`: an id tag; undefined: the backend's own requests. */
export interface Concern {
  readonly backendId: string;
  readonly rule: string;
  readonly card: string | undefined;
}

/** What the owner has said about this, while it counts. */
export function answerTo(
  { control }: State,
  concern: Concern,
  now: number,
): OwnerAnswer | undefined {
  return control.answers.find((answer) => answer.until > now && isAbout(answer, concern));
}

function isAbout(answer: OwnerAnswer, { backendId, rule, card }: Concern): boolean {
  return answer.backendId === backendId && answer.rule === rule && isSameTag(answer.idTag, card);
}

function isSameTag(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return comparable(one) === comparable(other);
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
  const own = [...control.questions.values()].filter((open) => open.backendId === backendId);
  const same = own.filter(({ rule }) => rule === ruling.rule);
  if (action === "Authorize") {
    const open = same.find((one) => isSameTag(one.idTag, idTag));
    if (open) return open;
  } else {
    const open = same.find((one) => one.action !== "Authorize");
    if (open) return open;
    const card = same.find((one) => idTag === undefined || isSameTag(one.idTag, idTag));
    if (card) return joinCard(step, card, request);
  }
  if (control.questions.size >= MAX_QUESTIONS || own.length >= MAX_QUESTIONS_EACH) {
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
    reason: withWords(ruling.because, request.why),
    askedAt: now,
    deadline: now + ruling.timeoutMs,
    default: ruling.default,
  };
  control.questions.set(question.id, question);
  recordDecision(step, {
    backendId,
    request: action,
    outcome: "asked",
    rule: question.rule,
    reason: `asked: rule '${question.rule}' — ${question.reason}; question ${question.id}, ` +
      `${question.default} unless the owner answers within ${ruling.timeoutMs / 1000} s`,
  });
  storeControl(step);
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

function remember(
  { state: { control } }: Step,
  concern: Concern,
  word: Pick<OwnerAnswer, "allow" | "at" | "until" | "byDefault">,
): void {
  const { backendId, rule, card } = concern;
  const others = control.answers.filter((answer) => !isAbout(answer, concern));
  const answer = { backendId, rule, idTag: card, ...word };
  control.answers = [...others, answer].slice(-MAX_ANSWERS);
}

/** Nobody is there any more whom an answer would matter to: its questions are closed. */
export function withdrawQuestions(step: Step, backendId: string): void {
  const { questions } = step.state.control;
  for (const { id, rule, action, ...question } of [...questions.values()]) {
    if (question.backendId !== backendId) continue;
    questions.delete(id);
    const reason = `denied: rule '${rule}' — question ${id} is closed: ` +
      `${backendId} is no longer configured`;
    recordDecision(step, { backendId, request: action, outcome: "denied", rule, reason });
    storeControl(step);
    publishClosed(step, { id, backendId, rule, allow: false, reason });
  }
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
  const { backendId, rule, action, idTag } = question;
  const word = { allow, at: now, until: now + ANSWER_MS, byDefault };
  control.questions.delete(id);
  if (action !== "Authorize") remember(step, { backendId, rule, card: undefined }, word);
  if (idTag !== undefined) remember(step, { backendId, rule, card: idTag }, word);
  const seconds = Math.round((question.deadline - question.askedAt) / 1000);
  const why = byDefault
    ? `nobody answered question ${id} within ${seconds} s, and its default is ${question.default}`
    : `the owner said ${allow ? "yes" : "no"} to question ${id}`;
  const outcome = allow ? "allowed" : "denied";
  const reason = `${outcome}: ${why} (rule '${rule}')`;
  recordDecision(step, { backendId, request: action, outcome, rule, reason });
  storeControl(step);
  publishClosed(step, { id, backendId, rule, allow, reason });
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

function publishClosed(
  { effects }: Step,
  { backendId, ...closed }: {
    readonly id: number;
    readonly backendId: string;
    readonly rule: string;
    readonly allow: boolean;
    readonly reason: string;
  },
): void {
  effects.push({
    type: "publish",
    event: { type: "question_closed", backend_id: backendId, ...closed },
  });
}
