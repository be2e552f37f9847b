// Any bytes at the listener, in the clear and at its TLS: it answers or hangs up.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { inTime } from "../../src/io/pause.ts";
import { withListener } from "../io/listener_fixture.ts";
import { RawClient, UPGRADE_LINES } from "../io/raw_client.ts";
import { campaign, type Drawn } from "./budget.ts";
import { until } from "../support/until.ts";
import { type Damage, damage, damaged } from "./frames.ts";
import { clientFrames } from "./websocket_frames.ts";

/** Whoever sent everything, and says so, has an end within this. */
const LONGEST_MS = 5_000;

/** What all of it may cost, however many come: most of it is what the collector has not got to. */
const MOST_MEMORY_BYTES = 300e6;

const HEAD = ["GET /charger/A HTTP/1.1", ...UPGRADE_LINES, "", ""].join("\r\n");

const opening = fc.record({
  head: fc.array(damage, { maxLength: 3 }).map((damage) => damaged(HEAD, damage)),
  bytes: clientFrames(true).map((frames) => Uint8Array.from(Buffer.concat(frames))),
});

/** Lets the listener have the bytes and an end of ours; what it answers up to its own end. */
async function exchange(port: number, head: string, bytes: Uint8Array): Promise<string> {
  using client = await RawClient.connect(port);
  const said = async () => {
    // It may have hung up already.
    await client.write(head).then(() => client.write(bytes)).then(() => client.closeWrite())
      .catch(() => {});
    return await client.rest();
  };
  return await inTime(LONGEST_MS, said(), "the connection hangs");
}

Deno.test("no bytes of a handshake keep a connection, and what is answered is HTTP", () =>
  withListener(async ({ port, listener, logged, visits }) => {
    const before = Deno.memoryUsage().rss;
    const check = async ({ head, bytes }: Drawn<typeof opening>) => {
      const answer = await exchange(port, head, bytes);
      assert.match(answer, /^(HTTP\/1\.1 (101|[45]\d\d) |$)/);
      // The fixture keeps each of them.
      visits.length = 0;
    };
    await campaign(fc.asyncProperty(opening, check), 300);
    await until(() => listener.connections() === 0, 2_000, "the end of all connections");
    assert.ok(Deno.memoryUsage().rss - before < MOST_MEMORY_BYTES);
    assert.deepEqual(logged.filter(({ level }) => level === "error"), []);
  }, { limits: { violations: Infinity, headMs: 1_000, idleMs: 500, stallMs: 1_000 } }));

/** What a client says first in TLS, as bytes in text. */
async function firstWords(): Promise<string> {
  using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = Deno.connectTls({ hostname: "localhost", port: server.addr.port });
  using peer = await server.accept();
  const buffer = new Uint8Array(4_096);
  const count = await peer.read(buffer) ?? 0;
  peer.close();
  await client.then((opened) => opened.close(), () => {});
  return Buffer.from(buffer.subarray(0, count)).toString("latin1");
}

const noise = fc.oneof(
  fc.record({ hello: fc.array(damage, { minLength: 1, maxLength: 3 }) }),
  fc.record({ bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }) }),
  fc.record({ text: fc.array(damage, { maxLength: 2 }).map((damage) => damaged(HEAD, damage)) }),
);

type Noise = { hello: Damage[] } | { bytes: Uint8Array } | { text: string };

Deno.test("noise at the TLS of the listener ends its own connection only", async () => {
  const pem = (name: string) =>
    Deno.readTextFileSync(new URL(`../io/certificates/${name}`, import.meta.url));
  const hello = await firstWords();
  await withListener(async ({ port, listener, logged }) => {
    const check = async (one: Noise) => {
      const head = "hello" in one ? damaged(hello, one.hello) : "text" in one ? one.text : "";
      const answer = await exchange(port, head, "bytes" in one ? one.bytes : new Uint8Array());
      assert.doesNotMatch(answer, /HTTP/);
    };
    await campaign(fc.asyncProperty(noise, check), 100);
    using client = await RawClient.connectTls(port, pem("authority.pem"));
    await client.request("GET / HTTP/1.1", ["Host: localhost"]);
    assert.equal((await client.response()).status, 404);
    client[Symbol.dispose]();
    await until(() => listener.connections() === 0, 2_000, "the end of all connections");
    assert.deepEqual(logged.filter(({ level }) => level === "error"), []);
  }, {
    tls: { cert: pem("server.pem"), key: pem("server.key") },
    limits: { violations: Infinity, headMs: 1_000, idleMs: 500, stallMs: 1_000 },
  });
});
