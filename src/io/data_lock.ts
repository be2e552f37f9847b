// One proxy per database: a lock that the operating system drops with the process that holds it.

import { asStoreError, StoreError } from "./store_error.ts";

/** Holds `<path>.lock` until it is closed or the process ends, however it ends. */
export class DataLock {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** Throws StoreError `in_use`, with the id of the process that has it, if another one does. */
  static take(path: string): DataLock {
    const lockPath = `${path}.lock`;
    try {
      const file = Deno.openSync(lockPath, {
        read: true,
        write: true,
        create: true,
        mode: 0o600,
      });
      if (!file.tryLockSync(true)) {
        file.close();
        const holder = Deno.readTextFileSync(lockPath).trim();
        throw new StoreError(
          "in_use",
          `another proxy${holder && ` (process ${holder})`} is running with the database ${path}`,
        );
      }
      file.truncateSync();
      file.writeSync(new TextEncoder().encode(`${Deno.pid}\n`));
      return new DataLock(file);
    } catch (error) {
      throw asStoreError(error, lockPath);
    }
  }

  close(): void {
    // The file stays: removing it would let two processes hold locks on two files of one name.
    this.#file.close();
  }
}
