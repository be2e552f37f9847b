// One valid request and one friendly confirmation of every action of a central system.

import assert from "node:assert/strict";
import { type Frame } from "../../src/ocpp/frame.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import type { Action } from "../../src/ocpp/types.ts";
import { checkConfirmation } from "../../src/ocpp/validate.ts";
import type { Harness } from "./harness.ts";

const hashData = {
  hashAlgorithm: "SHA256",
  issuerNameHash: "aa",
  issuerKeyHash: "bb",
  serialNumber: "1",
};

/** A TxDefaultProfile with one period. */
export function profile(limit: number, changes: JsonObject = {}): JsonObject {
  return {
    chargingProfileId: 5,
    stackLevel: 2,
    chargingProfilePurpose: "TxDefaultProfile",
    chargingProfileKind: "Absolute",
    chargingSchedule: {
      chargingRateUnit: "A",
      startSchedule: "2026-11-22T11:59:00Z",
      chargingSchedulePeriod: [{ startPeriod: 0, limit }],
    },
    ...changes,
  };
}

/** SetChargingProfile on connector 1. */
export function setProfile(limit: number, changes: JsonObject = {}): JsonObject {
  return { connectorId: 1, csChargingProfiles: profile(limit, changes) };
}

/** By action: a request, and what a charger that does it answers. */
export const COMMANDS = {
  CancelReservation: [{ reservationId: 4 }, { status: "Accepted" }],
  CertificateSigned: [{ certificateChain: "PEM" }, { status: "Accepted" }],
  ChangeAvailability: [{ connectorId: 0, type: "Inoperative" }, { status: "Scheduled" }],
  ChangeConfiguration: [{ key: "ConnectionTimeOut", value: "90" }, { status: "RebootRequired" }],
  ClearCache: [{}, { status: "Accepted" }],
  ClearChargingProfile: [{}, { status: "Accepted" }],
  DataTransfer: [{ vendorId: "acme", data: "x" }, { status: "Accepted", data: "y" }],
  DeleteCertificate: [{ certificateHashData: hashData }, { status: "NotFound" }],
  ExtendedTriggerMessage: [{ requestedMessage: "MeterValues" }, { status: "Accepted" }],
  GetCompositeSchedule: [{ connectorId: 1, duration: 60 }, { status: "Accepted", connectorId: 1 }],
  GetConfiguration: [{ key: ["Foo"] }, { configurationKey: [{ key: "Foo", readonly: true }] }],
  GetDiagnostics: [{ location: "ftp://192.0.2.1/" }, { fileName: "a.log" }],
  GetInstalledCertificateIds: [
    { certificateType: "CentralSystemRootCertificate" },
    { status: "Accepted", certificateHashData: [hashData] },
  ],
  GetLocalListVersion: [{}, { listVersion: 3 }],
  GetLog: [
    { log: { remoteLocation: "ftp://192.0.2.1/" }, logType: "SecurityLog", requestId: 9 },
    { status: "Accepted", filename: "b.log" },
  ],
  InstallCertificate: [
    { certificateType: "ManufacturerRootCertificate", certificate: "PEM" },
    { status: "Accepted" },
  ],
  RemoteStartTransaction: [{ connectorId: 1, idTag: "TAG" }, { status: "Accepted" }],
  RemoteStopTransaction: [{ transactionId: 1 }, { status: "Accepted" }],
  ReserveNow: [
    { connectorId: 1, expiryDate: "2026-11-22T14:00:00Z", idTag: "TAG", reservationId: 4 },
    { status: "Accepted" },
  ],
  Reset: [{ type: "Soft" }, { status: "Accepted" }],
  SendLocalList: [{ listVersion: 2, updateType: "Full" }, { status: "Accepted" }],
  SetChargingProfile: [setProfile(16), { status: "Accepted" }],
  SignedUpdateFirmware: [{
    requestId: 8,
    firmware: {
      location: "https://192.0.2.1/",
      retrieveDateTime: "2026-11-22T13:00:00Z",
      signingCertificate: "PEM",
      signature: "sig",
    },
  }, { status: "Accepted" }],
  TriggerMessage: [{ requestedMessage: "MeterValues" }, { status: "Accepted" }],
  UnlockConnector: [{ connectorId: 1 }, { status: "Unlocked" }],
  UpdateFirmware: [
    { location: "https://192.0.2.1/f", retrieveDate: "2026-11-22T13:00:00Z" },
    {},
  ],
} as const satisfies Partial<Record<Action, readonly [JsonObject, JsonObject]>>;

export type Command = keyof typeof COMMANDS;

/** The CALLRESULT or CALLERROR in short: its payload, or its code. */
export function outcome(frame: Frame | undefined): JsonObject | string | undefined {
  if (frame?.type === "result") return frame.payload;
  return frame?.type === "error" ? frame.code : undefined;
}

/** That a backend got exactly one answer to its CALL, and a valid one; the answer in short. */
export function soleAnswer(
  h: Harness,
  backendId: string,
  id: string,
  action: Action,
): JsonObject | string {
  const frames = h.answersTo(backendId, id);
  assert.equal(frames.length, 1, `${action} ${id}: ${frames.length} answers`);
  const [frame] = frames;
  if (frame?.type === "result") {
    const checked = checkConfirmation(action, frame.payload);
    assert.ok(checked.ok, `${action}: ${JSON.stringify(frame.payload)}`);
  }
  return outcome(frame)!;
}
