// The bound of what waits at one side of an OCPP-J conversation.

import assert from "node:assert/strict";
// @ts-types="@types/ws"
import { WebSocket } from "ws";
import { listeningBackend } from "../../src/simulate/backend.ts";
import { MAX_WAITING_CALLS, Peer } from "../../src/simulate/peer.ts";

Deno.test("what comes on top of the CALLs that wait fails, and those that wait do not", async () => {
  const backend = await listeningBackend({ behaves: "silent" });
  const peer = new Peer({ handle: () => ({ payload: {} }) });
  const socket = new WebSocket(`${backend.url}/CP1`, ["ocpp1.6"]);
  await new Promise((open) => socket.once("open", open));
  peer.attach(socket);
  try {
    const failures: string[] = [];
    // One is open, the others wait behind it.
    const calls = Array.from({ length: 1 + MAX_WAITING_CALLS }, () => {
      return peer.call("Heartbeat", {}).catch(({ failure }) => failures.push(failure));
    });
    await assert.rejects(peer.call("Heartbeat", {}), /too many messages wait/);
    assert.deepEqual(failures, []);
    peer.detach("the test is over");
    await Promise.all(calls);
    assert.deepEqual(new Set(failures), new Set(["disconnected"]));
  } finally {
    const closed = new Promise((gone) => socket.once("close", gone));
    socket.close();
    await closed;
    await backend.close();
  }
});
