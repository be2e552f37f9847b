// TriggerMessage: what the proxy knows it tells itself; only fresh meter values need the charger.

import type { Action, Messages } from "../ocpp/types.ts";
import { checkRequest } from "../ocpp/validate.ts";
import { type Command, forward, refuse, reply } from "./backend_command.ts";
import { enqueue, pump } from "./backend_outbox.ts";
import type { NoticeKind } from "./state.ts";

type TriggerRequest =
  | Messages["TriggerMessage"]["request"]
  | Messages["ExtendedTriggerMessage"]["request"];

/** Answers TriggerMessage and ExtendedTriggerMessage (ocpp16.md, 8.1 c, 8.3). */
export function trigger(
  command: Command<"TriggerMessage"> | Command<"ExtendedTriggerMessage">,
  request: TriggerRequest,
): void {
  const { step, backend } = command;
  const { permissions } = backend.configuration;
  if (!permissions.has("read")) return refuse(command as Command, 'it lacks "read"');
  switch (request.requestedMessage) {
    case "BootNotification":
      if (step.state.charger.boot === undefined) {
        return refuse(command as Command, "the charger has not told what it is yet");
      }
      reply(command as Command, { status: "Accepted" });
      backend.bootAt = step.now;
      return pump(step, backend);
    case "Heartbeat":
      reply(command as Command, { status: "Accepted" });
      return enqueue(step, backend, { type: "heartbeat" });
    case "StatusNotification":
      return triggerStatus(command, request.connectorId);
    case "MeterValues":
      return forward(command, request as never);
    case "DiagnosticsStatusNotification":
      return triggerNotice(command as Command, "diagnostics", "DiagnosticsStatusNotification");
    case "FirmwareStatusNotification":
      return triggerNotice(command as Command, "firmware", "FirmwareStatusNotification");
    case "LogStatusNotification":
      return triggerNotice(command as Command, "log", "LogStatusNotification");
    case "SignChargePointCertificate":
      if (!permissions.has("certificates")) {
        return refuse(command as Command, 'it lacks "certificates"');
      }
      return forward(command, request as never);
    default:
      request satisfies never;
  }
}

/**
 * From what was last heard: Home Assistant counts connectors by these answers. Of a connector that
 * has not been heard of only the charger knows.
 */
function triggerStatus(
  command: Command<"TriggerMessage"> | Command<"ExtendedTriggerMessage">,
  connectorId: number | undefined,
): void {
  const { step, backend } = command;
  const { connectors } = step.state.charger;
  const ids = connectorId === undefined ? [...connectors.keys()] : [connectorId];
  if (!ids.every((id) => connectors.has(id)) || ids.length === 0) {
    return forward(command, command.request as never);
  }
  reply(command as Command, { status: "Accepted" });
  for (const id of ids.sort((a, b) => a - b)) {
    enqueue(step, backend, { type: "status", connectorId: id, live: false });
  }
}

function triggerNotice(command: Command, kind: NoticeKind, action: Action): void {
  const { step, backend } = command;
  const { charger, requests } = step.state;
  reply(command, { status: "Accepted" });
  const idle = { type: "notice" as const, action, payload: { status: "Idle" } };
  const { requestId, ...known } = charger.notices.get(kind) ?? {};
  const ordered = requests.get(Number(requestId ?? -1));
  const concerned = (ordered?.backendId ?? charger.orderedBy.get(kind)) === backend.id;
  if (!concerned) return enqueue(step, backend, idle);
  // What has a request id belongs to the security whitepaper's messages.
  const signed = ordered && kind === "firmware";
  const notice = {
    type: "notice" as const,
    action: signed ? "SignedFirmwareStatusNotification" as const : action,
    payload: ordered ? { ...known, requestId: ordered.theirs } : known,
  };
  const valid = checkRequest(notice.action, notice.payload).ok;
  enqueue(step, backend, valid ? notice : idle);
}
