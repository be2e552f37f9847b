// An independent central system for tests: what a dial-out backend dials, by ocpp-rpc in strict mode.

import type { Server } from "node:http";
import { nextTick } from "node:process";
import { RPCServer } from "ocpp-rpc";
import {
  type Answers,
  nowText,
  type Payload,
  type Received,
  Recorder,
  type RpcSocket,
  STRICT_OPTIONS,
} from "./strict_peer.ts";

/** How a central system answers; transaction ids count up from `firstTransactionId`. */
export function centralSystemAnswers(firstTransactionId = 1): Answers {
  let transactionId = firstTransactionId - 1;
  const accepted = () => ({ idTagInfo: { status: "Accepted" } });
  return {
    BootNotification: () => ({ status: "Accepted", currentTime: nowText(), interval: 300 }),
    Heartbeat: () => ({ currentTime: nowText() }),
    Authorize: accepted,
    StartTransaction: () => ({ transactionId: ++transactionId, ...accepted() }),
    StopTransaction: accepted,
    MeterValues: () => ({}),
    StatusNotification: () => ({}),
    DataTransfer: () => ({ status: "UnknownVendorId" }),
    DiagnosticsStatusNotification: () => ({}),
    FirmwareStatusNotification: () => ({}),
    LogStatusNotification: () => ({}),
    SecurityEventNotification: () => ({}),
  };
}

export interface BackendServerOptions {
  readonly answers?: Answers;
  /** Transaction ids count up from here; default 1. */
  readonly firstTransactionId?: number;
  /** A password that charge points must send; absent: none is asked. */
  readonly password?: string;
  /** 0 or absent: a free port. */
  readonly port?: number;
}

type Client = RpcSocket & { readonly identity?: string; close(options: Payload): Promise<unknown> };

/** A central system at a free port of the loopback interface. */
export class StrictBackendServer {
  readonly #server: RPCServer;
  readonly #recorder: Recorder;
  readonly port: number;
  /** The charge points that have connected, by their identities, oldest first. */
  readonly identities: string[] = [];
  #client: Client | undefined;

  constructor(server: RPCServer, recorder: Recorder, port: number) {
    this.#server = server;
    this.#recorder = recorder;
    this.port = port;
    server.on("client", (client) => {
      recorder.watch(client);
      // ocpp-rpc listens from the next tick on, and under Deno a frame can be quicker than that.
      const { socket } = client.handshake.request;
      socket.pause();
      nextTick(() => socket.resume());
      this.identities.push(client.identity);
      this.#client = client;
      client.once("close", () => {
        if (this.#client === client) this.#client = undefined;
      });
    });
  }

  /** To be dialled, with the identity appended. */
  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get connected(): boolean {
    return this.#client !== undefined;
  }

  get received(): readonly Received[] {
    return this.#recorder.received;
  }

  get violations(): readonly string[] {
    return this.#recorder.violations;
  }

  payloads(action: string): Payload[] {
    return this.#recorder.payloads(action);
  }

  answer(action: string, answer: Answers[string]): void {
    this.#recorder.answer(action, answer);
  }

  /** Sends a CALL to the charge point that connected last. */
  async call(action: string, payload: Payload = {}): Promise<Payload> {
    if (!this.#client) throw new Error("no charge point is connected");
    return await this.#client.call(action, payload) as Payload;
  }

  /** Sends text as it is to the charge point that connected last. */
  sendRaw(text: string): void {
    this.#client?.sendRaw(text);
  }

  /** Breaks the connection without a closing handshake; the server goes on listening. */
  async drop(): Promise<void> {
    await this.#client?.close({ force: true });
  }

  async close(): Promise<void> {
    await this.drop();
    await this.#server.close({ code: 1001, force: true });
  }
}

/** Starts a central system that accepts any identity. */
export async function strictBackendServer(
  options: BackendServerOptions = {},
): Promise<StrictBackendServer> {
  const server = new RPCServer({ ...STRICT_OPTIONS });
  server.auth((accept, reject, { password }) => {
    if (options.password === undefined || password?.toString() === options.password) accept({});
    else reject(401, "Unauthorized");
  });
  const http: Server = await server.listen(options.port ?? 0, "127.0.0.1");
  const address = http.address();
  if (address === null || typeof address === "string") throw new Error("no TCP port");
  const answers = { ...centralSystemAnswers(options.firstTransactionId), ...options.answers };
  return new StrictBackendServer(server, new Recorder(answers), address.port);
}
