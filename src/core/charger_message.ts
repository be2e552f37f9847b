// The charger's CALLs, answered whatever the backends do, also those that are broken.

import { isAction } from "../ocpp/action.ts";
import { type Frame, type MessageId, parseFrame } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { repairRequest } from "../ocpp/repair.ts";
import { formatTime } from "../ocpp/time.ts";
import type {
  Action,
  BootNotificationRequest,
  MeterValuesRequest,
  StartTransactionRequest,
  StatusNotificationRequest,
  StopTransactionRequest,
} from "../ocpp/types.ts";
import type { Fault } from "../ocpp/validate.ts";
import { authorize, forwardToBackend } from "./authorization.ts";
import { AFTER_BOOT_MS } from "./charge_point.ts";
import { answerCharger, failCharger } from "./charger_answer.ts";
import { chargerAnswered, pumpCharger } from "./charger_call.ts";
import { boot, notice, status } from "./charger_notice.ts";
import { emitJson } from "./json_backend.ts";
import { meterValues } from "./meter_values.ts";
import { notifySubset } from "./notify.ts";
import { sessionByChargerId, sessionOnConnector } from "./session.ts";
import { noteOnce, type Step } from "./step_context.ts";
import { startTransaction } from "./start_transaction.ts";
import { stopTransaction } from "./stop_transaction.ts";
import { zonelessReader } from "./zoneless_time.ts";

/** One text message of the charger; from an old connection it means nothing. */
export function chargerFrame(step: Step, connection: number, text: string): void {
  const { charger } = step.state;
  if (charger.connection !== connection) return;
  const frame = parseFrame(text);
  switch (frame.type) {
    case "call":
      chargerCall(step, connection, frame, text);
      break;
    case "result":
      chargerAnswered(step, frame.id, { type: "result", payload: frame.payload });
      break;
    case "error":
      chargerAnswered(step, frame.id, {
        type: "error",
        code: frame.code,
        description: frame.description,
      });
      break;
    case "malformed":
      noteOnce(step, `malformed: ${frame.reason}`, "the charger sent a malformed message");
      if (frame.reply) {
        const { id, code, description } = frame.reply;
        failCharger(step, connection, id, code, description);
      }
      if (frame.failedCall !== undefined) {
        chargerAnswered(step, frame.failedCall, {
          type: "error",
          code: "FormationViolation",
          description: "the charge point's answer is malformed",
        });
      }
      break;
    default:
      frame satisfies never;
  }
}

function chargerCall(
  step: Step,
  connection: number,
  frame: Frame & { type: "call" },
  text: string,
): void {
  const { charger } = step.state;
  const { id, action, payload } = frame;
  if (!isAction(action) || !FROM_CHARGER.has(action)) {
    noteOnce(step, `action ${action.slice(0, 50)}`, "the charger sent an unknown action");
    failCharger(
      step,
      connection,
      id,
      "NotImplemented",
      `${action} is not a message to a central system`,
    );
    return;
  }
  const checked = repairRequest(action, payload, step.now, zonelessReader(step, payload));
  if (!checked.ok) {
    unusable(step, connection, id, action, payload, checked.fault, text);
    return;
  }
  for (const repair of checked.repairs) {
    noteOnce(step, `${action}: ${repair}`, "the charger's messages are repaired for backends");
  }
  const raw = checked.repairs.length > 0 ? text : undefined;
  dispatch(step, connection, id, action, payload, checked.value, raw);
  if (!charger.booted && action !== "BootNotification" && charger.boot) {
    // A reconnect without BootNotification: it is up and running.
    charger.readyAt = Math.min(charger.readyAt, step.now + AFTER_BOOT_MS);
  }
  pumpCharger(step);
}

const FROM_CHARGER: ReadonlySet<Action> = new Set<Action>([
  "Authorize",
  "BootNotification",
  "DataTransfer",
  "DiagnosticsStatusNotification",
  "FirmwareStatusNotification",
  "Heartbeat",
  "LogStatusNotification",
  "MeterValues",
  "SecurityEventNotification",
  "SignCertificate",
  "SignedFirmwareStatusNotification",
  "StartTransaction",
  "StatusNotification",
  "StopTransaction",
]);

