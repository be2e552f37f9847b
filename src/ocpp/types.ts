// The messages as TypeScript types, with OCPP's own field names; the field tables are their source.

import type { Value } from "./field.ts";
import type { CONFIRMATIONS, REQUESTS } from "./message.ts";
import type {
  certificateHashData,
  chargingProfile,
  chargingSchedule,
  chargingSchedulePeriod,
  idTagInfo,
  meterValue,
  sampledValue,
} from "./structure.ts";

export type { Int64 } from "./field.ts";

/** The name of a message pair, as it is written in a CALL. */
export type Action = keyof typeof REQUESTS;

/** Request and confirmation of every action; each of them is also a JsonObject. */
export type Messages = {
  [A in Action]: {
    request: Value<typeof REQUESTS[A]>;
    confirmation: Value<typeof CONFIRMATIONS[A]>;
  };
};

export type IdTagInfo = Value<typeof idTagInfo>;
export type SampledValue = Value<typeof sampledValue>;
export type MeterValue = Value<typeof meterValue>;
export type ChargingSchedulePeriod = Value<typeof chargingSchedulePeriod>;
export type ChargingSchedule = Value<typeof chargingSchedule>;
export type ChargingProfile = Value<typeof chargingProfile>;
export type CertificateHashData = Value<typeof certificateHashData>;

export type AuthorizeRequest = Messages["Authorize"]["request"];
export type AuthorizeConfirmation = Messages["Authorize"]["confirmation"];
export type BootNotificationRequest = Messages["BootNotification"]["request"];
export type BootNotificationConfirmation = Messages["BootNotification"]["confirmation"];
export type CancelReservationRequest = Messages["CancelReservation"]["request"];
export type CancelReservationConfirmation = Messages["CancelReservation"]["confirmation"];
export type ChangeAvailabilityRequest = Messages["ChangeAvailability"]["request"];
export type ChangeAvailabilityConfirmation = Messages["ChangeAvailability"]["confirmation"];
export type ChangeConfigurationRequest = Messages["ChangeConfiguration"]["request"];
export type ChangeConfigurationConfirmation = Messages["ChangeConfiguration"]["confirmation"];
export type ClearCacheRequest = Messages["ClearCache"]["request"];
export type ClearCacheConfirmation = Messages["ClearCache"]["confirmation"];
export type ClearChargingProfileRequest = Messages["ClearChargingProfile"]["request"];
export type ClearChargingProfileConfirmation = Messages["ClearChargingProfile"]["confirmation"];
export type DataTransferRequest = Messages["DataTransfer"]["request"];
export type DataTransferConfirmation = Messages["DataTransfer"]["confirmation"];
export type DiagnosticsStatusNotificationRequest =
  Messages["DiagnosticsStatusNotification"]["request"];
export type DiagnosticsStatusNotificationConfirmation =
  Messages["DiagnosticsStatusNotification"]["confirmation"];
export type FirmwareStatusNotificationRequest = Messages["FirmwareStatusNotification"]["request"];
export type FirmwareStatusNotificationConfirmation =
  Messages["FirmwareStatusNotification"]["confirmation"];
