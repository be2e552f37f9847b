// What the core remembers: one charger, its backends, the sessions, who holds control.

import type { Control, TagGrant } from "./control_state.ts";
import type { MessageId } from "../ocpp/frame.ts";
import type { JsonObject, JsonValue } from "../ocpp/json.ts";
import type {
  Action,
  BootNotificationRequest,
  IdTagInfo,
  Int64,
  Messages,
  StatusNotificationRequest,
} from "../ocpp/types.ts";
import type { Backend, BackendMemory } from "./backend_state.ts";
import type { ChargerClock } from "./charger_clock.ts";
import type { CoreConfiguration } from "./configuration.ts";
import type { Limits } from "./limit_state.ts";
import type { LogWindow } from "./log_window.ts";
import type { Fact } from "./fact.ts";
import type { StopReason } from "./own_stop.ts";
import type { PriceHistory } from "./price_history.ts";
import type { DecisionRecord, LogEntry, SessionRecord } from "./record.ts";
import type { Rules } from "./rules.ts";

/** The state belongs to `step`, which changes it in place; the shell only passes it on. */
export interface State {
  configuration: CoreConfiguration;
  /** Names this installation in message ids; the same for ever. */
  readonly instance: string;
  /** Counts the starts of this installation, so that message ids are never used again. */
  readonly run: number;
  messageNumber: number;
  readonly charger: Charger;
  readonly chargerClock: ChargerClock;
  readonly backends: Map<string, Backend>;
  /** What is remembered of backends that are not configured now, or not yet connected. */
  readonly absent: Map<string, BackendMemory>;
  /** Open sessions and the newest closed ones, by the proxy's transaction id, oldest first. */
  readonly sessions: Map<number, SessionRecord>;
  /** The same by `startKey`, newest wins. */
  readonly sessionsByKey: Map<string, number>;
  /** Session ids that have no stop yet. */
  readonly open: Set<number>;
  /** For each open session, the sequence of its StartTransaction. */
  readonly startSequences: Map<number, number>;
  lastTransactionId: number;
  readonly log: LogWindow;
  readonly control: Control;
  /** Compiled from the configuration. */
  rules: Rules;
  readonly facts: Map<string, Fact>;
  /** What the household's price sensor has said; undefined: nothing. */
  prices: PriceHistory | undefined;
  readonly decisions: DecisionRecord[];
  readonly limits: Limits;
  /** Reservations that backends left on the charger, by the charger's id. */
  readonly reservations: Map<number, ReservationEntry>;
  /** Log uploads and signed firmware updates, by the charger's request id. */
  readonly requests: Map<number, { readonly backendId: string; readonly theirs: number }>;
  lastForeignId: number;
  /** Who last said yes to an id tag, by its comparable form. */
  readonly authorizedBy: Map<string, string>;
  /** Id tags that were allowed to charge a moment ago, by their comparable form, oldest first. */
  readonly tagGrants: Map<string, TagGrant>;
  /** Running transactions that are refused and to be stopped: by the household, or by a backend late. */
  readonly refused: Set<number>;
  /** The write that waits for `stored`; the shell answers before any other event. */
  storing: { readonly token: number; readonly plan: Storing } | undefined;
  storeToken: number;
  /** When a store failed, the next attempt to close a lost session. */
  storeRetryAt: number | undefined;
}

/** The charger, whether it is connected or not. */
export interface Charger {
  /** Its identity; undefined until one has connected. */
  id: string | undefined;
  connection: number | undefined;
  connectedAt: number;
  remoteAddress: string;
  /** It has sent a BootNotification on this connection. */
  booted: boolean;
  /** Earliest time for a CALL on this connection. */
  readyAt: number;
  boot: BootNotificationRequest | undefined;
  /** TriggerMessage(BootNotification) was sent on this connection. */
  bootAsked: boolean;
  readonly connectors: Map<number, ConnectorStatus>;
  /** Last FirmwareStatusNotification, DiagnosticsStatusNotification, LogStatusNotification. */
  readonly notices: Map<NoticeKind, JsonObject>;
  readonly orderedBy: Map<NoticeKind, string>;
  configuration: ConfigurationKey[] | undefined;
  /** The charger has booted since `configuration` was read. */
  configurationStale: boolean;
  configurationAsked: boolean;
  readonly configurationWaiting: ConfigurationQuestion[];
  readonly queue: ChargerCall[];
  pending: PendingChargerCall | undefined;
  /** For taking turns: the backends whose queued CALLs were sent, the latest last. */
  served: string[];
  /** When clearing what nobody stands behind is tried again; undefined: all is clear or under way. */
  clearAt: number | undefined;
  readonly awaiting: Awaiting[];
  /** Repairs and oddities already noted. */
  readonly noted: Set<string>;
  /** When JSON backends last heard of a Heartbeat. */
  heartbeatToldAt: number;
}

/** One row of the charger's GetConfiguration answer. */
export type ConfigurationKey = NonNullable<
  Messages["GetConfiguration"]["confirmation"]["configurationKey"]
