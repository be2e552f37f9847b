// Reads a file line by line, however long it is, with a look at the next line.

import { HEAD_BYTES, OddFile } from "./odd_file.ts";

/** The longest line; a state with a thousand sessions has less than a tenth of it, in bytes. */
export const MAX_LINE_BYTES = 256 * 1024 * 1024;

/** Values in a line at most, by its commas; a state with a thousand sessions has far less. */
export const MAX_LINE_VALUES = 4_000_000;

const BLOCK_BYTES = 64 * 1024;
const LINE_END = 0x0a;
const COMMA = 0x2c;

/** One line of a file, without its end. */
export interface Line {
  /** Counts from 1. */
  readonly number: number;
  readonly text: string;
  /** False: the file ends in it, as when its writer was killed. */
  readonly complete: boolean;
}

/** The lines of one file; throws what Deno throws, and OddFile on a line that has too much in it. */
export class LineReader implements Disposable {
  /** The first bytes of the file. */
  readonly head = new Uint8Array(HEAD_BYTES);
  readonly #file: Deno.FsFile;
  readonly #decoder = new TextDecoder();
  readonly #block = new Uint8Array(BLOCK_BYTES);
  #from = 0;
  #to = 0;
  #number = 0;
  #next: Line | undefined;

  constructor(path: string) {
    this.#file = Deno.openSync(path, { read: true });
    this.#next = this.#read();
  }

  /** The next line, which stays; undefined at the end. */
  peek(): Line | undefined {
    return this.#next;
  }

  /** Takes the next line. */
  take(): Line | undefined {
    const line = this.#next;
    if (line !== undefined) this.#next = this.#read();
    return line;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }

  #read(): Line | undefined {
    const parts: Uint8Array[] = [];
    let length = 0;
    while (true) {
      if (this.#from === this.#to) {
        const count = this.#file.readSync(this.#block);
        if (count === null) return length === 0 ? undefined : this.#line(parts, length, false);
        this.#from = 0;
        this.#to = count;
        if (this.#number === 0 && length === 0) this.head.set(this.#block.subarray(0, HEAD_BYTES));
      }
      const rest = this.#block.subarray(this.#from, this.#to);
      const end = rest.indexOf(LINE_END);
      const part = end < 0 ? rest : rest.subarray(0, end);
      length += part.length;
      if (length > MAX_LINE_BYTES) throw new OddFile("there is a line that never ends");
      parts.push(part.slice());
      this.#from += end < 0 ? part.length : part.length + 1;
      if (end >= 0) return this.#line(parts, length, true);
    }
  }

  #line(parts: readonly Uint8Array[], length: number, complete: boolean): Line {
    let bytes = parts[0] ?? new Uint8Array();
    if (parts.length > 1) {
      bytes = new Uint8Array(length);
      let at = 0;
      for (const part of parts) {
        bytes.set(part, at);
        at += part.length;
      }
    }
    // As objects they would take a hundred times the memory.
    if (length > MAX_LINE_VALUES && commas(bytes) > MAX_LINE_VALUES) {
      throw new OddFile("there is a line with too many values");
    }
    const text = this.#decoder.decode(bytes).replace(/\r$/, "");
    return { number: ++this.#number, text, complete };
  }
}

function commas(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(COMMA); at >= 0; at = bytes.indexOf(COMMA, at + 1)) count++;
  return count;
}
