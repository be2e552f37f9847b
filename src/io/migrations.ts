// The steps that bring a database file from any older version to the present one.

import type { DatabaseSync } from "node:sqlite";
import schema from "./schema.sql" with { type: "text" };
import schema2 from "./schema_2.sql" with { type: "text" };
import { StoreError } from "./store_error.ts";

/** Step n turns version n (SQLite's `user_version`) into n + 1; steps are never edited, only added. */
export const MIGRATIONS: readonly string[] = [schema, schema2];

/** Marks our files ("ocpp" in ASCII), so that somebody else's database is not taken for one. */
const APPLICATION_ID = 0x6f637070;

/**
 * Runs the missing steps in one transaction, so that a crash leaves the old version whole.
 * Throws StoreError `version` for a file that is newer than the program or not the proxy's.
 */
export function migrate(
  database: DatabaseSync,
  path: string,
  migrations: readonly string[] = MIGRATIONS,
): void {
  const version = checkVersion(database, path, migrations.length);
  if (version === migrations.length) return;
  database.exec("BEGIN IMMEDIATE");
  try {
    for (const step of migrations.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** The version of the file: 0 (empty) to `newest`; throws StoreError `version` for any other. */
export function checkVersion(
  database: DatabaseSync,
  path: string,
  newest: number = MIGRATIONS.length,
): number {
  const version = pragma(database, "user_version");
  if (version > newest) {
    throw new StoreError(
      "version",
      `the database ${path} has version ${version}, this program knows versions up to ${newest}: ` +
        "run the newer program, or name another data_dir",
    );
  }
  const empty = database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
  if (!empty && (version === 0 || pragma(database, "application_id") !== APPLICATION_ID)) {
    throw new StoreError("version", `the database ${path} belongs to another program`);
  }
  return version;
}

function pragma(database: DatabaseSync, name: "user_version" | "application_id"): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
