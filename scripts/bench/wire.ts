// WebSockets for measuring: as little work per message as JavaScript allows, no checks.

import { createHash } from "node:crypto";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const READ_BYTES = 64 * 1024;
/** A header with a length of 16 bits and a mask. */
const HEADER_BYTES = 8;
const TEXT = 0x81;
const PING = 0x89;
const PONG = 0x8a;

/** One WebSocket over a connection of its own. Text in, text out; pings are answered. */
export class Wire {
  message: (text: string) => void = () => {};
  /** Resolves when the other side has gone. */
  readonly over: Promise<void>;
  readonly #connection: Deno.TcpConn;
  readonly #masks: boolean;
  #outgoing: Uint8Array[] = [];
  #writing = false;

  constructor(connection: Deno.TcpConn, masks: boolean, early: Uint8Array) {
    this.#connection = connection;
    this.#masks = masks;
    connection.setNoDelay(true);
    this.over = this.#read(early).catch(() => {});
  }

  /** Up to 65,535 bytes of ASCII. */
  send(text: string): void {
    this.#write(frame(TEXT, encoder.encode(text), this.#masks));
  }

  close(): void {
    try {
      this.#connection.close();
    } catch {
      // The other side was first.
    }
  }

  async #read(early: Uint8Array): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    buffer.set(early);
    let end = early.length;
    while (true) {
      const used = this.#consume(buffer, end);
      buffer.copyWithin(0, used, end);
      end -= used;
      const count = await this.#connection.read(buffer.subarray(end));
      if (count === null) return;
      end += count;
    }
  }

  /** Takes the whole frames out of the first `end` bytes and returns how many bytes they are. */
  #consume(buffer: Uint8Array, end: number): number {
    let at = 0;
    while (end - at >= 2) {
      const long = (buffer[at + 1]! & 0x7f) === 126;
      const masked = buffer[at + 1]! >= 0x80;
      const maskAt = at + (long ? 4 : 2);
      const from = maskAt + (masked ? 4 : 0);
      if (from > end) break;
      const length = long ? buffer[at + 2]! * 256 + buffer[at + 3]! : buffer[at + 1]! & 0x7f;
      if (from + length > end) break;
      const payload = buffer.subarray(from, from + length);
      if (masked) { for (let i = 0; i < length; i++) payload[i]! ^= buffer[maskAt + (i & 3)]!; }
      const kind = buffer[at];
      at = from + length;
      if (kind === TEXT) this.message(decoder.decode(payload));
      else if (kind === PING) this.#write(frame(PONG, payload, this.#masks));
    }
    return at;
  }

  #write(bytes: Uint8Array): void {
    this.#outgoing.push(bytes);
    if (!this.#writing) void this.#flush();
  }

  async #flush(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#outgoing.length > 0) {
        const bytes = joined(this.#outgoing);
        this.#outgoing = [];
        for (let sent = 0; sent < bytes.length;) {
          sent += await this.#connection.write(sent === 0 ? bytes : bytes.subarray(sent));
        }
      }
    } catch {
      this.close();
    }
    this.#writing = false;
  }
}

/** Connects as a client. */
export async function connect(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Wire> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  await writeAll(connection, encoder.encode(`${lines.join("\r\n")}\r\n\r\n`));
  const { head, rest } = await readHead(connection);
  if (!head.startsWith("HTTP/1.1 101")) {
    throw new Error(`${path} was answered ${head.split("\r\n", 1)[0]}`);
  }
  return new Wire(connection, true, rest);
}

/** Listens for clients of the subprotocol ocpp1.6, on a free port. */
export function serve(welcome: (wire: Wire) => void): { port: number; close(): void } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const connection of listener) {
      const { head, rest } = await readHead(connection);
      const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
      const lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Protocol: ocpp1.6",
        `Sec-WebSocket-Accept: ${accept.digest("base64")}`,
      ];
      await writeAll(connection, encoder.encode(`${lines.join("\r\n")}\r\n\r\n`));
      welcome(new Wire(connection, false, rest));
    }
  })();
  return { port: listener.addr.port, close: () => listener.close() };
}

/** A masked frame has a key of zeros: the other side does all its work, this one none. */
function frame(kind: number, payload: Uint8Array, masks: boolean): Uint8Array {
  const { length } = payload;
  const bytes = new Uint8Array(HEADER_BYTES + length);
  const mask = masks ? 0x80 : 0;
  let from = 2;
  bytes[0] = kind;
  if (length < 126) {
    bytes[1] = mask | length;
  } else {
    bytes[1] = mask | 126;
    bytes[2] = length >> 8;
    bytes[3] = length & 0xff;
    from = 4;
  }
  if (masks) from += 4;
  bytes.set(payload, from);
  return bytes.subarray(0, from + length);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

async function readHead(connection: Deno.TcpConn): Promise<{ head: string; rest: Uint8Array }> {
  const buffer = new Uint8Array(READ_BYTES);
  let end = 0;
  while (true) {
    const count = await connection.read(buffer.subarray(end));
    if (count === null) throw new Error("the connection was closed in its handshake");
    end += count;
    const head = decoder.decode(buffer.subarray(0, end));
    const length = head.indexOf("\r\n\r\n") + 4;
    if (length >= 4) return { head: head.slice(0, length), rest: buffer.slice(length, end) };
  }
}
