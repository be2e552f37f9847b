// Backends in a process of their own, which answer at once and count what they have answered.
//
// Arguments: the proxy's port and how many, which then dial in; or "listen" and how many. The first
// line is "connected", or the ports. On standard input: a line with a number N; the answer, once every
// backend has acknowledged N meter values, is a line. "count": the least of them, at once.

import { answering } from "./peer.ts";
import { connect, serve, type Wire } from "./wire.ts";
import { lines } from "./processes.ts";

const listens = Deno.args[0] === "listen";
const count = Number(Deno.args[1]);
const acknowledged = new Array<number>(count).fill(0);
let wanted = Infinity;

if (listens) {
  const servers = acknowledged.map((_, index) => serve((wire) => answer(wire, index)));
  console.log(servers.map(({ port }) => port).join(" "));
} else {
  for (let index = 0; index < count; index++) {
    const wire = await connect(Number(Deno.args[0]), `/backend/b${index}`, {
      "Authorization": `Bearer token-of-b${index}`,
      "Sec-WebSocket-Protocol": "ocpp1.6",
    });
    answer(wire, index);
  }
  console.log("connected");
}

for await (const line of lines(Deno.stdin.readable)) {
  if (line === "count") {
    console.log(Math.min(...acknowledged));
  } else {
    wanted = Number(line);
    tellIfReached();
  }
}
Deno.exit(0);

function answer(wire: Wire, index: number): void {
  answering(wire, undefined, (action) => {
    if (action !== "MeterValues") return;
    acknowledged[index]!++;
    if (acknowledged[index]! >= wanted) tellIfReached();
  });
}

function tellIfReached(): void {
  if (Math.min(...acknowledged) < wanted) return;
  wanted = Infinity;
  console.log("reached");
}
