// A backend whose address changes while it is being dialled: the old dial leads to nothing.

import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { withProxy } from "../support/running_proxy.ts";
import { until } from "../support/until.ts";

/** Servers that accept connections and say nothing. */
async function withMuteServers(
  use: (ports: readonly [number, number], open: readonly Set<Socket>[]) => Promise<void>,
): Promise<void> {
  const open = [new Set<Socket>(), new Set<Socket>()];
  const servers = open.map((sockets) =>
    createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
      socket.resume();
    })
  );
  const port = async (server: Server) => {
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return (server.address() as { port: number }).port;
  };
  try {
    await use([await port(servers[0]!), await port(servers[1]!)], open);
  } finally {
    for (const sockets of open) for (const socket of sockets) socket.destroy();
    await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  }
}

const backendAt = (port: number) =>
  `backends: [{ id: employer, role: biller, url: "ws://127.0.0.1:${port}", charge_point_id: X }]`;

Deno.test("a new address is dialled at once, and the dial to the old one is given up", () =>
  withMuteServers(([before, after], [old, current]) =>
    withProxy(backendAt(before), async ({ configure, logged }) => {
      await until(() => old!.size === 1, 5_000, "the first dial");
      configure(backendAt(after));
      await until(() => current!.size === 1 && old!.size === 0, 5_000, "the dial that counts");
      assert.deepEqual(logged.filter((line) => line.includes("cannot be reached")), []);
      configure("");
      configure(backendAt(after));
      await until(() => current!.size === 1, 5_000, "one dial at a time");
    })
  ));
