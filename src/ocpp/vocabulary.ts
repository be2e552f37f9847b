// The fixed words of OCPP 1.6 (section 7) and of its security whitepaper, as lists and as types.

export const AUTHORIZATION_STATUSES = [
  "Accepted",
  "Blocked",
  "Expired",
  "Invalid",
  "ConcurrentTx",
] as const;
/** AuthorizationStatus, OCPP 1.6 section 7.2. */
export type AuthorizationStatus = typeof AUTHORIZATION_STATUSES[number];

export const REGISTRATION_STATUSES = ["Accepted", "Pending", "Rejected"] as const;
/** RegistrationStatus, OCPP 1.6 section 7.38. */
export type RegistrationStatus = typeof REGISTRATION_STATUSES[number];

export const ERROR_CODES = [
  "ConnectorLockFailure",
  "EVCommunicationError",
  "GroundFailure",
  "HighTemperature",
  "InternalError",
  "LocalListConflict",
  "NoError",
  "OtherError",
  "OverCurrentFailure",
  "PowerMeterFailure",
  "PowerSwitchFailure",
  "ReaderFailure",
  "ResetFailure",
  "UnderVoltage",
  "OverVoltage",
  "WeakSignal",
] as const;
/** ChargePointErrorCode, OCPP 1.6 section 7.6. */
export type ChargePointErrorCode = typeof ERROR_CODES[number];

export const CHARGE_POINT_STATUSES = [
  "Available",
  "Preparing",
  "Charging",
  "SuspendedEVSE",
  "SuspendedEV",
  "Finishing",
  "Reserved",
  "Unavailable",
  "Faulted",
] as const;
/** ChargePointStatus, OCPP 1.6 section 7.7. */
export type ChargePointStatus = typeof CHARGE_POINT_STATUSES[number];

export const REASONS = [
  "EmergencyStop",
  "EVDisconnected",
  "HardReset",
  "Local",
  "Other",
  "PowerLoss",
  "Reboot",
  "Remote",
  "SoftReset",
  "UnlockCommand",
  "DeAuthorized",
] as const;
/** Why a transaction ended; absent means Local. OCPP 1.6 section 7.36. */
export type Reason = typeof REASONS[number];

export const READING_CONTEXTS = [
  "Interruption.Begin",
  "Interruption.End",
  "Sample.Clock",
  "Sample.Periodic",
  "Transaction.Begin",
  "Transaction.End",
  "Trigger",
  "Other",
] as const;
/** ReadingContext, OCPP 1.6 section 7.35. */
export type ReadingContext = typeof READING_CONTEXTS[number];

export const VALUE_FORMATS = ["Raw", "SignedData"] as const;
/** ValueFormat, OCPP 1.6 section 7.48. */
export type ValueFormat = typeof VALUE_FORMATS[number];

export const MEASURANDS = [
  "Energy.Active.Export.Register",
  "Energy.Active.Import.Register",
  "Energy.Reactive.Export.Register",
  "Energy.Reactive.Import.Register",
  "Energy.Active.Export.Interval",
  "Energy.Active.Import.Interval",
  "Energy.Reactive.Export.Interval",
  "Energy.Reactive.Import.Interval",
  "Power.Active.Export",
  "Power.Active.Import",
  "Power.Offered",
  "Power.Reactive.Export",
  "Power.Reactive.Import",
  "Power.Factor",
  "Current.Import",
  "Current.Export",
  "Current.Offered",
  "Voltage",
  "Frequency",
  "Temperature",
  "SoC",
  "RPM",
] as const;
/** What a sample measures; absent means Energy.Active.Import.Register. OCPP 1.6 section 7.31. */
export type Measurand = typeof MEASURANDS[number];

export const PHASES = [
  "L1",
  "L2",
  "L3",
  "N",
  "L1-N",
  "L2-N",
  "L3-N",
  "L1-L2",
  "L2-L3",
  "L3-L1",
] as const;
/** Phase, OCPP 1.6 section 7.34. */
export type Phase = typeof PHASES[number];

export const LOCATIONS = ["Cable", "EV", "Inlet", "Outlet", "Body"] as const;
/** Where a sample is measured; absent means Outlet. OCPP 1.6 section 7.29. */
export type Location = typeof LOCATIONS[number];

/** The published schema has no Hertz; of "Celcius" and "Celsius" it has both. */
export const UNITS = [
  "Wh",
  "kWh",
  "varh",
  "kvarh",
  "W",
  "kW",
  "VA",
  "kVA",
  "var",
  "kvar",
  "A",
  "V",
  "K",
  "Celcius",
  "Celsius",
  "Fahrenheit",
  "Percent",
] as const;
/** UnitOfMeasure; absent means Wh where energy is measured. OCPP 1.6 section 7.45. */
export type Unit = typeof UNITS[number];

export const PROFILE_PURPOSES = ["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"] as const;
/** ChargingProfilePurposeType, OCPP 1.6 section 7.11. */
export type ChargingProfilePurpose = typeof PROFILE_PURPOSES[number];

export const PROFILE_KINDS = ["Absolute", "Recurring", "Relative"] as const;
/** ChargingProfileKindType, OCPP 1.6 section 7.10. */
export type ChargingProfileKind = typeof PROFILE_KINDS[number];

export const RECURRENCIES = ["Daily", "Weekly"] as const;
/** RecurrencyKindType, OCPP 1.6 section 7.37. */
export type RecurrencyKind = typeof RECURRENCIES[number];

export const RATE_UNITS = ["A", "W"] as const;
/** ChargingRateUnitType, OCPP 1.6 section 7.12. */
export type ChargingRateUnit = typeof RATE_UNITS[number];
