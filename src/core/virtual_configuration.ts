// Configuration keys: read from the charger once, telemetry keys per backend, secrets never.

import type { MessageId } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { MEASURANDS, PHASES } from "../ocpp/vocabulary.ts";
import { clampIntervalMs } from "./backend.ts";
import { answerBackend, failBackend } from "./backend_answer.ts";
import { MAX_PROFILES_EACH } from "./backend_profile.ts";
import type { Backend } from "./backend_state.ts";
import { callCharger, MAX_WAITING_CALLS } from "./charger_call.ts";
import { MAX_PERIODS } from "./charging_profile.ts";
import { limitsChanged } from "./charging_limit.ts";
import type { ChargerOutcome, ConfigurationKey, State } from "./state.ts";
import { noteFact, type Step } from "./step_context.ts";

/** What a value of a standard key looks like (OCPP 1.6, section 9). */
type KeyType = "integer" | "percent" | "boolean" | "measurands" | "list";

/**
 * Keys that every backend has for itself: evcc and Home Assistant rewrite them at each connect and
 * would fight over them (ocpp16.md, 8.1, N40, N41).
 */
const VIRTUAL: Readonly<Record<string, KeyType>> = {
  ClockAlignedDataInterval: "integer",
  HeartbeatInterval: "integer",
  MeterValuesAlignedData: "measurands",
  MeterValuesSampledData: "measurands",
  MeterValueSampleInterval: "integer",
  StopTxnAlignedData: "measurands",
  StopTxnSampledData: "measurands",
  WebSocketPingInterval: "integer",
};

const VIRTUAL_KEYS = keys(VIRTUAL);

/** What the proxy itself can do with charging profiles, which never reach the charger. */
const LIMIT_KEYS: ReadonlyMap<string, ConfigurationKey> = new Map(
  Object.entries({
    ChargeProfileMaxStackLevel: "100",
    ChargingScheduleAllowedChargingRateUnit: "Current,Power",
    ChargingScheduleMaxPeriods: String(MAX_PERIODS),
    MaxChargingProfilesInstalled: String(MAX_PROFILES_EACH),
  }).map(([key, value]) => [key.toLowerCase(), { key, readonly: true, value }]),
);

/** Standard keys that reach the charger; chargers accept nonsense for them (N71). */
const STANDARD_KEYS = keys({
  AllowOfflineTxForUnknownId: "boolean",
  AuthorizationCacheEnabled: "boolean",
  AuthorizeRemoteTxRequests: "boolean",
  BlinkRepeat: "integer",
  ConnectionTimeOut: "integer",
  ConnectorPhaseRotation: "list",
  LightIntensity: "percent",
  LocalAuthListEnabled: "boolean",
  LocalAuthorizeOffline: "boolean",
  LocalPreAuthorize: "boolean",
  MaxEnergyOnInvalidId: "integer",
  MinimumStatusDuration: "integer",
  ResetRetries: "integer",
  StopTransactionOnEVSideDisconnect: "boolean",
  StopTransactionOnInvalidId: "boolean",
  UnlockConnectorOnEVSideDisconnect: "boolean",
});

/** Keys by which a backend could take the charger away from the proxy (6.12, N48). */
const FORBIDDEN_KEY =
  /^(authorizationkey|securityprofile|transactionmessage.*|messagetimeout|.*(url|server|endpoint|apn|host).*)$/;

/** Keys that nobody gets to read. */
const SECRET_KEY = /authorizationkey|password|passwd|secret|token|psk|apikey/;

/** The largest integer that every charger can keep. */
const MAX_INTEGER = 2 ** 31 - 1;

function keys(table: Record<string, KeyType>): ReadonlyMap<string, KeyType> {
  return new Map(Object.entries(table).map(([key, type]) => [key.toLowerCase(), type]));
}

function fits(type: KeyType, value: string): boolean {
  switch (type) {
    case "integer":
      return /^\d{1,10}$/.test(value) && Number(value) <= MAX_INTEGER;
    case "percent":
      return /^\d{1,3}$/.test(value) && Number(value) <= 100;
    case "boolean":
      return /^(true|false)$/i.test(value);
    case "measurands":
      return value.trim() === "" || value.split(",").every((item) => isMeasurand(item.trim()));
    case "list":
      return true;
    default:
      return type satisfies never;
  }
}

/** A measurand, or one phase of it: `Voltage.L1` (OCPP 1.6, errata). */
function isMeasurand(text: string): boolean {
  const known = MEASURANDS as readonly string[];
  if (known.includes(text)) return true;
  return PHASES.some((phase) =>
    text.endsWith(`.${phase}`) && known.includes(text.slice(0, -phase.length - 1))
  );
}

/** What is to become of a ChangeConfiguration. */
export type KeyTreatment = "virtual" | "forward" | "reject";

/** Decides what a ChangeConfiguration does: kept for this backend, sent on, or refused. */
export function treatKey(key: string, value: string): KeyTreatment {
  const name = key.trim().toLowerCase();
  const virtual = VIRTUAL_KEYS.get(name);
  if (virtual) return fits(virtual, value) ? "virtual" : "reject";
  if (FORBIDDEN_KEY.test(name) || LIMIT_KEYS.has(name)) return "reject";
  const standard = STANDARD_KEYS.get(name);
  return standard === undefined || fits(standard, value) ? "forward" : "reject";
}

