// Watches a replay: shows it, compares it, explains it, and says at the end what came of it.

import type { State } from "../core/step.ts";
import type { Scene } from "../replay/engine.ts";
import type { Watcher } from "../replay/exact_play.ts";
import { differenceText, type Expectation } from "../replay/expectation.ts";
import { Explanation, momentOf, momentText } from "../replay/explanation.ts";
import type { Source } from "../replay/play_file.ts";
import { SceneWriter, timeOfDay } from "../replay/scene_text.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_DIFFERS, EXIT_DONE, EXIT_FAILED } from "./exit_code.ts";
import type { ReplayFlags } from "./flags.ts";
import type { OutputFile } from "./output_file.ts";
import { type FileProblem, unwritable } from "./replay_files.ts";

/** A file that is written while a replay runs. */
export interface Output {
  readonly path: string;
  readonly out: OutputFile;
  readonly writer: {
    /** The line of a scene, with its end; undefined: there is none. */
    line(scene: Scene): string | undefined;
    /** What the core knows at the beginning. */
    begin?(state: State): void;
  };
}

/** What is watched, and how. */
export interface Watched {
  readonly source: Source;
  readonly file: string;
  readonly flags: ReplayFlags;
  /** In which times are told. */
  readonly timeZone: string;
  readonly outputs: readonly Output[];
  readonly expectation: Expectation | undefined;
}

/** Shows, compares and writes down what happens. */
export class ReplayWatcher implements Watcher {
  readonly #watched: Watched;
  readonly #context: CommandContext;
  readonly #writer: SceneWriter;
  #explanation: Explanation | undefined;
  /** When the core was first told of something. */
  #begunAt: number | undefined;
  #first: number | undefined;
  #last = 0;
  #frames = 0;
  #decisions = 0;
  #defects = 0;
  #firstDefect: (Scene & { readonly type: "defect" }) | undefined;
  /** A file that could not be written: the replay ends. */
  #failure: FileProblem | undefined;
  /** Nobody reads any more. */
  #alone = false;

  constructor(watched: Watched, context: CommandContext) {
    this.#watched = watched;
    this.#context = context;
    this.#writer = new SceneWriter(watched.timeZone);
  }

  /** Throws FileProblem where a file could not be written; false: there is nothing to be kept. */
  isWritten(): boolean {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#begunAt !== undefined;
  }

  before(state: State, at: number): boolean {
    const { flags: { explain }, timeZone, outputs, expectation } = this.#watched;
    if (this.#begunAt === undefined) {
      this.#begunAt = at;
      for (const { writer } of outputs) writer.begin?.(state);
      const moment = explain === undefined ? undefined : momentOf(explain, at, timeZone);
      if (moment !== undefined && moment.to > at) {
        this.#explanation = new Explanation(moment, timeZone);
      }
    }
    if (this.#failure !== undefined) return false;
    // What is written is written to its end.
    if (outputs.length > 0) return true;
    if (this.#alone || expectation?.difference !== undefined) return false;
    return explain === undefined || this.#explanation?.before(state, at) === true;
  }

  show(scene: Scene): void {
    this.#first ??= scene.at;
    this.#last = scene.at;
    if (scene.type === "sent" || scene.type === "received") this.#frames++;
    if (scene.type === "decision") this.#decisions++;
    if (scene.type === "defect") {
      this.#defects++;
      this.#firstDefect ??= scene;
    }
    const { flags: { quiet, explain }, outputs, expectation } = this.#watched;
    for (const output of outputs) this.#write(output, scene);
    expectation?.compare(scene);
    this.#explanation?.show(scene);
    if (quiet || explain !== undefined || expectation !== undefined) return;
    const text = this.#writer.text(scene);
    if (text !== "" && !this.#alone && !this.#context.out(text)) this.#alone = true;
  }

  #write({ path, out, writer }: Output, scene: Scene): void {
    const text = writer.line(scene);
    if (text === undefined || this.#failure !== undefined) return;
    try {
      out.write(text);
    } catch (error) {
      this.#failure = unwritable(path, error);
    }
  }

  /** What is to be said at the end, and the exit code; `last`: the state then. */
  conclude(last: State | undefined, tookMs: number): number {
    const { flags: { explain, quiet }, file, timeZone, expectation } = this.#watched;
    const context = this.#context;
    const remark = this.#remark();
    if (remark !== undefined) context.error(remark);
    if (this.#begunAt === undefined) {
      context.error(`ocpp-proxy: ${file}: there is no frame in it`);
      return EXIT_FAILED;
    }
    if (explain !== undefined) {
      if (this.#explanation === undefined) {
        const begins = momentText(this.#begunAt, timeZone);
        context.error(`ocpp-proxy: ${file}: it begins later than ${explain}, at ${begins}`);
        return EXIT_FAILED;
      }
      context.out(this.#explanation.text(last, this.#last));
      return this.#complain();
    }
    const difference = expectation?.difference;
    if (difference !== undefined) {
      context.out(differenceText(difference));
      return EXIT_DIFFERS;
    }
    if (!quiet) context.out(this.#summary(this.#first ?? this.#begunAt, tookMs));
    return this.#complain();
  }

  /** What of the file was not used. */
  #remark(): string | undefined {
    const { source, file } = this.#watched;
    if (source.type === "foreign") return source.log.unused.sentence();
    const { cutLine } = source.recording;
    return cutLine === undefined ? undefined : `${file}:${cutLine}: the file ends within this line`;
  }

  /** A defect that nobody expects is a failure. */
  #complain(): number {
    const defect = this.#firstDefect;
    if (defect === undefined || this.#watched.expectation !== undefined) return EXIT_DONE;
    this.#context.error(
      `ocpp-proxy: the core failed ${this.#defects === 1 ? "once" : `${this.#defects} times`}, ` +
        `first at ${timeOfDay(defect.at, this.#watched.timeZone)}: ${defect.error}`,
    );
    return EXIT_FAILED;
  }

  #summary(first: number, tookMs: number): string {
    const span = Temporal.Duration.from({ seconds: Math.round((this.#last - first) / 1000) })
      .round({ largestUnit: "hours" });
    const { hours, minutes, seconds } = span;
    const two = (value: number) => String(value).padStart(2, "0");
    const same = this.#watched.expectation === undefined
      ? ""
      : `, as expected in ${this.#watched.expectation.same} lines`;
    const defects = this.#defects === 0 ? "" : `, ${this.#defects} defects`;
    return `${this.#frames} frames and ${this.#decisions} decisions${defects} in ` +
      `${hours}:${two(minutes)}:${two(seconds)}, replayed in ${
        (tookMs / 1000).toFixed(1)
      } s${same}\n`;
  }
}
