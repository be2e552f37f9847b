// What happens to one connection: head, then WebSocket, HTTP or a refusal, within the limits.

import { createHash } from "node:crypto";
import type { ByteConnection } from "./byte_connection.ts";
import { exchange, type ExchangeOptions, requestUrl } from "./http_exchange.ts";
import { readHead, type RequestHead, tokens, wantsWebSocket } from "./http_head.ts";
import { responseHead, writeRefusal } from "./http_response.ts";
import type { Admission, ListenerOptions } from "./listener.ts";
import type { ListenerLimits } from "./listener_limits.ts";
import { DEFAULT_LIVENESS } from "./liveness.ts";
import type { Offenders } from "./offenders.ts";
import type { Places } from "./places.ts";
import { ServerSocket } from "./server_socket.ts";
import { stackOf } from "./thrown.ts";

export interface FrontDoorOptions extends Pick<ListenerOptions, "admit" | "fetch" | "log"> {
  readonly places: Places;
  readonly limits: ListenerLimits;
  readonly offenders: Offenders;
  /** For requests that name no host. */
  readonly origin: string;
}

/** How long the peer may take to read a refusal. */
const REFUSAL_MS = 2_000;

/** RFC 6455, section 1.3. */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export class FrontDoor {
  readonly #options: FrontDoorOptions;
  readonly #exchangeOptions: ExchangeOptions;

  constructor(options: FrontDoorOptions) {
    this.#options = options;
    this.#exchangeOptions = {
      origin: options.origin,
      bodyBytes: options.limits.bodyBytes,
      stallMs: options.limits.stallMs,
      fetch: options.fetch,
      failed: (error) => this.#failed("An HTTP request failed", error),
    };
  }

  /** Serves a connection to its end; never rejects. */
  async serve(bytes: ByteConnection): Promise<void> {
    const { places, limits } = this.#options;
    try {
      places.enter(bytes, limits.headMs);
      while (await this.#serveOne(bytes)) {
        await bytes.turn.pass();
        if (!places.wait(bytes, limits.idleMs)) break;
      }
    } catch (error) {
      this.#failed("A connection failed", error);
    } finally {
      bytes.destroy();
      places.leave(bytes);
    }
  }

  /** Counts a violation against an address. */
  violation(address: string): void {
    if (this.#options.offenders.record(address, performance.now())) {
      this.#options.log("warning", "Too many protocol violations, the address is banned", {
        address,
      });
    }
  }

  /** True: the connection may bring another request. */
  async #serveOne(bytes: ByteConnection): Promise<boolean> {
    const head = await readHead(bytes, this.#options.limits.headBytes);
    if (head === undefined) return false;
    if ("status" in head) {
      this.violation(bytes.remoteAddress);
      return await this.#refuse(bytes, head.status, head.reason);
    }
    if (wantsWebSocket(head)) return await this.#upgrade(bytes, head);
    if (this.#isBanned(bytes)) return await this.#refuse(bytes, 429, "banned for a while");
    const full = this.#options.places.establish(bytes, "http");
    if (full !== undefined) return await this.#refuse(bytes, 503, full);
    if (await exchange(bytes, head, this.#exchangeOptions)) return true;
    return await this.#farewell(bytes);
  }

  async #upgrade(bytes: ByteConnection, head: RequestHead): Promise<false> {
    const { headers } = head;
    const url = requestUrl(head, this.#options.origin);
    if (url === undefined) return await this.#refuse(bytes, 400, "unreadable request");
    let admission: Admission;
    try {
      admission = this.#options.admit({
        path: head.target,
        url,
        headers,
        remoteAddress: bytes.remoteAddress,
        offeredProtocols: tokens(headers.get("sec-websocket-protocol")),
      });
    } catch (error) {
      this.#failed("A handshake failed", error);
      return await this.#refuse(bytes, 500, "internal error");
    }
    if (!admission.accept) {
      return await this.#refuse(bytes, admission.status, admission.reason, admission.headers);
    }
    const { kind, protocol } = admission;
    if (kind !== "charger" && this.#isBanned(bytes)) {
      return await this.#refuse(bytes, 429, "banned for a while");
    }
    const full = this.#options.places.establish(bytes, kind);
    if (full !== undefined) return await this.#refuse(bytes, 503, full);

    const socket = new ServerSocket(bytes, {
      protocol,
      liveness: admission.liveness ?? DEFAULT_LIVENESS,
      violated: () => {
        if (kind !== "charger") this.violation(bytes.remoteAddress);
      },
      failed: (error) => this.#failed("A socket's handler failed", error),
    });
    bytes.write(switchingProtocols(headers.get("sec-websocket-key")!, protocol));
    try {
      admission.opened(socket);
    } catch (error) {
      socket.abandon();
      throw error;
    }
    await socket.run();
    return false;
  }

  async #refuse(
    bytes: ByteConnection,
    status: number,
    reason: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<false> {
    writeRefusal(bytes, status, reason, headers);
    return await this.#farewell(bytes);
  }

  /** Among those that wait, so that it takes nobody's place. */
  async #farewell(bytes: ByteConnection): Promise<false> {
    if (this.#options.places.wait(bytes, REFUSAL_MS)) await bytes.sayFarewell();
    return false;
  }

  #isBanned(bytes: ByteConnection): boolean {
    return this.#options.offenders.isBanned(bytes.remoteAddress, performance.now());
  }

  #failed(message: string, error: unknown): void {
    this.#options.log("error", message, { error: stackOf(error) });
  }
}

function switchingProtocols(key: string, protocol: string): Uint8Array {
  const accept = createHash("sha1").update(key + ACCEPT_SUFFIX).digest("base64");
  const headers: [string, string][] = [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", accept],
  ];
  if (protocol !== "") headers.push(["Sec-WebSocket-Protocol", protocol]);
  return responseHead(101, headers);
}