export type GetCompositeScheduleRequest = Messages["GetCompositeSchedule"]["request"];
export type GetCompositeScheduleConfirmation = Messages["GetCompositeSchedule"]["confirmation"];
export type GetConfigurationRequest = Messages["GetConfiguration"]["request"];
export type GetConfigurationConfirmation = Messages["GetConfiguration"]["confirmation"];
export type GetDiagnosticsRequest = Messages["GetDiagnostics"]["request"];
export type GetDiagnosticsConfirmation = Messages["GetDiagnostics"]["confirmation"];
export type GetLocalListVersionRequest = Messages["GetLocalListVersion"]["request"];
export type GetLocalListVersionConfirmation = Messages["GetLocalListVersion"]["confirmation"];
export type HeartbeatRequest = Messages["Heartbeat"]["request"];
export type HeartbeatConfirmation = Messages["Heartbeat"]["confirmation"];
export type MeterValuesRequest = Messages["MeterValues"]["request"];
export type MeterValuesConfirmation = Messages["MeterValues"]["confirmation"];
export type RemoteStartTransactionRequest = Messages["RemoteStartTransaction"]["request"];
export type RemoteStartTransactionConfirmation = Messages["RemoteStartTransaction"]["confirmation"];
export type RemoteStopTransactionRequest = Messages["RemoteStopTransaction"]["request"];
export type RemoteStopTransactionConfirmation = Messages["RemoteStopTransaction"]["confirmation"];
export type ReserveNowRequest = Messages["ReserveNow"]["request"];
export type ReserveNowConfirmation = Messages["ReserveNow"]["confirmation"];
export type ResetRequest = Messages["Reset"]["request"];
export type ResetConfirmation = Messages["Reset"]["confirmation"];
export type SendLocalListRequest = Messages["SendLocalList"]["request"];
export type SendLocalListConfirmation = Messages["SendLocalList"]["confirmation"];
export type SetChargingProfileRequest = Messages["SetChargingProfile"]["request"];
export type SetChargingProfileConfirmation = Messages["SetChargingProfile"]["confirmation"];
export type StartTransactionRequest = Messages["StartTransaction"]["request"];
export type StartTransactionConfirmation = Messages["StartTransaction"]["confirmation"];
export type StatusNotificationRequest = Messages["StatusNotification"]["request"];
export type StatusNotificationConfirmation = Messages["StatusNotification"]["confirmation"];
export type StopTransactionRequest = Messages["StopTransaction"]["request"];
export type StopTransactionConfirmation = Messages["StopTransaction"]["confirmation"];
export type TriggerMessageRequest = Messages["TriggerMessage"]["request"];
export type TriggerMessageConfirmation = Messages["TriggerMessage"]["confirmation"];
export type UnlockConnectorRequest = Messages["UnlockConnector"]["request"];
export type UnlockConnectorConfirmation = Messages["UnlockConnector"]["confirmation"];
export type UpdateFirmwareRequest = Messages["UpdateFirmware"]["request"];
export type UpdateFirmwareConfirmation = Messages["UpdateFirmware"]["confirmation"];
export type CertificateSignedRequest = Messages["CertificateSigned"]["request"];
export type CertificateSignedConfirmation = Messages["CertificateSigned"]["confirmation"];
export type DeleteCertificateRequest = Messages["DeleteCertificate"]["request"];
export type DeleteCertificateConfirmation = Messages["DeleteCertificate"]["confirmation"];
export type ExtendedTriggerMessageRequest = Messages["ExtendedTriggerMessage"]["request"];
export type ExtendedTriggerMessageConfirmation = Messages["ExtendedTriggerMessage"]["confirmation"];
export type GetInstalledCertificateIdsRequest = Messages["GetInstalledCertificateIds"]["request"];
export type GetInstalledCertificateIdsConfirmation =
  Messages["GetInstalledCertificateIds"]["confirmation"];
export type GetLogRequest = Messages["GetLog"]["request"];
export type GetLogConfirmation = Messages["GetLog"]["confirmation"];
export type InstallCertificateRequest = Messages["InstallCertificate"]["request"];
export type InstallCertificateConfirmation = Messages["InstallCertificate"]["confirmation"];
export type LogStatusNotificationRequest = Messages["LogStatusNotification"]["request"];
export type LogStatusNotificationConfirmation = Messages["LogStatusNotification"]["confirmation"];
export type SecurityEventNotificationRequest = Messages["SecurityEventNotification"]["request"];
export type SecurityEventNotificationConfirmation =
  Messages["SecurityEventNotification"]["confirmation"];
export type SignCertificateRequest = Messages["SignCertificate"]["request"];
export type SignCertificateConfirmation = Messages["SignCertificate"]["confirmation"];
export type SignedFirmwareStatusNotificationRequest =
  Messages["SignedFirmwareStatusNotification"]["request"];
export type SignedFirmwareStatusNotificationConfirmation =
  Messages["SignedFirmwareStatusNotification"]["confirmation"];
export type SignedUpdateFirmwareRequest = Messages["SignedUpdateFirmware"]["request"];
export type SignedUpdateFirmwareConfirmation = Messages["SignedUpdateFirmware"]["confirmation"];
