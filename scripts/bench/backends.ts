// Backends in a process of their own, which answer at once and count what they have answered.
//
// Arguments: the proxy's port and how many. On standard input: a line with a number N; the answer,
// once every backend has acknowledged N meter values, is a line. "count": the least of them, at once.

import { answering } from "./peer.ts";
import { connect } from "./wire.ts";
import { lines } from "./processes.ts";

const [port, count] = Deno.args.map(Number);
const acknowledged = new Array<number>(count!).fill(0);
let wanted = Infinity;

for (let index = 0; index < count!; index++) {
  const wire = await connect(port!, `/backend/b${index}`, {
    "Authorization": `Bearer token-of-b${index}`,
    "Sec-WebSocket-Protocol": "ocpp1.6",
  });
  answering(wire, undefined, (action) => {
    if (action !== "MeterValues") return;
    acknowledged[index]!++;
    if (acknowledged[index]! >= wanted) tellIfReached();
  });
}
console.log("connected");

for await (const line of lines(Deno.stdin.readable)) {
  if (line === "count") {
    console.log(Math.min(...acknowledged));
  } else {
    wanted = Number(line);
    tellIfReached();
  }
}
Deno.exit(0);

function tellIfReached(): void {
  if (Math.min(...acknowledged) < wanted) return;
  wanted = Infinity;
  console.log("reached");
}
