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

/** One row of the household's id-tag table. */
export interface IdTagConfiguration {
  readonly tag: string;
  readonly name?: string;
  /** Whose tag it is: a backend's id, the owner, or nobody's in particular. */
  readonly owner: boolean;
  readonly backend?: string;
  readonly action: "allow" | "deny";
}

export interface CoreConfiguration {
  readonly charger: {
    /** Absent: the identity of the first charger that connects is remembered. */
    readonly id?: string;
    /** Given to the charger in BootNotification.conf, 10–86,400 s. */
    readonly heartbeatIntervalS: number;
    /** The longest the charger waits for a backend's answer. */
    readonly answerDeadlineMs: number;
    /** The longest the proxy waits for the charger's answer to a CALL. */
    readonly callTimeoutMs: number;
    /** How long a connector may be Available with an open transaction before it is closed. */
    readonly lostStopAfterMs: number;
  };
  readonly backends: readonly BackendConfiguration[];
  /** A backend id that is not listed may dial in, as the first ocpp-proxy had it. */
  readonly allowUnknownBackends: boolean;
  readonly allowSharedCharging: boolean;
  readonly preferredProvider?: string;
  /** Empty: everybody. */
  readonly allowedProviders: readonly string[];
  readonly blockedProviders: readonly string[];
  readonly rateLimitMs: number;
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
