// What waits for a backend's word before the charger is answered: Authorize, and forwarded messages.

import type { MessageId } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import type { IdTagInfo } from "../ocpp/types.ts";
import { isExcluded } from "./objection.ts";
import { enqueue } from "./backend_outbox.ts";
import type { Backend } from "./backend_state.ts";
import { forgetAuthorization, holderOf, rememberAuthorization } from "./booking.ts";
import { allowCard, grantOf, isCharging, isDenied } from "./card.ts";
import { answerCharger } from "./charger_answer.ts";
import { claimant } from "./claim.ts";
import { idTagRow, tagFor } from "./id_tag.ts";
import type { Awaiting, State } from "./state.ts";
import type { Step } from "./step_context.ts";
import { startConfirmation } from "./stored.ts";

const BLOCKED: IdTagInfo = { status: "Blocked" };

/**
 * Authorize (OCPP 1.6, section 4.1): whoever charges may always end it. Else the household's table
 * says whose the card is, or the backend whose RemoteStart the charger is carrying out, or the
 * backends that may authorise, best first, with a deadline. The arbiter decides about whose it is.
 */
export function authorize(step: Step, connection: number, id: MessageId, idTag: string): void {
  const { state, now } = step;
  const answer = (status: IdTagInfo["status"]) =>
    answerCharger(step, connection, id, { idTagInfo: { status } });
  if (isCharging(state, idTag)) return answer("Accepted");
  if (isDenied(step, idTag)) return answer("Blocked");
  const row = idTagRow(state, idTag);
  const starter = claimant(state, idTag, undefined, now);
  const shutOut = starter !== undefined && isExcluded(state, starter);
  const claimed = shutOut ? undefined : state.backends.get(starter ?? "");
  if (row || shutOut) {
    const holder = row ? row.backend ?? null : starter ?? null;
    const allowed = claimed !== undefined || allowCard(step, holder, idTag);
    return answer(allowed ? "Accepted" : "Blocked");
  }
  const asked = claimed ? [claimed].filter(canBeAsked) : authorizers(state);
  if (asked.length === 0) return answer(claimed ? "Accepted" : unknownStatus(step, idTag));
  const awaiting: Awaiting & { type: "authorize" } = {
    type: "authorize",
    connection,
    id,
    idTag,
    answers: new Map(asked.map((backend) => [backend.id, undefined])),
    deadline: now + state.configuration.charger.answerDeadlineMs,
  };
  state.charger.awaiting.push(awaiting);
  for (const backend of asked) {
    const payload = { idTag: tagFor(state, backend.id, idTag) };
    enqueue(step, backend, { type: "ask", action: "Authorize", payload, awaiting });
  }
}

/** What becomes of a card that nobody who answers knows (`unknown_id_tags`). */
function unknownStatus(step: Step, idTag: string): IdTagInfo["status"] {
  const { state } = step;
  if (state.configuration.unknownIdTags === "reject") return "Invalid";
  return allowCard(step, holderOf(state, idTag).backendId, idTag) ? "Accepted" : "Blocked";
}

/** The backends that may be asked now, best first. */
function authorizers(state: State): Backend[] {
  const preferred = state.configuration.preferredProvider;
  const rank = (backend: Backend) =>
    backend.id === preferred ? Infinity : backend.configuration.priority;
  return [...state.backends.values()]
    .filter((backend) =>
      backend.configuration.permissions.has("authorize") && canBeAsked(backend) &&
      !isExcluded(state, backend.id)
    )
    .sort((a, b) => rank(b) === rank(a) ? 0 : rank(b) - rank(a));
}

function canBeAsked(backend: Backend): boolean {
  return backend.link.type === "open" && backend.link.protocol === "ocpp1.6" &&
    backend.registration === "accepted";
}

/** DataTransfer and SignCertificate: to the one backend that is responsible, if it is there. */
export function forwardToBackend(
  step: Step,
  connection: number,
  id: MessageId,
  action: "DataTransfer" | "SignCertificate",
  request: JsonObject,
): void {
  const { state, now } = step;
  const backend = action === "DataTransfer"
    ? state.backends.get(state.configuration.dataTransfer.get(String(request.vendorId)) ?? "")
    : [...state.backends.values()].find((item) =>
      item.configuration.permissions.has("certificates") && canBeAsked(item)
    );
  if (!backend || !canBeAsked(backend)) {
    const known = backend !== undefined;
    answerCharger(step, connection, id, { status: refusal(action, known) });
    return;
  }
  const awaiting: Awaiting = {
    type: "forward",
    connection,
    id,
    action,
    backendId: backend.id,
    deadline: now + state.configuration.charger.answerDeadlineMs,
  };
  state.charger.awaiting.push(awaiting);
  enqueue(step, backend, { type: "ask", action, payload: request, awaiting });
}

function refusal(action: "DataTransfer" | "SignCertificate", known: boolean): string {
  return action === "DataTransfer" && !known ? "UnknownVendorId" : "Rejected";
}

