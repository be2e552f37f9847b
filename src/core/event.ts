// Everything that can happen to the proxy. The shell makes events; `step` answers them with effects.

import type { JsonObject } from "../ocpp/json.ts";
import type { CoreConfiguration } from "./configuration.ts";
import type { LogEntry } from "./record.ts";

/** The owner's word (contract, section 5). */
export type OwnerMode =
  | { readonly mode: "auto" }
  | { readonly mode: "owner_only" }
  | { readonly mode: "paused" }
  | { readonly mode: "backend"; readonly backendId: string };

export type Event =
  /** The first one after a start. */
  | { readonly type: "started" }
  /** The charger's socket is open. A newer connection number replaces the older one. */
  | {
    readonly type: "charger_connected";
    readonly connection: number;
    readonly chargePointId: string;
    readonly remoteAddress: string;
  }
  | {
    readonly type: "charger_disconnected";
    readonly connection: number;
    readonly reason: string;
  }
  | { readonly type: "charger_frame"; readonly connection: number; readonly text: string }
  /** A backend's socket is open: dialled by us or by it. */
  | {
    readonly type: "backend_connected";
    readonly backendId: string;
    readonly connection: number;
    readonly protocol: "ocpp1.6" | "json";
    readonly remoteAddress: string;
  }
  | {
    readonly type: "backend_disconnected";
    readonly backendId: string;
    readonly connection: number;
    readonly reason: string;
    /** 0 ≤ random < 1, for the jitter of the next dial. */
    readonly random: number;
  }
  /** A dial that never became a connection. */
  | {
    readonly type: "dial_failed";
    readonly backendId: string;
    readonly reason: string;
    /** The HTTP status, where the server answered one. */
    readonly status?: number;
    /** 0 ≤ random < 1, for the jitter of the next dial. */
    readonly random: number;
  }
  | {
    readonly type: "backend_frame";
    readonly backendId: string;
    readonly connection: number;
    readonly text: string;
  }
  /** A JSON backend's stack has received everything up to this sequence (it answered our ping). */
  | {
    readonly type: "backend_received";
    readonly backendId: string;
    readonly connection: number;
    readonly sequence: number;
  }
  /** The answer to a `store` effect: committed, or not. */
  | {
    readonly type: "stored";
    readonly token: number;
    readonly failure?: string;
  }
  /** The answer to a `read_log` effect: entries after `after`, oldest first; empty at the end. */
  | {
    readonly type: "log_page";
    readonly backendId: string;
    readonly after: number;
    /** undefined: the disk could not be read. */
    readonly entries: readonly LogEntry[] | undefined;
  }
  /** The owner decides, by REST or command line. Without end: until the next word. */
  | { readonly type: "owner"; readonly mode: OwnerMode; readonly until?: number }
  /** The owner's limit for everybody, A per phase; undefined takes it back. */
  | {
    readonly type: "owner_limit";
    readonly currentA: number | undefined;
    readonly until?: number;
  }
  /** The owner's answer to a question; an unknown number has no effect. */
  | { readonly type: "owner_answer"; readonly requestId: number; readonly allow: boolean }
  /** A value from outside; `value` null: its source cannot tell it now. */
  | {
    readonly type: "fact";
    readonly name: string;
    readonly value: string | null;
    readonly attributes?: JsonObject;
  }
  /** The configuration was read again. */
  | { readonly type: "configured"; readonly configuration: CoreConfiguration }
  /** The wall clock was set; `now` has moved by this much. */
  | { readonly type: "clock_set"; readonly byMs: number }
  /** A deadline has passed. */
  | { readonly type: "tick" };
