// How a command is refused: the status that its confirmation has for it, else a CALLERROR.

import type { JsonObject } from "../ocpp/json.ts";
import type { Action } from "../ocpp/types.ts";

const REFUSALS: Partial<Record<Action, JsonObject>> = {
  CancelReservation: { status: "Rejected" },
  CertificateSigned: { status: "Rejected" },
  ChangeAvailability: { status: "Rejected" },
  ChangeConfiguration: { status: "Rejected" },
  ClearCache: { status: "Rejected" },
  ClearChargingProfile: { status: "Unknown" },
  DataTransfer: { status: "Rejected" },
  DeleteCertificate: { status: "Failed" },
  ExtendedTriggerMessage: { status: "Rejected" },
  GetCompositeSchedule: { status: "Rejected" },
  GetInstalledCertificateIds: { status: "NotFound" },
  GetLog: { status: "Rejected" },
  InstallCertificate: { status: "Rejected" },
  RemoteStartTransaction: { status: "Rejected" },
  RemoteStopTransaction: { status: "Rejected" },
  ReserveNow: { status: "Rejected" },
  Reset: { status: "Rejected" },
  SendLocalList: { status: "Failed" },
  SetChargingProfile: { status: "Rejected" },
  SignedUpdateFirmware: { status: "Rejected" },
  TriggerMessage: { status: "Rejected" },
  UnlockConnector: { status: "UnlockFailed" },
};

/** The confirmation that says no; undefined: the action has none (contract, section 3). */
export function refusalOf(action: Action): JsonObject | undefined {
  return REFUSALS[action];
}
