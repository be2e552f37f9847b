// The command `serve`: the proxy from start to SIGTERM.

import type { Configuration } from "../config/configuration.ts";
import { createApi } from "../io/api.ts";
import { databasePath } from "../io/database.ts";
import { Home } from "../io/home.ts";
import { type Log, startLog } from "../io/log.ts";
import { Proxy } from "../io/proxy.ts";
import { Recorder } from "../io/recorder.ts";
import { recordingKey } from "../io/recording_key.ts";
import { removeServerFile, writeServerFile } from "../io/server_file.ts";
import { serveProxy } from "../io/server.ts";
import { ServiceManager } from "../io/service_manager.ts";
import { Store } from "../io/store.ts";
import { StoreError } from "../io/store_error.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_DONE, EXIT_FAILED } from "./exit_code.ts";
import type { ServeFlags } from "./flags.ts";
import { greeting } from "./greeting.ts";
import { readConfiguration } from "./read_configuration.ts";
import { messageOf } from "../io/thrown.ts";

/** Set where this runs as an app of Home Assistant. */
const APP_VARIABLE = "SUPERVISOR_TOKEN";

/** Set where this runs in a container: by its image, or by podman. */
const CONTAINER_VARIABLE = "container";

/** With `--record` alone: as much as a configuration that says no more. */
const USUAL_RECORDING = { maxMb: 100, keep: 5 };

/** Runs until SIGINT or SIGTERM. 0: it was stopped; 1: it could not start. */
export async function serve(flags: ServeFlags, context: CommandContext): Promise<number> {
  const configuration = read(flags, context);
  if (configuration === undefined) return EXIT_FAILED;
  const log = startLog(flags.logLevel ?? configuration.log.level, configuration.log.format);
  let store: Store;
  let proxy: Proxy;
  try {
    store = Store.open(databasePath(configuration.dataDir));
    const recorder = await startRecorder(flags, configuration, log);
    proxy = new Proxy(configuration, store, log, recorder);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    context.error(`ocpp-proxy: ${error.message}`);
    return EXIT_FAILED;
  }
  log("info", "the configuration was read", { file: configuration.source ?? "none" });
  if (store.replaced) {
    log("error", "the database was damaged and is set aside; a new one was begun", {
      kept: store.replaced.path,
      reason: store.replaced.reason,
      salvagedRows: store.replaced.salvagedRows,
    });
  }
  const behindIngress = context.environment.get(APP_VARIABLE) !== undefined;
  const home = new Home(proxy, log);
  const api = createApi(proxy, log, { behindIngress, home: () => home.health() });
  const { host } = configuration.listen;
  const address = { host: flags.host ?? host, port: flags.port ?? configuration.listen.port };
  let listener;
  try {
    listener = await serveProxy(proxy, address, tlsOf(configuration), api.handler, log);
  } catch (error) {
    context.error(
      `ocpp-proxy: cannot listen on ${address.host}:${address.port}: ${(error as Error).message}`,
    );
    await home.close();
    await proxy.close();
    store.close();
    return EXIT_FAILED;
  }
  const manager = new ServiceManager(context.environment, () => statusSentence(proxy), log);
  const takeOver = () => {
    const next = read(flags, context);
    if (next === undefined) {
      const problem = "the configuration is wrong; the old one stays";
      log("error", problem, {});
      return problem;
    }
    const fixed = fixedAtStart(configuration, next);
    if (fixed.length > 0) {
      log("warning", "some changes take effect at the next start", { keys: fixed.join(", ") });
    }
    proxy.reconfigure(next);
    home.reconfigure();
    return undefined;
  };
  const reload = () => manager.reload(takeOver);
  // Before anybody can know that it runs, and send a signal.
  Deno.addSignalListener("SIGHUP", reload);
  const stopped = stopSignal();
  const secure = configuration.listen.tls !== undefined;
  writeServerFile(configuration.dataDir, { host: address.host, port: listener.port, secure });
  const contained = context.environment.get(CONTAINER_VARIABLE) !== undefined;
  const listening = { ...address, port: listener.port };
  context.out(greeting(configuration, listening, proxy.chargePointId, contained));
  manager.ready();

  await stopped;
  log("info", "stopping", {});
  manager.stopping();
  await home.close();
  await proxy.close();
  await listener.close();
  api.close();
  store.close();
  removeServerFile(configuration.dataDir);
  Deno.removeSignalListener("SIGHUP", reload);
  await manager.close();
  return EXIT_DONE;
}

/** Who is there, for `systemctl status`. */
function statusSentence(proxy: Proxy): string {
  const { charger, backends } = proxy.report();
  const who = charger.id === null
    ? "No charger has connected yet"
    : `Charger ${charger.id} is ${charger.connected ? "" : "not "}connected`;
  const connected = backends.filter((backend) => backend.connected).length;
  return `${who}; backends connected: ${connected} of ${backends.length}.`;
}

/** What cannot be recorded keeps no proxy from starting. */
async function startRecorder(
  { record, raw }: ServeFlags,
  { recording, dataDir }: Configuration,
  log: Log,
): Promise<Recorder | undefined> {
  const file = record ?? recording?.file;
  if (file === undefined) return undefined;
  const { maxMb, keep } = recording ?? USUAL_RECORDING;
  try {
    const key = raw ? undefined : recordingKey(dataDir);
    return await Recorder.open({ file, maxBytes: maxMb * 1_000_000, keep, key }, log);
  } catch (error) {
    const reason = messageOf(error);
    log("warning", "nothing is recorded: the file cannot be written", { file, reason });
    return undefined;
  }
}

function read(flags: ServeFlags, context: CommandContext): Configuration | undefined {
  return readConfiguration(flags.config, context, { warnings: true });
}

/** The keys that differ and that only a start reads. */
function fixedAtStart(running: Configuration, next: Configuration): string[] {
  const keys = [
    ["listen", "listen"],
    ["data_dir", "dataDir"],
    ["recording", "recording"],
    ["log", "log"],
  ] as const;
  const changed: string[] = keys
    .filter(([, key]) => JSON.stringify(running[key]) !== JSON.stringify(next[key]))
    .map(([name]) => name);
  return running.core.charger.id === next.core.charger.id ? changed : [...changed, "charger.id"];
}

function tlsOf({ listen }: Configuration) {
  if (!listen.tls) return undefined;
  return {
    cert: Deno.readTextFileSync(listen.tls.certFile),
    key: Deno.readTextFileSync(listen.tls.keyFile),
  };
}

/** Resolves at the first SIGINT or SIGTERM. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      Deno.removeSignalListener("SIGINT", stop);
      Deno.removeSignalListener("SIGTERM", stop);
      resolve();
    };
    Deno.addSignalListener("SIGINT", stop);
    Deno.addSignalListener("SIGTERM", stop);
  });
}
