// The files of a recording: written in the background, so that a disk that hangs is in nobody's way.

import { atMost } from "./pause.ts";
import { errorOf } from "./thrown.ts";

export interface RecordingFileOptions {
  readonly file: string;
  /** Files altogether: `file`, and the older ones `file.1` … */
  readonly keep: number;
}

/** What waits for a disk that takes nothing, bytes; beyond that, the recording ends. */
export const MAX_UNWRITTEN_BYTES = 16 * 1024 * 1024;

/** How long the disk may take for the last of it, ms. */
const LAST_WRITE_MS = 1_000;

/** The newest file and its predecessors; after the first failure nothing is written any more. */
export class RecordingFile {
  readonly #options: RecordingFileOptions;
  readonly #failed: (error: Error) => void;
  #file: Deno.FsFile;
  /** One job after the other. */
  #work: Promise<void> = Promise.resolve();
  #unwritten = 0;
  #ended = false;

  private constructor(
    options: RecordingFileOptions,
    file: Deno.FsFile,
    failed: (error: Error) => void,
  ) {
    this.#options = options;
    this.#file = file;
    this.#failed = failed;
  }

  /** Opens the file; what is in its place is kept as `file.1`. Rejects with what Deno throws. */
  static async open(
    options: RecordingFileOptions,
    failed: (error: Error) => void,
  ): Promise<RecordingFile> {
    return new RecordingFile(options, await openNext(options), failed);
  }

  /** Writes when the disk takes it. */
  write(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#unwritten += bytes.length;
    if (this.#unwritten > MAX_UNWRITTEN_BYTES) {
      return this.#end(new Error("the disk takes too long"));
    }
    this.#then(async () => {
      for (let written = 0; written < bytes.length;) {
        written += await this.#file.write(bytes.subarray(written));
      }
      this.#unwritten -= bytes.length;
    });
  }

  /** What is written from now on goes into a new file. */
  next(): void {
    this.#then(async () => {
      this.#file.close();
      this.#file = await openNext(this.#options);
    });
  }

  /** Resolves when the last of it is written, or the disk has taken too long. */
  async close(): Promise<void> {
    await atMost(LAST_WRITE_MS, this.#work.then(() => this.#release()));
    this.#ended = true;
  }

  #then(job: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#ended) return;
      try {
        await job();
      } catch (error) {
        this.#end(errorOf(error));
      }
    });
  }

  #end(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    void this.#work.then(() => this.#release());
    this.#failed(error);
  }

  #release(): void {
    try {
      this.#file.close();
    } catch {
      // It cannot be closed any better, or is closed.
    }
  }
}

async function openNext({ file, keep }: RecordingFileOptions): Promise<Deno.FsFile> {
  const there = await infoOf(file);
  // A pipe or a device stays where it is.
  if (there !== undefined && !there.isFile) return await Deno.open(file, { write: true });
  for (let number = keep - 1; number >= 1; number--) {
    const older = number === 1 ? file : `${file}.${number - 1}`;
    if (await infoOf(older)) await Deno.rename(older, `${file}.${number}`);
  }
  // With keep 1 what was there goes.
  if (await infoOf(file)) await Deno.remove(file);
  return await Deno.open(file, { write: true, createNew: true, mode: 0o600 });
}

async function infoOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
