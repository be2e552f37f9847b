// Any bytes at the listener: it answers or hangs up, and reads the same however they are cut.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { FrameReader } from "../../src/io/websocket_reader.ts";
import { withListener } from "../io/listener_fixture.ts";
import { clientFrame, RawClient, UPGRADE_LINES } from "../io/raw_client.ts";
import { campaign } from "./budget.ts";
import { damage, damaged } from "./frames.ts";

const MAX_MESSAGE_BYTES = 300;

/** Whoever sent everything, and says so, has an end within this. */
const LONGEST_MS = 5_000;

/** What all of it may cost, however many come. */
const MOST_MEMORY_BYTES = 150e6;

/** Codes that a violation is answered with (RFC 6455, section 7.4.1). */
const CODES = [1002, 1007, 1009];

const frame = fc.record({
  opcode: fc.oneof(fc.constantFrom(0, 1, 2, 8, 9, 10), fc.nat(15)),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ unit: "binary", maxLength: 140 }).map((text) => Buffer.from(text)),
    fc.constantFrom(Uint8Array.of(3, 232), Uint8Array.of(3, 237), Uint8Array.of(3)),
  ),
  final: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
  masked: fc.boolean(),
  reserved: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.constantFrom(16, 32, 64)),
}).map(({ opcode, payload, ...options }) => clientFrame(opcode, payload, options));

const stream = fc.record({
  frames: fc.array(frame, { minLength: 1, maxLength: 6 }),
  /** Bytes that become other ones. */
  spoilt: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }),
  cuts: fc.array(fc.nat(), { maxLength: 8 }),
}).map(({ frames, spoilt, cuts }) => {
  const bytes = Uint8Array.from(Buffer.concat(frames));
  for (const [at, byte] of spoilt) bytes[at % bytes.length] = byte;
  return { bytes, cuts: cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b) };
});

/** What the bytes amount to when they come in these pieces. */
function readIn(pieces: readonly Uint8Array[]): unknown[] {
  const events: unknown[] = [];
  const reader = new FrameReader({
    hasEnough: false,
    message: (text) => events.push(["message", text]),
    pinged: (payload) => events.push(["ping", [...payload]]),
    ponged: (payload) => events.push(["pong", [...payload]]),
    peerClosed: (code, reason) => events.push(["closed", code, reason]),
    violation: (code) => events.push(["violation", code]),
  }, MAX_MESSAGE_BYTES);
  let rest = new Uint8Array();
  for (const piece of pieces) {
    const buffer = Uint8Array.from([...rest, ...piece]);
    rest = buffer.slice(reader.consume(buffer, 0, buffer.length));
  }
  return events;
}

Deno.test("frames amount to the same, however their bytes are cut", () =>
  campaign(
    fc.property(stream, ({ bytes, cuts }) => {
      const ends = [...cuts, bytes.length];
      const pieces = ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
      const whole = readIn([bytes.slice()]) as [string, unknown][];
      assert.deepEqual(readIn(pieces), whole);
      for (const [index, [type, what]] of whole.entries()) {
        if (type === "violation") assert.ok(CODES.includes(what as number));
        if (type === "violation" || type === "closed") assert.equal(index, whole.length - 1);
        if (type === "message") {
          assert.ok(Buffer.byteLength(what as string) <= MAX_MESSAGE_BYTES);
        }
      }
    }),
    3_000,
  ));

const HEAD = ["GET /charger/A HTTP/1.1", ...UPGRADE_LINES, "", ""].join("\r\n");

const opening = fc.record({
  head: fc.array(damage, { maxLength: 3 }).map((damage) => damaged(HEAD, damage)),
  bytes: stream.map(({ bytes }) => bytes),
});

/** Lets the listener have the bytes and an end of ours; what it answers up to its own end. */
async function exchange(port: number, head: string, bytes: Uint8Array): Promise<string> {
  using client = await RawClient.connect(port);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the connection hangs")), LONGEST_MS);
  });
  const said = async () => {
    // It may have hung up already.
    await client.write(head).then(() => client.write(bytes)).then(() => client.closeWrite())
      .catch(() => {});
    return await client.rest();
  };
  try {
    return await Promise.race([said(), late]);
  } finally {
    clearTimeout(timer);
  }
}

Deno.test("no bytes of a handshake keep a connection, and what is answered is HTTP", () =>
  withListener(async ({ port, listener, logged }) => {
    const before = Deno.memoryUsage().rss;
    const check = async ({ head, bytes }: Opening) => {
      const answer = await exchange(port, head, bytes);
      assert.match(answer, /^(HTTP\/1\.1 (101|[45]\d\d) |$)/);
    };
    await campaign(fc.asyncProperty(opening, check), 300);
    for (let turns = 0; listener.connections() > 0 && turns < 200; turns++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.equal(listener.connections(), 0);
    assert.ok(Deno.memoryUsage().rss - before < MOST_MEMORY_BYTES);
    assert.deepEqual(logged.filter(({ level }) => level === "error"), []);
  }, { limits: { violations: Infinity, headMs: 1_000, idleMs: 500, stallMs: 1_000 } }));

type Opening = typeof opening extends fc.Arbitrary<infer One> ? One : never;
