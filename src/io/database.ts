// Opens the SQLite file the way every promise about it needs.

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { checkVersion, migrate, MIGRATIONS } from "./migrations.ts";
import { asStoreError, StoreError } from "./store_error.ts";

/** The longest one statement waits for another process, ms; the event loop stands still meanwhile. */
export const BUSY_TIMEOUT_MS = 2_000;

/** Files up to this size are read and checked as a whole at the start, bytes. */
export const CHECKED_AT_START_BYTES = 16 * 1024 * 1024;

/** Beyond this, the write-ahead log is cut back after a checkpoint, bytes. */
const WAL_LIMIT_BYTES = 16 * 1024 * 1024;

/** The database file of a data directory. */
export function databasePath(dataDir: string): string {
  return join(dataDir, "ocpp-proxy.db");
}

/**
 * Opens the file for the one process that writes it: made with mode 0600 if there is none, in WAL
 * mode with a full sync per commit, migrated. Throws StoreError.
 */
export function openDatabase(path: string): DatabaseSync {
  try {
    // SQLite gives its -wal and -shm the mode of the file that it finds.
    Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 }).close();
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    return closingOnError(database, () => {
      database.exec(`
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA journal_size_limit = ${WAL_LIMIT_BYTES};
        PRAGMA trusted_schema = OFF;
      `);
      migrate(database, path);
    });
  } catch (error) {
    throw asStoreError(error, path);
  }
}

/**
 * Opens the file beside the process that writes it, or without one; nothing can be written.
 * Throws StoreError, `missing` where there is no file.
 */
export function openDatabaseReadOnly(path: string): DatabaseSync {
  try {
    if (!Deno.statSync(path).isFile) throw new StoreError("missing", `${path} is not a file`);
    const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    return closingOnError(database, () => {
      if (checkVersion(database, path) < MIGRATIONS.length) {
        throw new StoreError(
          "version",
          `the database ${path} is from an older version of the program: run 'serve' once`,
        );
      }
    });
  } catch (error) {
    throw asStoreError(error, path);
  }
}

/** Throws StoreError `corrupt` for a damaged file; larger ones than CHECKED_AT_START_BYTES pass. */
export function checkDatabase(database: DatabaseSync, path: string): void {
  if (Deno.statSync(path).size > CHECKED_AT_START_BYTES) return;
  const verdict = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
  if (verdict !== "ok") {
    throw new StoreError("corrupt", `the database ${path} is damaged: ${verdict}`);
  }
}

function closingOnError(database: DatabaseSync, prepare: () => void): DatabaseSync {
  try {
    prepare();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
