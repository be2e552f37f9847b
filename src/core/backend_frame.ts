// What an OCPP backend sends: answers to our CALLs, and CALLs of its own.

import { isAction } from "../ocpp/action.ts";
import { type MessageId, parseFrame } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import type { IdTagInfo, Int64 } from "../ocpp/types.ts";
import { checkConfirmation, checkRequest } from "../ocpp/validate.ts";
import { askAnswered, startVerdict } from "./authorization.ts";
import { clampIntervalMs } from "./backend.ts";
import { failBackend } from "./backend_answer.ts";
import { backendCommand, TO_CHARGER } from "./backend_command.ts";
import { pump } from "./backend_outbox.ts";
import type { Backend, PendingBackendCall } from "./backend_state.ts";
import { advance, backendIdWrite, pass } from "./delivery.ts";
import { deliveryFailed } from "./delivery_failure.ts";
import { jsonRequest } from "./json_request.ts";
import { stopLate } from "./late_rejection.ts";
import { replayStatus } from "./notify.ts";
import type { LogEntry } from "./record.ts";
import { inHouseholdTags } from "./sent_tag.ts";
import type { Storing } from "./state.ts";
import { log, type Step } from "./step_context.ts";
import { store } from "./stored.ts";

/** One text message of a backend; from an old connection it means nothing. */
export function backendFrame(
  step: Step,
  backendId: string,
  connection: number,
  text: string,
): void {
  const backend = step.state.backends.get(backendId);
  if (backend?.link.type !== "open" || backend.link.connection !== connection) return;
  if (backend.link.protocol === "json") {
    jsonRequest(step, backend, text);
    return;
  }
  const frame = parseFrame(text);
  switch (frame.type) {
    case "call":
      call(step, backend, frame.id, frame.action, frame.payload);
      break;
    case "result":
      answered(step, backend, frame.id, { type: "result", payload: frame.payload });
      break;
    case "error":
      answered(step, backend, frame.id, {
        type: "error",
        reason: `${frame.code}: ${frame.description}`,
      });
      break;
    case "malformed":
      log(step, "debug", "a backend sent a malformed message", {
        backend: backendId,
        reason: frame.reason,
      });
      if (frame.reply) {
        const { id, code, description } = frame.reply;
        failBackend(step, backend, id, code, description);
      }
      if (frame.failedCall !== undefined) {
        answered(step, backend, frame.failedCall, { type: "error", reason: frame.reason });
      }
      break;
    default:
      frame satisfies never;
  }
}

function call(
  step: Step,
  backend: Backend,
  id: MessageId,
  action: string,
  payload: JsonObject,
): void {
  if (!isAction(action)) {
    failBackend(
      step,
      backend,
      id,
      "NotImplemented",
      `${action.slice(0, 50)} is not an OCPP 1.6 action`,
    );
    return;
  }
  if (!TO_CHARGER.has(action)) {
    const description = `${action} is sent by charge points, not to them`;
    failBackend(step, backend, id, "NotSupported", description);
    return;
  }
  const checked = checkRequest(action, payload);
  if (!checked.ok) {
    failBackend(step, backend, id, checked.fault.code, checked.fault.message);
    return;
  }
  const request = inHouseholdTags(step.state, backend.id, action, checked.value);
  backendCommand(step, backend, id, action, request);
}

type Answer =
  | { readonly type: "result"; readonly payload: JsonObject }
  | { readonly type: "error"; readonly reason: string }
  | { readonly type: "timeout" };

/** Its answer to our outstanding CALL; a late, repeated or unknown one has no effect. */
function answered(step: Step, backend: Backend, id: MessageId, answer: Answer): void {
  const { pending } = backend;
  if (pending === undefined || pending.id !== id) {
    log(step, "debug", "a backend answered a message that nobody waits for", {
      backend: backend.id,
    });
    return;
  }
  backend.pending = undefined;
  finish(step, backend, pending, answer);
  pump(step, backend);
}

/** Our outstanding CALL was not answered in time. */
export function backendTimedOut(step: Step, backend: Backend): void {
  const { pending } = backend;
  // What waits for the store has to become true first: the tick comes again at once.
  if (pending === undefined || step.state.storing) return;
  backend.pending = undefined;
  log(step, "warning", "a backend did not answer in time", {
    backend: backend.id,
    message: pending.outgoing.type,
  });
  finish(step, backend, pending, { type: "timeout" });
}

function finish(
  step: Step,
  backend: Backend,
  { outgoing }: PendingBackendCall,
  answer: Answer,
): void {
  if (answer.type !== "timeout" && outgoing.type !== "entry") {
    backend.delivery.answeredSince = true;
  }
  switch (outgoing.type) {
    case "boot":
      return registered(step, backend, answer);
    case "ask": {
      const checked = answer.type === "result"
        ? checkConfirmation(outgoing.action, answer.payload)
        : undefined;
      return askAnswered(
        step,
        outgoing.awaiting,
        backend.id,
        checked?.ok ? checked.value : undefined,
      );
    }
    case "entry":
      return delivered(step, backend, outgoing.entry, answer);
    case "heartbeat":
    case "status":
    case "notice":
      return;
    default:
      outgoing satisfies never;
  }
}

