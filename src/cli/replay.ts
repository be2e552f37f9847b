// The command `replay`: a recording, or somebody else's log, once more.

import type { Configuration } from "../config/configuration.ts";
import { loadConfiguration } from "../config/load.ts";
import { problemText } from "../config/problem.ts";
import type { CoreConfiguration } from "../core/configuration.ts";
import { readRecordingKey } from "../io/recording_key.ts";
import { pseudonyms } from "../recording/pseudonym.ts";
import { scrubValue } from "../recording/scrub.ts";
import type { Scene } from "../replay/engine.ts";
import { Expectation, expectationLine } from "../replay/expectation.ts";
import { LineReader } from "../replay/line_reader.ts";
import { decidingConfiguration, play, type Source, sourceOf } from "../replay/play_file.ts";
import { BrokenLine } from "../replay/recording_reader.ts";
import { TraceWriter } from "../replay/trace_writer.ts";
import type { CommandContext } from "./context.ts";
import type { ReplayFlags } from "./flags.ts";
import { OutputFile } from "./output_file.ts";
import { type Output, ReplayWatcher } from "./replay_watcher.ts";

/** 0: as expected, or nothing was; 1: it cannot be read or written; 2: the flags; 3: it differs. */
export async function replay(
  flags: ReplayFlags,
  context: CommandContext,
  file: string,
): Promise<number> {
  const wrong = contradiction(flags);
  if (wrong !== undefined) {
    context.error(`ocpp-proxy: ${wrong}`);
    return 2;
  }
  let other: Configuration | undefined;
  if (flags.config !== undefined) {
    const loaded = loadConfiguration(flags.config, context.environment);
    for (const problem of loaded.problems) context.error(problemText(problem));
    if (!loaded.ok) return 1;
    other = loaded.configuration;
  }
  try {
    using lines = new LineReader(file);
    const source = sourceOf(lines, other?.core.timeZone);
    const configuration = other && withStandIns(other, source, context);
    if (flags.to !== undefined) {
      const { playLive } = await import("./replay_live.ts");
      return await playLive(source, flags.to, flags, context);
    }
    return replaySource(source, configuration, flags, context, file);
  } catch (error) {
    const place = error instanceof BrokenLine ? `${file}:${error.line}` : file;
    if (place === file && !isFileError(error)) throw error;
    context.error(`ocpp-proxy: ${place}: ${(error as Error).message}`);
    return 1;
  }
}

function contradiction({ expect, update, to, trace, explain }: ReplayFlags): string | undefined {
  if (to !== undefined && (expect !== undefined || update || trace || explain)) {
    return "--to plays at a live server: --expect, --update, --trace and --explain do not go with it";
  }
  if (explain !== undefined && (expect !== undefined || update)) {
    return "--explain does not go with --expect and --update";
  }
  return undefined;
}

/** A recording knows stand-ins for id tags: so has to do the configuration that is to decide. */
function withStandIns(
  { core, dataDir }: Configuration,
  source: Source,
  context: CommandContext,
): CoreConfiguration {
  if (source.type !== "recording" || source.recording.header.idTags === "raw") return core;
  const key = readRecordingKey(dataDir);
  if (key !== undefined) {
    return scrubValue({ pseudonym: pseudonyms(key), known: new Set() }, core);
  }
  context.error(
    `The id tags in the recording are stand-ins, and there is no recording.key in ${dataDir}: ` +
      "those of the configuration do not match them.",
  );
  return core;
}

function isFileError(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.IsADirectory || error instanceof RangeError;
}

function replaySource(
  source: Source,
  configuration: CoreConfiguration | undefined,
  flags: ReplayFlags,
  context: CommandContext,
  file: string,
): number {
  const { timeZone } = decidingConfiguration(source, configuration);
  const updated = flags.update ? flags.expect ?? `${file}.expected.jsonl` : undefined;
  const outputs = [
    ...flags.trace === undefined ? [] : [output(flags.trace, traceLine())],
    ...updated === undefined ? [] : [output(updated, expectedLine)],
  ];
  const compared = !flags.update && flags.expect !== undefined;
  using expectedLines = compared ? new LineReader(flags.expect!) : undefined;
  const expectation = expectedLines && new Expectation(expectedLines, timeZone);
  const watcher = new ReplayWatcher(source, flags, context, timeZone, outputs, expectation);
  try {
    const begin = performance.now();
    const last = play(source, configuration, watcher);
    expectation?.end();
    for (const { out } of outputs) out.complete();
    outputs.length = 0;
    return watcher.conclude(last, performance.now() - begin);
  } finally {
    for (const { out } of outputs) out.discard();
  }
}

function output(path: string, line: Output["line"]): Output {
  return { out: OutputFile.create(path), line };
}

function traceLine(): Output["line"] {
  const writer = new TraceWriter();
  return (scene) => writer.line(scene);
}

function expectedLine(scene: Scene): string | undefined {
  const line = expectationLine(scene);
  return line === undefined ? undefined : `${line}\n`;
}
