// What was thrown, in words: by libraries it may be anything.

import type { Log } from "./log.ts";

/** What it says. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The same as an error. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Where it came from, if it tells. */
export function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown);
}

/** A defect of the program is written down, with the place; it goes on. */
export function logDefect(
  log: Log,
  thrown: unknown,
  values: Readonly<Record<string, string>> = {},
): void {
  log("error", "a defect of the proxy; please report it", { ...values, error: stackOf(thrown) });
}
