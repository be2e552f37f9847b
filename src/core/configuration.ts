// The configuration as the core reads it: complete, checked, in milliseconds and amperes.

/** A backend's right to do something (contract, section 3). */
export type Permission =
  /** Receive the charger's messages. */
  | "receive"
  /** GetConfiguration, GetLocalListVersion, GetCompositeSchedule, TriggerMessage. */
  | "read"
  /** Be asked whether an id tag may charge. */
  | "authorize"
  /** RemoteStartTransaction, RemoteStopTransaction, through control. */
  | "start_stop"
  /** SetChargingProfile, ClearChargingProfile, `set_limit`, through control. */
  | "limit"
  /** The same while somebody else holds control: the lowest limit counts, so it only ever lowers. */
  | "guard"
  /** ReserveNow, CancelReservation, through control. */
  | "reserve"
  /** UnlockConnector, through control. */
  | "unlock"
  /** ChangeConfiguration that reaches the charger. */
  | "configure"
  /** ChangeAvailability that reaches the charger. */
  | "availability"
  /** Reset. */
  | "reset"
  /** UpdateFirmware, SignedUpdateFirmware. */
  | "firmware"
  /** GetDiagnostics, GetLog. */
  | "diagnostics"
  /** SendLocalList, ClearCache. */
  | "local_list"
  /** Certificate messages of the security whitepaper, both ways. */
  | "certificates"
  /** DataTransfer to the charger. */
  | "data_transfer";

export type Role = "observer" | "biller" | "controller" | "admin";

const OBSERVER: readonly Permission[] = ["receive", "read"];
const BILLER: readonly Permission[] = [...OBSERVER, "authorize", "start_stop"];
const CONTROLLER: readonly Permission[] = [
  ...OBSERVER,
  "start_stop",
  "limit",
  "reserve",
  "unlock",
];

/** Every permission there is, in the order of the contract. */
export const PERMISSIONS: readonly Permission[] = [
  "receive",
  "read",
  "authorize",
  "start_stop",
  "limit",
  "guard",
  "reserve",
  "unlock",
  "configure",
  "availability",
  "reset",
  "firmware",
  "diagnostics",
  "local_list",
  "certificates",
  "data_transfer",
];

/** What each role may do; `permissions` on a backend replaces its set. */
export const ROLES: Readonly<Record<Role, readonly Permission[]>> = {
  observer: OBSERVER,
  biller: BILLER,
  controller: CONTROLLER,
  admin: PERMISSIONS,
};

export interface BackendConfiguration {
  readonly id: string;
  readonly enabled: boolean;
  readonly role: Role;
  readonly permissions: ReadonlySet<Permission>;
  /** `own`: transactions of others are only a busy connector. */
  readonly sees: "all" | "own";
  /** The higher wins; `preferred_provider` outranks any number. */
  readonly priority: number;
  /** How long it keeps control before a higher priority may take it over. */
  readonly minHoldMs: number;
  /** The name of the tariff by which it is billed. Absent: its sessions earn nothing. */
  readonly tariff?: string;
  /** JSON backends only: transaction events wait while it is away. */
  readonly durable: boolean;
  /** Absent: the backend dials in. */
  readonly url?: string;
  /** The identity it sees. Absent: the charger's own. */
  readonly chargePointId?: string;
  /** Each connection begins with BootNotification (evcc and others take it for "charger is there"). */
  readonly bootOnReconnect: boolean;
  /** Transmissions of a transaction message that it answers with CALLERROR, before it is set aside. */
  readonly messageAttempts: number;
  /** Wait before transmission n+1 is n times this (OCPP 1.6, TransactionMessageRetryInterval). */
  readonly messageRetryIntervalMs: number;
  /** What a verdict that comes after the charger was answered does (Invalid, Blocked …). */
  readonly lateRejection: "keep" | "stop";
}

/** A backend of a role of which nothing else is said, but for these. */
export function backendOf(
  id: string,
  role: Role,
  said: Partial<BackendConfiguration> = {},
): BackendConfiguration {
  return {
    id,
    enabled: true,
    role,
    permissions: new Set(ROLES[role]),
    sees: "all",
    priority: 0,
    minHoldMs: 300_000,
    durable: false,
    bootOnReconnect: true,
    messageAttempts: 3,
    messageRetryIntervalMs: 60_000,
    lateRejection: "keep",
    ...said,
  };
}

/** One row of the household's id-tag table. */
export interface IdTagConfiguration {
  readonly tag: string;
  readonly name?: string;
  /** Whose tag it is: a backend's id, the owner, or nobody's in particular. */
  readonly owner: boolean;
  readonly backend?: string;
  readonly action: "allow" | "deny";
  /** Backend id → the tag under which that backend knows it. */
  readonly sendAs?: ReadonlyMap<string, string>;
}

/** A time of day of the household: minutes since midnight, 0 … 1,440. */
export interface Hours {
  /** Included. */
  readonly fromMinute: number;
  /** Excluded; not above `fromMinute`: over midnight. */
  readonly toMinute: number;
}

