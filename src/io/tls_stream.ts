// TLS over a TCP connection that we accepted ourselves.

// Deno.listenTls is not used: a connection of it that is closed while its peer stalls, in the
// handshake or with data unread, keeps its file descriptor until the peer lets go. TLSSocket over our
// own connection can be destroyed at any time.

import { Buffer } from "node:buffer";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { ByteStream } from "./byte_connection.ts";

/** A certificate chain and its private key in PEM; throws where they are unreadable or no pair. */
export function serverContext(tls: { cert: string; key: string }): SecureContext {
  // The context itself would find out at the first handshake.
  if (!new X509Certificate(tls.cert).checkPrivateKey(createPrivateKey(tls.key))) {
    throw new Error("the private key is not the one of the certificate");
  }
  return createSecureContext({ cert: tls.cert, key: tls.key, minVersion: "TLSv1.2" });
}

const READ_BYTES = 16 * 1024;

/** The server's side of TLS over `connection`, which it owns. */
export class TlsStream implements ByteStream {
  readonly #socket: TLSSocket;
  readonly #connection: Deno.Conn;
  #failure: Error | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(connection: Deno.Conn, secureContext: SecureContext) {
    this.#connection = connection;
    this.#socket = new TLSSocket(duplexOf(connection), { isServer: true, secureContext });
    this.#socket.on("readable", () => this.#wake?.());
    this.#socket.on("end", () => {
      this.#ended = true;
      this.#wake?.();
    });
    this.#socket.on("error", (error) => {
      this.#failure ??= error;
      this.#wake?.();
    });
    this.#socket.on("close", () => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (true) {
      if (this.#failure !== undefined) throw this.#failure;
      const ready = this.#socket.readableLength;
      const piece: Uint8Array | null = ready > 0
        ? this.#socket.read(Math.min(ready, into.length))
        : this.#socket.read();
      if (piece !== null && piece.length > into.length) {
        into.set(piece.subarray(0, into.length));
        this.#socket.unshift(piece.subarray(into.length));
        return into.length;
      }
      if (piece !== null) {
        into.set(piece);
        return piece.length;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(() => resolve()));
  }

  close(): void {
    this.#socket.destroy();
    // Not left to the TLSSocket: the descriptor goes now.
    closeQuietly(this.#connection);
  }
}

function duplexOf(connection: Deno.Conn): Duplex {
  const buffer = new Uint8Array(READ_BYTES);
  return new Duplex({
    read() {
      connection.read(buffer).then(
        (count) => this.push(count === null ? null : Buffer.from(buffer.subarray(0, count))),
        (error) => this.destroy(error),
      );
    },
    write(bytes: Uint8Array, _encoding, done) {
      writeAll(connection, bytes).then(() => done(), done);
    },
    final(done) {
      connection.closeWrite().then(() => done(), done);
    },
    destroy(error, done) {
      closeQuietly(connection);
      done(error);
    },
  });
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < bytes.length) offset += await connection.write(bytes.subarray(offset));
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Closed before.
  }
}
