// The command `replay`: a recording, or somebody else's log, once more.

import type { Configuration } from "../config/configuration.ts";
import { loadConfiguration } from "../config/load.ts";
import { problemText } from "../config/problem.ts";
import type { CoreConfiguration } from "../core/configuration.ts";
import { readRecordingKey } from "../io/recording_key.ts";
import { pseudonyms } from "../recording/pseudonym.ts";
import { scrubValue } from "../recording/scrub.ts";
import type { Scene } from "../replay/engine.ts";
import type { Watcher } from "../replay/exact_play.ts";
import { differenceText, Expectation, expectationLine } from "../replay/expectation.ts";
import { Explanation, momentOf } from "../replay/explanation.ts";
import { LineReader } from "../replay/line_reader.ts";
import { decidingConfiguration, play, type Source, sourceOf } from "../replay/play_file.ts";
import { BrokenLine } from "../replay/recording_reader.ts";
import { SceneWriter } from "../replay/scene_text.ts";
import { TraceWriter } from "../replay/trace_writer.ts";
import type { CommandContext } from "./context.ts";
import type { ReplayFlags } from "./flags.ts";
import { OutputFile } from "./output_file.ts";

/** It differs from what was expected. */
const EXIT_DIFFERS = 3;

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
    if (!(error instanceof BrokenLine) && !isFileError(error)) throw error;
    context.error(`ocpp-proxy: ${file}: ${(error as Error).message}`);
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
  const watcher = new Watching(source, flags, context, timeZone, outputs, expectation);
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

interface Output {
  readonly out: OutputFile;
  readonly line: (scene: Scene) => string | undefined;
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

/** Shows, compares and writes down what happens. */
class Watching implements Watcher {
  readonly #source: Source;
  readonly #flags: ReplayFlags;
  readonly #context: CommandContext;
  readonly #timeZone: string;
  readonly #outputs: readonly Output[];
  readonly #expectation: Expectation | undefined;
  readonly #writer: SceneWriter;
  #explanation: Explanation | undefined;
  #unreadable = false;
  #first: number | undefined;
  #last = 0;
  #frames = 0;
  #decisions = 0;
  #defects = 0;
  /** Nobody reads any more. */
  #alone = false;

  constructor(
    source: Source,
    flags: ReplayFlags,
    context: CommandContext,
    timeZone: string,
    outputs: readonly Output[],
    expectation: Expectation | undefined,
  ) {
    this.#source = source;
    this.#flags = flags;
    this.#context = context;
    this.#timeZone = timeZone;
    this.#outputs = outputs;
    this.#expectation = expectation;
    this.#writer = new SceneWriter(timeZone);
  }

  before(...[state, at]: Parameters<Explanation["before"]>): boolean {
    if (this.#alone || this.#expectation?.difference !== undefined) return false;
    const { explain } = this.#flags;
    if (explain === undefined) return true;
    if (this.#explanation === undefined) {
      const moment = momentOf(explain, at, this.#timeZone);
      if (moment === undefined) {
        this.#unreadable = true;
        return false;
      }
      this.#explanation = new Explanation(moment, this.#timeZone);
    }
    return this.#explanation.before(state, at);
  }

  show(scene: Scene): void {
    this.#first ??= scene.at;
    this.#last = scene.at;
    if (scene.type === "sent" || scene.type === "received") this.#frames++;
    if (scene.type === "decision") this.#decisions++;
    if (scene.type === "defect") this.#defects++;
    for (const { out, line } of this.#outputs) {
      const text = line(scene);
      if (text !== undefined) out.write(text);
    }
    this.#expectation?.compare(scene);
    this.#explanation?.show(scene);
    const { quiet, explain } = this.#flags;
    if (quiet || explain !== undefined || this.#expectation !== undefined) return;
    const text = this.#writer.text(scene);
    if (text !== "" && !this.#context.out(text)) this.#alone = true;
  }

  conclude(last: Parameters<Explanation["text"]>[0], tookMs: number): number {
    const context = this.#context;
    if (this.#source.type === "foreign") {
      const unused = this.#source.log.unused.sentence();
      if (unused !== undefined) context.error(unused);
    }
    if (this.#unreadable) {
      context.error(
        `ocpp-proxy: --explain ${this.#flags.explain} is not a time; expected 14:03, 14:03:20 ` +
          "or 2026-01-31T14:03",
      );
      return 2;
    }
    if (this.#first === undefined) {
      context.error("ocpp-proxy: there is no frame in the file");
      return 1;
    }
    if (this.#flags.explain !== undefined) {
      context.out(this.#explanation?.text(last, this.#last) ?? "");
      return 0;
    }
    const difference = this.#expectation?.difference;
    if (difference !== undefined) {
      context.out(differenceText(difference));
      return EXIT_DIFFERS;
    }
    if (!this.#flags.quiet) context.out(this.#summary(this.#first, tookMs));
    return 0;
  }

  #summary(first: number, tookMs: number): string {
    const span = Temporal.Duration.from({ seconds: Math.round((this.#last - first) / 1000) })
      .round({ largestUnit: "hours" });
    const { hours, minutes, seconds } = span;
    const two = (value: number) => String(value).padStart(2, "0");
    const same = this.#expectation === undefined
      ? ""
      : `, as expected in ${this.#expectation.same} lines`;
    const defects = this.#defects === 0 ? "" : `, ${this.#defects} defects`;
    return `${this.#frames} frames and ${this.#decisions} decisions${defects} in ` +
      `${hours}:${two(minutes)}:${two(seconds)}, replayed in ${
        (tookMs / 1000).toFixed(1)
      } s${same}\n`;
  }
}