/** A backend has answered a question; undefined: it will not answer it any more. */
export function askAnswered(
  step: Step,
  awaiting: Awaiting,
  backendId: string,
  answer: JsonObject | undefined,
): void {
  if (awaiting.type === "authorize" && answer) {
    // Also when the charger has its answer already: it may start with this tag.
    learn(step, awaiting, backendId, answer.idTagInfo as IdTagInfo);
  }
  if (!step.state.charger.awaiting.includes(awaiting)) return;
  if (awaiting.type === "authorize") {
    awaiting.answers.set(backendId, (answer?.idTagInfo as IdTagInfo | undefined) ?? null);
    settleAuthorize(step, awaiting, false);
  } else if (awaiting.type === "forward") {
    remove(step.state, awaiting);
    const payload = answer ?? { status: refusal(awaiting.action, true) };
    answerCharger(step, awaiting.connection, awaiting.id, payload);
  }
}

/** Of those that say yes to a tag, the best-ranked is who its next session is booked to. */
function learn(
  step: Step,
  awaiting: Awaiting & { type: "authorize" },
  backendId: string,
  info: IdTagInfo,
): void {
  const { idTag, answers } = awaiting;
  answers.set(backendId, info);
  if (info.status !== "Accepted") return forgetAuthorization(step, idTag, backendId);
  // Another one's yes was the answer already: the start that comes is its.
  const granted = grantOf(step.state, idTag, step.now)?.backendId ?? backendId;
  if (granted !== backendId && !step.state.charger.awaiting.includes(awaiting)) return;
  const best = [...answers].find(([, item]) => item?.status === "Accepted")?.[0];
  if (best === backendId) rememberAuthorization(step, idTag, backendId);
}

/** A backend is gone, or its question never left. */
export function withdrawAsk(step: Step, awaiting: Awaiting, backendId: string): void {
  askAnswered(step, awaiting, backendId, undefined);
}

/**
 * The best-ranked yes that the arbiter agrees to decides, as soon as nobody better may still speak;
 * one that it does not agree to counts as a no.
 */
function settleAuthorize(
  step: Step,
  awaiting: Awaiting & { type: "authorize" },
  overdue: boolean,
): void {
  let refused: IdTagInfo | undefined;
  for (const [backendId, info] of awaiting.answers) {
    if (info === undefined && !overdue) return;
    if (info === undefined || info === null) continue;
    if (info.status !== "Accepted") refused ??= info;
    else if (agrees(step, awaiting.idTag, backendId)) return finishAuthorize(step, awaiting, info);
    else {
      awaiting.answers.set(backendId, BLOCKED);
      refused ??= BLOCKED;
    }
  }
  finishAuthorize(step, awaiting, refused ?? { status: unknownStatus(step, awaiting.idTag) });
}

/** Whether a backend's yes to a card counts; it does for its own RemoteStartTransaction. */
function agrees(step: Step, idTag: string, backendId: string): boolean {
  const { state, now } = step;
  const starts = claimant(state, idTag, undefined, now) === backendId;
  if (starts && !isExcluded(state, backendId)) return true;
  if (allowCard(step, backendId, idTag)) {
    rememberAuthorization(step, idTag, backendId);
    return true;
  }
  forgetAuthorization(step, idTag, backendId);
  return false;
}

function finishAuthorize(
  step: Step,
  awaiting: Awaiting & { type: "authorize" },
  idTagInfo: IdTagInfo,
): void {
  remove(step.state, awaiting);
  answerCharger(step, awaiting.connection, awaiting.id, { idTagInfo });
}

/** The booked backend has confirmed a StartTransaction. True: the charger was still waiting. */
export function startVerdict(
  step: Step,
  transactionId: number,
  backendId: string,
  idTagInfo: IdTagInfo,
): boolean {
  const awaiting = step.state.charger.awaiting.find((item) =>
    item.type === "start" && item.transactionId === transactionId && item.backendId === backendId
  );
  if (awaiting?.type !== "start") return false;
  remove(step.state, awaiting);
  for (const id of awaiting.ids) {
    answerCharger(step, awaiting.connection, id, { transactionId, idTagInfo });
  }
  return true;
}

/** Answers the charger where the backends took too long. */
export function settleOverdue(step: Step): void {
  for (const awaiting of [...step.state.charger.awaiting]) {
    if (awaiting.deadline > step.now) continue;
    switch (awaiting.type) {
      case "start":
        remove(step.state, awaiting);
        for (const id of awaiting.ids) {
          answerCharger(
            step,
            awaiting.connection,
            id,
            startConfirmation(step.state, awaiting.transactionId),
          );
        }
        break;
      case "authorize":
        settleAuthorize(step, awaiting, true);
        break;
      case "forward":
        askAnswered(step, awaiting, awaiting.backendId, undefined);
        break;
      default:
        awaiting satisfies never;
    }
    unask(step.state, awaiting);
  }
}

/** Takes questions back that were never sent. */
function unask(state: State, awaiting: Awaiting): void {
  for (const { waiting } of state.backends.values()) {
    const index = waiting.findIndex((item) => item.type === "ask" && item.awaiting === awaiting);
    if (index >= 0) waiting.splice(index, 1);
  }
}

function remove({ charger }: State, awaiting: Awaiting): void {
  const index = charger.awaiting.indexOf(awaiting);
  if (index >= 0) charger.awaiting.splice(index, 1);
}
