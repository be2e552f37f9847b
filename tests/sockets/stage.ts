// The whole proxy inside the test: store, core and listening side on a free port.

import { join } from "node:path";
import type { Configuration } from "../../src/config/configuration.ts";
import { parseConfiguration } from "../../src/config/load.ts";
import { problemText } from "../../src/config/problem.ts";
import type { LogLevel } from "../../src/core/effect.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import type { Listener } from "../../src/io/listener.ts";
import { Proxy } from "../../src/io/proxy.ts";
import { Recorder, type RecorderOptions } from "../../src/io/recorder.ts";
import { serveProxy } from "../../src/io/server.ts";
import { Store } from "../../src/io/store.ts";

export interface Logged {
  readonly level: LogLevel;
  readonly message: string;
  readonly values: Readonly<Record<string, unknown>>;
}

type Recording = Pick<RecorderOptions, "file"> & Partial<RecorderOptions>;

function configurationOf(yaml: string): Configuration {
  const environment = { get: () => undefined };
  const loaded = parseConfiguration(yaml, "config.yaml", environment, Deno.readTextFileSync);
  if (!loaded.ok) throw new Error(loaded.problems.map(problemText).join("\n"));
  return loaded.configuration;
}

/** A proxy that can be stopped and started again on the same data and port. */
export class Stage implements AsyncDisposable {
  readonly #folder: string;
  /** Where the first run is recorded; undefined: nowhere. */
  #record: Recording | undefined;
  #configuration: Configuration;
  #store!: Store;
  #listener!: Listener;
  #port = 0;
  proxy!: Proxy;
  /** Of all runs, every level. */
  readonly logged: Logged[] = [];

  private constructor(folder: string, configuration: Configuration, record?: Recording) {
    this.#folder = folder;
    this.#record = record;
    this.#configuration = configuration;
  }

  /** Starts a proxy with this configuration (YAML); `record`: a file, for a recording with its tags. */
  static async open(yaml: string, record?: string | Recording): Promise<Stage> {
    const folder = await Deno.makeTempDir({ prefix: "ocpp-proxy-test-" });
    const stage = new Stage(
      folder,
      configurationOf(yaml),
      typeof record === "string" ? { file: record } : record,
    );
    await stage.start();
    return stage;
  }

  get port(): number {
    return this.#port;
  }

  /** A charger adds its id. */
  get chargerUrl(): string {
    return `ws://127.0.0.1:${this.#port}/charger`;
  }

  /** A backend adds its id. */
  get backendUrl(): string {
    return `ws://127.0.0.1:${this.#port}/backend`;
  }

  get databasePath(): string {
    return join(this.#folder, "ocpp-proxy.db");
  }

  /** A backend's part of the status report. */
  backend(id: string): JsonObject {
    const found = this.proxy.report().backends.find((backend) => backend.id === id);
    if (found === undefined) throw new Error(`the proxy knows no backend ${id}`);
    return found;
  }

  connected(id: string): boolean {
    return this.backend(id).connected === true;
  }

  /** What was logged as an error. */
  complaints(): string[] {
    return this.logged
      .filter(({ level }) => level === "error")
      .map(({ message, values }) => `${message} ${JSON.stringify(values)}`);
  }

  async start(): Promise<void> {
    const log = (level: LogLevel, message: string, values: Logged["values"]) => {
      this.logged.push({ level, message, values });
    };
    this.#store = Store.open(this.databasePath);
    const recorder = this.#record &&
      await Recorder.open({ maxBytes: Infinity, keep: 1, key: undefined, ...this.#record }, log);
    this.#record = undefined;
    this.proxy = new Proxy(this.#configuration, this.#store, log, recorder);
    const fetch = () => new Response("nothing here\n", { status: 404 });
    const address = { host: "127.0.0.1", port: this.#port };
    this.#listener = await serveProxy(this.proxy, address, undefined, fetch, log);
    this.#port = this.#listener.port;
  }

  async stop(): Promise<void> {
    await this.proxy.close();
    await this.#listener.close();
    this.#store.close();
  }

  /** Stops and starts it; with another configuration if one is given. */
  async restart(yaml?: string): Promise<void> {
    await this.stop();
    if (yaml !== undefined) this.#configuration = configurationOf(yaml);
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
