// The listening side: one port for chargers, backends and HTTP. Sockets and requests come out.

// Deno.upgradeWebSocket is not used: it has no bound for fragmented messages, no terminate, no pings
// and no patience for sloppy handshakes, and a process out of file descriptors dies in Deno.serve.
// Owning the connection from its first byte costs no more than either, and one descriptor each.

import type { LogLevel } from "../core/effect.ts";
import { ByteConnection, type ByteStream } from "./byte_connection.ts";
import { FrontDoor } from "./front_door.ts";
import type { FetchHandler } from "./http_exchange.ts";
import { defaultLimits, type ListenerLimits } from "./listener_limits.ts";
import type { LivenessOptions } from "./liveness.ts";
import { Offenders } from "./offenders.ts";
import { Places } from "./places.ts";
import type { Socket } from "./socket.ts";
import { errorOf } from "./thrown.ts";
import { everyTick } from "./ticker.ts";
import { serverContext, TlsStream } from "./tls_stream.ts";

/** A WebSocket handshake, repaired where real chargers need it. */
export interface UpgradeRequest {
  /** Path and query as sent: percent-encoding and repeated slashes untouched. */
  readonly path: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly remoteAddress: string;
  /** In the client's order and spelling; several header lines are one list. */
  readonly offeredProtocols: readonly string[];
}

/** The answer to a handshake. */
export type Admission =
  | {
    readonly accept: true;
    /** One of those offered; empty: answered without the header. */
    readonly protocol: string;
    /** Places are kept for chargers, and they are never banned. */
    readonly kind: "charger" | "backend";
    /** Absent: DEFAULT_LIVENESS. */
    readonly liveness?: LivenessOptions;
    /** Must set the socket's handler before it returns. */
    opened(socket: Socket): void;
  }
  | {
    readonly accept: false;
    /** An HTTP status, 400 … 599. */
    readonly status: number;
    /** For people; becomes the body. */
    readonly reason: string;
    readonly headers?: Readonly<Record<string, string>>;
  };

export interface ListenerOptions {
  readonly hostname: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM texts; absent: plain TCP. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly limits?: Partial<ListenerLimits>;
  admit(request: UpgradeRequest): Admission;
  readonly fetch: FetchHandler;
  log(
    level: LogLevel,
    message: string,
    values: Readonly<Record<string, string | number | boolean | null>>,
  ): void;
}

export interface Listener {
  readonly port: number;
  /** Open connections of any kind. */
  connections(): number;
  /** Counts a violation found above the WebSocket protocol; too many ban the address. */
  violation(remoteAddress: string): void;
  /** Stops listening and destroys what is connected; resolves when every handler has been told. */
  close(): Promise<void>;
}

/** How long the accept loop rests when the system has no descriptor left. */
const ACCEPT_PAUSE_MS = 50;

/** Connections that may wait to be accepted; past it, a client's first attempt is lost for a second. */
const BACKLOG = 4096;

/** An accept that took longer than this had to wait for somebody to come. */
const QUEUE_WAS_EMPTY_MS = 0.2;

/** Connections accepted before everything else has its turn. */
const MAX_BATCH = 32;

/** Begins to listen; rejects where the address is taken, or certificate and key are unreadable. */
// deno-lint-ignore require-await
export async function listen(options: ListenerOptions): Promise<Listener> {
  const limits = { ...defaultLimits(), ...options.limits };
  const places = new Places(limits);
  const context = options.tls === undefined ? undefined : serverContext(options.tls);
  const { hostname, port: wanted } = options;
  const listener = Deno.listen({ hostname, port: wanted, tcpBacklog: BACKLOG });
  const { port } = listener.addr;
  const door = new FrontDoor({
    places,
    limits,
    offenders: new Offenders(limits),
    origin: `${context === undefined ? "http" : "https"}://localhost:${port}`,
    admit: options.admit,
    fetch: options.fetch,
    log: options.log,
  });

  const served = new Set<Promise<void>>();
  const welcome = (connection: Deno.TcpConn) => {
    const stream = prepared(connection, context);
    if (stream === undefined) return;
    const serving: Promise<void> = door
      .serve(new ByteConnection(stream, plainAddress(connection.remoteAddr.hostname)))
      .finally(() => served.delete(serving));
    served.add(serving);
  };
  const stopTicking = everyTick((now) => places.expire(now));
  const accepting = acceptAll(listener, places, welcome, (error) => {
    options.log("warning", "A connection could not be accepted", { error: error.message });
  });

  let closing: Promise<void> | undefined;
  return {
    port,
    connections: () => places.size,
    violation: (remoteAddress) => door.violation(remoteAddress),
    close: () =>
      closing ??= (async () => {
        listener.close();
        stopTicking();
        await accepting;
        places.destroyAll();
        await Promise.all(served);
      })(),
  };
}

/**
 * Accepts until the listener is closed; whatever else goes wrong, it goes on. When too many wait for
 * their head it accepts in batches: those that came meanwhile had time to send theirs, so that a
 * charger is heard even behind an address that floods us.
 */
async function acceptAll(
  listener: Deno.TcpListener,
  places: Places,
  welcome: (connection: Deno.TcpConn) => void,
  failed: (error: Error) => void,
): Promise<void> {
  let batch = 0;
  while (true) {
    try {
      const begun = performance.now();
      const connection = await listener.accept();
      const now = performance.now();
      const restMs = now - begun > QUEUE_WAS_EMPTY_MS ? places.untilRoomMs(now) : 0;
      if (restMs > 0) {
        await pause(restMs);
      } else if (++batch % MAX_BATCH === 0) {
        await pause(0);
      }
      welcome(connection);
    } catch (error) {
      if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
        return;
      }
      failed(errorOf(error));
      if (isOutOfDescriptors(error)) places.exhausted(performance.now());
      await pause(ACCEPT_PAUSE_MS);
    }
  }
}

/** Of the process (EMFILE) or of the whole system (ENFILE). */
function isOutOfDescriptors(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    (error.code === "EMFILE" || error.code === "ENFILE");
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Undefined: the peer has gone already. */
function prepared(
  connection: Deno.TcpConn,
  context: ReturnType<typeof serverContext> | undefined,
): ByteStream | undefined {
  try {
    connection.setNoDelay(true);
    return context === undefined ? connection : new TlsStream(connection, context);
  } catch {
    connection.close();
    return undefined;
  }
}

/** Without the prefix that IPv4 clients have on an IPv6 socket. */
function plainAddress(hostname: string): string {
  return hostname.replace(/^::ffff:(?=\d+\.)/i, "");
}
