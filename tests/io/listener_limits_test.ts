// The bounds of the listening side, and that none of them keeps the charger out.

import assert from "node:assert/strict";
import { WebSocket } from "ws";
import { ByteConnection, type ByteStream } from "../../src/io/byte_connection.ts";
import { defaultLimits } from "../../src/io/listener_limits.ts";
import { Offenders, REMEMBERED_OFFENDERS } from "../../src/io/offenders.ts";
import { Places } from "../../src/io/places.ts";
import { until } from "../support/until.ts";
import { withListener } from "./listener_fixture.ts";
import { clientFrame, RawClient, UPGRADE_LINES } from "./raw_client.ts";

async function statusOf(port: number, requestLine: string, lines: readonly string[]) {
  using client = await RawClient.connect(port);
  await client.request(requestLine, lines);
  return (await client.response()).status;
}

function pem(name: string): string {
  return Deno.readTextFileSync(new URL(`./certificates/${name}`, import.meta.url));
}

/** Connects as the charger and has a ping answered; how long that took, in milliseconds. */
async function chargerConnects(port: number): Promise<number> {
  const begun = performance.now();
  using charger = await RawClient.upgrade(port, "/charger/A");
  await charger.write(clientFrame(9, "there?"));
  assert.equal((await charger.frame()).payload, "there?");
  return performance.now() - begun;
}

Deno.test("200 connections that never finish their head keep nobody out, and end", () =>
  withListener(async ({ port, listener }) => {
    const slow = await Promise.all(Array.from({ length: 200 }, () => RawClient.connect(port)));
    const ends = slow.map(async (client) => {
      await client.write("GET /charger HTTP/1.1\r\nX-Slow: ").catch(() => {});
      return await client.rest();
    });
    assert.ok(await chargerConnects(port) < 1_000);
    assert.ok(listener.connections() <= 65);
    assert.equal(await statusOf(port, "GET / HTTP/1.1", ["Host: a"]), 404);
    assert.deepEqual(new Set(await Promise.all(ends)), new Set([""]));
    await until(() => listener.connections() === 0, 1_000, "the last one to go");
    for (const client of slow) client[Symbol.dispose]();
  }, { limits: { headMs: 1_000 } }));

Deno.test("a head of 16 KiB is read, a longer one is refused", () =>
  withListener(async ({ port }) => {
    const line = "GET / HTTP/1.1";
    const rest = line.length + "\r\nX: \r\n\r\n".length;
    assert.equal(await statusOf(port, line, [`X: ${"x".repeat(16_384 - rest)}`]), 404);
    assert.equal(await statusOf(port, line, [`X: ${"x".repeat(16_385 - rest)}`]), 431);
    assert.equal(await statusOf(port, line, [`X: ${"x".repeat(100_000)}`]), 431);
  }));

Deno.test("an idle connection ends", () =>
  withListener(async ({ port }) => {
    using client = await RawClient.connect(port);
    await client.request("GET / HTTP/1.1", ["Host: a"]);
    await client.response();
    const begun = performance.now();
    assert.equal(await client.rest(), "");
    const tookMs = performance.now() - begun;
    assert.ok(tookMs > 450 && tookMs < 2_000, `${tookMs} ms`);
  }, { limits: { idleMs: 500 } }));

Deno.test("an address has its share of connections, and the charger is not counted", () =>
  withListener(async ({ port, listener }) => {
    const backends = [];
    for (let i = 0; i < 3; i++) backends.push(await RawClient.upgrade(port, "/backend/a"));
    assert.equal(await statusOf(port, "GET /backend/a HTTP/1.1", UPGRADE_LINES), 503);
    assert.equal(await statusOf(port, "GET / HTTP/1.1", ["Host: a"]), 503);
    assert.ok(await chargerConnects(port) < 1_000);
    backends.pop()![Symbol.dispose]();
    await until(() => listener.connections() === 2, 1_000, "a free place");
    backends.push(await RawClient.upgrade(port, "/backend/a"));
    for (const backend of backends) backend[Symbol.dispose]();
  }, { limits: { connectionsPerAddress: 3 } }));

Deno.test("too many charger sockets cost the oldest its place", () =>
  withListener(async ({ port, visits, listener }) => {
    const clients = [];
    for (let i = 0; i < 4; i++) clients.push(await RawClient.upgrade(port));
    await until(() => visits[0]!.recorder.closedCode, 1_000, "the oldest to go");
    assert.deepEqual(visits.map((visit) => visit.recorder.closedCode), [
      1006,
      undefined,
      undefined,
      undefined,
    ]);
    assert.equal(listener.connections(), 3);
    for (const client of clients) client[Symbol.dispose]();
  }, { limits: { chargers: 3 } }));