/** Keeps a value for one backend alone; the charger never sees it. */
export function setVirtual(step: Step, backend: Backend, key: string, value: string): void {
  backend.virtual.set(key.trim().toLowerCase(), value);
  noteFact(step, `virtual/${backend.id}`, Object.fromEntries(backend.virtual));
}

/** The heartbeat interval that a backend has set for itself, ms. */
export function virtualHeartbeatMs(backend: Backend): number | undefined {
  const value = backend.virtual.get("heartbeatinterval");
  return value === undefined ? undefined : clampIntervalMs(Number(value));
}

/** The charger accepted a ChangeConfiguration: what was read of it changes too. */
export function updateConfiguration(step: Step, key: string, value: string): void {
  const { charger } = step.state;
  const row = charger.configuration?.find((item) => item.key.toLowerCase() === key.toLowerCase());
  if (!row) return;
  row.value = value;
  saveConfiguration(step);
  limitsChanged(step);
}

/** GetConfiguration (section 5.8): from what was read of the charger, and this backend's values. */
export function getConfiguration(
  step: Step,
  backend: Backend,
  id: MessageId,
  keys: readonly string[],
): void {
  const { charger } = step.state;
  if (backend.link.type !== "open") return;
  const usable = charger.configuration &&
    (!charger.configurationStale || charger.connection === undefined);
  if (usable) {
    answerBackend(step, backend, id, view(step.state, backend, keys));
    return;
  }
  if (charger.connection === undefined) {
    failBackend(step, backend, id, "GenericError", "the charge point is not connected");
    return;
  }
  const { connection } = backend.link;
  const waiting = charger.configurationWaiting.filter((item) => item.backendId === backend.id);
  if (waiting.length >= MAX_WAITING_CALLS) {
    failBackend(step, backend, id, "GenericError", "busy: too many questions are waiting");
    return;
  }
  charger.configurationWaiting.push({ backendId: backend.id, connection, id, keys });
  askConfiguration(step);
}

/** Asks the charger for all of its configuration, unless that is under way. */
export function askConfiguration(step: Step): void {
  const { charger } = step.state;
  if (charger.configurationAsked) return;
  charger.configurationAsked = true;
  callCharger(step, {
    action: "GetConfiguration",
    payload: {},
    origins: [{ type: "configuration" }],
    backendId: undefined,
  });
}

/** The charger has told its configuration, or has not. */
export function configurationRead(step: Step, outcome: ChargerOutcome): void {
  const { charger, backends } = step.state;
  charger.configurationAsked = false;
  if (outcome.type === "result") {
    const rows = outcome.payload.configurationKey as ConfigurationKey[] | undefined;
    charger.configuration = (rows ?? []).filter((row) => !SECRET_KEY.test(row.key.toLowerCase()));
    charger.configurationStale = false;
    saveConfiguration(step);
  }
  limitsChanged(step);
  for (const question of charger.configurationWaiting.splice(0)) {
    const backend = backends.get(question.backendId);
    if (backend?.link.type !== "open" || backend.link.connection !== question.connection) continue;
    if (charger.configuration) {
      answerBackend(step, backend, question.id, view(step.state, backend, question.keys));
    } else {
      failBackend(
        step,
        backend,
        question.id,
        "GenericError",
        "the charge point did not tell its configuration",
      );
    }
  }
}

/** The charger has booted: what was read of it may have changed. */
export function configurationOutdated(step: Step): void {
  const { charger } = step.state;
  if (charger.configurationStale) return;
  charger.configurationStale = true;
  if (charger.configuration) saveConfiguration(step);
}

function saveConfiguration(step: Step): void {
  const { configuration, configurationStale } = step.state.charger;
  noteFact(step, "charger_configuration", {
    keys: (configuration ?? []).map((row) => ({ ...row })),
    stale: configurationStale,
  });
}

/** The value of a key as one backend reads it. */
function view(state: State, backend: Backend, wanted: readonly string[]): JsonObject {
  const rows = new Map<string, ConfigurationKey>();
  for (const row of state.charger.configuration ?? []) rows.set(row.key.toLowerCase(), row);
  if (limits(state)) { for (const [name, row] of LIMIT_KEYS) rows.set(name, row); }
  const own = new Map([["heartbeatinterval", String(backend.heartbeatIntervalMs / 1000)]]);
  for (const [name, value] of [...own, ...backend.virtual]) {
    rows.set(name, { key: rows.get(name)?.key ?? properName(name), readonly: false, value });
  }
  if (wanted.length === 0) return { configurationKey: [...rows.values()] };
  const configurationKey: ConfigurationKey[] = [];
  const unknownKey: string[] = [];
  for (const key of wanted) {
    const row = rows.get(key.toLowerCase());
    if (row) configurationKey.push(row);
    else unknownKey.push(key);
  }
  return { configurationKey, ...unknownKey.length > 0 && { unknownKey } };
}

/** Whether the charger can limit, or does not say. */
function limits({ charger }: State): boolean {
  const profiles = charger.configuration?.find((row) =>
    row.key.toLowerCase() === "supportedfeatureprofiles"
  );
  return profiles === undefined || /smart\s*charging/i.test(profiles.value ?? "");
}

function properName(lowerCase: string): string {
  return Object.keys(VIRTUAL).find((name) => name.toLowerCase() === lowerCase) ?? lowerCase;
}
