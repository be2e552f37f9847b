// A strict central system behind TLS, with a certificate that only the test's authority vouches for.

import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { RPCServer } from "ocpp-rpc";
import { centralSystemAnswers, StrictBackendServer } from "../support/strict_backend.ts";
import { Recorder, STRICT_OPTIONS } from "../support/strict_peer.ts";

const CERTIFICATES = new URL("../io/certificates/", import.meta.url);

/** The authority that signed the server's certificate. */
export const AUTHORITY_FILE: string = fileURLToPath(new URL("authority.pem", CERTIFICATES));

export interface SecureBackend extends AsyncDisposable {
  readonly backend: StrictBackendServer;
  /** wss://localhost:PORT */
  readonly url: string;
}

/** Starts it at a free port. */
export async function secureBackend(firstTransactionId: number): Promise<SecureBackend> {
  const rpc = new RPCServer({ ...STRICT_OPTIONS });
  rpc.auth((accept) => accept({}));
  const https = createServer({
    cert: Deno.readTextFileSync(new URL("server.pem", CERTIFICATES)),
    key: Deno.readTextFileSync(new URL("server.key", CERTIFICATES)),
  });
  https.on("upgrade", rpc.handleUpgrade);
  await new Promise<void>((resolve) => https.listen(0, "127.0.0.1", resolve));
  const { port } = https.address() as AddressInfo;
  const recorder = new Recorder(centralSystemAnswers(firstTransactionId));
  const backend = new StrictBackendServer(rpc, recorder, port);
  return {
    backend,
    url: `wss://localhost:${port}`,
    async [Symbol.asyncDispose]() {
      await backend.close();
      await new Promise((resolve) => https.close(resolve));
    },
  };
}
