// The database of the proxy: it commits what the core writes and gives it back after a restart.

import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { LogEntry, Snapshot, Write } from "../core/record.ts";
import { applyWrite } from "./apply_write.ts";
import { type Backlog, readBacklog } from "./backlog.ts";
import { checkDatabase, openDatabase } from "./database.ts";
import { DataLock } from "./data_lock.ts";
import { logEntryFromRow, SELECT_LOG, SELECT_LOG_SIZES } from "./log_columns.ts";
import { Pruner, type PruneReport, type Retention } from "./prune.ts";
import { salvage, setDatabaseAside } from "./salvage.ts";
import { readSnapshot } from "./snapshot.ts";
import { Statements } from "./statements.ts";
import { asStoreError, StoreError } from "./store_error.ts";

/** Bytes of JSON in one page of the log; a single longer entry is a page of its own. */
export const LOG_PAGE_BYTES = 512 * 1024;

/** A damaged database that was replaced at the start: worth a loud line in the log. */
export interface Replacement {
  /** Where the damaged file is now. */
  readonly path: string;
  /** What was wrong with it. */
  readonly reason: string;
  /** Rows of it that could still be read and were taken over. */
  readonly salvagedRows: number;
}

/** The one writer of a database file. Every method throws StoreError when the database fails. */
export class Store {
  /** Set when `open` found a damaged file. */
  readonly replaced: Replacement | undefined;
  readonly #path: string;
  readonly #lock: DataLock;
  readonly #database: DatabaseSync;
  readonly #pruner: Pruner;
  readonly #statements: Statements;
  /** The disk was full, and the write-ahead log has not been emptied since. */
  #cramped = false;

  private constructor(
    path: string,
    lock: DataLock,
    database: DatabaseSync,
    replaced: Replacement | undefined,
  ) {
    this.#path = path;
    this.#lock = lock;
    this.#database = database;
    this.#statements = new Statements(database);
    this.#pruner = new Pruner(this.#statements);
    this.replaced = replaced;
  }

  /**
   * Opens the database at `path`; makes the folder (0700) and the file (0600) where there is none.
   * A damaged file is set aside, never deleted, and a new one begun with what can be read of it:
   * see `replaced`. Throws StoreError, `in_use` while another process has it open.
   */
  static open(path: string): Store {
    try {
      Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    } catch (error) {
      throw asStoreError(error, path);
    }
    const lock = DataLock.take(path);
    try {
      const { database, replaced } = openOrReplace(path);
      return new Store(path, lock, database, replaced);
    } catch (error) {
      lock.close();
      throw asStoreError(error, path);
    }
  }

  /** What the tables say now. */
  load(): Snapshot {
    return this.#guard(() => readSnapshot(this.#statements));
  }

  /** Makes all the writes or none: when it returns they are on disk. */
  commit(writes: readonly Write[]): void {
    if (writes.length === 0) return;
    const work = () => {
      for (const write of writes) applyWrite(this.#statements, write);
    };
    try {
      this.#transaction(work);
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== "full") throw error;
      this.#cramped = true;
      this.#emptyWriteAheadLog();
      this.#transaction(work);
    }
    // While there is room: it would need some when there is none.
    if (this.#cramped) this.#emptyWriteAheadLog();
  }

  /** Entries after sequence `after`, oldest first, at most `limit` and LOG_PAGE_BYTES. */
  readLog(after: number, limit: number): LogEntry[] {
    return this.#guard(() => {
      let last = after;
      let bytes = 0;
      for (const [sequence, size] of this.#statements.all(SELECT_LOG_SIZES, after, limit)) {
        bytes += Number(size);
        if (last > after && bytes > LOG_PAGE_BYTES) break;
        last = Number(sequence);
      }
      return this.#statements.all(SELECT_LOG, after, last).map(logEntryFromRow);
    });
  }

  /** How far behind each of these backends is. */
  backlog(backendIds: readonly string[]): Backlog[] {
    return this.#guard(() => readBacklog(this.#statements, backendIds));
  }

  /** Deletes a little of what is past its time; call it again while it says `more`. */
  prune(now: number, retention: Retention, backendIds: readonly string[]): PruneReport {
    return this.#transaction(() => this.#pruner.prune(now, retention, backendIds));
  }

  /** Moves the write-ahead log into the file and lets go of it. */
  close(): void {
    try {
      this.#database.close();
    } finally {
      this.#lock.close();
    }
  }

  /** Moves it into the file, in whose place SQLite then writes it anew; or tries to. */
  #emptyWriteAheadLog(): void {
    try {
      const [[, pages, moved] = []] = this.#statements.all("PRAGMA wal_checkpoint(PASSIVE)");
      if (pages === moved) this.#cramped = false;
    } catch {
      // No room for that either: what is committed is safe, and the next commit tries again.
    }
  }

  #transaction<Result>(work: () => Result): Result {
    return this.#guard(() => {
      this.#statements.run("BEGIN IMMEDIATE");
      try {
        const result = work();
        this.#statements.run("COMMIT");
        return result;
      } catch (error) {
        // On some failures SQLite has rolled back by itself.
        if (this.#database.isTransaction) this.#statements.run("ROLLBACK");
        throw error;
      }
    });
  }

  #guard<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw asStoreError(error, this.#path);
    }
  }
}

function openOrReplace(path: string): { database: DatabaseSync; replaced?: Replacement } {
  try {
    return { database: openChecked(path) };
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== "corrupt") throw error;
    const asidePath = setDatabaseAside(path);
    const database = openDatabase(path);
    const salvagedRows = salvage(asidePath, database);
    return { database, replaced: { path: asidePath, reason: error.message, salvagedRows } };
  }
}

function openChecked(path: string): DatabaseSync {
  const database = openDatabase(path);
  try {
    checkDatabase(database, path);
    readSnapshot(new Statements(database));
    return database;
  } catch (error) {
    database.close();
    throw asStoreError(error, path);
  }
}
