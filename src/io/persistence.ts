// Performs the core's writes: at once where somebody waits for them, else together, soon.

import type { Effect, LogLevel } from "../core/effect.ts";
import type { Write } from "../core/record.ts";
import type { Store } from "./store.ts";

/** Notes are on disk after this long, ms. */
const NOTE_DELAY_MS = 500;

/** After a failed write the next attempt comes after this long, ms. */
const RETRY_MS = 2_000;

/** Writes that wait for the disk; beyond it the oldest decisions are forgotten. */
const MAX_WAITING = 10_000;

type Log = (
  level: LogLevel,
  message: string,
  values: Readonly<Record<string, string | number | boolean | null>>,
) => void;

/** The one way to the store's tables. */
export class Persistence {
  readonly #store: Store;
  readonly #log: Log;
  /** Writes that have to happen, oldest first; several for one row have become one. */
  readonly #waiting = new Map<string, Write>();
  #unique = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failure: string | undefined;

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Why nothing can be written now; undefined: all is well. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Commits before it returns. Returns why it could not: then nothing of it is kept. */
  store(writes: readonly Write[]): string | undefined {
    return this.#commit([...this.#waiting.values(), ...writes]);
  }

  /** Commits before it returns; what fails is repeated until it succeeds. */
  persist(writes: readonly Write[]): void {
    for (const write of writes) this.#wait(write);
    this.flush();
  }

  /** Commits within NOTE_DELAY_MS. */
  note({ write }: Effect & { type: "note" }): void {
    this.#wait(write);
    this.#timer ??= setTimeout(() => this.flush(), NOTE_DELAY_MS);
  }

  /** Commits what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.size === 0) return;
    if (this.#commit([...this.#waiting.values()]) !== undefined) {
      this.#timer = setTimeout(() => this.flush(), RETRY_MS);
    }
  }

  /** The last flush. */
  close(): void {
    this.flush();
    clearTimeout(this.#timer);
  }

  #wait(write: Write): void {
    const key = this.#key(write);
    // The newest of several stands at the end, behind what was written before it.
    this.#waiting.delete(key);
    this.#waiting.set(key, write);
    if (this.#waiting.size <= MAX_WAITING) return;
    for (const [oldest, { table }] of this.#waiting) {
      if (table !== "decision") continue;
      this.#waiting.delete(oldest);
      return;
    }
  }

  #key(write: Write): string {
    switch (write.table) {
      case "cursor":
        return `cursor/${write.cursor.backendId}`;
      case "session":
        return `session/${write.session.transactionId}`;
      case "fact":
        return `fact/${write.key}`;
      case "backend_transaction":
        return `id/${write.row.backendId}/${write.row.transactionId}`;
      case "log":
      case "set_aside":
      case "decision":
        return `${write.table}/${++this.#unique}`;
    }
  }

  #commit(writes: readonly Write[]): string | undefined {
    try {
      this.#store.commit(writes);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#failure === undefined) {
        this.#log("error", "the database cannot be written; the charger keeps its messages", {
          reason,
        });
      }
      this.#failure = reason;
      return reason;
    }
    if (this.#failure !== undefined) {
      this.#log("warning", "the database can be written again", {});
      this.#failure = undefined;
    }
    this.#waiting.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return undefined;
  }
}
