// Everything the core can ask of the world. The shell performs effects in their order.

import type { JsonEvent } from "./json_event.ts";
import type { LogEntry, Write } from "./record.ts";

export type LogLevel = "debug" | "info" | "warning" | "error";

export type Effect =
  /** One text frame. Dropped by the shell when that connection is gone. */
  | { readonly type: "send_charger"; readonly connection: number; readonly text: string }
  | {
    readonly type: "send_backend";
    readonly backendId: string;
    readonly connection: number;
    readonly text: string;
  }
  /** Ask the peer's stack to confirm what it has received; comes back as `backend_received`. */
  | {
    readonly type: "probe_backend";
    readonly backendId: string;
    readonly connection: number;
    readonly sequence: number;
  }
  | {
    readonly type: "close_charger";
    readonly connection: number;
    readonly code: number;
    readonly reason: string;
  }
  | {
    readonly type: "close_backend";
    readonly backendId: string;
    readonly connection: number;
    readonly code: number;
    readonly reason: string;
  }
  /** Open a connection to a backend with a `url`. One at a time per backend. */
  | { readonly type: "dial"; readonly backendId: string }
  /** Commit before anything else happens, and answer with `stored`. */
  | { readonly type: "store"; readonly token: number; readonly writes: readonly Write[] }
  /**
   * Commit before the next effect; what fails is repeated by the shell until it succeeds. For what
   * counts in any case, such as the owner's word: what must not leave before is for `store`.
   */
  | { readonly type: "persist"; readonly writes: readonly Write[] }
  /** Commit within a second; of several for one cursor, session or fact, the newest counts. */
  | { readonly type: "note"; readonly write: Write }
  /** Comes back as `log_page`. */
  | {
    readonly type: "read_log";
    readonly backendId: string;
    readonly after: number;
    readonly limit: number;
  }
  /** Told to whoever follows on behalf of the owner; nothing waits for it. */
  | { readonly type: "publish"; readonly event: JsonEvent }
  /** The same, of what an entry of the log says; its events are made where somebody follows. */
  | { readonly type: "publish_entry"; readonly entry: LogEntry }
  | {
    readonly type: "log";
    readonly level: LogLevel;
    /** A sentence without values; the values are in `values`. */
    readonly message: string;
    readonly values: Readonly<Record<string, string | number | boolean | null>>;
  };