/** BootNotification.conf concerns this backend alone (contract, section 4). */
function registered(step: Step, backend: Backend, answer: Answer): void {
  const checked = answer.type === "result"
    ? checkConfirmation("BootNotification", lenientBoot(answer.payload))
    : undefined;
  if (!checked?.ok) {
    backend.registration = "unregistered";
    backend.bootAt = step.now + clampIntervalMs(0);
    const reason = answer.type === "error" ? answer.reason : "no usable answer";
    backend.lastProblem = `BootNotification: ${reason}`;
    log(step, "warning", "a backend did not register the charge point", {
      backend: backend.id,
      reason,
    });
    return;
  }
  const { status, interval } = checked.value;
  if (status === "Accepted") {
    backend.registration = "accepted";
    backend.known = true;
    backend.heartbeatIntervalMs = clampIntervalMs(interval);
    backend.dialAttempts = 0;
    backend.lastProblem = undefined;
    replayStatus(step, backend);
    return;
  }
  backend.registration = status === "Pending" ? "pending" : "rejected";
  backend.known = false;
  backend.bootAt = step.now + clampIntervalMs(interval);
  backend.lastProblem = `BootNotification was answered ${status}`;
  log(step, "warning", "a backend did not accept the charge point", {
    backend: backend.id,
    status,
  });
}

/** Some central systems still send `heartbeatInterval`, a fraction of seconds, or text. */
function lenientBoot(payload: JsonObject): JsonObject {
  const { heartbeatInterval, interval = heartbeatInterval, ...rest } = payload;
  const seconds = typeof interval === "string" ? Number.parseFloat(interval) : interval;
  return { ...rest, interval: typeof seconds === "number" ? Math.round(seconds) : seconds };
}

/** A transaction message was answered. */
function delivered(step: Step, backend: Backend, entry: LogEntry, answer: Answer): void {
  if (answer.type !== "result") {
    const failure = answer.type === "timeout"
      ? { type: "timeout" as const, reason: "no answer in time" }
      : { type: "refused" as const, reason: answer.reason };
    deliveryFailed(step, backend, entry, failure);
    return;
  }
  if (entry.action !== "StartTransaction") {
    pass(step, backend, entry.sequence, entry.action === "StopTransaction");
    return;
  }
  const theirs = transactionIdOf(answer.payload);
  if (theirs === undefined) {
    const reason = "StartTransaction.conf has no usable transactionId";
    deliveryFailed(step, backend, entry, { type: "refused", reason });
    return;
  }
  // Nothing goes out under an id that a crash could make us forget.
  store(step, {
    type: "confirmed",
    backendId: backend.id,
    entry,
    theirs,
    confirmation: answer.payload,
  }, [
    backendIdWrite(backend, entry.transactionId, theirs),
    { table: "cursor", cursor: { backendId: backend.id, sequence: entry.sequence } },
  ]);
}

/** The backend's id for a transaction is on disk: it counts from now on. */
export function startConfirmed(step: Step, plan: Storing & { type: "confirmed" }): void {
  const backend = step.state.backends.get(plan.backendId);
  if (!backend) return;
  backend.transactionIds.set(plan.entry.transactionId, plan.theirs);
  advance(backend, plan.entry.sequence);
  verdict(step, backend, plan.entry, plan.confirmation);
}

/** Some central systems send the id as text. Any integer of 64 bits will do that is exact. */
function transactionIdOf(payload: JsonObject): Int64 | undefined {
  const { transactionId } = payload;
  switch (typeof transactionId) {
    case "bigint":
      return BigInt.asIntN(64, transactionId) === transactionId ? transactionId : undefined;
    case "number":
      return Number.isSafeInteger(transactionId) ? transactionId : undefined;
    case "string":
      return /^-?\d{1,15}$/.test(transactionId) ? Number(transactionId) : undefined;
    default:
      return undefined;
  }
}

/** What the booked backend says of the id tag: in time it is the answer, later it is a policy. */
function verdict(step: Step, backend: Backend, entry: LogEntry, payload: JsonObject): void {
  const session = step.state.sessions.get(entry.transactionId);
  if (!session || session.backendId !== backend.id) return;
  const checked = checkConfirmation("StartTransaction", {
    transactionId: entry.transactionId,
    idTagInfo: payload.idTagInfo,
  });
  const idTagInfo: IdTagInfo = checked.ok ? checked.value.idTagInfo : { status: "Accepted" };
  if (startVerdict(step, entry.transactionId, backend.id, idTagInfo)) return;
  if (idTagInfo.status === "Accepted" || session.stoppedAt !== null) return;
  log(step, "warning", "a backend refuses a transaction that is running", {
    backend: backend.id,
    transactionId: session.transactionId,
    status: idTagInfo.status,
  });
  if (backend.configuration.lateRejection === "keep") return;
  stopLate(step, session);
}
