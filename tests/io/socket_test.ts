// The behaviour every Socket promises, shown for those who dial in and for those we dial. The peer is
// the ws library in both cases.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { dial } from "../../src/io/dial.ts";
import { listen } from "../../src/io/listener.ts";
import type { LivenessOptions } from "../../src/io/liveness.ts";
import { MAX_MESSAGE_BYTES, type Socket } from "../../src/io/socket.ts";
import { CLOSE_TIMEOUT_MS } from "../../src/io/websocket_limits.ts";
import { pause, until } from "../support/until.ts";
import { SocketRecorder } from "./socket_recorder.ts";

interface Pair {
  readonly socket: Socket;
  readonly recorder: SocketRecorder;
  readonly peer: WebSocket;
  /** What the handler's exceptions were reported as. */
  readonly failures: unknown[];
  readonly end: () => Promise<void>;
}

type MakePair = (liveness: LivenessOptions, autoPong: boolean) => Promise<Pair>;

const PATIENT: LivenessOptions = {
  probeAfterMs: 60_000,
  deadAfterMs: 60_000,
  silentAfterMs: 60_000,
};

async function listened(liveness: LivenessOptions, autoPong: boolean): Promise<Pair> {
  const recorder = new SocketRecorder();
  const failures: unknown[] = [];
  let socket: Socket | undefined;
  const listener = await listen({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response(),
    log: (_level, _message, values) => failures.push(values["error"]),
    admit: () => ({
      accept: true,
      kind: "charger",
      protocol: "ocpp1.6",
      liveness,
      opened(opened) {
        socket = opened;
        opened.handler = recorder;
      },
    }),
  });
  const url = `ws://127.0.0.1:${listener.port}/charger`;
  const peer = new WebSocket(url, ["ocpp1.6"], { perMessageDeflate: false, autoPong });
  peer.on("error", () => {});
  await new Promise((resolve) => peer.on("open", resolve));
  await until(() => socket, 1_000, "the socket");
  return {
    socket: socket!,
    recorder,
    peer,
    failures,
    end: async () => {
      peer.terminate();
      await listener.close();
    },
  };
}

