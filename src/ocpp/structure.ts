// The structures that several messages share: OCPP 1.6 section 7 and security whitepaper.

import { choice, decimal, idToken, int64, integer, list, record, text, time } from "./field.ts";
import {
  AUTHORIZATION_STATUSES,
  LOCATIONS,
  MEASURANDS,
  PHASES,
  PROFILE_KINDS,
  PROFILE_PURPOSES,
  RATE_UNITS,
  READING_CONTEXTS,
  RECURRENCIES,
  UNITS,
  VALUE_FORMATS,
} from "./vocabulary.ts";

/** A connector, or 0 for the charge point as a whole. */
export const connectorOrAll = integer(0);

/** One connector, 1 and up. */
export const connector = integer(1);

export const idTagInfo = record({ status: choice(AUTHORIZATION_STATUSES) }, {
  expiryDate: time,
  parentIdTag: idToken,
});

export const sampledValue = record({ value: text() }, {
  context: choice(READING_CONTEXTS),
  format: choice(VALUE_FORMATS),
  measurand: choice(MEASURANDS),
  phase: choice(PHASES),
  location: choice(LOCATIONS),
  unit: choice(UNITS),
});

export const meterValue = record({ timestamp: time, sampledValue: list(sampledValue) });

export const chargingSchedulePeriod = record({ startPeriod: integer(), limit: decimal }, {
  numberPhases: integer(),
});

export const chargingSchedule = record({
  chargingRateUnit: choice(RATE_UNITS),
  chargingSchedulePeriod: list(chargingSchedulePeriod),
}, { duration: integer(), startSchedule: time, minChargingRate: decimal });

export const chargingProfile = record({
  chargingProfileId: integer(),
  stackLevel: integer(0),
  chargingProfilePurpose: choice(PROFILE_PURPOSES),
  chargingProfileKind: choice(PROFILE_KINDS),
  chargingSchedule,
}, {
  transactionId: int64,
  recurrencyKind: choice(RECURRENCIES),
  validFrom: time,
  validTo: time,
});

export const certificateHashData = record({
  hashAlgorithm: choice(["SHA256", "SHA384", "SHA512"]),
  issuerNameHash: text(128),
  issuerKeyHash: text(128),
  serialNumber: text(40),
});

export const certificateType = choice([
  "CentralSystemRootCertificate",
  "ManufacturerRootCertificate",
]);
