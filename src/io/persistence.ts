// Performs the core's writes: at once where somebody waits for them, else together, soon.

import type { Effect } from "../core/effect.ts";
import type { Write } from "../core/record.ts";
import type { Log } from "./log.ts";
import type { Store } from "./store.ts";
import { StoreError } from "./store_error.ts";
import { logDefect, messageOf } from "./thrown.ts";

/** Notes are on disk after this long, ms. */
const NOTE_DELAY_MS = 500;

/** After a failed write the next attempt comes after this long, ms. */
const RETRY_MS = 2_000;

/** Writes that wait for the disk; beyond it the oldest decisions are forgotten. */
const MAX_WAITING = 10_000;

/** The statement itself is wrong: no disk, lock or file has anything to do with it. */
function isDefect(error: unknown): boolean {
  return !(error instanceof StoreError) || error.kind === "other";
}

/** A session with its end. */
function isBooked(write: Write): boolean {
  return write.table === "session" && write.session.stoppedAt !== null;
}

/** A write that has to happen, and which row it is for. */
type Waiting = readonly [key: string, write: Write];

/** The one way to the store's tables. */
export class Persistence {
  readonly #store: Store;
  readonly #log: Log;
  /** Writes that have to happen, oldest first; several for one row have become one. */
  readonly #waiting = new Map<string, Write>();
  /** Among them is what should have been written at once. */
  #owed = false;
  #unique = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failure: string | undefined;
  #booked = 0;

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Why nothing can be written now; undefined: all is well. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Rises whenever sessions that have ended are written: sums of them are others by then. */
  get booked(): number {
    return this.#booked;
  }

  /** Commits before it returns. Returns why it could not: then nothing of it is kept. */
  store(writes: readonly Write[]): string | undefined {
    // Nothing is built on a noted cursor, and with ten backends they would be most of every commit.
    const waiting = [...this.#waiting].filter(([, { table }]) => this.#owed || table !== "cursor");
    const failure = this.#commit(waiting, writes);
    // One that was noted before must not come after it.
    if (failure === undefined) {
      for (const write of writes) {
        if (write.table === "cursor") this.#waiting.delete(this.#key(write));
      }
    }
    return failure;
  }

  /** Commits before it returns; what fails is repeated until it succeeds. */
  persist(writes: readonly Write[]): void {
    for (const write of writes) this.#wait(write);
    this.#owed = true;
    this.flush();
  }

  /** Whether a small document should be on disk by now, and could not be written. */
  owes(key: string): boolean {
    return this.#failure !== undefined && this.#waiting.has(`fact/${key}`);
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
    if (this.#commit([...this.#waiting], []) !== undefined) {
      this.#timer = setTimeout(() => this.flush(), RETRY_MS);
    }
  }

  /** The last flush. */
  close(): void {
    this.flush();
    clearTimeout(this.#timer);
  }

  /** A write that the database can never take must not hold up the others. */
  #commitSoundly(waiting: readonly Waiting[], writes: readonly Write[]): void {
    try {
      this.#store.commit([...waiting.map(([, write]) => write), ...writes]);
      for (const [key] of waiting) this.#waiting.delete(key);
    } catch (error) {
      if (waiting.length === 0 || !isDefect(error)) throw error;
      for (const [key, write] of waiting) {
        try {
          this.#store.commit([write]);
        } catch (own) {
          if (!isDefect(own)) throw own;
          logDefect(this.#log, own, { write: key });
        }
        this.#waiting.delete(key);
      }
      this.#store.commit(writes);
    }
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

  /** Commits these of what waits, and then `writes`, all together. */
  #commit(waiting: readonly Waiting[], writes: readonly Write[]): string | undefined {
    try {
      this.#commitSoundly(waiting, writes);
    } catch (error) {
      const reason = messageOf(error);
      if (this.#failure === undefined) {
        this.#log("error", "the database cannot be written; the charger keeps its messages", {
          reason,
        });
      }
      this.#failure = reason;
      return reason;
    }
    this.#owed &&= this.#waiting.size > 0;
    if (waiting.some(([, write]) => isBooked(write)) || writes.some(isBooked)) this.#booked++;
    if (this.#failure !== undefined) {
      this.#log("warning", "the database can be written again", {});
      this.#failure = undefined;
    }
    return undefined;
  }
}
