// The tables of the store, in memory, as far as a restart of the core needs them.

import { WINDOW_ENTRIES } from "../../src/core/log_window.ts";
import type {
  BackendTransactionRecord,
  LogEntry,
  SessionRecord,
  Snapshot,
  Write,
} from "../../src/core/record.ts";
import { type JsonValue, parseJson, stringifyJson } from "../../src/ocpp/json.ts";

/** What most chargers say of their smart charging. */
export const CHARGER_KEYS = [
  { key: "ChargeProfileMaxStackLevel", readonly: true, value: "5" },
  { key: "ChargingScheduleAllowedChargingRateUnit", readonly: true, value: "Current,Power" },
  { key: "ChargingScheduleMaxPeriods", readonly: true, value: "10" },
];

/** One installation's tables; what is written is copied, what is read is a copy. */
export class Tables {
  readonly facts = new Map<string, JsonValue>([
    ["instance", "test"],
    ["run", 1],
    // What the charger told of itself when it was last asked.
    ["charger_configuration", { keys: CHARGER_KEYS.map((row) => ({ ...row })), stale: false }],
  ]);
  readonly sessions = new Map<number, SessionRecord>();
  readonly log: LogEntry[] = [];
  readonly cursors = new Map<string, number>();
  readonly ids: BackendTransactionRecord[] = [];
  readonly setAside: (Write & { table: "set_aside" })["row"][] = [];
  readonly decisions: (Write & { table: "decision" })["row"][] = [];

  apply(write: Write): void {
    switch (write.table) {
      case "log":
        if (write.entry.sequence <= (this.log.at(-1)?.sequence ?? 0)) {
          throw new Error(`the log has ${write.entry.sequence} already`);
        }
        this.log.push(structuredClone(write.entry));
        break;
      case "session":
        this.sessions.set(write.session.transactionId, structuredClone(write.session));
        break;
      case "cursor":
        this.cursors.set(write.cursor.backendId, write.cursor.sequence);
        break;
      case "backend_transaction":
        this.ids.push(write.row);
        break;
      case "set_aside":
        this.setAside.push(write.row);
        break;
      case "decision":
        this.decisions.push(write.row);
        break;
      case "fact":
        if (write.value === undefined) this.facts.delete(write.key);
        else this.facts.set(write.key, parseJson(stringifyJson(write.value)));
        break;
      default:
        write satisfies never;
    }
  }

  snapshot(): Snapshot {
    const sessions = [...this.sessions.values()].map((session) => structuredClone(session));
    const open = new Set(
      sessions.filter((item) => item.stoppedAt === null).map((item) => item.transactionId),
    );
    return {
      facts: new Map(this.facts),
      sessions,
      lastTransactionId: Math.max(0, ...sessions.map((item) => item.transactionId)),
      lastSequence: this.log.at(-1)?.sequence ?? 0,
      cursors: [...this.cursors].map(([backendId, sequence]) => ({ backendId, sequence })),
      backendTransactions: [...this.ids],
      startSequences: new Map(
        this.log.filter((entry) =>
          entry.action === "StartTransaction" && open.has(entry.transactionId)
        ).map((entry) => [entry.transactionId, entry.sequence]),
      ),
      decisions: this.decisions.slice(-20),
      setAside: this.setAside,
      newestEntries: this.log.slice(-WINDOW_ENTRIES),
    };
  }
}
