// Bytes in through one buffer, bytes out in as few writes as possible, over TCP or TLS.

import { Turn } from "./turn.ts";

/** What carries the bytes; a Deno.Conn is one. */
export interface ByteStream {
  /** The bytes read into `into`; null: the peer has ended its side. */
  read(into: Uint8Array): Promise<number | null>;
  /** How many bytes were taken, at least one. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends our side, once everything written has been taken. */
  closeWrite(): Promise<void>;
  /** Destroys the stream; reads and writes under way fail. */
  close(): void;
}

/** What one read takes at most; a request's head fits in it whole. */
export const CONNECTION_BUFFER_BYTES = 16 * 1024;

/** What is joined into one write while another is under way. */
const MAX_JOINED_BYTES = 64 * 1024;

/** A peer that is shown the door may still send this much, for this long, before it is cut off. */
const FAREWELL_BYTES = 1024 * 1024;
const FAREWELL_MS = 1_000;

/** One connection; it owns the stream. Nothing here throws for what the peer does. */
export class ByteConnection {
  readonly remoteAddress: string;
  /** What has been read and not been consumed is `buffer[start … end)`. */
  readonly buffer = new Uint8Array(CONNECTION_BUFFER_BYTES);
  start = 0;
  end = 0;
  bytesRead = 0;
  bytesWritten = 0;
  readonly turn = new Turn();
  /** Why the peer is gone, once it is. */
  failure = "connection closed by the peer";
  /** Called once, when the connection is destroyed by whomever. */
  onDestroyed: (() => void) | undefined;
  readonly #stream: ByteStream;
  #queue: Uint8Array[] = [];
  #unsentBytes = 0;
  #writing = false;
  #destroyed = false;
  #onDrained: (() => void)[] = [];

  constructor(stream: ByteStream, remoteAddress: string) {
    this.#stream = stream;
    this.remoteAddress = remoteAddress;
  }

  /** Bytes given to `write` that the operating system has not taken. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  get destroyed(): boolean {
    return this.#destroyed;
  }

  /** Waits for more bytes; false: none will come. There must be room in the buffer. */
  async fill(): Promise<boolean> {
    if (this.start === this.end) {
      this.start = this.end = 0;
    } else if (this.end === this.buffer.length) {
      this.buffer.copyWithin(0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
    }
    this.turn.interrupt();
    try {
      const count = await this.#stream.read(
        this.end === 0 ? this.buffer : this.buffer.subarray(this.end),
      );
      this.turn.resume();
      if (count === null || this.#destroyed) return false;
      this.end += count;
      this.bytesRead += count;
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  /** Queues bytes, which must not change any more; the write starts at once where none is under way. */
  write(bytes: Uint8Array): void {
    if (this.#destroyed) return;
    this.#unsentBytes += bytes.length;
    this.#queue.push(bytes);
    if (!this.#writing) void this.#flush();
  }

  /** Resolves when everything has been taken, or never will be. */
  drained(): Promise<void> {
    if (!this.#writing) return Promise.resolve();
    return new Promise((resolve) => this.#onDrained.push(resolve));
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#queue = [];
    try {
      this.#stream.close();
    } catch {
      // Already closed by its failure.
    }
    this.onDestroyed?.();
  }

  /**
   * Ends the connection so that the peer can read our last words: closing with unread bytes in the
   * kernel would reset it and discard them.
   */
  async sayFarewell(): Promise<void> {
    const timer = setTimeout(() => this.destroy(), FAREWELL_MS);
    try {
      await this.drained();
      await this.#stream.closeWrite();
      const enough = this.bytesRead + FAREWELL_BYTES;
      do {
        this.start = this.end = 0;
      } while (this.bytesRead < enough && await this.fill());
    } catch {
      // It has gone without listening.
    } finally {
      clearTimeout(timer);
      this.destroy();
    }
  }

  async #flush(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#queue.length > 0) {
        let bytes = this.#nextBatch();
        while (true) {
          const count = await this.#stream.write(bytes);
          this.#unsentBytes -= count;
          this.bytesWritten += count;
          if (count === bytes.length) break;
          bytes = bytes.subarray(count);
        }
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#writing = false;
      const waiting = this.#onDrained;
      this.#onDrained = [];
      for (const resolve of waiting) resolve();
    }
  }

  #nextBatch(): Uint8Array {
    let count = 0;
    let length = 0;
    while (count < this.#queue.length && (count === 0 || length < MAX_JOINED_BYTES)) {
      length += this.#queue[count++]!.length;
    }
    const parts = this.#queue.splice(0, count);
    if (parts.length === 1) return parts[0]!;
    const joined = new Uint8Array(length);
    let offset = 0;
    for (const part of parts) {
      joined.set(part, offset);
      offset += part.length;
    }
    return joined;
  }

  #fail(error: unknown): void {
    if (this.#destroyed) return;
    if (error instanceof Error) this.failure = `connection lost (${error.message})`;
    this.destroy();
  }
}
