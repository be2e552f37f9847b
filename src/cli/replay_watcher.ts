// Watches a replay: shows it, compares it, explains it, and says at the end what came of it.

import type { Scene } from "../replay/engine.ts";
import type { Watcher } from "../replay/exact_play.ts";
import { differenceText, type Expectation } from "../replay/expectation.ts";
import { Explanation, momentOf } from "../replay/explanation.ts";
import type { Source } from "../replay/play_file.ts";
import { SceneWriter, timeOfDay } from "../replay/scene_text.ts";
import type { CommandContext } from "./context.ts";
import type { ReplayFlags } from "./flags.ts";
import type { OutputFile } from "./output_file.ts";

/** It differs from what was expected. */
const EXIT_DIFFERS = 3;

/** A file that is written while a replay runs. */
export interface Output {
  readonly out: OutputFile;
  readonly line: (scene: Scene) => string | undefined;
}

/** Shows, compares and writes down what happens. */
export class ReplayWatcher implements Watcher {
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
  #firstDefect: (Scene & { readonly type: "defect" }) | undefined;
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
    if (scene.type === "defect") {
      this.#defects++;
      this.#firstDefect ??= scene;
    }
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

  /** What is to be said at the end, and the exit code; `last`: the state then. */
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
      return this.#complain();
    }
    const difference = this.#expectation?.difference;
    if (difference !== undefined) {
      context.out(differenceText(difference));
      return EXIT_DIFFERS;
    }
    if (!this.#flags.quiet) context.out(this.#summary(this.#first, tookMs));
    return this.#complain();
  }

  /** A defect that nobody expects is a failure. */
  #complain(): number {
    const defect = this.#firstDefect;
    if (defect === undefined || this.#expectation !== undefined) return 0;
    this.#context.error(
      `ocpp-proxy: the core failed ${this.#defects === 1 ? "once" : `${this.#defects} times`}, ` +
        `first at ${timeOfDay(defect.at, this.#timeZone)}: ${defect.error}`,
    );
    return 1;
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
