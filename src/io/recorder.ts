// Writes a recording while the proxy runs: in large pieces, into files of bounded size and number.

import metadata from "../../deno.json" with { type: "json" };
import type { Event } from "../core/event.ts";
import { pseudonyms } from "../recording/pseudonym.ts";
import {
  type Beginning,
  eventLine,
  headerLine,
  isKept,
  keptPageLine,
} from "../recording/recording_format.ts";
import { learnTags, scrubEvent, scrubValue } from "../recording/scrub.ts";
import { type Scrub, tagOf } from "../recording/scrub_text.ts";
import type { Log } from "./log.ts";

export interface RecorderOptions {
  readonly file: string;
  /** A new file is begun when this one has reached it, bytes. */
  readonly maxBytes: number;
  /** Files altogether: `file`, and the older ones `file.1` … */
  readonly keep: number;
  /** The household's key for stand-ins; undefined: id tags are recorded as they are. */
  readonly key: string | undefined;
}

/** Events are on disk after this long, ms. */
const FLUSH_MS = 1_000;

/** So many characters are written at once. */
const PIECE_CHARACTERS = 64 * 1024;

const encoder = new TextEncoder();

/** One recording. It never throws after `begin`: what cannot be written ends it, with one warning. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #log: Log;
  readonly #scrub: Scrub;
  #beginning: () => Beginning = () => {
    throw new Error("the recording has not begun");
  };
  #file: Deno.FsFile | undefined;
  #lines = "";
  #bytes = 0;
  /** The oldest entry of the log that a replay of this file knows. */
  #firstKept = Infinity;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Opens the file; what is in its place is kept as `file.1`. Throws what Deno throws. */
  constructor(options: RecorderOptions, log: Log) {
    this.#options = options;
    this.#log = log;
    const { key } = options;
    this.#scrub = { pseudonym: key === undefined ? undefined : pseudonyms(key), known: new Set() };
    this.#file = this.#open();
  }

  /** Writes what the core begins with; `later` tells the same for files that follow. */
  begin(beginning: Beginning, later: () => Beginning): void {
    this.#beginning = later;
    this.#attempt(() => this.#writeHeader(beginning));
    this.#timer = setInterval(() => this.#attempt(() => this.#flush()), FLUSH_MS);
    Deno.unrefTimer(this.#timer);
  }

  /**
   * An event that the core is about to be told of; `now` as it is told, epoch milliseconds, and
   * `lastSequence` the newest of its log.
   */
  record(now: number, event: Event, lastSequence: number): void {
    if (this.#file === undefined) return;
    this.#lines += event.type === "log_page" && isKept(event, this.#firstKept, lastSequence)
      ? keptPageLine(now, event)
      : eventLine(now, scrubEvent(this.#scrub, event));
    if (this.#lines.length >= PIECE_CHARACTERS) this.#attempt(() => this.#flush());
  }

  /** To be called where no event is under way: a file that is full is followed by a new one. */
  rotate(): void {
    if (this.#file === undefined || this.#bytes < this.#options.maxBytes) return;
    this.#attempt(() => {
      this.#flush();
      this.#file?.close();
      this.#file = this.#open();
      this.#bytes = 0;
      this.#writeHeader(this.#beginning());
    });
  }

  /** Writes what is left. */
  close(): void {
    this.#attempt(() => this.#flush());
    this.#end();
  }

  #writeHeader({ at, configuration, snapshot, state }: Beginning): void {
    const scrub = this.#scrub;
    const kept = state?.log.entries ?? snapshot.newestEntries;
    this.#firstKept = kept[0]?.sequence ?? snapshot.lastSequence + 1;
    learnTags(scrub, configuration);
    for (const { idTag } of snapshot.sessions) tagOf(scrub, idTag);
    this.#lines += headerLine({
      at,
      configuration: scrubValue(scrub, configuration),
      snapshot: scrubValue(scrub, snapshot),
      // Rules are functions, and not written.
      ...state && { state: scrubValue(scrub, { ...state, rules: { rules: [] } }) },
      program: metadata.version,
      idTags: scrub.pseudonym === undefined ? "raw" : "pseudonyms",
    });
    this.#flush();
  }

  #flush(): void {
    if (this.#file === undefined || this.#lines === "") return;
    const bytes = encoder.encode(this.#lines);
    this.#lines = "";
    for (let written = 0; written < bytes.length;) {
      written += this.#file.writeSync(bytes.subarray(written));
    }
    this.#bytes += bytes.length;
  }

  #open(): Deno.FsFile {
    const { file, keep } = this.#options;
    // A pipe or a device stays where it is.
    if (isThere(file) && !Deno.statSync(file).isFile) return Deno.openSync(file, { write: true });
    for (let number = keep - 1; number >= 1; number--) {
      const older = number === 1 ? file : `${file}.${number - 1}`;
      if (isThere(older)) Deno.renameSync(older, `${file}.${number}`);
    }
    // With keep 1 what was there goes.
    if (isThere(file)) Deno.removeSync(file);
    return Deno.openSync(file, { write: true, createNew: true, mode: 0o600 });
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log("warning", "the recording has ended: it cannot be written", {
        file: this.#options.file,
        reason,
      });
      this.#end();
    }
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#lines = "";
    try {
      this.#file?.close();
    } catch {
      // It cannot be closed any better.
    }
    this.#file = undefined;
  }
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