function dispatch(
  step: Step,
  connection: number,
  id: MessageId,
  action: Action,
  original: JsonObject,
  request: JsonObject,
  raw: string | undefined,
): void {
  const message = { connection, id, original, raw };
  switch (action) {
    case "BootNotification":
      return boot(step, connection, id, request as BootNotificationRequest);
    case "Heartbeat":
      return heartbeat(step, connection, id);
    case "StatusNotification":
      return status(step, connection, id, request as StatusNotificationRequest);
    case "Authorize":
      return authorize(step, connection, id, (request as { idTag: string }).idTag);
    case "StartTransaction":
      return startTransaction(step, { ...message, request: request as StartTransactionRequest });
    case "MeterValues":
      return meterValues(step, { ...message, request: request as MeterValuesRequest });
    case "StopTransaction":
      return stopTransaction(step, { ...message, request: request as StopTransactionRequest });
    case "DataTransfer":
    case "SignCertificate":
      return forwardToBackend(step, connection, id, action, request);
    case "DiagnosticsStatusNotification":
      return notice(step, connection, id, action, "diagnostics", request);
    case "FirmwareStatusNotification":
    case "SignedFirmwareStatusNotification":
      return notice(step, connection, id, action, "firmware", request);
    case "LogStatusNotification":
      return notice(step, connection, id, action, "log", request);
    case "SecurityEventNotification":
      answerCharger(step, connection, id, {});
      return notifySubset(
        step,
        "SecurityEventNotification",
        request,
        (backend) => backend.configuration.permissions.has("diagnostics"),
      );
    default:
      throw new Error(`no handler for ${action}`);
  }
}

/** JSON backends hear of a Heartbeat at most so often. */
const HEARTBEAT_EVENT_MS = 1_000;

/** Heartbeat (OCPP 1.6, section 4.6); JSON backends hear of one a second (ocpp16.md, N72). */
function heartbeat(step: Step, connection: number, id: MessageId): void {
  const { charger } = step.state;
  const time = formatTime(step.now);
  answerCharger(step, connection, id, { currentTime: time });
  if (step.now < charger.heartbeatToldAt + HEARTBEAT_EVENT_MS) return;
  charger.heartbeatToldAt = step.now;
  emitJson(step, { type: "heartbeat", current_time: time });
}

/**
 * A CALL that repair cannot make valid. Transaction messages are filled up with what is known,
 * because a charger that is refused forgets them; the rest gets the CALLERROR that fits.
 */
function unusable(
  step: Step,
  connection: number,
  id: MessageId,
  action: Action,
  payload: JsonObject,
  fault: Fault,
  text: string,
): void {
  noteOnce(step, `${action}: ${fault.message}`, "the charger sent an invalid message");
  const filled = fillUp(step, action, payload, fault);
  if (filled) {
    dispatch(step, connection, id, action, payload, filled, text);
    return;
  }
  const answer = ANSWERS_TO_UNUSABLE[action];
  if (answer) answerCharger(step, connection, id, answer(step));
  else failCharger(step, connection, id, fault.code, fault.message);
}

/** What a charger hears that sent something of no use: an error would only make it repeat it. */
const ANSWERS_TO_UNUSABLE: Partial<Record<Action, (step: Step) => JsonObject>> = {
  Authorize: () => ({ idTagInfo: { status: "Invalid" } }),
  DataTransfer: () => ({ status: "UnknownVendorId" }),
  DiagnosticsStatusNotification: () => ({}),
  FirmwareStatusNotification: () => ({}),
  Heartbeat: ({ now }) => ({ currentTime: formatTime(now) }),
  LogStatusNotification: () => ({}),
  MeterValues: () => ({}),
  SecurityEventNotification: () => ({}),
  SignCertificate: () => ({ status: "Rejected" }),
  SignedFirmwareStatusNotification: () => ({}),
  StatusNotification: () => ({}),
};

/** A transaction message whose unusable fields have stand-ins; undefined: that cannot be done. */
function fillUp(
  step: Step,
  action: Action,
  payload: JsonObject,
  fault: Fault,
): JsonObject | undefined {
  const standIns = standInsFor(step, action, payload);
  let filled = payload;
  for (let path: string | undefined = fault.path; path !== undefined;) {
    if (!Object.hasOwn(standIns, path)) return undefined;
    filled = { ...filled, [path]: standIns[path] };
    delete standIns[path];
    const checked = repairRequest(action, filled, step.now, zonelessReader(step, filled));
    if (checked.ok) return checked.value;
    path = checked.fault.path;
  }
  return undefined;
}

function standInsFor(step: Step, action: Action, payload: JsonObject): JsonObject {
  // Some chargers add characters to a tag of full length.
  const idTag = typeof payload.idTag === "string" ? payload.idTag.slice(0, 20) : "unknown";
  switch (action) {
    case "StartTransaction":
      return { connectorId: 1, meterStart: 0, idTag };
    case "StopTransaction": {
      const { transactionId: id } = payload;
      const named = typeof id === "number" || typeof id === "bigint"
        ? sessionByChargerId(step.state, id)
        : undefined;
      const session = named ?? sessionOnConnector(step.state, 1);
      return { transactionId: -1, meterStop: session?.registerWh ?? 0 };
    }
    default:
      return {};
  }
}
