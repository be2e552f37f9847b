// The command `export`: writes the sessions that have ended, also while the proxy runs.

import { readFailure } from "../config/secrets.ts";
import { databasePath } from "../io/database.ts";
import { parsePeriod } from "../io/period.ts";
import { type SessionFilter, SessionReader } from "../io/session_reader.ts";
import { sessionText, totalsText } from "../io/session_text.ts";
import { StoreError } from "../io/store_error.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE } from "./exit_code.ts";
import type { ExportFlags } from "./flags.ts";
import { OutputFile } from "./output_file.ts";
import { readConfiguration } from "./read_configuration.ts";

/** Returns the exit code: 1 without a database or a place to write, 2 for an unreadable period. */
export function exportSessions(flags: ExportFlags, context: CommandContext): Promise<number> {
  return Promise.resolve(writeSessions(flags, context));
}

function writeSessions(flags: ExportFlags, context: CommandContext): number {
  const configuration = readConfiguration(flags.config, context);
  if (configuration === undefined) return EXIT_FAILED;
  const { dataDir, core: { timeZone } } = configuration;
  const filter = sessionFilter(flags, timeZone);
  if (typeof filter === "string") {
    context.error(`ocpp-proxy: ${filter}`);
    return EXIT_USAGE;
  }
  try {
    const reader = SessionReader.open(databasePath(dataDir), timeZone);
    try {
      const { format, showIdTags, summary } = flags;
      const pieces = summary === undefined
        ? sessionText(format, reader, filter, { showIdTags })
        : totalsText(format, reader, filter, summary);
      if (flags.output === undefined) writeOut(pieces, context);
      else writeFile(pieces, flags.output);
    } finally {
      reader.close();
    }
    return EXIT_DONE;
  } catch (error) {
    context.error(`ocpp-proxy: ${sentence(error, flags)}`);
    return EXIT_FAILED;
  }
}

/** The filter, or the sentence that says what is wrong with the flags. */
function sessionFilter(flags: ExportFlags, timeZone: string): SessionFilter | string {
  const since = flags.since === undefined ? undefined : parsePeriod(flags.since, timeZone);
  const until = flags.until === undefined ? undefined : parsePeriod(flags.until, timeZone);
  for (
    const [name, text, period] of [
      ["--since", flags.since, since],
      ["--until", flags.until, until],
    ] as const
  ) {
    if (text !== undefined && period === undefined) {
      return `${name} ${text} is not a time; expected a year (2024), month (2024-03), ` +
        "day (2024-03-15) or instant (2024-03-15T08:00:00Z)";
    }
  }
  if (since && until && since.start >= until.end) {
    return `nothing lies between --since ${flags.since} and --until ${flags.until}`;
  }
  return {
    ...(since && { since: since.start }),
    ...(until && { until: until.end }),
    ...(flags.backend !== undefined && { backendId: flags.backend }),
  };
}

function writeOut(pieces: Iterable<string>, context: CommandContext): void {
  for (const piece of pieces) {
    // Nobody reads any more: that is no failure.
    if (!context.out(piece)) return;
  }
}

function writeFile(pieces: Iterable<string>, path: string): void {
  const file = OutputFile.create(path);
  try {
    for (const piece of pieces) file.write(piece);
    file.complete();
  } catch (error) {
    file.discard();
    throw error;
  }
}

function sentence(error: unknown, flags: ExportFlags): string {
  if (error instanceof StoreError && error.kind === "missing") {
    return `${error.message}; 'serve' makes it, data_dir in the configuration says where`;
  }
  if (error instanceof StoreError) return error.message;
  const detail = error instanceof Error && !(error instanceof Deno.errors.NotCapable)
    ? error.message
    : readFailure(error);
  return flags.output === undefined
    ? `cannot write the sessions (${detail})`
    : `cannot write ${flags.output} (${detail})`;
}
