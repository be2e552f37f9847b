// A proxy in this process, with its store and its HTTP routes, listening on a free port.

import { parseConfiguration } from "../../src/config/load.ts";
import type { Configuration } from "../../src/config/configuration.ts";
import { createApi } from "../../src/io/api.ts";
import { databasePath } from "../../src/io/database.ts";
import type { FetchHandler } from "../../src/io/http_exchange.ts";
import { Proxy } from "../../src/io/proxy.ts";
import { serveProxy } from "../../src/io/server.ts";
import { writeServerFile } from "../../src/io/server_file.ts";
import { Store } from "../../src/io/store.ts";

export interface RunningProxy {
  readonly proxy: Proxy;
  readonly store: Store;
  /** The routes, without a connection in between: for addresses and hosts that are not here. */
  readonly handler: FetchHandler;
  readonly dataDir: string;
  readonly port: number;
  /** `http://127.0.0.1:PORT`, or `https:` */
  readonly url: string;
  /** What was logged, a line each. */
  readonly logged: string[];
  /** Another configuration, as after SIGHUP. */
  configure(yaml: string): void;
}

/** The configuration in a text, with data in `dataDir`, in Brussels; throws where it is wrong. */
export function configurationOf(yaml: string, dataDir: string): Configuration {
  const text = `data_dir: ${dataDir}\ntime_zone: Europe/Brussels\n${yaml}\n`;
  const loaded = parseConfiguration(text, undefined, { get: () => undefined });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.configuration;
}

/** Runs the test with a proxy; `tls` are PEM texts. */
export async function withProxy(
  yaml: string,
  test: (running: RunningProxy) => Promise<void>,
  options: {
    prepare?: (store: Store) => void;
    tls?: { cert: string; key: string };
    behindIngress?: boolean;
  } = {},
): Promise<void> {
  const dataDir = await Deno.makeTempDir();
  const logged: string[] = [];
  const log = (level: string, message: string, values: object) =>
    void logged.push(`${level} ${message} ${JSON.stringify(values)}`);
  const configuration = configurationOf(yaml, dataDir);
  const store = Store.open(databasePath(dataDir));
  options.prepare?.(store);
  const proxy = new Proxy(configuration, store, log);
  const api = createApi(proxy, log, { behindIngress: options.behindIngress ?? false });
  const host = "127.0.0.1";
  const listener = await serveProxy(proxy, { host, port: 0 }, options.tls, api.handler, log);
  const secure = options.tls !== undefined;
  writeServerFile(dataDir, { host, port: listener.port, secure });
  try {
    await test({
      proxy,
      store,
      handler: api.handler,
      dataDir,
      port: listener.port,
      url: `${secure ? "https" : "http"}://${host}:${listener.port}`,
      logged,
      configure: (text) => proxy.reconfigure(configurationOf(text, dataDir)),
    });
  } finally {
    await proxy.close();
    await listener.close();
    api.close();
    store.close();
    await Deno.remove(dataDir, { recursive: true });
  }
}