Deno.test("an address that breaks the protocol too often is banned, the charger never", () =>
  withListener(async ({ port, listener, logged }) => {
    using backend = await RawClient.upgrade(port, "/backend/a");
    await backend.write(clientFrame(3, "x"));
    assert.equal((await backend.frame()).code, 1002);
    assert.equal(await statusOf(port, "nonsense", []), 400);
    assert.equal(await statusOf(port, "GET / HTTP/1.1", ["Host: a"]), 404);
    listener.violation("127.0.0.1");
    assert.deepEqual(logged.map((entry) => entry.values), [{ address: "127.0.0.1" }]);
    assert.equal(await statusOf(port, "GET / HTTP/1.1", ["Host: a"]), 429);
    assert.equal(await statusOf(port, "GET /backend/a HTTP/1.1", UPGRADE_LINES), 429);
    assert.ok(await chargerConnects(port) < 1_000);
  }, { limits: { violations: 3 } }));

Deno.test("a charger that breaks the protocol is not counted", () =>
  withListener(async ({ port, logged }) => {
    for (let i = 0; i < 5; i++) {
      using charger = await RawClient.upgrade(port);
      await charger.write(clientFrame(3, "x"));
      assert.equal((await charger.frame()).code, 1002);
    }
    assert.equal(await statusOf(port, "GET / HTTP/1.1", ["Host: a"]), 404);
    assert.deepEqual(logged, []);
  }, { limits: { violations: 3 } }));

Deno.test("a listener that is closed tells every socket and frees its port", async () => {
  let port = 0;
  await withListener(async (fixture) => {
    port = fixture.port;
    const peer = new WebSocket(`ws://127.0.0.1:${port}/charger`);
    peer.on("error", () => {});
    await new Promise((resolve) => peer.on("open", resolve));
    using waiting = await RawClient.connect(port);
    await until(() => fixture.listener.connections() === 2, 1_000, "both");
    await Promise.all([fixture.listener.close(), fixture.listener.close()]);
    assert.equal(fixture.visits[0]!.recorder.closedCode, 1006);
    assert.equal(await waiting.rest(), "");
    assert.equal(fixture.listener.connections(), 0);
  });
  await assert.rejects(RawClient.connect(port));
});

Deno.test("a system that refuses a descriptor costs the greediest address its oldest, no charger", () => {
  const gone: string[] = [];
  const from = (remoteAddress: string, name: string) => {
    const stream: ByteStream = {
      read: () => Promise.resolve(null),
      write: (bytes) => Promise.resolve(bytes.length),
      closeWrite: () => Promise.resolve(),
      close: () => gone.push(name),
    };
    return new ByteConnection(stream, remoteAddress);
  };
  const places = new Places({ ...defaultLimits(1_024), connectionsPerAddress: 100 });
  const chargers = [1, 2, 3].map((number) => from("greedy", `charger ${number}`));
  for (const charger of chargers) assert.equal(places.establish(charger, "charger"), undefined);
  for (let number = 0; number < 90; number++) {
    assert.equal(places.establish(from("greedy", `greedy ${number}`), "http"), undefined);
  }
  assert.equal(places.establish(from("modest", "modest"), "backend"), undefined);
  places.exhausted(performance.now());
  // The fewest that there may be.
  assert.equal(places.size, 3 + 16);
  assert.deepEqual(gone, Array.from({ length: 75 }, (_, number) => `greedy ${number}`));
  assert.equal(places.establish(from("late", "late"), "http"), "too many connections");
  assert.equal(places.establish(from("greedy", "charger 4"), "charger"), undefined);

  // So few that others must have taken the descriptors: they are left alone.
  const few = new Places(defaultLimits(1_024));
  few.establish(from("a", "a few"), "http");
  few.exhausted(performance.now());
  assert.equal(few.size, 1);
  // What was learnt a minute ago counts no more.
  places.exhausted(performance.now() - 61_000);
  assert.equal(places.establish(from("late", "late"), "http"), undefined);
});

Deno.test("the limits fit into the file descriptors there are", () => {
  for (const descriptors of [32, 256, 1_024, 65_536]) {
    const { pendingConnections, connections, chargers } = defaultLimits(descriptors);
    assert.ok(pendingConnections + connections + chargers < descriptors, `${descriptors}`);
    assert.ok(pendingConnections >= 4 && connections >= 4);
  }
  assert.equal(defaultLimits(65_536).pendingConnections, 64);
});

