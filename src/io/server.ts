// The listening side of a running proxy: handshakes become the charger's and the backends' sockets.

import { decideEntrance, type Entrance } from "./admission.ts";
import { Guesses } from "./guesses.ts";
import type { FetchHandler } from "./http_exchange.ts";
import { type Admission, listen, type Listener, type UpgradeRequest } from "./listener.ts";
import { DEFAULT_LIVENESS } from "./liveness.ts";
import type { Log } from "./log.ts";
import type { Proxy } from "./proxy.ts";

/** Silence after which any charger is dead is at least so many of its heartbeats (quirks 3.3). */
const SILENT_HEARTBEATS = 3;

/** Begins to listen for a proxy; `fetch` answers everything that is not a WebSocket. */
export function serveProxy(
  proxy: Proxy,
  address: { readonly host: string; readonly port: number },
  tls: { readonly cert: string; readonly key: string } | undefined,
  fetch: FetchHandler,
  log: Log,
): Promise<Listener> {
  const guesses = new Guesses();
  const refusals = new Map<string, number>();
  return listen({
    hostname: address.host,
    port: address.port,
    ...tls && { tls },
    fetch,
    log,
    admit: (request) => {
      // Counted for each door: a backend that guesses does not shut out a charger behind the same
      // router, nor another backend.
      const guesser = (door: string) => `${request.remoteAddress} ${door}`;
      const entrance = decideEntrance({
        configuration: proxy.configuration,
        chargePointId: proxy.chargePointId,
        instance: proxy.instance,
        mayGuess: (door) => !guesses.tooMany(guesser(door)),
      }, request);
      if (entrance.type === "refused") {
        if (entrance.guessed !== undefined) guesses.record(guesser(entrance.guessed));
        const kind = `${request.remoteAddress} ${entrance.status} ${request.url.pathname}`;
        if (entrance.status !== 429 && isNews(refusals, kind)) logRefusal(log, request, entrance);
      }
      return admission(proxy, entrance);
    },
  });
}

function admission(proxy: Proxy, entrance: Entrance): Admission {
  switch (entrance.type) {
    case "charger": {
      const { heartbeatIntervalS } = proxy.configuration.core.charger;
      return {
        accept: true,
        kind: "charger",
        protocol: entrance.protocol,
        liveness: {
          ...DEFAULT_LIVENESS,
          silentAfterMs: Math.max(
            DEFAULT_LIVENESS.silentAfterMs,
            SILENT_HEARTBEATS * heartbeatIntervalS * 1000,
          ),
        },
        opened: (socket) => proxy.chargerOpened(socket, entrance.chargePointId),
      };
    }
    case "backend":
      return {
        accept: true,
        kind: "backend",
        protocol: entrance.protocol,
        opened: (socket) => proxy.backendOpened(socket, entrance.backendId, entrance.speaks),
      };
    case "turned_away":
      return {
        accept: true,
        kind: "backend",
        protocol: "",
        opened: (socket) => {
          socket.handler = { message: () => {}, pong: () => {}, closed: () => {} };
          socket.close(1002, entrance.reason);
        },
      };
    case "refused":
      return {
        accept: false,
        status: entrance.status,
        reason: entrance.reason,
        ...entrance.headers && { headers: entrance.headers },
      };
    default:
      return entrance satisfies never;
  }
}

/** Refusals of one kind and address are logged once in this time, ms. */
const REFUSAL_LOG_MS = 60_000;

/** Kinds of refusals remembered; beyond it the oldest is forgotten. */
const MAX_REFUSALS = 200;

/** A device that tries again and again does not fill the log. */
function isNews(logged: Map<string, number>, key: string): boolean {
  const now = performance.now();
  if (now - (logged.get(key) ?? -Infinity) < REFUSAL_LOG_MS) return false;
  logged.delete(key);
  logged.set(key, now);
  if (logged.size > MAX_REFUSALS) logged.delete(logged.keys().next().value!);
  return true;
}

function logRefusal(
  log: Log,
  { remoteAddress, url }: UpgradeRequest,
  { status, reason, advice }: Entrance & { type: "refused" },
): void {
  log("warning", "a connection was refused", {
    address: remoteAddress,
    path: url.pathname,
    status,
    reason,
    ...advice !== undefined && { advice },
  });
}