>[number];

export type NoticeKind = "firmware" | "diagnostics" | "log";

export interface ConnectorStatus {
  readonly status: StatusNotificationRequest;
  /** Epoch milliseconds of what `status` says. */
  readonly at: number;
  /** Since when it has been Available while a transaction was open. */
  availableSince: number | undefined;
  /** The charger has booted since, perhaps with another clock: what comes next is newer. */
  bootedSince: boolean;
}

export interface ConfigurationQuestion {
  readonly backendId: string;
  readonly connection: number;
  readonly id: MessageId;
  readonly keys: readonly string[];
}

/** A CALL that waits for its turn, or for the answer of the charger. */
export interface ChargerCall {
  readonly action: Action;
  payload: JsonObject;
  /** Who gets the answer; several where one call stands for several requests. */
  readonly origins: Origin[];
  /** The backend in whose name it is made; undefined: the proxy. */
  readonly backendId: string | undefined;
  readonly queuedAt: number;
  /** Safety first: ends or limits charging. */
  urgent: boolean;
  /** What the backend asked for, in its own ids. */
  readonly requested: JsonObject;
  /** It needs control; true: the lease was granted for this very command. undefined: it does not. */
  readonly freshLease: boolean | undefined;
}

export interface PendingChargerCall {
  readonly id: string;
  readonly call: ChargerCall;
  readonly deadline: number;
}

/** Where the charger's answer goes. */
export type Origin =
  | {
    readonly type: "ocpp";
    readonly backendId: string;
    readonly connection: number;
    readonly id: MessageId;
  }
  | {
    readonly type: "json";
    readonly backendId: string;
    readonly connection: number;
    readonly id: JsonValue | undefined;
    readonly action: string;
  }
  | { readonly type: "configuration" }
  | { readonly type: "housekeeping" }
  /** `transactionId`: the proxy's. */
  | { readonly type: "own_stop"; readonly why: StopReason; readonly transactionId: number }
  /** The effective limit. */
  | { readonly type: "limit" };

export type ChargerOutcome =
  | { readonly type: "result"; readonly payload: JsonObject }
  | { readonly type: "error"; readonly code: string; readonly description: string }
  | { readonly type: "timeout" }
  /** The charger disconnected before it answered. */
  | { readonly type: "lost" }
  /** It was not sent: the charger is not there. */
  | { readonly type: "offline" }
  /** It was not sent: too much is waiting. */
  | { readonly type: "busy" }
  /** It was not sent: control ended while it waited. */
  | { readonly type: "refused"; readonly reason: string };

/** A CALL of the charger that waits for a backend's word. */
export type Awaiting =
  | {
    readonly type: "start";
    readonly connection: number;
    readonly ids: MessageId[];
    readonly transactionId: number;
    readonly backendId: string;
    deadline: number;
  }
  | {
    readonly type: "authorize";
    readonly connection: number;
    readonly id: MessageId;
    readonly idTag: string;
    /** Best first; undefined: no answer yet; null: will not come. */
    readonly answers: Map<string, IdTagInfo | null | undefined>;
    deadline: number;
  }
  | {
    readonly type: "forward";
    readonly connection: number;
    readonly id: MessageId;
    readonly action: "DataTransfer" | "SignCertificate";
    readonly backendId: string;
    deadline: number;
  };

export interface ReservationEntry {
  readonly backendId: string;
  readonly theirs: number;
  readonly connectorId: number;
  readonly expiresAt: number;
  /** The charger has accepted it, or has not answered. */
  readonly confirmed: boolean;
  /** Nobody stands behind it any more: it is to be cleared. */
  abandoned: boolean;
}

/** What happens when the store has answered. */
export type Storing =
  | {
    readonly type: "start";
    readonly connection: number;
    readonly id: MessageId;
    readonly session: SessionRecord;
    readonly entries: readonly LogEntry[];
    /** A session on the same connector whose stop was lost. */
    readonly ended: SessionRecord | undefined;
  }
  | {
    readonly type: "meter";
    readonly connection: number;
    readonly id: MessageId;
    readonly session: SessionRecord;
    readonly entry: LogEntry;
  }
  | {
    readonly type: "stop";
    /** undefined: the proxy closes the session itself. */
    readonly answer: { readonly connection: number; readonly id: MessageId } | undefined;
    readonly session: SessionRecord;
    readonly entry: LogEntry | undefined;
  }
  /** A backend has confirmed a StartTransaction: under its id everything else will go out. */
  | {
    readonly type: "confirmed";
    readonly backendId: string;
    readonly entry: LogEntry;
    readonly theirs: Int64;
    readonly confirmation: JsonObject;
  }
  /** A backend refuses a message for good. */
  | {
    readonly type: "set_aside";
    readonly backendId: string;
    readonly entry: LogEntry;
    readonly reason: string;
  }
  /** What a CALL to the charger, the pending one, leaves behind. */
  | { readonly type: "call"; readonly id: string }
  /** What backends want of limits, before the charger hears of it. */
  | { readonly type: "limits" };
