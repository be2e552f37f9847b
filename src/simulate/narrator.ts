// One readable line per happening: when, who, what. In colour on a terminal.

import { printable } from "../io/printable.ts";

/** The colours of the speakers, in the order in which they first speak: SGR parameters. */
const COLOURS = ["36", "33", "35", "32", "34"];

export interface NarratorOptions {
  /** Writes text. */
  readonly out: (text: string) => void;
  readonly colour: boolean;
  /** Epoch milliseconds, for the first column. */
  readonly now: () => number;
  /** The width of the column of names. */
  readonly nameWidth: number;
}

/** Tells what happens to several speakers, one line each. */
export class Narrator {
  readonly #options: NarratorOptions;
  readonly #colours = new Map<string, string>();

  constructor(options: NarratorOptions) {
    this.#options = options;
  }

  /** Writes a line for somebody; a text of several lines gives several. */
  say(who: string, text: string): void {
    const { out, colour, now, nameWidth } = this.#options;
    const time = new Date(now()).toISOString().slice(11, 19);
    const name = who.padEnd(nameWidth);
    const code = this.#colourOf(who);
    for (const line of text.trimEnd().split(/\r?\n/)) {
      // Much of it comes from outside.
      const harmless = printable(line);
      out(
        colour
          ? `\x1b[2m${time}\x1b[0m  \x1b[${code}m${name}\x1b[0m  ${harmless}\n`
          : `${time}  ${name}  ${harmless}\n`,
      );
    }
  }

  #colourOf(who: string): string {
    const known = this.#colours.get(who);
    if (known !== undefined) return known;
    const colour = COLOURS[this.#colours.size % COLOURS.length] ?? "0";
    this.#colours.set(who, colour);
    return colour;
  }
}
