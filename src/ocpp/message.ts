// The field tables of all messages: OCPP 1.6 section 6, then the security whitepaper.

import {
  boolean,
  choice,
  idToken,
  int64,
  integer,
  list,
  record,
  text,
  time,
  uri,
} from "./field.ts";
import {
  certificateHashData,
  certificateType,
  chargingProfile,
  chargingSchedule,
  connector,
  connectorOrAll,
  idTagInfo,
  meterValue,
} from "./structure.ts";
import {
  CHARGE_POINT_STATUSES,
  ERROR_CODES,
  PROFILE_PURPOSES,
  RATE_UNITS,
  REASONS,
  REGISTRATION_STATUSES,
} from "./vocabulary.ts";

const empty = record({});

/** A confirmation that is nothing but one of these words. */
function status<const W extends readonly string[]>(...words: W) {
  return record({ status: choice(words) });
}

/** What a request may contain, by action. */
export const REQUESTS = {
  Authorize: record({ idTag: idToken }),
  BootNotification: record({ chargePointVendor: text(20), chargePointModel: text(20) }, {
    chargePointSerialNumber: text(25),
    chargeBoxSerialNumber: text(25),
    firmwareVersion: text(50),
    iccid: text(20),
    imsi: text(20),
    meterType: text(25),
    meterSerialNumber: text(25),
  }),
  CancelReservation: record({ reservationId: integer() }),
  ChangeAvailability: record({
    connectorId: connectorOrAll,
    type: choice(["Inoperative", "Operative"]),
  }),
  ChangeConfiguration: record({ key: text(50), value: text(500) }),
  ClearCache: empty,
  ClearChargingProfile: record({}, {
    id: integer(),
    connectorId: connectorOrAll,
    chargingProfilePurpose: choice(PROFILE_PURPOSES),
    stackLevel: integer(0),
  }),
  DataTransfer: record({ vendorId: text(255) }, { messageId: text(50), data: text() }),
  DiagnosticsStatusNotification: status("Idle", "Uploaded", "UploadFailed", "Uploading"),
  FirmwareStatusNotification: status(
    "Downloaded",
    "DownloadFailed",
    "Downloading",
    "Idle",
    "InstallationFailed",
    "Installing",
    "Installed",
  ),
  GetCompositeSchedule: record({ connectorId: connectorOrAll, duration: integer() }, {
    chargingRateUnit: choice(RATE_UNITS),
  }),
  GetConfiguration: record({}, { key: list(text(50)) }),
  GetDiagnostics: record({ location: uri }, {
    retries: integer(),
    retryInterval: integer(),
    startTime: time,
    stopTime: time,
  }),
  GetLocalListVersion: empty,
  Heartbeat: empty,
  MeterValues: record({ connectorId: connectorOrAll, meterValue: list(meterValue) }, {
    transactionId: int64,
  }),
  RemoteStartTransaction: record({ idTag: idToken }, { connectorId: connector, chargingProfile }),
  RemoteStopTransaction: record({ transactionId: int64 }),
  ReserveNow: record({
    connectorId: connectorOrAll,
    expiryDate: time,
    idTag: idToken,
    reservationId: integer(),
  }, { parentIdTag: idToken }),
  Reset: record({ type: choice(["Hard", "Soft"]) }),
  SendLocalList: record({
    listVersion: integer(),
    updateType: choice(["Differential", "Full"]),
  }, { localAuthorizationList: list(record({ idTag: idToken }, { idTagInfo })) }),
  SetChargingProfile: record({ connectorId: connectorOrAll, csChargingProfiles: chargingProfile }),
  StartTransaction: record({
    connectorId: connector,
    idTag: idToken,
    meterStart: integer(),
    timestamp: time,
  }, { reservationId: integer() }),
  StatusNotification: record({
    connectorId: connectorOrAll,
    errorCode: choice(ERROR_CODES),
    status: choice(CHARGE_POINT_STATUSES),
  }, { info: text(50), timestamp: time, vendorId: text(255), vendorErrorCode: text(50) }),
  StopTransaction: record({ transactionId: int64, meterStop: integer(), timestamp: time }, {
    idTag: idToken,
    reason: choice(REASONS),
    transactionData: list(meterValue),
  }),
  TriggerMessage: record({
    requestedMessage: choice([
      "BootNotification",
      "DiagnosticsStatusNotification",
      "FirmwareStatusNotification",
      "Heartbeat",
      "MeterValues",
      "StatusNotification",
    ]),
  }, { connectorId: connectorOrAll }),
  UnlockConnector: record({ connectorId: connector }),
  UpdateFirmware: record({ location: uri, retrieveDate: time }, {
    retries: integer(),
    retryInterval: integer(),
  }),

  CertificateSigned: record({ certificateChain: text(10000) }),
  DeleteCertificate: record({ certificateHashData }),
  ExtendedTriggerMessage: record({
    requestedMessage: choice([
      "BootNotification",
      "LogStatusNotification",
      "FirmwareStatusNotification",
      "Heartbeat",
      "MeterValues",
      "SignChargePointCertificate",
      "StatusNotification",
    ]),
  }, { connectorId: connectorOrAll }),
  GetInstalledCertificateIds: record({ certificateType }),
  GetLog: record({
    log: record({ remoteLocation: text(512) }, { oldestTimestamp: time, latestTimestamp: time }),
    logType: choice(["DiagnosticsLog", "SecurityLog"]),
    requestId: integer(),
  }, { retries: integer(), retryInterval: integer() }),
  InstallCertificate: record({ certificateType, certificate: text(5500) }),
  LogStatusNotification: record({
    status: choice([
      "BadMessage",
      "Idle",
      "NotSupportedOperation",
      "PermissionDenied",
      "Uploaded",
      "UploadFailure",
      "Uploading",
    ]),
  }, { requestId: integer() }),
  SecurityEventNotification: record({ type: text(50), timestamp: time }, { techInfo: text(255) }),
  SignCertificate: record({ csr: text(5500) }),
  SignedFirmwareStatusNotification: record({
    status: choice([
      "Downloaded",
      "DownloadFailed",
      "Downloading",
      "DownloadScheduled",
      "DownloadPaused",
      "Idle",
      "InstallationFailed",
      "Installing",
      "Installed",
      "InstallRebooting",
      "InstallScheduled",
      "InstallVerificationFailed",
      "InvalidSignature",
      "SignatureVerified",
    ]),
  }, { requestId: integer() }),
  SignedUpdateFirmware: record({
    requestId: integer(),
    firmware: record({
      location: text(512),
      retrieveDateTime: time,
      signingCertificate: text(5500),
      signature: text(800),
    }, { installDateTime: time }),
  }, { retries: integer(), retryInterval: integer() }),
} as const;

