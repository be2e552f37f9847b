// What an OCPP library makes of the same work: ocpp-rpc as a central system, and as a forwarding proxy.
//
// Argument: `server`, which answers by itself, or the ports of the central systems to forward to. Its
// first line is the port that it listens on. Nothing is kept: neither is durable.

import type { Server } from "node:http";
import { nextTick } from "node:process";
import { RPCClient, RPCServer } from "ocpp-rpc";

type Payload = Record<string, unknown>;
type Peer = Pick<RPCClient, "call" | "handle">;
type ClientOptions = ConstructorParameters<typeof RPCClient>[0];

/** As strict as the proxy, which looks at every message as well. */
const OPTIONS = { protocols: ["ocpp1.6"], strictMode: true, pingIntervalMs: 0 };

const ANSWERS: Readonly<Record<string, () => Payload>> = {
  BootNotification: () => ({ status: "Accepted", currentTime: now(), interval: 86_400 }),
  Heartbeat: () => ({ currentTime: now() }),
  StartTransaction: () => ({ transactionId: 4711, idTagInfo: { status: "Accepted" } }),
  StopTransaction: () => ({}),
  StatusNotification: () => ({}),
  MeterValues: () => ({}),
};

const ports = Deno.args[0] === "server" ? [] : Deno.args.map(Number);
const systems = await Promise.all(ports.map(async (port) => {
  const endpoint = `ws://127.0.0.1:${port}`;
  const client = new RPCClient({ ...OPTIONS, endpoint, identity: "BENCH" } as ClientOptions);
  await client.connect();
  return client;
}));

const server = new RPCServer(OPTIONS);
server.auth((accept) => accept({}));
server.on("client", (charger) => {
  // It listens from the next tick on, and under Deno a frame can be quicker than that.
  const { socket } = charger.handshake.request;
  socket.pause();
  nextTick(() => socket.resume());
  if (systems.length > 0) forward(charger, systems);
  else charger.handle(({ method = "" }) => ANSWERS[method]?.() ?? {});
});
const http: Server = await server.listen(0, "127.0.0.1");
const address = http.address();
if (address === null || typeof address === "string") throw new Error("no TCP port");
console.log(address.port);

/** Everything goes to everybody; the charger hears what the first one says. */
function forward(charger: Peer, all: readonly Peer[]): void {
  charger.handle(async ({ method = "", params = {} }) => {
    const [first] = await Promise.all(all.map((system) => system.call(method, params)));
    return first as Payload;
  });
  for (const system of all) {
    system.handle(async ({ method = "", params = {} }) =>
      await charger.call(method, params) as Payload
    );
  }
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+/, "");
}
