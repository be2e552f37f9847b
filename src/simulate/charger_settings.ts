// The configuration keys of the virtual charger (OCPP 1.6, section 9), with their types and ranges.

/** Measurands the virtual meter has, in the order it reports them. */
export const MEASURANDS = [
  "Energy.Active.Import.Register",
  "Power.Active.Import",
  "Power.Offered",
  "Current.Import",
  "Current.Offered",
  "Voltage",
  "SoC",
] as const;

export type Measurand = typeof MEASURANDS[number];

/** How a value is checked: a truth value, an integer within bounds, measurands, or any text. */
type Rule =
  | { readonly type: "boolean" }
  | { readonly type: "integer"; readonly minimum: number; readonly maximum: number }
  | { readonly type: "measurands" }
  | { readonly type: "text" };

interface Setting {
  value: string;
  readonly rule: Rule;
  readonly readonly: boolean;
}

const BOOLEAN: Rule = { type: "boolean" };
const LIST: Rule = { type: "measurands" };
const TEXT: Rule = { type: "text" };
const SECONDS: Rule = { type: "integer", minimum: 0, maximum: 86_400 };
const COUNT: Rule = { type: "integer", minimum: 0, maximum: 1_000 };

const WRITABLE: readonly (readonly [key: string, value: string, rule: Rule])[] = [
  ["AllowOfflineTxForUnknownId", "false", BOOLEAN],
  ["AuthorizationCacheEnabled", "true", BOOLEAN],
  ["AuthorizeRemoteTxRequests", "false", BOOLEAN],
  ["ClockAlignedDataInterval", "0", SECONDS],
  ["ConnectionTimeOut", "120", SECONDS],
  ["ConnectorPhaseRotation", "NotApplicable", TEXT],
  ["HeartbeatInterval", "300", { type: "integer", minimum: 1, maximum: 86_400 }],
  ["LocalAuthListEnabled", "true", BOOLEAN],
  ["LocalAuthorizeOffline", "true", BOOLEAN],
  ["LocalPreAuthorize", "false", BOOLEAN],
  ["MeterValuesAlignedData", "Energy.Active.Import.Register", LIST],
  [
    "MeterValuesSampledData",
    "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC",
    LIST,
  ],
  ["MeterValueSampleInterval", "60", SECONDS],
  ["ResetRetries", "1", COUNT],
  ["StopTransactionOnEVSideDisconnect", "true", BOOLEAN],
  ["StopTransactionOnInvalidId", "true", BOOLEAN],
  ["StopTxnAlignedData", "", LIST],
  ["StopTxnSampledData", "", LIST],
  ["TransactionMessageAttempts", "3", { type: "integer", minimum: 1, maximum: 1_000 }],
  ["TransactionMessageRetryInterval", "60", SECONDS],
  ["UnlockConnectorOnEVSideDisconnect", "true", BOOLEAN],
];

/** Stack levels 0 to this. */
export const MAX_STACK_LEVEL = 8;
export const MAX_SCHEDULE_PERIODS = 24;
export const MAX_PROFILES = 10;
/** Entries in the local authorisation list, and in one SendLocalList. */
export const MAX_LOCAL_LIST = 200;

const READ_ONLY: readonly (readonly [key: string, value: string])[] = [
  ["ChargeProfileMaxStackLevel", String(MAX_STACK_LEVEL)],
  ["ChargingScheduleAllowedChargingRateUnit", "Current,Power"],
  ["ChargingScheduleMaxPeriods", String(MAX_SCHEDULE_PERIODS)],
  ["ConnectorSwitch3to1PhaseSupported", "false"],
  ["GetConfigurationMaxKeys", "50"],
  ["LocalAuthListMaxLength", String(MAX_LOCAL_LIST)],
  ["MaxChargingProfilesInstalled", String(MAX_PROFILES)],
  ["ReserveConnectorZeroSupported", "false"],
  ["SendLocalListMaxLength", String(MAX_LOCAL_LIST)],
  [
    "SupportedFeatureProfiles",
    "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger",
  ],
  ["SupportedFileTransferProtocols", "HTTP,HTTPS,FTP"],
];

export type ChangeStatus = "Accepted" | "Rejected" | "NotSupported";

/** The key table of one charger. Keys are compared without regard to case. */
export class ChargerSettings {
  readonly #settings = new Map<string, Setting & { readonly key: string }>();

  constructor(connectors: number) {
    for (const [key, value, rule] of WRITABLE) this.#add(key, value, rule, false);
    for (const [key, value] of READ_ONLY) this.#add(key, value, TEXT, true);
    this.#add("NumberOfConnectors", String(connectors), TEXT, true);
  }

  #add(key: string, value: string, rule: Rule, readonly: boolean): void {
    this.#settings.set(key.toLowerCase(), { key, value, rule, readonly });
  }

  /** All keys in alphabetical order, or those asked for; with the unknown ones. */
  list(
    keys: readonly string[],
  ): { known: { key: string; readonly: boolean; value: string }[]; unknown: string[] } {
    const wanted = keys.length > 0 ? keys : [...this.#settings.keys()].sort();
    const known = [];
    const unknown: string[] = [];
    for (const name of wanted) {
      const setting = this.#settings.get(name.toLowerCase());
      if (!setting) unknown.push(name);
      else known.push({ key: setting.key, readonly: setting.readonly, value: setting.value });
    }
    return { known, unknown };
  }

  /** Changes a key from outside; a value of the wrong type or range changes nothing. */
  change(key: string, value: string): ChangeStatus {
    const setting = this.#settings.get(key.toLowerCase());
    if (!setting) return "NotSupported";
    if (setting.readonly || !fits(setting.rule, value)) return "Rejected";
    setting.value = value;
    return "Accepted";
  }

  text(key: string): string {
    const setting = this.#settings.get(key.toLowerCase());
    if (!setting) throw new RangeError(`no configuration key ${key}`);
    return setting.value;
  }

  flag(key: string): boolean {
    return this.text(key).toLowerCase() === "true";
  }

  number(key: string): number {
    return Number(this.text(key));
  }

  /** The measurands of a list key. */
  measurands(key: string): readonly Measurand[] {
    const wanted = new Set(split(this.text(key)));
    return MEASURANDS.filter((name) => wanted.has(name));
  }
}

function split(list: string): string[] {
  return list.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

function fits(rule: Rule, value: string): boolean {
  switch (rule.type) {
    case "boolean":
      return /^(true|false)$/i.test(value);
    case "integer":
      return /^\d{1,9}$/.test(value) && Number(value) >= rule.minimum &&
        Number(value) <= rule.maximum;
    case "measurands":
      return split(value).every((name) => MEASURANDS.some((known) => known === name));
    case "text":
      return true;
  }
}
