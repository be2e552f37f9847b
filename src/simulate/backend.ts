// Simulated OCPP backends: one that dials in to the proxy, and one that waits to be dialled.

import type { AddressInfo } from "node:net";
// @ts-types="@types/ws"
import { WebSocketServer } from "ws";
import { MAX_MESSAGE_BYTES } from "../io/socket.ts";
import type { Action, Messages } from "../ocpp/types.ts";
import { type BehaviourName, mannerOf } from "./behaviour.ts";
import { CentralSystem, type CentralSystemOptions } from "./central_system.ts";
import { Peer } from "./peer.ts";
import { basicAuthorization, Link, withIdentity } from "./web_socket.ts";

export interface BackendOptions extends CentralSystemOptions {
  /** Default: good. */
  readonly behaves?: BehaviourName;
  /** Sees every frame. */
  readonly watch?: (direction: "sent" | "received", text: string) => void;
}

export interface DialInOptions extends BackendOptions {
  /** The proxy's endpoint for backends, without the id. */
  readonly url: string;
  readonly id: string;
  /** Its token at the proxy; absent: none is sent. */
  readonly token?: string;
  /** Wait before the first reconnection, wall-clock milliseconds. */
  readonly reconnectMs?: number;
}

/** A backend as those who play it see it, however it is connected. */
export interface SimulatedBackend {
  /** Its answers, to be spoilt at will. */
  readonly system: CentralSystem;
  readonly connected: boolean;
  /** Behaves like this from now on. */
  behave(name: BehaviourName): void;
  /** Sends a command to the charge point; rejects with CallFailed. */
  call<A extends Action>(
    action: A,
    payload: Messages[A]["request"],
  ): Promise<Messages[A]["confirmation"]>;
  close(): Promise<void>;
}

function parts(options: BackendOptions): { system: CentralSystem; peer: Peer } {
  const system = new CentralSystem(options);
  if (options.behaves) system.behave(options.behaves);
  const peer = new Peer({
    handle: (action, payload) => system.handle(action, payload),
    manner: mannerOf(system.behaviour),
    ...(options.watch ? { watch: options.watch } : {}),
  });
  return { system, peer };
}

/** Drops connections as its behaviour says. */
class Dropper {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly system: CentralSystem, readonly drop: () => void) {}

  /** A connection was opened, or the behaviour has changed. */
  plan(): void {
    clearTimeout(this.#timer);
    const { dropAfterMs } = this.system.behaviour;
    if (dropAfterMs > 0) this.#timer = setTimeout(this.drop, dropAfterMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** Connects a central system to `<url>/<id>`, where the proxy is the charge point. */
export function dialInBackend(options: DialInOptions): SimulatedBackend {
  const { system, peer } = parts(options);
  const link = new Link({
    url: withIdentity(options.url, options.id),
    protocols: ["ocpp1.6"],
    headers: options.token === undefined
      ? {}
      : { authorization: basicAuthorization(options.id, options.token) },
    opened: (socket) => {
      peer.attach(socket);
      dropper.plan();
      options.report?.("connected to the proxy");
    },
    closed: (code, reason) => {
      peer.detach("connection closed");
      options.report?.(`connection closed: ${code} ${reason}`.trim());
    },
    failed: (reason) => options.report?.(`no connection: ${reason}`),
    ...(options.reconnectMs === undefined ? {} : { reconnectMs: options.reconnectMs }),
  });
  const dropper = new Dropper(system, () => link.drop());
  link.start();
  return {
    system,
    get connected() {
      return peer.connected;
    },
    behave: (name) => {
      system.behave(name);
      dropper.plan();
    },
    call: (action, payload) => peer.call(action, payload),
    close: () => {
      dropper.stop();
      return link.stop();
    },
  };
}

/** A central system that is dialled, at a port of its own. */
export interface ListeningBackend extends SimulatedBackend {
  /** To be dialled, with the charge point's identity appended. */
  readonly url: string;
}

/** Starts a central system on the loopback interface; port 0 takes a free one. */
export async function listeningBackend(
  options: BackendOptions & { readonly port?: number },
): Promise<ListeningBackend> {
  const { system, peer } = parts(options);
  const server = new WebSocketServer({
    host: "127.0.0.1",
    port: options.port ?? 0,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: (offered) => offered.has("ocpp1.6") ? "ocpp1.6" : false,
  });
  await new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", reject);
  });
  const dropper = new Dropper(system, () => {
    for (const socket of server.clients) socket.terminate();
  });
  // The newest connection counts: the older one is half open, or soon will be.
  let newest: object | undefined;
  server.on("connection", (socket, request) => {
    newest = socket;
    peer.attach(socket);
    dropper.plan();
    options.report?.(`charge point ${decodeURIComponent(request.url?.split("/").pop() ?? "")}`);
    socket.on("error", (error) => options.report?.(error.message));
    socket.once("close", () => {
      if (newest !== socket) return;
      peer.detach("connection closed");
      options.report?.("the charge point is gone");
    });
  });
  const { port } = server.address() as AddressInfo;
  return {
    system,
    url: `ws://127.0.0.1:${port}`,
    get connected() {
      return peer.connected;
    },
    behave: (name) => {
      system.behave(name);
      dropper.plan();
    },
    call: (action, payload) => peer.call(action, payload),
    close: () => {
      dropper.stop();
      peer.detach("switched off");
      for (const socket of server.clients) socket.terminate();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