/** What a confirmation may contain, by action. */
export const CONFIRMATIONS = {
  Authorize: record({ idTagInfo }),
  BootNotification: record({
    status: choice(REGISTRATION_STATUSES),
    currentTime: time,
    interval: integer(),
  }),
  CancelReservation: status("Accepted", "Rejected"),
  ChangeAvailability: status("Accepted", "Rejected", "Scheduled"),
  ChangeConfiguration: status("Accepted", "Rejected", "RebootRequired", "NotSupported"),
  ClearCache: status("Accepted", "Rejected"),
  ClearChargingProfile: status("Accepted", "Unknown"),
  DataTransfer: record({
    status: choice(["Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId"]),
  }, { data: text() }),
  DiagnosticsStatusNotification: empty,
  FirmwareStatusNotification: empty,
  GetCompositeSchedule: record({ status: choice(["Accepted", "Rejected"]) }, {
    connectorId: connectorOrAll,
    scheduleStart: time,
    chargingSchedule,
  }),
  GetConfiguration: record({}, {
    configurationKey: list(record({ key: text(50), readonly: boolean }, { value: text(500) })),
    unknownKey: list(text(50)),
  }),
  GetDiagnostics: record({}, { fileName: text(255) }),
  GetLocalListVersion: record({ listVersion: integer() }),
  Heartbeat: record({ currentTime: time }),
  MeterValues: empty,
  RemoteStartTransaction: status("Accepted", "Rejected"),
  RemoteStopTransaction: status("Accepted", "Rejected"),
  ReserveNow: status("Accepted", "Faulted", "Occupied", "Rejected", "Unavailable"),
  Reset: status("Accepted", "Rejected"),
  SendLocalList: status("Accepted", "Failed", "NotSupported", "VersionMismatch"),
  SetChargingProfile: status("Accepted", "Rejected", "NotSupported"),
  StartTransaction: record({ idTagInfo, transactionId: int64 }),
  StatusNotification: empty,
  StopTransaction: record({}, { idTagInfo }),
  TriggerMessage: status("Accepted", "Rejected", "NotImplemented"),
  UnlockConnector: status("Unlocked", "UnlockFailed", "NotSupported"),
  UpdateFirmware: empty,

  CertificateSigned: status("Accepted", "Rejected"),
  DeleteCertificate: status("Accepted", "Failed", "NotFound"),
  ExtendedTriggerMessage: status("Accepted", "Rejected", "NotImplemented"),
  GetInstalledCertificateIds: record({ status: choice(["Accepted", "NotFound"]) }, {
    certificateHashData: list(certificateHashData, 1),
  }),
  GetLog: record({ status: choice(["Accepted", "Rejected", "AcceptedCanceled"]) }, {
    filename: text(255),
  }),
  InstallCertificate: status("Accepted", "Failed", "Rejected"),
  LogStatusNotification: empty,
  SecurityEventNotification: empty,
  SignCertificate: status("Accepted", "Rejected"),
  SignedFirmwareStatusNotification: empty,
  SignedUpdateFirmware: status(
    "Accepted",
    "Rejected",
    "AcceptedCanceled",
    "InvalidCertificate",
    "RevokedCertificate",
  ),
} as const;
