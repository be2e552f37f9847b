// Sets a damaged database aside and saves what can still be read of it into a new one.

import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { checkVersion } from "./migrations.ts";

/** Every table with its key, the most important first. */
const TABLES: readonly (readonly [table: string, ...keys: string[]])[] = [
  ["fact", "key"],
  ["cursor", "backend_id"],
  ["session", "transaction_id"],
  ["log", "sequence"],
  ["backend_transaction", "transaction_id", "backend_id"],
  ["set_aside", "id"],
  ["decision", "id"],
];

/**
 * Renames the database at `path` with its -wal and -shm to `<path>.corrupt-<UTC time>` and returns
 * that name; nothing is ever deleted.
 */
export function setDatabaseAside(path: string): string {
  const time = Temporal.Now.instant().toString({ smallestUnit: "second" }).replaceAll(/[-:]/g, "");
  let name = `${path}.corrupt-${time}`;
  for (let copy = 2; exists(name); copy++) name = `${path}.corrupt-${time}.${copy}`;
  for (const suffix of ["-wal", "-shm", ""]) {
    if (exists(path + suffix)) Deno.renameSync(path + suffix, name + suffix);
  }
  return name;
}

/**
 * Copies every readable row of the damaged file, which may be of an older version, into `target`;
 * returns how many there were.
 */
export function salvage(damagedPath: string, target: DatabaseSync): number {
  let rows = 0;
  let source: DatabaseSync | undefined;
  try {
    source = new DatabaseSync(damagedPath, { readOnly: true });
    if (checkVersion(source, damagedPath) === 0) return 0;
    target.exec("BEGIN IMMEDIATE");
    for (const [table, ...keys] of TABLES) rows += salvageTable(source, target, table, keys);
    target.exec("COMMIT");
    return rows;
  } catch {
    if (target.isTransaction) target.exec("ROLLBACK");
    return 0;
  } finally {
    source?.close();
  }
}

/** Reads row by row from both ends towards the damage. */
function salvageTable(
  source: DatabaseSync,
  target: DatabaseSync,
  table: string,
  keys: readonly string[],
): number {
  const known = new Set(columnsOf(source, table));
  const columns = columnsOf(target, table).filter((column) => known.has(column));
  const insert = target.prepare(
    `INSERT OR IGNORE INTO ${table} (${columns}) VALUES (${columns.map(() => "?")})`,
  );
  let rows = 0;
  for (const [comparison, direction] of [[">", "ASC"], ["<", "DESC"]] as const) {
    const select = (condition: string) =>
      source.prepare(
        `SELECT ${columns} FROM ${table} ${condition}
         ORDER BY ${keys.map((key) => `${key} ${direction}`)} LIMIT 1`,
      );
    try {
      let row = select("").get();
      const next = select(`WHERE (${keys}) ${comparison} (${keys.map(() => "?")})`);
      while (row) {
        rows += copyRow(row, insert, columns);
        row = next.get(...keys.map((key) => row?.[key] ?? null));
      }
      return rows;
    } catch {
      // The damage is reached; the other end may have more.
    }
  }
  return rows;
}

function columnsOf(database: DatabaseSync, table: string): string[] {
  return database.prepare(`SELECT name FROM pragma_table_info('${table}')`).all()
    .map((row) => String(row.name));
}

/** Returns 0 for a row whose JSON is damaged: it stays behind. */
function copyRow(
  row: Record<string, SQLOutputValue>,
  insert: StatementSync,
  columns: readonly string[],
): number {
  try {
    for (const column of columns) {
      const value = row[column];
      if (column.endsWith("_json") && typeof value === "string") JSON.parse(value);
    }
    return Number(insert.run(...columns.map((column) => row[column] ?? null)).changes);
  } catch {
    return 0;
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
