// What can go wrong with the database, in kinds that the shell can act on and words for people.

import { messageOf } from "./thrown.ts";

/** Why the store could not do what it was asked; nothing of the failed call was kept. */
export type StoreErrorKind =
  /** No space left. */
  | "full"
  /** Another process held the database locked for longer than BUSY_TIMEOUT_MS. */
  | "busy"
  /** Another proxy runs on the same data directory. */
  | "in_use"
  /** The file is damaged, or is no SQLite database. */
  | "corrupt"
  /** The file was written by a newer version of the program, or by something else altogether. */
  | "version"
  /** There is no database file. */
  | "missing"
  /** The file or its folder cannot be opened or written with the rights of this process. */
  | "permission"
  /** The disk failed to read, write or sync. */
  | "io"
  /** Any other refusal of SQLite; a bug of the program. */
  | "other";

/** A failure of the database; `message` is one sentence that names the file. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  constructor(readonly kind: StoreErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** SQLite's primary result codes, https://www.sqlite.org/rescode.html. */
const KINDS: ReadonlyMap<number, StoreErrorKind> = new Map([
  [3, "permission"],
  [5, "busy"],
  [6, "busy"],
  [8, "permission"],
  [10, "io"],
  [11, "corrupt"],
  [13, "full"],
  [14, "permission"],
  [23, "permission"],
  [26, "corrupt"],
]);

/** `exec` and opening give no result code, only SQLite's text for it. */
const TEXTS: readonly (readonly [string, StoreErrorKind])[] = [
  ["not a database", "corrupt"],
  ["malformed", "corrupt"],
  ["is locked", "busy"],
  ["disk is full", "full"],
  ["disk I/O error", "io"],
  ["readonly database", "permission"],
  ["unable to open", "permission"],
  ["access permission denied", "permission"],
];

const SENTENCES: Readonly<Record<StoreErrorKind, string>> = {
  full: "no space left for the database",
  busy: "another process keeps the database locked",
  in_use: "another proxy is running with the database",
  corrupt: "damaged, or not a database:",
  version: "not a database of this version of the program:",
  missing: "there is no database",
  permission: "no permission to open or write the database",
  io: "the disk failed to read or write the database",
  other: "cannot use the database",
};

/** Turns whatever node:sqlite or the file system threw into a StoreError about the file at `path`. */
export function asStoreError(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const detail = messageOf(error);
  const kind = kindOf(error, detail);
  return new StoreError(kind, `${SENTENCES[kind]} ${path} (${detail})`, { cause: error });
}

function kindOf(error: unknown, detail: string): StoreErrorKind {
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return "permission";
  }
  if (error instanceof Error && "errcode" in error && typeof error.errcode === "number") {
    return KINDS.get(error.errcode & 0xff) ?? "other";
  }
  if (error instanceof SyntaxError) return "corrupt";
  if (detail.includes("os error 28")) return "full";
  if (error instanceof Deno.errors.NotFound) return "missing";
  return TEXTS.find(([text]) => detail.includes(text))?.[1] ?? "other";
}
