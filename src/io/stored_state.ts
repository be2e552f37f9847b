// What the database says while no proxy may be running: for `status`.

import type { Snapshot } from "../core/record.ts";
import { type Backlog, readBacklog } from "./backlog.ts";
import { openDatabaseReadOnly } from "./database.ts";
import { readSnapshot } from "./snapshot.ts";
import { Statements } from "./statements.ts";
import { asStoreError } from "./store_error.ts";

export interface StoredState {
  readonly snapshot: Snapshot;
  readonly backlog: readonly Backlog[];
}

/** Reads the state as of one moment; throws StoreError, `missing` where there is no database. */
export function readStoredState(path: string, backendIds: readonly string[]): StoredState {
  const database = openDatabaseReadOnly(path);
  try {
    const statements = new Statements(database);
    statements.run("BEGIN");
    return {
      snapshot: readSnapshot(statements),
      backlog: readBacklog(statements, backendIds),
    };
  } catch (error) {
    throw asStoreError(error, path);
  } finally {
    database.close();
  }
}
