// A listener in a process of its own, for tests that need its memory or its descriptors to itself.

import { listen } from "../../src/io/listener.ts";
import type { Socket } from "../../src/io/socket.ts";

const sockets: Socket[] = [];
const hoarded: Deno.FsFile[] = [];

/** Takes every descriptor there is, for a while. */
function hoard(forMs: number): number {
  try {
    while (true) hoarded.push(Deno.openSync("/dev/null"));
  } catch {
    const count = hoarded.length;
    setTimeout(() => {
      for (const file of hoarded.splice(0)) file.close();
    }, forMs);
    return count;
  }
}

function pem(name: string): string {
  return Deno.readTextFileSync(new URL(`./certificates/${name}`, import.meta.url));
}

const listener = await listen({
  hostname: "127.0.0.1",
  port: 0,
  ...(Deno.args.includes("tls")
    ? { tls: { cert: pem("server.pem"), key: pem("server.key") } }
    : {}),
  limits: { headMs: 2_000, idleMs: 1_000 },
  fetch: (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/rss") return Response.json(Deno.memoryUsage().rss);
    if (pathname === "/descriptors") return Response.json([...Deno.readDirSync("/dev/fd")].length);
    if (pathname === "/flood") {
      for (const socket of sockets) socket.send("x".repeat(1_000_000));
      return Response.json(Math.max(...sockets.map((socket) => socket.bufferedAmount)));
    }
    if (pathname === "/terminate") {
      for (const socket of sockets) socket.terminate();
    }
    if (pathname === "/hoard") return Response.json(hoard(500));
    return new Response("here\n");
  },
  log: (level, message) => console.error(level, message),
  admit: (request) => ({
    accept: true,
    protocol: "",
    kind: request.path.startsWith("/charger") ? "charger" : "backend",
    opened(socket) {
      sockets.push(socket);
      socket.handler = { message: (text) => socket.send(text), pong() {}, closed() {} };
    },
  }),
});

console.log(listener.port);
