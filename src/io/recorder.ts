// Writes a recording while the proxy runs: in large pieces, into files of bounded size and number.

import metadata from "../../deno.json" with { type: "json" };
import type { Event } from "../core/event.ts";
import { type Scrub, tagOf } from "../recording/known_tag.ts";
import { pseudonyms } from "../recording/pseudonym.ts";
import {
  type Beginning,
  eventLine,
  headerLine,
  isKept,
  keptPageLine,
} from "../recording/recording_format.ts";
import { learnTags, scrubEvent, scrubValue } from "../recording/scrub.ts";
import type { Log } from "./log.ts";
import { RecordingFile, type RecordingFileOptions } from "./recording_file.ts";
import { errorOf } from "./thrown.ts";

export interface RecorderOptions extends RecordingFileOptions {
  /** A new file is begun when this one has reached it, bytes. */
  readonly maxBytes: number;
  /** The household's key for stand-ins; undefined: id tags are recorded as they are. */
  readonly key: string | undefined;
}

/** Events are on disk after this long, ms. */
const FLUSH_MS = 1_000;

/** So many characters are written at once. */
const PIECE_CHARACTERS = 16 * 1024;

const encoder = new TextEncoder();

/** One recording. It never throws after `begin`: what cannot be written ends it, with one warning. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #log: Log;
  readonly #scrub: Scrub;
  #beginning: () => Beginning = () => {
    throw new Error("the recording has not begun");
  };
  /** undefined: the recording has ended. */
  #file: RecordingFile | undefined;
  #lines = "";
  #bytes = 0;
  /** The oldest entry of the log that a replay of this file knows. */
  #firstKept = Infinity;
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(options: RecorderOptions, log: Log) {
    this.#options = options;
    this.#log = log;
    const { key } = options;
    this.#scrub = { pseudonym: key === undefined ? undefined : pseudonyms(key), known: new Set() };
  }

  /** Opens the file; what is in its place is kept as `file.1`. Rejects with what Deno throws. */
  static async open(options: RecorderOptions, log: Log): Promise<Recorder> {
    const recorder = new Recorder(options, log);
    recorder.#file = await RecordingFile.open(options, (error) => recorder.#failed(error));
    return recorder;
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
    this.#attempt(() => {
      this.#lines += event.type === "log_page" && isKept(event, this.#firstKept, lastSequence)
        ? keptPageLine(now, event)
        : eventLine(now, scrubEvent(this.#scrub, event));
      if (this.#lines.length >= PIECE_CHARACTERS) this.#flush();
    });
  }

  /** To be called where no event is under way: a file that is full is followed by a new one. */
  rotate(): void {
    if (this.#file === undefined || this.#bytes < this.#options.maxBytes) return;
    this.#attempt(() => {
      this.#flush();
      this.#file?.next();
      this.#bytes = 0;
      this.#writeHeader(this.#beginning());
    });
  }

  /** Writes what is left; a disk that hangs is not waited for. */
  async close(): Promise<void> {
    this.#attempt(() => this.#flush());
    const file = this.#file;
    this.#end();
    await file?.close();
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
    this.#file.write(bytes);
    this.#bytes += bytes.length;
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      void this.#file?.close();
      this.#failed(errorOf(error));
    }
  }

  #failed(error: Error): void {
    this.#log("warning", "the recording has ended: it cannot be written", {
      file: this.#options.file,
      reason: error.message,
    });
    this.#end();
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#lines = "";
    this.#file = undefined;
  }
}
