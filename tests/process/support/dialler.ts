// An ocpp-rpc client that comes back, at once and for ever, whatever happens to the other side.

import { RPCClient } from "ocpp-rpc";
import { type Recorder, STRICT_OPTIONS } from "../../support/strict_peer.ts";
import { pause } from "../../support/until.ts";

export interface DiallerOptions {
  /** Without the identity. */
  readonly url: string;
  readonly id: string;
  readonly password?: string;
  readonly recorder: Recorder;
}

/** How long a refused connection is not tried again: much less than a real peer waits. */
const RETRY_MS = 5;

/** One peer, connection after connection. */
export class Dialler {
  readonly #options: DiallerOptions;
  #client: RPCClient | undefined;
  #stopped = false;
  #keeping: Promise<void> | undefined;
  /** Connections that came about. */
  connections = 0;

  constructor(options: DiallerOptions) {
    this.#options = options;
  }

  get open(): boolean {
    return this.#client?.state === RPCClient.OPEN;
  }

  /** The open connection, after as many attempts as it takes; undefined: it was stopped. */
  async connected(): Promise<RPCClient | undefined> {
    while (!this.#stopped) {
      if (this.#client?.state === RPCClient.OPEN) return this.#client;
      const client = this.#create();
      try {
        await client.connect();
        this.#client = client;
        this.connections++;
        if (this.#stopped) await this.drop();
      } catch {
        await pause(RETRY_MS);
      }
    }
    return undefined;
  }

  /** Breaks the connection. */
  async drop(): Promise<void> {
    await this.#client?.close({ code: 1000, force: true });
  }

  /** Connects again whenever the connection is lost, until `stop`. */
  keepOpen(): void {
    if (this.#keeping) return;
    this.#stopped = false;
    this.#keeping = (async () => {
      while (await this.connected()) await pause(RETRY_MS);
    })();
  }

  /** Disconnects and stays so. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.drop();
    await this.#keeping;
    this.#keeping = undefined;
  }

  #create(): RPCClient {
    const { url, id, password, recorder } = this.#options;
    const client = new RPCClient({
      ...STRICT_OPTIONS,
      endpoint: url,
      identity: id,
      password: password ?? null,
      reconnect: false,
      headers: {},
      strictModeValidators: [],
      deferPingsOnActivity: false,
      respondWithDetailedErrors: false,
      callConcurrency: 1,
      maxBadMessages: Infinity,
      maxReconnects: 0,
      backoff: { initialDelay: 1, maxDelay: 2, factor: 2, randomisationFactor: 0 },
      wsOpts: {},
    });
    recorder.watch(client);
    return client;
  }
}
