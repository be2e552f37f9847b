// From a backend's configuration to an open socket.

import type { BackendConnection } from "../config/configuration.ts";
import { dialledUrl } from "../config/dialled_url.ts";
import { dial, type DialOptions } from "./dial.ts";
import { DialError } from "./dial_error.ts";
import type { Socket } from "./socket.ts";

/** The header by which the proxy knows itself (ocpp16.md, N60: loops). */
export const LOOP_HEADER = "x-ocpp-proxy";

/** Opens the connection to a backend as the charger itself would. Rejects with DialError. */
export async function dialBackend(
  backend: BackendConnection,
  chargePointId: string | undefined,
  instance: string,
  options: Pick<DialOptions, "signal" | "failed">,
): Promise<Socket> {
  const identity = backend.chargePointId ?? chargePointId;
  if (identity === undefined) {
    throw new DialError("the charger's identity is not known yet; it has never connected");
  }
  const { tls } = backend;
  const [ca, cert, key] = await Promise.all(
    [tls.caFile, tls.certFile, tls.keyFile].map((path) => readPem(path)),
  );
  return await dial({
    ...options,
    url: dialledUrl(backend, identity)!,
    protocols: ["ocpp1.6"],
    headers: { ...authorization(backend, identity), [LOOP_HEADER]: instance },
    rejectUnauthorized: tls.verify,
    ...ca !== undefined && { ca },
    ...cert !== undefined && { cert },
    ...key !== undefined && { key },
  });
}

function authorization(
  { authentication }: BackendConnection,
  identity: string,
): Record<string, string> {
  switch (authentication.type) {
    case "none":
      return {};
    case "bearer":
      return { authorization: `Bearer ${authentication.token}` };
    case "basic": {
      const user = authentication.username ?? identity;
      const bytes = new TextEncoder().encode(`${user}:${authentication.password}`);
      return { authorization: `Basic ${bytes.toBase64()}` };
    }
    default:
      return authentication satisfies never;
  }
}

async function readPem(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new DialError(`cannot read ${path}: ${(error as Error).message}`);
  }
}
