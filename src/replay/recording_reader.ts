// The events of a recording, one after the other; a line that its writer could not finish is none.

import type { Event } from "../core/event.ts";
import type { RecordedEvent, RecordingHeader } from "../recording/recording_format.ts";
import { parseEvent, parseHeader } from "../recording/recording_parser.ts";
import type { LineReader } from "./line_reader.ts";

/** A line that cannot be read, from 1; the message says why. */
export class BrokenLine extends Error {
  readonly line: number;

  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}

/** A recording from its second line on. */
export class RecordingReader {
  readonly header: RecordingHeader;
  readonly #lines: LineReader;
  #next: RecordedEvent | undefined;
  /** Where the next event stands. */
  #nextLine = 1;
  #line = 1;
  #cutLine: number | undefined;

  private constructor(header: RecordingHeader, lines: LineReader) {
    this.header = header;
    this.#lines = lines;
    this.#next = this.#read();
  }

  /** undefined: the file is no recording, and nothing has been taken. Throws BrokenLine. */
  static of(lines: LineReader): RecordingReader | undefined {
    const line = lines.peek();
    const header = line && attempt(1, () => parseHeader(line.text));
    if (header === undefined) return undefined;
    lines.take();
    return new RecordingReader(header, lines);
  }

  /** The line of what was taken last: the header, or an event. */
  get line(): number {
    return this.#line;
  }

  /** The line in which the file ends before the line does, and which is left out; undefined: none. */
  get cutLine(): number | undefined {
    return this.#cutLine;
  }

  take(): RecordedEvent | undefined {
    const event = this.#next;
    this.#line = this.#nextLine;
    if (event !== undefined) this.#next = this.#read();
    return event;
  }

  /** Takes the next event if it is of this type. */
  takeIf<Type extends Event["type"]>(
    type: Type,
  ): { readonly at: number; readonly event: Event & { type: Type } } | undefined {
    if (this.#next?.event.type !== type) return undefined;
    return this.take() as { at: number; event: Event & { type: Type } };
  }

  #read(): RecordedEvent | undefined {
    const line = this.#lines.take();
    if (line === undefined) return undefined;
    this.#nextLine = line.number;
    const isLast = this.#lines.peek() === undefined;
    if (line.text === "") return isLast ? undefined : this.#read();
    // Killed while it was written.
    if (isLast && !line.complete && !isJson(line.text)) {
      this.#cutLine = line.number;
      return undefined;
    }
    return attempt(line.number, () => parseEvent(line.text));
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function attempt<Result>(number: number, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    // What is nested too deeply for the stack.
    if (error instanceof RangeError) throw new BrokenLine(number, "it is nested too deeply");
    if (!(error instanceof SyntaxError)) throw error;
    throw new BrokenLine(number, error.message);
  }
}
