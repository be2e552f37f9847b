// Dials a backend's WebSocket.

// Deno's own client is not used: it sends longer messages in two packets and waits 44 ms between
// them, and it has no connect time-out, ping or check of the chosen subprotocol.

import type { Socket as TcpSocket } from "node:net";
import type { WebSocket } from "ws";
import { certificateDatesProblem } from "./certificate_dates.ts";
import { ClientSocket } from "./client_socket.ts";
import { DialError, failedBy, refusedBy } from "./dial_error.ts";
import { DEFAULT_LIVENESS, type LivenessOptions } from "./liveness.ts";
import { MAX_MESSAGE_BYTES, type Socket } from "./socket.ts";

export interface DialOptions {
  /** ws:// or wss:// */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** One of them must be chosen by the server; empty: none is asked for. */
  readonly protocols: readonly string[];
  /** PEM; instead of the system's authorities. */
  readonly ca?: string;
  /** PEM, with `key`: our own certificate (security profile 3). */
  readonly cert?: string;
  readonly key?: string;
  /** false: any certificate of the server will do. */
  readonly rejectUnauthorized?: boolean;
  /** From the look-up of the name to the end of the handshake. */
  readonly handshakeTimeoutMs?: number;
  /** Default: MAX_MESSAGE_BYTES. */
  readonly maxMessageBytes?: number;
  readonly liveness?: LivenessOptions;
  /** Gives up; the promise rejects. */
  readonly signal?: AbortSignal;
  /** The owner's handler has thrown, which is a bug of ours; the socket goes on. */
  failed(error: unknown): void;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Opens a socket, which reads nothing until it has a handler; rejects with a DialError. */
export async function dial(options: DialOptions): Promise<Socket> {
  const url = URL.parse(options.url);
  if (url === null || (url.protocol !== "ws:" && url.protocol !== "wss:")) {
    throw new DialError("the address does not begin with ws:// or wss://");
  }
  // Loading the library takes 50 ms, which a start without dialled backends need not spend.
  const { WebSocket } = await import("ws");
  const timeoutMs = options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS;

  return await new Promise<Socket>((resolve, reject) => {
    let library: WebSocket;
    try {
      library = new WebSocket(url, [...options.protocols], {
        ...tlsOptions(options),
        headers: { ...options.headers },
        perMessageDeflate: false,
        maxPayload: options.maxMessageBytes ?? MAX_MESSAGE_BYTES,
        followRedirects: false,
        autoPong: false,
      });
    } catch (error) {
      reject(failedBy(error as Error, url));
      return;
    }
    let tcp: TcpSocket | undefined;
    const giveUp = (error: DialError) => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", aborted);
      reject(error);
      library.terminate();
    };
    const aborted = () => giveUp(new DialError("given up"));
    const timer = setTimeout(
      () => giveUp(new DialError(`${url.host} does not answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    // Stays for good: terminating a socket that is not open makes one more error.
    library.on("error", (error) => {
      void explained(error, url).then((explanation) => giveUp(failedBy(explanation, url)));
    });
    library.on("unexpected-response", (_request, response) => {
      giveUp(refusedBy(response.statusCode ?? 0, response.headers.location, url));
    });
    library.on("upgrade", (response) => tcp = response.socket);
    library.on("open", () => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", aborted);
      resolve(opened(library, tcp!, options));
    });
    options.signal?.addEventListener("abort", aborted);
    if (options.signal?.aborted) aborted();
  });
}

/** The runtime has one code for an unknown authority and for a certificate out of its dates. */
async function explained(error: Error & { code?: unknown }, url: URL): Promise<Error> {
  if (error.code !== "UNABLE_TO_VERIFY_LEAF_SIGNATURE") return error;
  const problem = await certificateDatesProblem(url, new Date());
  return problem === undefined ? error : Object.assign(new Error(error.message), { code: problem });
}

function opened(library: WebSocket, tcp: TcpSocket, options: DialOptions): Socket {
  library.removeAllListeners("error");
  return new ClientSocket(library, {
    liveness: options.liveness ?? DEFAULT_LIVENESS,
    remoteAddress: tcp.remoteAddress ?? "",
    bytesRead: () => tcp.bytesRead,
    failed: options.failed,
  });
}

function tlsOptions(options: DialOptions) {
  const { ca, cert, key } = options;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized: options.rejectUnauthorized ?? true,
  };
}
