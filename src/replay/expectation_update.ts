// An expectation that is written anew: a line that is still right stays as it is, to the letter.

import type { Scene } from "./engine.ts";
import { agrees, expectationLine } from "./expectation.ts";
import type { Line, LineReader } from "./line_reader.ts";

/** Lines of the former expectation among which the same is looked for. */
const LOOK_AHEAD = 200;

/** The lines of an expectation, made from scenes and from what was expected before. */
export class ExpectationUpdate {
  readonly #former: LineReader | undefined;
  readonly #ahead: Line[] = [];

  constructor(former: LineReader | undefined) {
    this.#former = former;
  }

  /** A line with its end; undefined: nobody expects such a scene. */
  line(scene: Scene): string | undefined {
    const found = expectationLine(scene);
    if (found === undefined) return undefined;
    this.#fill();
    const place = this.#ahead.findIndex(({ text }) => agrees(text, found));
    // What was passed over is expected no more.
    const same = place < 0 ? undefined : this.#ahead.splice(0, place + 1).at(-1);
    return `${same?.text ?? found}\n`;
  }

  #fill(): void {
    while (this.#ahead.length < LOOK_AHEAD) {
      const line = this.#former?.take();
      if (line === undefined) return;
      this.#ahead.push(line);
    }
  }
}
