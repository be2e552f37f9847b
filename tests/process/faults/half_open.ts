// Peers that are gone without a word: a handshake that never ends, and connections that fall silent.

import { once } from "node:events";
import { WebSocket, WebSocketServer } from "ws";
import { startProgram } from "../../support/program.ts";
import type { Figure, Outcome } from "./outcome.ts";

export interface HalfOpen {
  readonly script?: string;
}

/** From the first probe that is not answered. */
const DEAD_S = 20;
/** From the connection to the end of the handshake: 10 s, and what a busy machine adds to a timer. */
const DIAL_S = 10.2;

/** A server that says nothing; and a charger and two backends that answer one probe and no other. */
export async function fallSilent({ script }: HalfOpen): Promise<Outcome> {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dialled = new WebSocketServer({ port: 0, host: "127.0.0.1", autoPong: false });
  await once(dialled, "listening");
  const program = await startProgram({
    script,
    config: `
charger: { id: CP1 }
log: { level: error }
backends:
  - { id: dials-in, token: d }
  - { id: dialled, url: "ws://127.0.0.1:${(dialled.address() as { port: number }).port}" }
  - { id: silent, url: "ws://127.0.0.1:${silent.addr.port}" }
`,
  });
  const connect = (url: string) =>
    Promise.resolve(new WebSocket(url, "ocpp1.6", { autoPong: false }));
  try {
    const [dialS, ...deadS] = await Promise.all([
      givenUpAfterS(silent),
      connect(`${program.chargerUrl}/CP1`).then(deadAfterProbeS),
      connect(`${program.backendUrl}/dials-in?token=d`).then(deadAfterProbeS),
      once(dialled, "connection").then(([socket]) => deadAfterProbeS(socket)),
    ]);
    const figure = (name: string, value: number | undefined, most: number): Figure => {
      return { name, value: value ?? NaN, unit: "s", most };
    };
    return {
      injected: "4 peers that fall silent",
      figures: [
        figure("handshake given up after", dialS, DIAL_S),
        figure("charger dead after a probe", deadS[0], DEAD_S),
        figure("backend that dialled in", deadS[1], DEAD_S),
        figure("backend that was dialled", deadS[2], DEAD_S),
      ],
    };
  } finally {
    silent.close();
    for (const socket of dialled.clients) socket.terminate();
    dialled.close();
    await program.close();
  }
}

/** How long a connection stays on which its server says nothing. */
async function givenUpAfterS(listener: Deno.TcpListener): Promise<number> {
  const connection = await listener.accept();
  const begun = performance.now();
  while (await connection.read(new Uint8Array(1_024)).catch(() => null) !== null);
  connection.close();
  return (performance.now() - begun) / 1_000;
}

/** Answers the first ping and says no more; from the second one to the end of the connection. */
async function deadAfterProbeS(socket: WebSocket): Promise<number> {
  let pings = 0;
  let probedAt = NaN;
  socket.on("error", () => {});
  socket.on("ping", (payload) => {
    if (++pings === 1) socket.pong(payload);
    if (pings === 2) probedAt = performance.now();
  });
  await once(socket, "close");
  return (performance.now() - probedAt) / 1_000;
}
