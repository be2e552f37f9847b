// Tells other commands where the running proxy listens: <data_dir>/server.json, mode 0600.

import { join } from "node:path";

/** What is in the file. */
export interface ServerFile {
  readonly pid: number;
  /** http or https, on a loopback address. */
  readonly url: string;
}

function pathIn(dataDir: string): string {
  return join(dataDir, "server.json");
}

/** Written when the proxy listens. */
export function writeServerFile(
  dataDir: string,
  listening: { readonly host: string; readonly port: number; readonly secure: boolean },
): void {
  const host = loopbackOf(listening.host);
  const file: ServerFile = {
    pid: Deno.pid,
    url: `${listening.secure ? "https" : "http"}://${host}:${listening.port}`,
  };
  const path = pathIn(dataDir);
  const temporary = `${path}.${Deno.pid}`;
  Deno.writeTextFileSync(temporary, `${JSON.stringify(file)}\n`, { mode: 0o600 });
  Deno.renameSync(temporary, path);
}

/** Removed when it stops, if it is still its own. */
export function removeServerFile(dataDir: string): void {
  if (readServerFile(dataDir)?.pid !== Deno.pid) return;
  Deno.removeSync(pathIn(dataDir));
}

/** undefined: no proxy runs there, or none that has told. */
export function readServerFile(dataDir: string): ServerFile | undefined {
  try {
    const file = JSON.parse(Deno.readTextFileSync(pathIn(dataDir)));
    return typeof file?.pid === "number" && typeof file.url === "string" ? file : undefined;
  } catch {
    return undefined;
  }
}

/** An address on this machine at which a listener on `host` answers. */
function loopbackOf(host: string): string {
  if (host === "0.0.0.0" || host === "") return "127.0.0.1";
  if (host === "::" || host === "[::]") return "[::1]";
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
