// The charger's side: its connection, and its CALLs, answered whatever the backends do.

import { isAction } from "../ocpp/action.ts";
import { type Frame, type MessageId, parseFrame } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { formatTime, parseTime } from "../ocpp/time.ts";
import type {
  Action,
  BootNotificationRequest,
  MeterValuesRequest,
  StartTransactionRequest,
  StatusNotificationRequest,
  StopTransactionRequest,
} from "../ocpp/types.ts";
import { repairRequest } from "../ocpp/repair.ts";
import type { Fault } from "../ocpp/validate.ts";
import { authorize, forwardToBackend, settleOverdue } from "./authorization.ts";
import { announceBoot, notifyStatus, notifySubset } from "./backend.ts";
import { answerCharger, failCharger } from "./charger_answer.ts";
import { abandonCalls, callCharger, chargerAnswered, pumpCharger } from "./charger_call.ts";
import { connectorFaulted, connectorFreed } from "./control.ts";
import type { Event } from "./event.ts";
import { emitJson } from "./json_backend.ts";
import { bootEvent, statusEvent } from "./json_event.ts";
import { clearAbandoned } from "./leftover.ts";
import { EARLIEST_TIME, sessionByChargerId, sessionOnConnector } from "./session.ts";
import { type Charger, log, noteFact, noteOnce, type NoticeKind, type Step } from "./state.ts";
import { meterValues, startTransaction, stopTransaction } from "./transaction.ts";
import { configurationOutdated } from "./virtual_configuration.ts";

/** CALLs wait so long after the connection for a BootNotification (charger_quirks.md 3.4). */
export const BOOT_WAIT_MS = 10_000;

/** A charger that sends none, even when asked, is announced all the same after this long. */
const BOOTLESS_MS = 45_000;

/** The first CALL comes so long after BootNotification.conf (EVBox loses connections otherwise). */
export const AFTER_BOOT_MS = 300;

/** JSON backends hear of a Heartbeat at most so often. */
const HEARTBEAT_EVENT_MS = 1_000;

/** Connectors a charge point may have; higher ids are answered and not kept. */
export const MAX_CONNECTORS = 64;

/** The charger's socket is open; an older one is replaced. */
export function openCharger(step: Step, event: Event & { type: "charger_connected" }): void {
  const { state, now } = step;
  const { charger } = state;
  if (charger.connection !== undefined) {
    const old = charger.connection;
    chargerClosed(step, old, "a newer connection of the charger replaces it");
    step.effects.push({
      type: "close_charger",
      connection: old,
      code: 1000,
      reason: "replaced by a newer connection",
    });
  }
  charger.connection = event.connection;
  charger.connectedAt = now;
  charger.remoteAddress = event.remoteAddress;
  charger.booted = false;
  charger.bootAsked = false;
  charger.readyAt = now + BOOT_WAIT_MS;
  if (charger.id !== event.chargePointId) {
    charger.id = event.chargePointId;
    noteFact(step, "charger_id", event.chargePointId);
  }
  log(step, "info", "charger connected", {
    chargePointId: event.chargePointId,
    address: event.remoteAddress,
  });
  emitJson(step, { type: "charger_connected", charge_point_id: event.chargePointId });
  clearAbandoned(step);
}

/** The charger's socket is gone: what waits for it fails at once. */
export function chargerClosed(step: Step, connection: number, reason: string): void {
  const { charger } = step.state;
  if (charger.connection !== connection) return;
  charger.connection = undefined;
  charger.awaiting.length = 0;
  log(step, "warning", "charger disconnected", { reason });
  emitJson(step, { type: "charger_disconnected", reason });
  abandonCalls(step);
}

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
  const checked = repairRequest(action, payload, step.now);
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

/** Heartbeat (OCPP 1.6, section 4.6); JSON backends hear of one a second (ocpp16.md, N72). */
function heartbeat(step: Step, connection: number, id: MessageId): void {
  const { charger } = step.state;
  const time = formatTime(step.now);
  answerCharger(step, connection, id, { currentTime: time });
  if (step.now < charger.heartbeatToldAt + HEARTBEAT_EVENT_MS) return;
  charger.heartbeatToldAt = step.now;
  emitJson(step, { type: "heartbeat", current_time: time });
}