/** A connection to nobody. */
function connectionFrom(address: string): ByteConnection {
  const stream: ByteStream = {
    read: () => Promise.resolve(null),
    write: (bytes) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close: () => {},
  };
  return new ByteConnection(stream, address);
}

Deno.test("the oldest waiting connection of the greediest address makes room", () => {
  const places = new Places({ ...defaultLimits(1_024), pendingConnections: 3 });
  const charger = connectionFrom("10.0.0.1");
  places.enter(charger, 5_000);
  const flood = Array.from({ length: 100 }, () => connectionFrom("10.0.0.66"));
  for (const connection of flood) places.enter(connection, 5_000);
  assert.equal(charger.destroyed, false);
  assert.deepEqual(
    flood.map((connection) => connection.destroyed),
    flood.map((_, i) => i < 98),
  );
  assert.equal(places.size, 3);
});

Deno.test("all addresses together have a limit, and leaving frees a place", () => {
  const places = new Places({ ...defaultLimits(1_024), connections: 2 });
  const [a, b, c] = ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(connectionFrom);
  assert.equal(places.establish(a!, "backend"), undefined);
  assert.equal(places.establish(b!, "http"), undefined);
  assert.equal(places.establish(c!, "backend"), "too many connections");
  assert.equal(places.establish(c!, "charger"), undefined);
  places.leave(a!);
  places.leave(a!);
  assert.equal(places.establish(connectionFrom("10.0.0.4"), "backend"), undefined);
  assert.equal(places.size, 3);
});

Deno.test("violations are counted within a minute and forgotten after the ban", () => {
  const offenders = new Offenders({ ...defaultLimits(1_024), violations: 3 });
  assert.equal(offenders.record("a", 0), false);
  assert.equal(offenders.record("a", 59_000), false);
  assert.equal(offenders.record("a", 61_000), false, "a new minute");
  assert.equal(offenders.record("a", 62_000), false);
  assert.equal(offenders.isBanned("a", 62_000), false);
  assert.equal(offenders.record("a", 63_000), true);
  assert.equal(offenders.record("a", 64_000), false, "told once");
  assert.equal(offenders.isBanned("a", 362_999), true);
  assert.equal(offenders.isBanned("a", 363_000), false);
  assert.equal(offenders.isBanned("b", 64_000), false);
});

Deno.test("only so many offenders are remembered", () => {
  const offenders = new Offenders({ ...defaultLimits(1_024), violations: 1 });
  for (let i = 0; i <= REMEMBERED_OFFENDERS; i++) offenders.record(`${i}`, 0);
  assert.equal(offenders.isBanned("0", 1), false);
  assert.equal(offenders.isBanned("1", 1), true);
});

Deno.test("TLS: a charger and a browser are served, somebody without it is not", async () => {
  await withListener(async ({ port, visits }) => {
    const peer = new WebSocket(`wss://localhost:${port}/charger/A`, ["ocpp1.6"], {
      ca: pem("authority.pem"),
    });
    await new Promise((resolve, reject) => peer.on("open", resolve).on("error", reject));
    const text = "x".repeat(300_000);
    const echoed = new Promise<string>((resolve) =>
      peer.once("message", (data) => resolve(data.toString()))
    );
    peer.send(text);
    await until(() => visits[0]?.recorder.events.length === 1, 2_000, "the message");
    visits[0]!.socket.send(text);
    assert.ok(await echoed === text);
    assert.equal(visits[0]!.socket.bufferedAmount, 0);

    using browser = await RawClient.connectTls(port, pem("authority.pem"));
    for (let i = 0; i < 2; i++) {
      await browser.request("GET / HTTP/1.1", ["Host: localhost"]);
      assert.equal((await browser.response()).status, 404);
    }

    using stranger = await RawClient.connect(port);
    await stranger.request("GET / HTTP/1.1", ["Host: a"]);
    assert.doesNotMatch(await stranger.rest(), /^HTTP/);

    peer.terminate();
  }, {
    tls: { cert: pem("server.pem"), key: pem("server.key") },
    limits: { headMs: 1_000 },
  });
});

Deno.test("a certificate that is none, or another key's, is refused before anything listens", async () => {
  for (
    const tls of [
      { cert: "nonsense", key: pem("server.key") },
      { cert: pem("server.pem"), key: "nonsense" },
      { cert: pem("server.pem"), key: pem("other.key") },
    ]
  ) {
    await assert.rejects(withListener(() => Promise.resolve(), { tls }));
  }
});
