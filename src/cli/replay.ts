// The command `replay`: a recording, or somebody else's log, once more.

import type { Configuration } from "../config/configuration.ts";
import type { CoreConfiguration } from "../core/configuration.ts";
import { readRecordingKey } from "../io/recording_key.ts";
import { pseudonyms } from "../recording/pseudonym.ts";
import { scrubValue } from "../recording/scrub.ts";
import { Expectation } from "../replay/expectation.ts";
import { momentOf } from "../replay/explanation.ts";
import { ExpectationUpdate } from "../replay/expectation_update.ts";
import type { LineReader } from "../replay/line_reader.ts";
import { decidingConfiguration, play, type Source, sourceOf } from "../replay/play_file.ts";
import { TraceWriter } from "../replay/trace_writer.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_FAILED, EXIT_USAGE } from "./exit_code.ts";
import type { ReplayFlags } from "./flags.ts";
import { readConfiguration } from "./read_configuration.ts";
import {
  createOutput,
  openLines,
  overwritten,
  problemIn,
  unwritable,
  updatedFile,
} from "./replay_files.ts";
import { type Output, ReplayWatcher } from "./replay_watcher.ts";

/** 0: as expected, or nothing was; 1: it cannot be read or written; 2: the flags; 3: it differs. */
export async function replay(
  flags: ReplayFlags,
  context: CommandContext,
  file: string,
): Promise<number> {
  const wrong = contradiction(flags) ?? overwritten(flags, file);
  if (wrong !== undefined) {
    context.error(`ocpp-proxy: ${wrong}`);
    return EXIT_USAGE;
  }
  let other: Configuration | undefined;
  if (flags.config !== undefined) {
    other = readConfiguration(flags.config, context, { warnings: true });
    if (other === undefined) return EXIT_FAILED;
  }
  try {
    using lines = openLines(file);
    const source = sourceOf(lines, other?.core.timeZone);
    const configuration = other && withStandIns(other, source, context);
    if (flags.to !== undefined) {
      const { playLive } = await import("./replay_live.ts");
      return await playLive(source, file, flags.to, flags, context);
    }
    return replaySource(source, configuration, flags, context, file);
  } catch (error) {
    const problem = problemIn(file, error);
    if (problem === undefined) throw error;
    context.error(`ocpp-proxy: ${problem}`);
    return EXIT_FAILED;
  }
}

function contradiction(flags: ReplayFlags): string | undefined {
  const { expect, update, to, trace, explain, speed, password } = flags;
  if (to === undefined && (speed !== undefined || password !== undefined)) {
    return "--speed and --password go with --to";
  }
  if (to !== undefined && (expect !== undefined || update || trace || explain)) {
    return "--to plays at a live server: --expect, --update, --trace and --explain do not go with it";
  }
  if (explain !== undefined && (expect !== undefined || update || trace)) {
    return "--explain does not go with --expect, --update and --trace";
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

function replaySource(
  source: Source,
  configuration: CoreConfiguration | undefined,
  flags: ReplayFlags,
  context: CommandContext,
  file: string,
): number {
  const { timeZone } = decidingConfiguration(source, configuration);
  if (flags.explain !== undefined && momentOf(flags.explain, 0, timeZone) === undefined) {
    context.error(
      `ocpp-proxy: --explain ${flags.explain} is not a time; expected 14:03, 14:03:20 ` +
        "or 2026-01-31T14:03",
    );
    return EXIT_USAGE;
  }
  const updated = updatedFile(flags, file);
  using former = updated === undefined ? undefined : openFormer(updated);
  const compared = !flags.update && flags.expect !== undefined;
  using expectedLines = compared ? openLines(flags.expect!) : undefined;
  const expectation = expectedLines && new Expectation(expectedLines, timeZone);
  const outputs: Output[] = [];
  try {
    if (flags.trace !== undefined) {
      const path = flags.trace;
      outputs.push({ path, out: createOutput(path), writer: new TraceWriter() });
    }
    if (updated !== undefined) {
      const path = updated;
      outputs.push({ path, out: createOutput(path), writer: new ExpectationUpdate(former) });
    }
    const watched = { source, file, flags, timeZone, outputs, expectation };
    const watcher = new ReplayWatcher(watched, context);
    const begin = performance.now();
    const last = play(source, configuration, watcher);
    expectation?.end();
    if (watcher.isWritten()) {
      for (const output of [...outputs]) {
        complete(output);
        outputs.shift();
      }
    }
    return watcher.conclude(last, performance.now() - begin);
  } finally {
    for (const { out } of outputs) out.discard();
  }
}

function complete({ path, out }: Output): void {
  try {
    out.complete();
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** What is expected up to now; undefined: nothing is. */
function openFormer(path: string): LineReader | undefined {
  try {
    return Deno.statSync(path).isFile ? openLines(path) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
