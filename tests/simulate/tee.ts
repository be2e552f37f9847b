// A wire tap between a charger and whoever it dials: passes every byte on, keeps the charger's.

/** One WebSocket frame of the charger. */
export interface WireFrame {
  readonly final: boolean;
  /** 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong (RFC 6455, section 5.2). */
  readonly opcode: number;
}

/** Everything one connection sent. */
class Tapped {
  #bytes = new Uint8Array();

  add(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#bytes.length + bytes.length);
    all.set(this.#bytes);
    all.set(bytes, this.#bytes.length);
    this.#bytes = all;
  }

  get #text(): string {
    return new TextDecoder("latin1").decode(this.#bytes);
  }

  /** The HTTP request, without the empty line behind it. */
  get head(): string {
    return this.#text.split("\r\n\r\n")[0] ?? "";
  }

  get frames(): WireFrame[] {
    const begin = this.#text.indexOf("\r\n\r\n") + 4;
    const view = new DataView(this.#bytes.buffer);
    const frames: WireFrame[] = [];
    for (let at = begin; begin > 3 && at + 6 <= view.byteLength;) {
      const first = view.getUint8(at);
      let length = view.getUint8(at + 1) & 0x7f;
      // A masking key of 4 bytes is behind the length.
      let header = 6;
      if (length === 126) {
        length = view.getUint16(at + 2);
        header = 8;
      }
      frames.push({ final: (first & 0x80) !== 0, opcode: first & 0x0f });
      at += header + length;
    }
    return frames;
  }
}

/** Listens on a free port, and dials `port` for everybody who comes. */
export class Tee implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  readonly #accepting: Promise<void>;
  /** The connections, oldest first. */
  readonly connections: Tapped[] = [];

  constructor(port: number) {
    this.#accepting = this.#accept(port);
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  async #accept(port: number): Promise<void> {
    const passing: Promise<unknown>[] = [];
    for await (const charger of this.#listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port });
      const tapped = new Tapped();
      this.connections.push(tapped);
      passing.push(
        this.#pass(charger, server, (bytes) => tapped.add(bytes)),
        this.#pass(server, charger, () => {}),
      );
    }
    await Promise.all(passing);
  }

  async #pass(from: Deno.Conn, to: Deno.Conn, seen: (bytes: Uint8Array) => void): Promise<void> {
    this.#open.add(from);
    const buffer = new Uint8Array(65_536);
    try {
      for (let size = await from.read(buffer); size !== null; size = await from.read(buffer)) {
        seen(buffer.slice(0, size));
        for (let at = 0; at < size;) at += await to.write(buffer.subarray(at, size));
      }
    } catch {
      // One side broke; the other is told below.
    }
    this.#open.delete(from);
    try {
      to.close();
    } catch {
      // It was closed already.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) {
      try {
        connection.close();
      } catch {
        // Closed meanwhile.
      }
    }
    await this.#accepting;
  }
}