/** Monday is 1, Sunday 7 (ISO 8601). */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** One of the household's rules (contract, section 8). All of its conditions have to hold. */
export interface RuleConfiguration {
  readonly name: string;
  /** A CEL expression of type bool. */
  readonly when?: string;
  /** One of these backends asks. */
  readonly backends?: readonly string[];
  readonly hours?: Hours;
  readonly weekdays?: ReadonlySet<Weekday>;
  /** A fact that is `on`, `home` or `true`. */
  readonly presenceSensor?: string;
  /** The backend has had so much energy today, in sessions that began today, kWh. */
  readonly maxEnergyKwhPerDay?: number;
  /** The backend has had so many sessions that began today. */
  readonly maxSessionsPerDay?: number;
  readonly then: "allow" | "deny" | "ask" | "limit";
  /** With `limit`, A. */
  readonly currentA?: number;
  /** With `ask`: how long the owner has, and what counts when nobody answers. */
  readonly askTimeoutMs: number;
  readonly default: "allow" | "deny";
  /** What it means when a fact is missing or too old; never that something is allowed. */
  readonly onUnknown: "deny" | "ask" | "limit";
}

/** A fact that something outside feeds, such as a sensor of the house. */
export interface FactConfiguration {
  readonly name: string;
  /** What counts until somebody says something else, and for ever. */
  readonly value?: string;
  /** A value that is older is unknown. */
  readonly maxAgeMs: number;
}

/** Prices of one tariff at some time of day. Amounts of its currency, in millionths. */
export interface Prices {
  readonly energyMicrosPerKwh: number;
  readonly timeMicrosPerMinute: number;
  readonly sessionMicros: number;
  readonly idleMicrosPerMinute: number;
}

/** A tariff, or one period of its validity; several of one name follow each other. */
export interface TariffConfiguration {
  readonly name: string;
  /** Local dates, YYYY-MM-DD: the first one, and the first one no more. */
  readonly validFrom?: string;
  readonly validUntil?: string;
  /** ISO 4217. */
  readonly currency: string;
  /** A note, such as "21 % included". */
  readonly vat?: string;
  readonly prices: Prices;
  /** The first that fits the time replaces what it names. */
  readonly times: readonly TariffTime[];
  /** Idle time that costs nothing. */
  readonly idleAfterMs: number;
}

/** A part of the week with prices of its own. */
export interface TariffTime {
  readonly hours?: Hours;
  readonly weekdays?: ReadonlySet<Weekday>;
  readonly prices: Partial<Prices>;
}

export interface CoreConfiguration {
  readonly charger: {
    /** Absent: the identity of the first charger that connects is remembered. */
    readonly id?: string;
    /** IANA name, of times that the charger writes without a zone. Absent: it is found out. */
    readonly timeZone?: string;
    /** Given to the charger in BootNotification.conf, 10–86,400 s. */
    readonly heartbeatIntervalS: number;
    /** The longest the charger waits for a backend's answer. */
    readonly answerDeadlineMs: number;
    /** The longest the proxy waits for the charger's answer to a CALL. */
    readonly callTimeoutMs: number;
    /** How long a connector may be Available with an open transaction before it is closed. */
    readonly lostStopAfterMs: number;
    /** The owner's cap, A per phase. Absent: none. */
    readonly maxCurrentA?: number;
    /** What is allowed when who set a limit has gone while a transaction runs, A per phase. */
    readonly fallbackCurrentA: number;
    /** The charger is sent a new limit at most this often. */
    readonly limitSpacingMs: number;
    /** For limits in W: 1 … 3, and volts between phase and neutral. */
    readonly phases: number;
    readonly voltageV: number;
  };
  /** IANA name: what `hour` and "today" mean. */
  readonly timeZone: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly backends: readonly BackendConfiguration[];
  /** A backend id that is not listed may dial in, as the first ocpp-proxy had it. */
  readonly allowUnknownBackends: boolean;
  readonly allowSharedCharging: boolean;
  readonly preferredProvider?: string;
  /** Empty: everybody. */
  readonly allowedProviders: readonly string[];
  readonly blockedProviders: readonly string[];
  /** A fact: while it is `on` or `home`, no backend gets control. */
  readonly presenceSensor?: string;
  /** A fact: backends get control only while it is `on`. */
  readonly overrideInputBoolean?: string;
  readonly rateLimitMs: number;
  /** First match wins. */
  readonly rules: readonly RuleConfiguration[];
  readonly facts: readonly FactConfiguration[];
  /** For facts that are not listed. */
  readonly factMaxAgeMs: number;
  readonly tariffs: readonly TariffConfiguration[];
  /** What the household itself pays; neither: nobody knows. */
  readonly household: {
    /** The name of a tariff. */
    readonly tariff?: string;
    /** A fact: the price of a kWh now. */
    readonly priceSensor?: string;
  };
  readonly controlTimeoutMs: number;
  readonly reconnectGraceMs: number;
  readonly idTags: readonly IdTagConfiguration[];
  /** For a tag that no table and no backend that answers knows. */
  readonly unknownIdTags: "accept" | "reject";
  /** vendorId → backend id, for DataTransfer from the charger. */
  readonly dataTransfer: ReadonlyMap<string, string>;
  /** StartTransactions replayed to one backend are at least this far apart (ocpp16.md 8.1 d). */
  readonly startSpacingMs: number;
}
