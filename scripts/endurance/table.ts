// The table: a fault, what was done, what became of the messages, and each figure with its bound.

import {
  type Figure,
  figureText,
  isKept,
  isWithin,
  type Outcome,
} from "../../tests/process/faults/outcome.ts";

/** What came of a part: an outcome, or the error with which it ended, or why it was left out. */
export type Result =
  | { readonly type: "ended"; readonly outcome: Outcome }
  | { readonly type: "broken"; readonly reason: string }
  | { readonly type: "left_out" };

const HEAD = [
  "fault",
  "injected",
  "acknowledged",
  "lost",
  "duplicates",
  "figure",
  "",
  "at most",
  "",
];

/** Whether the promises held; what was left out is not held against it. */
export function isGood(result: Result): boolean {
  return result.type === "left_out" || (result.type === "ended" && isKept(result.outcome));
}

/** Prints one row for each figure, under one another. */
export function printTable(results: ReadonlyMap<string, Result>): void {
  const rows = [HEAD, ...[...results].flatMap(([fault, result]) => rowsOf(fault, result))];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows) {
    console.log(row.map((text, column) => text.padEnd(widths[column]!)).join("  ").trimEnd());
  }
}

function rowsOf(fault: string, result: Result): string[][] {
  switch (result.type) {
    case "ended": {
      const { injected, acknowledged, lost, duplicates, figures } = result.outcome;
      const counts = [acknowledged, lost, duplicates].map((count) => String(count ?? ""));
      return figures.map((figure, index) => [
        ...index === 0 ? [fault, injected, ...counts] : ["", "", "", "", ""],
        ...figureCells(figure),
      ]);
    }
    case "broken":
      return [[fault, result.reason, "", "", "", "", "", "", "BROKEN"]];
    case "left_out":
      return [[fault, "left out: this machine does not allow it", "", "", "", "", "", "", ""]];
    default:
      return result satisfies never;
  }
}

function figureCells(figure: Figure): string[] {
  const { name, unit, most } = figure;
  if (most === undefined) return [name, figureText(figure), "", ""];
  const bound = unit === undefined ? String(most) : `${Math.round(most * 100) / 100} ${unit}`;
  return [name, figureText(figure), bound, isWithin(figure) ? "ok" : "BROKEN"];
}
