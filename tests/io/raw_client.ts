// A TCP client that speaks HTTP and WebSocket byte by byte, well or badly.

import { Buffer } from "node:buffer";

export interface RawFrame {
  readonly final: boolean;
  readonly opcode: number;
  readonly payload: string;
  /** Of a close frame. */
  readonly code: number | undefined;
}

const MASK = [0x12, 0x34, 0x56, 0x78];

/** The example key of RFC 6455 and the answer to it. */
export const EXAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ==";
export const EXAMPLE_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** The header lines of an ordinary handshake. */
export const UPGRADE_LINES: readonly string[] = [
  "Host: proxy",
  "Upgrade: websocket",
  "Connection: Upgrade",
  `Sec-WebSocket-Key: ${EXAMPLE_KEY}`,
  "Sec-WebSocket-Version: 13",
];

/** A masked client frame. */
export function clientFrame(
  opcode: number,
  payload: string | Uint8Array,
  options: { final?: boolean; masked?: boolean; reserved?: number } = {},
): Uint8Array {
  const { final = true, masked = true, reserved = 0 } = options;
  const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
  const header = [(final ? 0x80 : 0) | reserved | opcode];
  const bit = masked ? 0x80 : 0;
  if (bytes.length < 126) header.push(bit | bytes.length);
  else if (bytes.length < 65536) header.push(bit | 126, bytes.length >> 8, bytes.length & 255);
  else {header.push(
      bit | 127,
      0,
      0,
      0,
      0,
      ...Buffer.from(Uint32Array.of(bytes.length).buffer).reverse(),
    );}
  if (masked) header.push(...MASK);
  const frame = new Uint8Array(header.length + bytes.length);
  frame.set(header);
  for (let i = 0; i < bytes.length; i++) {
    frame[header.length + i] = bytes[i]! ^ (masked ? MASK[i & 3]! : 0);
  }
  return frame;
}

export class RawClient implements Disposable {
  readonly #connection: Deno.Conn;
  #received = Buffer.alloc(0);

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  static async connect(port: number, hostname = "127.0.0.1"): Promise<RawClient> {
    const connection = await Deno.connect({ hostname, port });
    connection.setNoDelay(true);
    return new RawClient(connection);
  }

  static async connectTls(port: number, ca: string): Promise<RawClient> {
    return new RawClient(await Deno.connectTls({ hostname: "localhost", port, caCerts: [ca] }));
  }

  /** Connects and shakes hands; throws unless the answer is 101. */
  static async upgrade(
    port: number,
    path = "/charger/A",
    extra: string[] = [],
  ): Promise<RawClient> {
    const client = await RawClient.connect(port);
    await client.request(`GET ${path} HTTP/1.1`, [...UPGRADE_LINES, ...extra]);
    const { status, text } = await client.response();
    if (status !== 101) throw new Error(text);
    return client;
  }

  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
    let offset = 0;
    while (offset < bytes.length) offset += await this.#connection.write(bytes.subarray(offset));
  }

  request(requestLine: string, lines: readonly string[]): Promise<void> {
    return this.write([requestLine, ...lines, "", ""].join("\r\n"));
  }

  /** Head and body of one response, the body by content-length or chunks; neither: until the end. */
  async response(): Promise<{ status: number; text: string; body: string }> {
    await this.#until(() => this.#received.includes("\r\n\r\n"));
    const length = this.#received.indexOf("\r\n\r\n") + 4;
    const text = this.#take(length).toString("latin1");
    const status = Number(text.split(" ")[1]);
    return { status, text, body: status === 101 ? "" : await this.#body(text.toLowerCase()) };
  }

  /** One line, without its end. */
  async line(): Promise<string> {
    await this.#until(() => this.#received.includes("\r\n"));
    return this.#take(this.#received.indexOf("\r\n") + 2).toString("latin1").slice(0, -2);
  }

  async frame(): Promise<RawFrame> {
    await this.#until(() => this.#received.length >= 2);
    const short = this.#received[1]! & 0x7f;
    const headerBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    await this.#until(() => this.#received.length >= headerBytes);
    const length = short < 126
      ? short
      : short === 126
      ? this.#received.readUInt16BE(2)
      : Number(this.#received.readBigUInt64BE(2));
    await this.#until(() => this.#received.length >= headerBytes + length);
    const frame = this.#take(headerBytes + length);
    const payload = frame.subarray(headerBytes);
    const opcode = frame[0]! & 0x0f;
    return {
      final: frame[0]! >= 0x80,
      opcode,
      payload: (opcode === 8 ? payload.subarray(2) : payload).toString(),
      code: opcode === 8 && length >= 2 ? payload.readUInt16BE(0) : undefined,
    };
  }

  /** The next text message; the listener's pings in front of it are skipped. */
  async message(): Promise<string> {
    while (true) {
      const frame = await this.frame();
      if (frame.opcode === 1) return frame.payload;
    }
  }

  /** Everything up to the end of the connection; a reset counts as one. */
  async rest(): Promise<string> {
    while (await this.#more());
    return this.#take(this.#received.length).toString("latin1");
  }

  /** Ends our side only. */
  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch {
      // The test has done it.
    }
  }

  async #body(head: string): Promise<string> {
    const announced = /content-length: (\d+)/.exec(head);
    if (announced !== null) {
      await this.#until(() => this.#received.length >= Number(announced[1]));
      return this.#take(Number(announced[1])).toString();
    }
    if (!head.includes("transfer-encoding: chunked")) return await this.rest();
    let body = "";
    while (true) {
      const chunk = await this.chunk();
      if (chunk === "") return body;
      body += chunk;
    }
  }

  /** One chunk of a chunked body; empty: the last. */
  async chunk(): Promise<string> {
    await this.#until(() => this.#received.includes("\r\n"));
    const line = this.#take(this.#received.indexOf("\r\n") + 2).toString();
    const length = parseInt(line, 16);
    await this.#until(() => this.#received.length >= length + 2);
    return this.#take(length + 2).subarray(0, length).toString();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (!await this.#more()) throw new Error(`ended after: ${this.#received.toString("latin1")}`);
    }
  }

  async #more(): Promise<boolean> {
    const buffer = new Uint8Array(65536);
    const count = await this.#connection.read(buffer).catch(() => null);
    if (count === null) return false;
    this.#received = Buffer.concat([this.#received, buffer.subarray(0, count)]);
    return true;
  }

  #take(length: number): Buffer {
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }
}
