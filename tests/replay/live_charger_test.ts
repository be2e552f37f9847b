// A charger of a recording at a server that answers in odd ways.

import { deepEqual, ok } from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { LiveCharger, type Outcome } from "../../src/replay/live_charger.ts";
import { openWebSocket, type WebSocket } from "../../src/simulate/web_socket.ts";

const HEARTBEAT = '[2,"h1","Heartbeat",{}]';
const RECORDED = '[3,"h1",{"currentTime":"2026-05-01T10:00:00Z"}]';

/** What a charger makes of these words of the server in answer to its Heartbeat. */
async function answeredBy(words: readonly string[], recorded: string): Promise<Outcome> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket) => {
    socket.on("message", () => words.forEach((text) => socket.send(text)));
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { promise, resolve } = Promise.withResolvers<WebSocket>();
  const where = { url: `ws://127.0.0.1:${port}/CP1`, protocols: ["ocpp1.6"], headers: {} };
  void openWebSocket(where, 5_000, resolve);
  const socket = await promise;
  try {
    return await new LiveCharger(socket, () => {}).call(HEARTBEAT, recorded);
  } finally {
    socket.terminate();
    server.close();
    await once(server, "close");
  }
}

Deno.test("a broken answer is an answer: nobody waits half a minute for a better one", async () => {
  const begin = performance.now();
  const outcome = await answeredBy(['[3,"h1","no object"]'], RECORDED);
  deepEqual(outcome, {
    action: "Heartbeat",
    recorded: "",
    found: "a broken answer",
    answered: true,
    agrees: false,
  });
  ok(performance.now() - begin < 5_000);
});

Deno.test("an answer that ends early is one, too: its id tells what it was to answer", async () => {
  const { answered, found } = await answeredBy(['[3,"h1",{"currentTime":'], RECORDED);
  deepEqual({ answered, found }, { answered: true, found: "a broken answer" });
});

Deno.test("a broken answer that was recorded so is as recorded", async () => {
  const broken = '[3,"h1","no object"]';
  deepEqual((await answeredBy([broken], broken)).agrees, true);
});

Deno.test("what answers nothing is not the answer", async () => {
  const words = ["no frame", '[3,"other","no object"]', '[3,"other",{}]', RECORDED];
  deepEqual((await answeredBy(words, RECORDED)).agrees, true);
});
