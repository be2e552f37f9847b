// What `serve` says when it is ready: what to type where, and what it waits for.

import type { Configuration } from "../config/configuration.ts";

/**
 * The first lines on standard output; the last one says that it listens. `contained`: what this
 * process takes for its address is known to nobody outside its container.
 */
export function greeting(
  configuration: Configuration,
  listening: { readonly host: string; readonly port: number },
  chargePointId: string | undefined,
  contained = false,
): string {
  const secure = configuration.listen.tls !== undefined;
  const ws = secure ? "wss" : "ws";
  const host = contained ? "<address of this machine>" : reachableHost(listening.host);
  const base = `${ws}://${host}:${listening.port}`;
  const source = configuration.source ?? "no configuration file, defaults only";
  const backends = configuration.backends.filter(({ enabled }) => enabled);
  const dialIn = backends.filter(({ url }) => url === undefined);
  const dialOut = backends.filter(({ url }) => url !== undefined);
  const lines = [
    `ocpp-proxy: ${source}; data in ${configuration.dataDir}`,
    "",
    "Type this into the charger as the address of its central system (OCPP 1.6 JSON):",
    `    ${base}/charger`,
    `Most chargers add their identity themselves; if yours does not: ${base}/charger/${
      chargePointId ?? "<identity>"
    }`,
    "",
    chargePointId === undefined
      ? "Waiting for the charger; the first one that connects is remembered."
      : `Waiting for the charger ${chargePointId}.`,
    ...backends.length === 0
      ? ["No backends yet: list them under `backends:` in the configuration."]
      : [],
    ...dialOut.length > 0 ? [`Dialling ${dialOut.map(({ id }) => id).join(", ")}.`] : [],
    ...dialIn.length > 0
      ? [`Waiting for ${dialIn.map(({ id }) => `${id} at ${base}/backend/${id}`).join(", ")}.`]
      : [],
    ...!contained && host !== listening.host && configuration.api.tokens.length === 0
      ? [
        `A page about it all, for this machine alone: ${
          secure ? "https" : "http"
        }://localhost:${listening.port}/ (for others too with \`api.tokens\`).`,
      ]
      : [],
    `Listening on ${secure ? "https" : "http"}://${host}:${listening.port}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** The address under which the household's devices see this machine, as well as it can be told. */
function reachableHost(host: string): string {
  if (host !== "0.0.0.0" && host !== "::") return host.includes(":") ? `[${host}]` : host;
  try {
    const addresses = Deno.networkInterfaces()
      .filter(({ family, address }) => family === "IPv4" && !address.startsWith("127."))
      .map(({ address }) => address);
    return addresses[0] ?? "localhost";
  } catch {
    // Not permitted to look: the name will do.
    return "localhost";
  }
}
