// Reads decisions out of the database, beside the proxy that writes them.

import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { DecisionRecord } from "../core/record.ts";
import { openDatabaseReadOnly } from "./database.ts";
import { Statements } from "./statements.ts";
import { asStoreError } from "./store_error.ts";

/** Which decisions; all of them if it is empty. */
export interface DecisionFilter {
  /** At or after this, epoch milliseconds. */
  readonly since?: number | undefined;
  /** Before this, epoch milliseconds. */
  readonly until?: number | undefined;
  /** About this backend; null: the owner's. */
  readonly backendId?: string | null | undefined;
  readonly outcome?: DecisionRecord["outcome"] | undefined;
}

/** A decision with its number; a later one has a higher number. */
export interface NumberedDecision extends DecisionRecord {
  readonly id: number;
}

/** A connection that can only read; `close` it. Every method throws StoreError. */
export class DecisionReader {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements: Statements;

  /** Throws StoreError, `missing` where there is no database. */
  constructor(path: string) {
    this.#path = path;
    this.#database = openDatabaseReadOnly(path);
    this.#statements = new Statements(this.#database);
  }

  /** One page, the newest first; those with a lower number than `before`. */
  newest(
    { since, until, backendId, outcome }: DecisionFilter,
    options: { limit: number; before?: number | undefined },
  ): NumberedDecision[] {
    const parts = ["true"];
    const values: SQLInputValue[] = [];
    const add = (part: string, value: SQLInputValue | undefined) => {
      if (value === undefined) return;
      parts.push(part);
      values.push(value);
    };
    add("id < ?", options.before);
    add("at >= ?", since);
    add("at < ?", until);
    add("backend_id IS ?", backendId);
    add("outcome = ?", outcome);
    try {
      return this.#statements.all(
        `SELECT id, at, backend_id, request, outcome, rule, reason FROM decision
         WHERE ${parts.join(" AND ")} ORDER BY id DESC LIMIT ?`,
        ...values,
        options.limit,
      ).map(([id, at, backend, request, result, rule, reason]) => ({
        id: Number(id),
        at: Number(at),
        backendId: backend as string | null,
        request: String(request),
        outcome: result as DecisionRecord["outcome"],
        rule: rule as string | null,
        reason: String(reason),
      }));
    } catch (error) {
      throw asStoreError(error, this.#path);
    }
  }

  close(): void {
    this.#database.close();
  }
}
