// The actions of OCPP 1.6 and of its security whitepaper: who may send them, and their profile.

import type { Action } from "./types.ts";

/** Who sends the request. */
export type Sender = "charge_point" | "central_system" | "both";

/** The feature profile, OCPP 1.6 section 3.3; Security is the whitepaper's. */
export type Profile =
  | "Core"
  | "FirmwareManagement"
  | "LocalAuthListManagement"
  | "RemoteTrigger"
  | "Reservation"
  | "SmartCharging"
  | "Security";

export interface ActionDescription {
  readonly sender: Sender;
  readonly profile: Profile;
}

export const ACTIONS: Readonly<Record<Action, ActionDescription>> = {
  Authorize: { sender: "charge_point", profile: "Core" },
  BootNotification: { sender: "charge_point", profile: "Core" },
  CancelReservation: { sender: "central_system", profile: "Reservation" },
  ChangeAvailability: { sender: "central_system", profile: "Core" },
  ChangeConfiguration: { sender: "central_system", profile: "Core" },
  ClearCache: { sender: "central_system", profile: "Core" },
  ClearChargingProfile: { sender: "central_system", profile: "SmartCharging" },
  DataTransfer: { sender: "both", profile: "Core" },
  DiagnosticsStatusNotification: { sender: "charge_point", profile: "FirmwareManagement" },
  FirmwareStatusNotification: { sender: "charge_point", profile: "FirmwareManagement" },
  GetCompositeSchedule: { sender: "central_system", profile: "SmartCharging" },
  GetConfiguration: { sender: "central_system", profile: "Core" },
  GetDiagnostics: { sender: "central_system", profile: "FirmwareManagement" },
  GetLocalListVersion: { sender: "central_system", profile: "LocalAuthListManagement" },
  Heartbeat: { sender: "charge_point", profile: "Core" },
  MeterValues: { sender: "charge_point", profile: "Core" },
  RemoteStartTransaction: { sender: "central_system", profile: "Core" },
  RemoteStopTransaction: { sender: "central_system", profile: "Core" },
  ReserveNow: { sender: "central_system", profile: "Reservation" },
  Reset: { sender: "central_system", profile: "Core" },
  SendLocalList: { sender: "central_system", profile: "LocalAuthListManagement" },
  SetChargingProfile: { sender: "central_system", profile: "SmartCharging" },
  StartTransaction: { sender: "charge_point", profile: "Core" },
  StatusNotification: { sender: "charge_point", profile: "Core" },
  StopTransaction: { sender: "charge_point", profile: "Core" },
  TriggerMessage: { sender: "central_system", profile: "RemoteTrigger" },
  UnlockConnector: { sender: "central_system", profile: "Core" },
  UpdateFirmware: { sender: "central_system", profile: "FirmwareManagement" },
  CertificateSigned: { sender: "central_system", profile: "Security" },
  DeleteCertificate: { sender: "central_system", profile: "Security" },
  ExtendedTriggerMessage: { sender: "central_system", profile: "Security" },
  GetInstalledCertificateIds: { sender: "central_system", profile: "Security" },
  GetLog: { sender: "central_system", profile: "Security" },
  InstallCertificate: { sender: "central_system", profile: "Security" },
  LogStatusNotification: { sender: "charge_point", profile: "Security" },
  SecurityEventNotification: { sender: "charge_point", profile: "Security" },
  SignCertificate: { sender: "charge_point", profile: "Security" },
  SignedFirmwareStatusNotification: { sender: "charge_point", profile: "Security" },
  SignedUpdateFirmware: { sender: "central_system", profile: "Security" },
};

/** Whether OCPP 1.6 knows the action; names are case sensitive. */
export function isAction(name: string): name is Action {
  return Object.hasOwn(ACTIONS, name);
}