async function dialled(liveness: LivenessOptions, autoPong: boolean): Promise<Pair> {
  const failures: unknown[] = [];
  const server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    perMessageDeflate: false,
    autoPong,
  });
  await new Promise((resolve) => server.on("listening", resolve));
  const connected = new Promise<WebSocket>((resolve) => server.on("connection", resolve));
  const socket = await dial({
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/backend`,
    headers: {},
    protocols: ["ocpp1.6"],
    liveness,
    failed: (error) => failures.push(error),
  });
  const recorder = new SocketRecorder();
  socket.handler = recorder;
  const peer = await connected;
  peer.on("error", () => {});
  return {
    socket,
    recorder,
    peer,
    failures,
    end: async () => {
      socket.terminate();
      peer.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function behaves(
  what: string,
  test: (pair: Pair) => Promise<void>,
  liveness = PATIENT,
  autoPong = true,
): void {
  const makers: [string, MakePair][] = [["accepted", listened], ["dialled", dialled]];
  for (const [kind, make] of makers) {
    Deno.test(`a socket that was ${kind} ${what}`, async () => {
      const pair = await make(liveness, autoPong);
      try {
        await test(pair);
      } finally {
        await pair.end();
      }
    });
  }
}

function nextMessage(peer: WebSocket): Promise<string> {
  return new Promise((resolve) => peer.once("message", (data) => resolve(data.toString())));
}

function closeOf(peer: WebSocket): Promise<{ code: number; reason: string }> {
  return new Promise((resolve) =>
    peer.once("close", (code, reason) => resolve({ code, reason: reason.toString() }))
  );
}

behaves("knows its protocol, its peer and its number", ({ socket }) => {
  assert.equal(socket.protocol, "ocpp1.6");
  assert.equal(socket.remoteAddress, "127.0.0.1");
  assert.ok(socket.connection > 0);
  return Promise.resolve();
});

behaves("carries texts of every length both ways", async ({ socket, recorder, peer }) => {
  const texts = [
    "",
    "€ür 🔌",
    ...[125, 126, 65_535, 65_536, MAX_MESSAGE_BYTES].map((length) => "x".repeat(length)),
    "é".repeat(70_000),
  ];
  for (const text of texts) {
    const received = nextMessage(peer);
    socket.send(text);
    assert.ok(await received === text, `${text.length} characters out`);
  }
  for (const text of texts) peer.send(text);
  await until(() => recorder.events.length === texts.length, 5_000, "all texts");
  for (const [i, event] of recorder.events.entries()) {
    assert.ok(event.type === "message" && event.text === texts[i], `text ${i} in`);
  }
});

behaves("keeps the order of messages sent at once", async ({ socket, recorder, peer }) => {
  const received: string[] = [];
  peer.on("message", (data) => received.push(data.toString()));
  const sent = Array.from({ length: 2_000 }, (_, i) => `${i} ${"x".repeat(i % 300)}`);
  for (const text of sent) {
    socket.send(text);
    peer.send(text);
  }
  await until(() => received.length === 2_000, 5_000, "messages at the peer");
  await until(() => recorder.events.length === 2_000, 5_000, "messages here");
  assert.deepEqual(received, sent);
  assert.deepEqual(recorder.events, sent.map((text) => ({ type: "message", text })));
});

behaves("takes fragments and binary frames as text", async ({ recorder, peer }) => {
  peer.send("[2,", { fin: false });
  peer.send('"1",', { fin: false });
  peer.send('"Heartbeat",{}]', { fin: true });
  peer.send(Buffer.from('[3,"€",{}]'), { binary: true });
  await until(() => recorder.events.length === 2, 1_000, "two messages");
  assert.deepEqual(recorder.events, [
    { type: "message", text: '[2,"1","Heartbeat",{}]' },
    { type: "message", text: '[3,"€",{}]' },
  ]);
});

behaves("answers a ping between two fragments, with its payload", async ({ recorder, peer }) => {
  const pong = new Promise<string>((resolve) =>
    peer.once("pong", (data) => resolve(data.toString()))
  );
  peer.send("one ", { fin: false });
  peer.ping("the payload");
  peer.send("message", { fin: true });
  assert.equal(await pong, "the payload");
  await until(() => recorder.events.length === 1, 1_000, "the message");
  assert.deepEqual(recorder.events, [{ type: "message", text: "one message" }]);
});

behaves("pings and tells of the pong", async ({ socket, recorder }) => {
  socket.ping("sequence 42");
  await until(() => recorder.events.length === 1, 1_000, "the pong");
  assert.deepEqual(recorder.events, [{ type: "pong", payload: "sequence 42" }]);
});

behaves("refuses a message that is too long", async ({ recorder, peer }) => {
  const closed = closeOf(peer);
  peer.send("x".repeat(MAX_MESSAGE_BYTES + 1));
  assert.equal((await closed).code, 1009);
  await until(() => recorder.events.length > 0, 3_000, "the end");
  assert.deepEqual(recorder.events.map((event) => event.type), ["closed"]);
  assert.equal(recorder.closedCode, 1009);
});

behaves("refuses fragments that are too long together", async ({ recorder, peer }) => {
  const closed = closeOf(peer);
  for (let i = 0; i < 3; i++) peer.send("x".repeat(MAX_MESSAGE_BYTES / 2), { fin: false });
  assert.equal((await closed).code, 1009);
  await until(() => recorder.closedCode, 3_000, "the end");
  assert.equal(recorder.closedCode, 1009);
});

behaves("refuses binary messages that are not text", async ({ recorder, peer }) => {
  const closed = closeOf(peer);
  peer.send(Buffer.from([0x5b, 0xff, 0xfe]), { binary: true });
  assert.equal((await closed).code, 1007);
  await until(() => recorder.closedCode, 3_000, "the end");
  assert.equal(recorder.closedCode, 1007);
});

behaves("closes with a handshake, and says nothing more", async ({ socket, recorder, peer }) => {
  const received: string[] = [];
  peer.on("message", (data) => received.push(data.toString()));
  const closed = closeOf(peer);
  socket.send("before");
  socket.close(1000, "replaced");
  socket.send("after");
  peer.send("too late");
  assert.deepEqual(await closed, { code: 1000, reason: "replaced" });
  await until(() => recorder.closedCode, 1_000, "the end");
  assert.deepEqual(received, ["before"]);
  assert.deepEqual(recorder.events, [{ type: "closed", code: 1000, reason: "replaced" }]);
});

behaves("cuts a reason that is too long between two characters", async ({ socket, peer }) => {
  const closed = closeOf(peer);
  socket.close(1008, "é".repeat(100));
  assert.deepEqual(await closed, { code: 1008, reason: "é".repeat(61) });
});

behaves("tells how the peer closed", async ({ recorder, peer }) => {
  peer.send("last words");
  peer.close(1001, "going away");
  await until(() => recorder.closedCode, 1_000, "the end");
  assert.deepEqual(recorder.events, [
    { type: "message", text: "last words" },
    { type: "closed", code: 1001, reason: "going away" },
  ]);
});

behaves("is told once when the peer vanishes", async ({ socket, recorder, peer }) => {
  peer.terminate();
  await until(() => recorder.closedCode, 1_000, "the end");
  socket.close(1000, "");
  socket.terminate();
  socket.send("to nobody");
  await pause(50);
  assert.deepEqual(recorder.events.map((event) => event.type), ["closed"]);
  assert.equal(recorder.closedCode, 1006);
});

behaves("is destroyed when the peer ignores its close", async ({ socket, recorder, peer }) => {
  peer.pause();
  const begun = performance.now();
  socket.close(1000, "replaced");
  await until(() => recorder.closedCode, CLOSE_TIMEOUT_MS + 1_000, "the end");
  const tookMs = performance.now() - begun;
  assert.ok(tookMs > CLOSE_TIMEOUT_MS - 100 && tookMs < CLOSE_TIMEOUT_MS + 500, `${tookMs} ms`);
  assert.deepEqual(recorder.events, [
    { type: "closed", code: 1006, reason: "closing handshake not answered" },
  ]);
});

behaves("can be destroyed with data unsent", async ({ socket, recorder, peer }) => {
  peer.pause();
  for (let i = 0; i < 7; i++) socket.send("x".repeat(MAX_MESSAGE_BYTES));
  socket.terminate();
  assert.deepEqual(recorder.events, [], "not told inside the call");
  await until(() => recorder.closedCode, 500, "the end");
  assert.deepEqual(recorder.events, [{ type: "closed", code: 1006, reason: "terminated" }]);
});

behaves("counts what the peer has not taken", async ({ socket, peer }) => {
  peer.pause();
  let sent = 0;
  while (socket.bufferedAmount < 1_000_000 && sent < 50_000_000) {
    socket.send("x".repeat(100_000));
    sent += 100_000;
    await pause(1);
  }
  assert.ok(socket.bufferedAmount >= 1_000_000);
  assert.ok(socket.bufferedAmount < 1_200_000);
  peer.resume();
  await until(() => socket.bufferedAmount === 0, 3_000, "the peer to read it");
});

behaves("is destroyed when far too much is unsent", async ({ socket, recorder, peer }) => {
  peer.pause();
  for (let i = 0; i < 40; i++) socket.send("x".repeat(MAX_MESSAGE_BYTES));
  await until(() => recorder.closedCode, 1_000, "the end");
  assert.deepEqual(recorder.events, [
    { type: "closed", code: 1006, reason: "the peer does not read" },
  ]);
});

behaves("stops answering pings of a peer that does not read", async ({ socket, peer }) => {
  peer.pause();
  while (socket.bufferedAmount < 100_000) {
    socket.send("x".repeat(100_000));
    await pause(1);
  }
  const before = socket.bufferedAmount;
  for (let i = 0; i < 1_000; i++) peer.ping("x".repeat(100));
  await pause(100);
  assert.ok(socket.bufferedAmount <= before);
});

behaves("goes on when its handler fails", async ({ socket, recorder, peer, failures }) => {
  const received: string[] = [];
  socket.handler = {
    message(text) {
      received.push(text);
      if (text === "bad") throw new Error("a bug");
    },
    pong: (payload) => recorder.pong(payload),
    closed: (code, reason) => recorder.closed(code, reason),
  };
  peer.send("bad");
  peer.send("good");
  await until(() => received.length === 2, 1_000, "both messages");
  assert.match(String(failures[0]), /a bug/);
});

behaves("sends a long message without a stall", async ({ socket, peer }) => {
  const times: number[] = [];
  let received = 0;
  peer.on("message", () => received++);
  for (let i = 1; i <= 20; i++) {
    const begun = performance.now();
    // The second one would wait for the peer's delayed acknowledgement of the first.
    socket.send("x".repeat(3_000));
    await pause(0);
    socket.send("y");
    await until(() => received === 2 * i, 1_000, "both messages");
    times.push(performance.now() - begun);
  }
  const median = times.sort((a, b) => a - b)[10]!;
  assert.ok(median < 20, `median ${median} ms; delayed acknowledgements make it 40`);
});

behaves("is dead when its peer no longer answers pings", async ({ recorder, peer }) => {
  // The first probe is answered, so this peer answers pings; then it falls silent.
  await new Promise((resolve) => peer.once("ping", resolve));
  await pause(50);
  peer.pause();
  const begun = performance.now();
  await until(() => recorder.closedCode, 6_000, "the end");
  const tookMs = performance.now() - begun;
  assert.ok(tookMs > 1_000 && tookMs < 3_500, `${tookMs} ms`);
  const [event] = recorder.events;
  assert.ok(event?.type === "closed" && /^no sign of life for \d s$/.test(event.reason));
}, { probeAfterMs: 500, deadAfterMs: 1_000, silentAfterMs: 60_000 });

behaves(
  "lives without pongs until it is silent for long",
  async ({ recorder, peer }) => {
    for (let i = 0; i < 6; i++) {
      peer.send("still talking");
      await pause(400);
    }
    assert.equal(recorder.closedCode, undefined, "any byte is a sign of life");
    const begun = performance.now();
    await until(() => recorder.closedCode, 4_000, "the end");
    const tookMs = performance.now() - begun;
    assert.ok(tookMs > 1_000 && tookMs < 2_800, `${tookMs} ms`);
  },
  { probeAfterMs: 200, deadAfterMs: 200, silentAfterMs: 1_500 },
  false,
);
