// A file that a command writes: whole or not at all.

/** Collects text in a temporary file beside `path`, which takes its place when it is complete. */
export class OutputFile {
  readonly #path: string;
  readonly #temporaryPath: string | undefined;
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();

  private constructor(path: string, temporaryPath: string | undefined) {
    this.#path = path;
    this.#temporaryPath = temporaryPath;
    this.#file = Deno.openSync(temporaryPath ?? path, {
      write: true,
      create: temporaryPath !== undefined,
      truncate: temporaryPath !== undefined,
    });
  }

  /** Devices and pipes are written as they are, links are followed. Throws Deno.errors. */
  static create(path: string): OutputFile {
    try {
      // /dev/stdout leads to a pipe that has no path.
      if (!Deno.statSync(path).isFile) return new OutputFile(path, undefined);
      const target = Deno.realPathSync(path);
      return new OutputFile(target, `${target}.${Deno.pid}.tmp`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return new OutputFile(path, `${path}.${Deno.pid}.tmp`);
    }
  }

  /** Appends the text; throws Deno.errors when the disk is full or the reader of a pipe is gone. */
  write(text: string): void {
    const bytes = this.#encoder.encode(text);
    for (let written = 0; written < bytes.length;) {
      written += this.#file.writeSync(bytes.subarray(written));
    }
  }

  /** Puts the complete file in its place. */
  complete(): void {
    if (this.#temporaryPath !== undefined) {
      this.#file.syncSync();
      Deno.renameSync(this.#temporaryPath, this.#path);
    }
    this.#file.close();
  }

  /** Leaves no trace of what was written. */
  discard(): void {
    this.#file.close();
    if (this.#temporaryPath !== undefined) Deno.removeSync(this.#temporaryPath);
  }
}
