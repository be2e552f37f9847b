// What waits for a backend's word before the charger is answered: Authorize, and forwarded messages.

import type { MessageId } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import type { IdTagInfo } from "../ocpp/types.ts";
import { enqueue } from "./backend_outbox.ts";
import type { Backend } from "./backend_state.ts";
import { forgetAuthorization, rememberAuthorization } from "./booking.ts";
import { answerCharger } from "./charger_answer.ts";
import { claimant } from "./claim.ts";
import { idTagRow } from "./id_tag.ts";
import type { Awaiting, State } from "./state.ts";
import type { Step } from "./step_context.ts";
import { startConfirmation } from "./stored.ts";

/**
 * Authorize (OCPP 1.6, section 4.1): the household's table, else the backend whose RemoteStart the
 * charger is carrying out, else the backends that may authorise, best first, with a deadline.
 */
export function authorize(step: Step, connection: number, id: MessageId, idTag: string): void {
  const { state, now } = step;
  const row = idTagRow(state, idTag);
  if (row) {
    const status = row.action === "allow" ? "Accepted" : "Blocked";
    answerCharger(step, connection, id, { idTagInfo: { status } });
    return;
  }
  const claimed = state.backends.get(claimant(state, idTag, undefined, now) ?? "");
  const asked = claimed ? [claimed].filter(canBeAsked) : authorizers(state);
  if (asked.length === 0) {
    const status = claimed || state.configuration.unknownIdTags === "accept"
      ? "Accepted"
      : "Invalid";
    answerCharger(step, connection, id, { idTagInfo: { status } });
    return;
  }
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
    enqueue(step, backend, { type: "ask", action: "Authorize", payload: { idTag }, awaiting });
  }
}

/** The backends that may be asked now, best first. */
function authorizers(state: State): Backend[] {
  const preferred = state.configuration.preferredProvider;
  const rank = (backend: Backend) =>
    backend.id === preferred ? Infinity : backend.configuration.priority;
  return [...state.backends.values()]
    .filter((backend) => backend.configuration.permissions.has("authorize") && canBeAsked(backend))
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
  { idTag, answers }: Awaiting & { type: "authorize" },
  backendId: string,
  info: IdTagInfo,
): void {
  answers.set(backendId, info);
  if (info.status !== "Accepted") return forgetAuthorization(step, idTag, backendId);
  const best = [...answers].find(([, item]) => item?.status === "Accepted")?.[0];
  if (best === backendId) rememberAuthorization(step, idTag, backendId);
}

/** A backend is gone, or its question never left. */
export function withdrawAsk(step: Step, awaiting: Awaiting, backendId: string): void {
  askAnswered(step, awaiting, backendId, undefined);
}

/** The best-ranked yes decides as soon as nobody better may still speak. */
function settleAuthorize(
  step: Step,
  awaiting: Awaiting & { type: "authorize" },
  overdue: boolean,
): void {
  const { configuration } = step.state;
  let refused: IdTagInfo | undefined;
  for (const info of awaiting.answers.values()) {
    if (info === undefined && !overdue) return;
    if (info === undefined || info === null) continue;
    if (info.status === "Accepted") return finishAuthorize(step, awaiting, info);
    refused ??= info;
  }
  const silent = { status: configuration.unknownIdTags === "accept" ? "Accepted" : "Invalid" };
  finishAuthorize(step, awaiting, refused ?? silent as IdTagInfo);
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
          answerCharger(step, awaiting.connection, id, startConfirmation(awaiting.transactionId));
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
