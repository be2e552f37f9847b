// The command `export`: flags, help, the file behind it.

import { buildCommand, type Command } from "@stricli/core";
import { config, exitsWith, type ProgramContext } from "./command.ts";
import type { ExportFlags } from "./flags.ts";
import { words } from "./parse_flag.ts";

export const exportCommand: Command<ProgramContext> = buildCommand<
  ExportFlags,
  [],
  ProgramContext
>({
  loader: exitsWith(async () => (await import("./export.ts")).exportSessions),
  parameters: {
    flags: {
      since: {
        kind: "parsed",
        parse: words,
        optional: true,
        placeholder: "period",
        brief: "Sessions that ended in this year, month, day or after this instant, or later",
      },
      until: {
        kind: "parsed",
        parse: words,
        optional: true,
        placeholder: "period",
        brief: "Sessions that ended in this year, month, day (included) or before this instant",
      },
      backend: {
        kind: "parsed",
        parse: words,
        optional: true,
        placeholder: "id",
        brief: "Only sessions booked to this backend",
      },
      format: {
        kind: "enum",
        values: ["csv", "json", "jsonl"],
        default: "csv",
        brief: "Form of the output",
      },
      summary: {
        kind: "enum",
        values: ["month", "backend"],
        optional: true,
        brief: "Totals by month and backend, or by backend, in place of the sessions",
      },
      output: {
        kind: "parsed",
        parse: words,
        optional: true,
        placeholder: "file",
        brief: "File to write, in place of standard output",
      },
      showIdTags: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Whole id tags; else their middle is masked",
      },
      config,
    },
    aliases: { c: "config", o: "output" },
  },
  docs: {
    brief: "Write the sessions as CSV or JSON",
    fullDescription:
      "Writes the sessions that have ended, also while the proxy runs. Periods are in the " +
      "household's time zone: 2024, 2024-03, 2024-03-15 or 2024-03-15T08:00:00Z.",
    customUsage: [
      "--since 2024-01",
      "--since 2024-01 --until 2024-03 --backend employer",
      "--since 2024 --summary month",
    ],
  },
});
