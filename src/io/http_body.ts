// The body of an HTTP request, as a stream that reads from the connection only when it is read.

import type { ByteConnection } from "./byte_connection.ts";
import { type RequestHead, tokens } from "./http_head.ts";

/** A request whose body cannot be taken. */
export interface BodyProblem {
  readonly status: 400 | 413 | 417;
  readonly reason: string;
}

/** What is still to be read of a body when its request has been answered. */
const MAX_UNREAD_BYTES = 64 * 1024;
const MAX_CHUNK_LINE_BYTES = 1024;
const MAX_TRAILER_LINES = 32;

const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

/** The body a head announces; null: none. Rejects what could be read in two ways (RFC 9112, 6.3). */
export function requestBody(
  bytes: ByteConnection,
  head: RequestHead,
  maxBytes: number,
): RequestBody | BodyProblem | null {
  const { headers } = head;
  const expectation = headers.get("expect");
  if (expectation !== null && expectation.toLowerCase() !== "100-continue") {
    return { status: 417, reason: "unknown expectation" };
  }
  const announce = expectation !== null && head.minorVersion === 1;
  const length = headers.get("content-length");
  const codings = headers.get("transfer-encoding");
  if (codings !== null) {
    const list = tokens(codings);
    if (length !== null || list.length !== 1 || list[0]!.toLowerCase() !== "chunked") {
      return { status: 400, reason: "ambiguous body length" };
    }
    return new RequestBody(bytes, undefined, maxBytes, announce);
  }
  if (length === null) return null;
  if (!/^\d{1,15}$/.test(length)) return { status: 400, reason: "unreadable content-length" };
  if (Number(length) > maxBytes) return { status: 413, reason: `body over ${maxBytes} bytes` };
  return Number(length) === 0 ? null : new RequestBody(bytes, Number(length), maxBytes, announce);
}

export class RequestBody {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #bytes: ByteConnection;
  readonly #maxBytes: number;
  readonly #chunked: boolean;
  /** Of the body, or of the chunk being read. */
  #remaining: number;
  #total = 0;
  #announce: boolean;
  #ended = false;
  #firstChunk = true;
  #reading = false;
  #problem: BodyProblem | undefined;

  constructor(
    bytes: ByteConnection,
    length: number | undefined,
    maxBytes: number,
    announce: boolean,
  ) {
    this.#bytes = bytes;
    this.#maxBytes = maxBytes;
    this.#chunked = length === undefined;
    this.#remaining = length ?? 0;
    this.#announce = announce;
    this.stream = new ReadableStream({
      pull: async (controller) => {
        const piece = await this.#next();
        if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
    }, { highWaterMark: 0 });
  }

  /** Whether a piece of the body is being waited for. */
  get reading(): boolean {
    return this.#reading;
  }

  /** What was wrong with the body, once reading it has failed. */
  get problem(): BodyProblem | undefined {
    return this.#problem;
  }

  /** Reads what nobody wanted; false: it is too much, and the connection cannot be used again. */
  async discardRest(): Promise<boolean> {
    if (this.#ended) return true;
    // A client that waits for 100 Continue may send the body or the next request: nobody can tell.
    if (this.#announce || this.#reading || this.#problem !== undefined) return false;
    try {
      let bytes = 0;
      while (bytes <= MAX_UNREAD_BYTES) {
        const piece = await this.#next();
        if (piece === undefined) return true;
        bytes += piece.length;
      }
    } catch {
      // The connection is over.
    }
    return false;
  }

  async #next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#announce) {
      this.#announce = false;
      this.#bytes.write(CONTINUE);
    }
    this.#reading = true;
    try {
      return await this.#read();
    } catch (error) {
      this.#problem ??= { status: 400, reason: (error as Error).message };
      throw error;
    } finally {
      this.#reading = false;
    }
  }

  async #read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#remaining === 0 && this.#chunked && !this.#ended) await this.#beginChunk();
    if (this.#remaining === 0 || this.#ended) {
      this.#ended = true;
      return undefined;
    }
    const bytes = this.#bytes;
    if (bytes.start === bytes.end) await this.#more();
    const count = Math.min(this.#remaining, bytes.end - bytes.start);
    const piece = bytes.buffer.slice(bytes.start, bytes.start + count);
    bytes.start += count;
    this.#remaining -= count;
    return piece;
  }

  /** RFC 9112, section 7.1; extensions and trailers are read and ignored. */
  async #beginChunk(): Promise<void> {
    if (!this.#firstChunk && await this.#line() !== "") throw new Error("chunk without an end");
    this.#firstChunk = false;
    const size = /^([0-9a-fA-F]{1,8})[ \t]*(;.*)?$/.exec(await this.#line());
    if (size === null) throw new Error("unreadable chunk size");
    this.#remaining = parseInt(size[1]!, 16);
    this.#total += this.#remaining;
    if (this.#total > this.#maxBytes) {
      this.#problem = { status: 413, reason: `body over ${this.#maxBytes} bytes` };
      throw new Error(this.#problem.reason);
    }
    if (this.#remaining > 0) return;
    for (let i = 0; await this.#line() !== ""; i++) {
      if (i === MAX_TRAILER_LINES) throw new Error("too many trailers");
    }
    this.#ended = true;
  }

  async #line(): Promise<string> {
    const bytes = this.#bytes;
    let line = "";
    while (line.length < MAX_CHUNK_LINE_BYTES) {
      if (bytes.start === bytes.end) await this.#more();
      const character = String.fromCharCode(bytes.buffer[bytes.start++]!);
      if (character === "\n") return line.endsWith("\r") ? line.slice(0, -1) : line;
      line += character;
    }
    throw new Error("line too long in a chunked body");
  }

  async #more(): Promise<void> {
    if (!await this.#bytes.fill()) throw new Error("connection closed inside the body");
  }
}
