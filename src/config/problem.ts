// What is wrong with a configuration, and where.

import { printable } from "../io/printable.ts";

/** The way to a value: keys and list indices from the top. */
export type Path = readonly (string | number)[];

/** A position in a file; line and column count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One thing to mend (error), or to know (warning). Its text never contains a secret. */
export interface Problem {
  readonly severity: "error" | "warning";
  readonly file: string;
  /** Absent: the file as a whole. */
  readonly place?: Place;
  readonly path: Path;
  /** What is wrong; what was expected. */
  readonly message: string;
}

/** A path as people write it: `backends[0].url`. */
export function pathText(path: Path): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : text === "" ? key : `${text}.${key}`,
    "",
  );
}

/** `file:line:column: path: message`. */
export function problemText(problem: Problem): string {
  const { file, place, path, severity, message } = problem;
  const where = place ? `${file}:${place.line}:${place.column}` : file;
  const what = path.length > 0 ? `${pathText(path)}: ${message}` : message;
  // A file that somebody passed on is looked at with this before it is trusted.
  return printable(`${where}: ${severity === "warning" ? "warning: " : ""}${what}`);
}