/** BootNotification (OCPP 1.6, section 4.2): accepted at once, whatever the backends say. */
function boot(
  step: Step,
  connection: number,
  id: MessageId,
  request: BootNotificationRequest,
): void {
  const { state, now } = step;
  const { charger } = state;
  charger.booted = true;
  charger.readyAt = now + AFTER_BOOT_MS;
  configurationOutdated(step);
  installationOver(charger);
  const changed = JSON.stringify(charger.boot) !== JSON.stringify(request);
  charger.boot = request;
  if (changed) noteFact(step, "boot", request);
  answerCharger(step, connection, id, {
    status: "Accepted",
    currentTime: formatTime(now),
    interval: state.configuration.charger.heartbeatIntervalS,
  });
  log(step, "info", "charger booted", {
    vendor: request.chargePointVendor,
    model: request.chargePointModel,
    firmware: request.firmwareVersion ?? null,
  });
  announceBoot(step);
  emitJson(step, bootEvent(request));
}

/** A charger that reports after its boot that it is installing will say so again. */
function installationOver({ notices }: Charger): void {
  const status = notices.get("firmware")?.status;
  if (status === "Installing" || status === "InstallRebooting") notices.delete("firmware");
}

/** StatusNotification (section 4.9): kept per connector; an older one never replaces a newer one. */
function status(
  step: Step,
  connection: number,
  id: MessageId,
  request: StatusNotificationRequest,
): void {
  const { state, now } = step;
  const { connectors } = state.charger;
  answerCharger(step, connection, id, {});
  const stamped = request.timestamp === undefined ? undefined : parseTime(request.timestamp);
  const at = stamped === undefined || stamped < EARLIEST_TIME || stamped > now ? now : stamped;
  const { connectorId } = request;
  const before = connectors.get(connectorId);
  if (before && before.at > at) return;
  if (!before && connectors.size >= MAX_CONNECTORS) return;
  const available = request.status === "Available";
  const running = sessionOnConnector(state, connectorId) !== undefined;
  connectors.set(connectorId, {
    status: request,
    at,
    availableSince: available && running ? before?.availableSince ?? now : undefined,
  });
  if (available && before?.status.status === "Preparing") connectorFreed(step, connectorId);
  noteFact(step, `connector/${connectorId}`, { status: request, at });
  if (request.status === "Faulted") connectorFaulted(step, connectorId, request.errorCode);
  if (before && sameStatus(before.status, request)) return;
  notifyStatus(step, connectorId);
  emitJson(step, statusEvent(request));
}

function sameStatus(a: StatusNotificationRequest, b: StatusNotificationRequest): boolean {
  return a.status === b.status && a.errorCode === b.errorCode && a.info === b.info &&
    a.vendorErrorCode === b.vendorErrorCode;
}

/** Firmware, diagnostics and log status: to who ordered it, else to those who might have. */
function notice(
  step: Step,
  connection: number,
  id: MessageId,
  action: Action,
  kind: NoticeKind,
  request: JsonObject,
): void {
  const { state } = step;
  answerCharger(step, connection, id, {});
  const { requestId, ...rest } = request;
  state.charger.notices.set(kind, { ...request });
  noteFact(step, "notices", Object.fromEntries(state.charger.notices));
  const ordered = state.requests.get(Number(requestId ?? -1));
  const orderedBy = ordered?.backendId ?? state.charger.orderedBy.get(kind);
  const payload = ordered ? { ...rest, requestId: ordered.theirs } : rest;
  notifySubset(
    step,
    action,
    payload,
    (backend) =>
      orderedBy !== undefined
        ? backend.id === orderedBy
        : backend.configuration.permissions.has(kind === "firmware" ? "firmware" : "diagnostics"),
  );
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
    const checked = repairRequest(action, filled, step.now);
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

/** When a charger that sends no BootNotification is told to backends without one. */
export function bootlessAt({ connection, connectedAt, boot }: Charger): number | undefined {
  return connection === undefined || boot ? undefined : connectedAt + BOOTLESS_MS;
}

/** Asks a charger that never sent a BootNotification for one; ends overdue waits. */
export function tickCharger(step: Step): void {
  const { state, now } = step;
  const { charger } = state;
  settleOverdue(step);
  if (
    charger.connection !== undefined && !charger.boot && !charger.bootAsked &&
    now >= charger.connectedAt + BOOT_WAIT_MS
  ) {
    charger.bootAsked = true;
    callCharger(step, {
      action: "TriggerMessage",
      payload: { requestedMessage: "BootNotification" },
      origins: [{ type: "housekeeping" }],
      backendId: undefined,
    });
  }
  const bootless = bootlessAt(charger);
  if (bootless !== undefined && bootless <= now) {
    noteOnce(step, "bootless", "the charger sends no BootNotification; backends get a plain one");
    charger.boot = { chargePointVendor: "unknown", chargePointModel: "unknown" };
    announceBoot(step);
  }
  pumpCharger(step);
}
