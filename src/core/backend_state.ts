// What the core remembers of one backend, whether it is connected or not.

import type { JsonObject } from "../ocpp/json.ts";
import type { Action, Int64 } from "../ocpp/types.ts";
import type { BackendConfiguration } from "./configuration.ts";
import type { LogEntry } from "./record.ts";
import type { Awaiting } from "./state.ts";

/** What outlives a backend's configuration, so that one that comes back goes on where it was. */
export type BackendMemory = Pick<
  Backend,
  "cursor" | "transactionIds" | "virtual" | "grantedAt" | "setAside"
>;

/** One backend, whether it is connected or not. */
export interface Backend {
  readonly id: string;
  configuration: BackendConfiguration;
  link: Link;
  /** Failed dials since the last accepted BootNotification. */
  dialAttempts: number;
  /** Since when it has been away; undefined: it is connected. */
  awaySince: number | undefined;
  /** Why the last connection or dial ended. */
  lastProblem: string | undefined;
  registration: Registration;
  /** It has accepted a BootNotification since the proxy started. */
  known: boolean;
  /** When the next BootNotification is due; undefined: none is. */
  bootAt: number | undefined;
  heartbeatIntervalMs: number;
  /** When anything was last sent to it. */
  sentAt: number;
  pending: PendingBackendCall | undefined;
  /** What waits for the single outstanding slot, ahead of the log. */
  readonly waiting: Outgoing[];
  /** The last sequence of the log that it has acknowledged or may not see. */
  cursor: number;
  /** JSON: the last sequence sent on this connection. */
  sentSequence: number;
  /** JSON: characters of the log sent since it last confirmed all of them. */
  unconfirmedLength: number;
  /** `sees: own`: connectors that it was last told are busy, with somebody else's session. */
  readonly busy: Set<number>;
  readonly delivery: Delivery;
  /** Its ids for our transactions. */
  readonly transactionIds: Map<number, Int64>;
  /** Configuration keys that exist for this backend alone. */
  readonly virtual: Map<string, string>;
  /** JSON: the event types it wants; undefined: all. */
  events: ReadonlySet<string> | undefined;
  grantedAt: number | undefined;
  setAside: number;
}

export type Link =
  | { readonly type: "offline" }
  | { readonly type: "waiting"; readonly until: number }
  | { readonly type: "dialling" }
  | {
    readonly type: "open";
    readonly connection: number;
    readonly protocol: "ocpp1.6" | "json";
    readonly remoteAddress: string;
    readonly since: number;
  };

export type Registration = "unregistered" | "accepted" | "pending" | "rejected";

/** The state of sending the log to one backend. */
export interface Delivery {
  /** CALLERRORs and unusable answers to the present message. */
  attempts: number;
  /** Time-outs of the present message while other calls were answered. */
  timeouts: number;
  /** Something else was answered since the present message was last sent. */
  answeredSince: boolean;
  /** Messages sent ahead of the log since its last entry. */
  overtaken: number;
  notBefore: number;
  lastStartAt: number;
  /** Entries read from disk, in order. */
  page: readonly LogEntry[];
  /** The disk is asked for what comes after this sequence. */
  reading: number | undefined;
}

/** A CALL for a backend, before it has its message id. */
export type Outgoing =
  | { readonly type: "boot" }
  | { readonly type: "heartbeat" }
  | { readonly type: "status"; readonly connectorId: number; readonly live: boolean }
  | { readonly type: "notice"; readonly action: Action; readonly payload: JsonObject }
  | {
    readonly type: "ask";
    readonly action: Action;
    readonly payload: JsonObject;
    readonly awaiting: Awaiting;
  }
  | { readonly type: "entry"; readonly entry: LogEntry };

export interface PendingBackendCall {
  readonly id: string;
  readonly outgoing: Outgoing;
  readonly deadline: number;
}
