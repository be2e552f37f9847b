// What the charger's answer to a CALL changes, and how it comes back to whoever asked.

import type { ErrorCode } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import type { Action, Messages } from "../ocpp/types.ts";
import { answerBackend, failBackend } from "./backend_answer.ts";
import { limitsChanged } from "./charging_limit.ts";
import { claimStart } from "./claim.ts";
import { releaseUnused } from "./control.ts";
import { comparable } from "./id_tag.ts";
import { answerJson } from "./json_reply.ts";
import { isUnknown, reservationSent, saveLeftovers } from "./leftover.ts";
import { leftoverCleared } from "./leftover_clearing.ts";
import { saveControl } from "./lease.ts";
import { limitAnswered } from "./limit_delivery.ts";
import { refusalOf } from "./refusal.ts";
import { ownStopAnswered } from "./own_stop.ts";
import { openSessions } from "./session.ts";
import type { ChargerCall, ChargerOutcome, NoticeKind, Origin, State } from "./state.ts";
import { noteFact, type Step } from "./step_context.ts";
import { configurationRead, updateConfiguration } from "./virtual_configuration.ts";

/** Uploads and updates remembered; the oldest goes first. */
const MAX_REQUESTS = 100;

const ERROR_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  "NotImplemented",
  "NotSupported",
  "InternalError",
  "ProtocolError",
  "SecurityError",
  "FormationViolation",
  "PropertyConstraintViolation",
  "OccurenceConstraintViolation",
  "TypeConstraintViolation",
  "GenericError",
]);

/** The end of a CALL to the charger, whatever it was. */
export function commandAnswered(step: Step, call: ChargerCall, outcome: ChargerOutcome): void {
  apply(step, call, outcome);
  for (const origin of call.origins) answerOrigin(step, origin, call.action, outcome);
}

function apply(step: Step, call: ChargerCall, outcome: ChargerOutcome): void {
  const status = outcome.type === "result" ? outcome.payload.status : undefined;
  const accepted = status === "Accepted";
  const begun = accepted || isUnknown(outcome);
  switch (call.action) {
    case "RemoteStartTransaction": {
      const request = call.payload as Messages["RemoteStartTransaction"]["request"];
      startSent(step, call, request, outcome);
      break;
    }
    case "SetChargingProfile":
    case "ClearChargingProfile":
      limitAnswered(step, call, outcome);
      break;
    case "ReserveNow":
      reservationSent(step, call, outcome);
      if (!accepted) releaseAfter(step, call);
      break;
    case "CancelReservation":
      leftoverCleared(step, call, outcome);
      break;
    case "ChangeConfiguration":
      if (accepted || status === "RebootRequired") {
        const { key, value } = call.payload as Messages["ChangeConfiguration"]["request"];
        updateConfiguration(step, key, value);
      }
      break;
    case "GetLog":
      if (begun || status === "AcceptedCanceled") ordered(step, call, "log");
      break;
    case "SignedUpdateFirmware":
      if (begun || status === "AcceptedCanceled") ordered(step, call, "firmware");
      break;
    case "UpdateFirmware":
      if (begun || outcome.type === "result") ordered(step, call, "firmware");
      break;
    case "GetDiagnostics":
      if (begun || outcome.type === "result") ordered(step, call, "diagnostics");
      break;
    default:
      // The other confirmations change nothing here.
  }
}

/** Without an answer it may well start: the claim decides whose it is (ocpp16.md, N34). */
function startSent(
  step: Step,
  call: ChargerCall,
  request: Messages["RemoteStartTransaction"]["request"],
  outcome: ChargerOutcome,
): void {
  const { backendId } = call;
  const accepted = outcome.type === "result" && outcome.payload.status === "Accepted";
  if (!accepted && !isUnknown(outcome)) {
    limitsChanged(step);
    saveControl(step);
    return releaseAfter(step, call);
  }
  if (backendId === undefined) return;
  // The claim that was kept while it was under way has done its duty.
  if (hasStarted(step.state, backendId, request)) return saveControl(step);
  claimStart(step, backendId, request.idTag, request.connectorId);
}

/** The command came to nothing: so does the lease that was granted for it. */
function releaseAfter(step: Step, { backendId, freshLease, queuedAt }: ChargerCall): void {
  if (freshLease && backendId !== undefined) releaseUnused(step, backendId, queuedAt);
}

/** The charger's StartTransaction came before its RemoteStartTransaction.conf. */
function hasStarted(
  state: State,
  backendId: string,
  { idTag, connectorId }: Messages["RemoteStartTransaction"]["request"],
): boolean {
  return openSessions(state).some((session) =>
    session.backendId === backendId && session.bookedBy === "remote_start" &&
    comparable(session.idTag) === comparable(idTag) &&
    (connectorId === undefined || session.connectorId === connectorId)
  );
}

/** Remembers who gets the notifications of an upload or update. */
function ordered(step: Step, call: ChargerCall, kind: NoticeKind): void {
  const { charger, requests } = step.state;
  if (call.backendId === undefined) return;
  charger.orderedBy.set(kind, call.backendId);
  noteFact(step, "ordered_by", Object.fromEntries(charger.orderedBy));
  if (typeof call.payload.requestId !== "number") return;
  requests.set(call.payload.requestId, {
    backendId: call.backendId,
    theirs: Number(call.requested.requestId),
  });
  if (requests.size > MAX_REQUESTS) requests.delete(requests.keys().next().value!);
  saveLeftovers(step);
}

/** Tells whoever wanted something what has come of it. */
export function answerOrigin(
  step: Step,
  origin: Origin,
  action: Action,
  outcome: ChargerOutcome,
): void {
  switch (origin.type) {
    case "ocpp":
      return answerOcpp(step, action, origin, outcome);
    case "json":
      return answerJson(step, action, origin, outcome);
    case "configuration":
      return configurationRead(step, outcome);
    case "housekeeping":
    case "limit":
      return;
    case "own_stop":
      return ownStopAnswered(step, origin, outcome);
    default:
      origin satisfies never;
  }
}

function answerOcpp(
  step: Step,
  action: Action,
  origin: Origin & { type: "ocpp" },
  outcome: ChargerOutcome,
): void {
  const backend = step.state.backends.get(origin.backendId);
  if (backend?.link.type !== "open" || backend.link.connection !== origin.connection) return;
  const fail = (code: ErrorCode, description: string) =>
    failBackend(step, backend, origin.id, code, description);
  switch (outcome.type) {
    case "result":
      return answerBackend(step, backend, origin.id, outcome.payload);
    case "error":
      return fail(
        ERROR_CODES.has(outcome.code) ? outcome.code as ErrorCode : "GenericError",
        outcome.description,
      );
    case "timeout":
      return fail("GenericError", "the charge point did not answer in time");
    case "lost":
      return fail("GenericError", "the charge point disconnected before it answered");
    case "busy":
      return fail("GenericError", "busy: too many commands are waiting for the charge point");
    case "offline":
    case "refused": {
      const refusal: JsonObject | undefined = refusalOf(action);
      if (refusal) return answerBackend(step, backend, origin.id, refusal);
      if (outcome.type === "refused") return fail("SecurityError", outcome.reason);
      return fail("GenericError", "the charge point is not connected");
    }
    default:
      outcome satisfies never;
  }
}
