// A status report for people: a few lines, a table of backends, the latest decisions.

import type { StatusView } from "../io/status_view.ts";
import { linkWords, localTime, stateLines } from "../io/status_words.ts";

/** Decisions that are shown, the newest. */
const SHOWN_DECISIONS = 10;

/** The width of the names at the left. */
const NAME_WIDTH = 10;

/** Text with a line end; times are those of `timeZone`. `running`: a server gave the report. */
export function statusText(view: StatusView, running: boolean, timeZone: string): string {
  const lines = [
    ...running ? [] : ["The proxy is not running; this is what its database says.", ""],
    ...view.database_problem === null
      ? []
      : [`The database takes no writes: ${view.database_problem}.`, ""],
    ...stateLines(view, timeZone).map(([name, words]) => named(name, words)),
    "",
    ...backendLines(view, running, timeZone),
    "",
    ...decisionLines(view, timeZone),
  ];
  return `${lines.join("\n")}\n`;
}

function named(name: string, value: string): string {
  return `${name.padEnd(NAME_WIDTH)}${value}`;
}

function backendLines({ backends }: StatusView, running: boolean, timeZone: string): string[] {
  if (backends.length === 0) return ["Backends: none"];
  return [
    "Backends",
    ...table([
      ["id", "role", "state", "backlog", "set aside", "problem"],
      ...backends.map((backend) => [
        backend.id,
        backend.role,
        // A database does not know who is connected.
        running ? linkWords(backend, timeZone) : "-",
        backend.backlog,
        backend.set_aside,
        backend.problem ?? "",
      ]),
    ]),
  ];
}

function decisionLines({ decisions }: StatusView, timeZone: string): string[] {
  if (decisions.length === 0) return ["Latest decisions: none"];
  const newest = decisions.slice(-SHOWN_DECISIONS).reverse();
  return [
    "Latest decisions",
    ...table(
      newest.map(({ time, backend_id, request, reason }) => [
        localTime(time, timeZone),
        backend_id ?? "owner",
        request,
        reason,
      ]),
    ),
  ];
}

/** Aligned columns; those of numbers to the right, as below their heading. */
function table(rows: readonly (readonly (string | number)[])[]): string[] {
  const columns = rows[0]!.map((_, column) => {
    const cells = rows.map((row) => row[column]!);
    return {
      width: Math.max(...cells.map((cell) => String(cell).length)),
      right: typeof cells.at(-1) === "number",
    };
  });
  return rows.map((row) =>
    `  ${
      columns.map(({ width, right }, column) => {
        const cell = String(row[column]);
        return right ? cell.padStart(width) : cell.padEnd(width);
      }).join("  ")
    }`.trimEnd()
  );
}
