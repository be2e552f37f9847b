// What a charger or a central system answers of which nothing was recorded: as most would.

import { resultText } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { formatTime } from "../ocpp/time.ts";
import type { OpenCall } from "./counterpart.ts";

/** Where the stand-in's own transaction ids begin: far from those of others. */
const FIRST_TRANSACTION_ID = 1_000_000_001;

/** A charger that does what it is told, and has no configuration to tell of. */
export function chargerStandIn({ id, action, payload }: OpenCall): string {
  return resultText(id, chargerAnswer(action, payload));
}

function chargerAnswer(action: string, payload: JsonObject): JsonObject {
  switch (action) {
    case "GetConfiguration":
      return { configurationKey: [], unknownKey: payload.key ?? [] };
    case "GetLocalListVersion":
      return { listVersion: 0 };
    case "UnlockConnector":
      return { status: "Unlocked" };
    case "DataTransfer":
      return { status: "UnknownVendorId" };
    case "GetCompositeSchedule":
      return { status: "Rejected" };
    case "GetDiagnostics":
    case "UpdateFirmware":
      return {};
    default:
      return { status: "Accepted" };
  }
}

/** A central system that accepts everything. */
export class CentralSystemStandIn {
  #transactionId = FIRST_TRANSACTION_ID - 1;

  answer({ id, action }: OpenCall, now: number): string {
    return resultText(id, this.#payload(action, now));
  }

  #payload(action: string, now: number): JsonObject {
    const idTagInfo = { status: "Accepted" };
    switch (action) {
      case "BootNotification":
        return { status: "Accepted", currentTime: formatTime(now), interval: 3600 };
      case "Heartbeat":
        return { currentTime: formatTime(now) };
      case "StartTransaction":
        return { transactionId: ++this.#transactionId, idTagInfo };
      case "Authorize":
      case "StopTransaction":
        return { idTagInfo };
      case "DataTransfer":
        return { status: "UnknownVendorId" };
      default:
        return {};
    }
  }
}
