// WebSocket bytes at the reader: the same however they are cut, and what another reader makes of them.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Writable } from "node:stream";
import fc from "fast-check";
import * as ws from "ws";
import { textFrame } from "../../src/io/websocket_frame.ts";
import { FrameReader } from "../../src/io/websocket_reader.ts";
import { clientFrame } from "../io/raw_client.ts";
import { campaign } from "./budget.ts";
import { clientFrames } from "./websocket_frames.ts";

const MAX_MESSAGE_BYTES = 300;

/** Codes that a violation is answered with (RFC 6455, section 7.4.1). */
const CODES = [1002, 1007, 1009];

type Event = readonly [type: string, ...what: unknown[]];

/** What the bytes amount to when they come in these pieces. */
function readIn(pieces: readonly Uint8Array[]): Event[] {
  const events: Event[] = [];
  const reader = new FrameReader({
    hasEnough: false,
    message: (text) => events.push(["message", text]),
    pinged: (payload) => events.push(["ping", Buffer.from(payload).toString("hex")]),
    ponged: (payload) => events.push(["pong", Buffer.from(payload).toString("hex")]),
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

const damagedStream = fc.record({
  frames: clientFrames(true),
  /** Bytes that become other ones. */
  spoilt: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }),
  cuts: fc.array(fc.nat(), { maxLength: 8 }),
}).map(({ frames, spoilt, cuts }) => {
  const bytes = Uint8Array.from(Buffer.concat(frames));
  for (const [at, byte] of spoilt) bytes[at % bytes.length] = byte;
  return { bytes, cuts: cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b) };
});

Deno.test("frames amount to the same, however their bytes are cut", () =>
  campaign(
    fc.property(damagedStream, ({ bytes, cuts }) => {
      const ends = [...cuts, bytes.length];
      const pieces = ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
      const whole = readIn([bytes.slice()]);
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

Deno.test("a message of the longest length is read, whole or in parts, one byte more is not", () => {
  const longest = Buffer.from("x".repeat(MAX_MESSAGE_BYTES));
  const parts = (bytes: Uint8Array) => [
    clientFrame(1, bytes.subarray(0, 200), { final: false }),
    clientFrame(0, bytes.subarray(200)),
  ];
  const more = Buffer.concat([longest, Buffer.from("x")]);
  for (const write of [(bytes: Uint8Array) => [clientFrame(1, bytes)], parts]) {
    assert.deepEqual(readIn(write(longest)), [["message", longest.toString()]]);
    assert.deepEqual(readIn(write(more)), [["violation", 1009]]);
  }
});

/** Exported, though its types are not. */
const { Receiver } = ws as unknown as {
  Receiver: new (options: { isServer: boolean; maxPayload: number }) => Writable;
};

Deno.test("text of any length is written as another reader reads it", async () => {
  for (const length of [0, 1, 124, 125, 126, 127, 128, 2_047, 2_048, 65_535, 65_536, 65_537]) {
    for (const letter of ["x", "é"]) {
      const text = letter.repeat(length);
      const received: string[] = [];
      const receiver = new Receiver({ isServer: false, maxPayload: 1_000_000 });
      receiver.on("message", (data: Buffer) => received.push(data.toString()));
      await new Promise((resolve) => receiver.write(textFrame(text), resolve));
      assert.deepEqual(received, [text], `${length} times ${letter}`);
    }
  }
});

/** What the receiver of the ws library makes of the bytes. */
function readByWs(bytes: Uint8Array): Promise<Event[]> {
  const events: Event[] = [];
  const receiver = new Receiver({ isServer: true, maxPayload: MAX_MESSAGE_BYTES });
  const { promise, resolve } = Promise.withResolvers<Event[]>();
  receiver.on("message", (data: Buffer) => events.push(["message", data]));
  receiver.on("ping", (data: Buffer) => events.push(["ping", data.toString("hex")]));
  receiver.on("pong", (data: Buffer) => events.push(["pong", data.toString("hex")]));
  receiver.on("conclude", (code: number, reason: Buffer) => {
    events.push(["closed", code, reason.toString()]);
    resolve(events);
  });
  receiver.on("error", (error: Error & { [name: symbol]: unknown }) => {
    const name = Object.getOwnPropertySymbols(error)
      .find(({ description }) => description === "status-code");
    events.push(["violation", name && error[name]]);
    resolve(events);
  });
  receiver.write(bytes, () => setTimeout(resolve, 0, events));
  return promise;
}

/** Ours takes binary messages that are UTF-8, without a byte order mark. */
function asText(event: Event): Event {
  const [type, data] = event;
  if (type !== "message") return event;
  try {
    return [type, new TextDecoder("utf-8", { fatal: true }).decode(data as Buffer)];
  } catch {
    return ["violation", 1007];
  }
}

/** Behind everything, so that there is no half of a header, which one of the two refuses sooner. */
const LAST = clientFrame(9, "the last one is this");

Deno.test("masked frames are what another reader takes them for", () =>
  campaign(
    fc.asyncProperty(clientFrames(false), async (frames) => {
      const bytes = Uint8Array.from(Buffer.concat([...frames, LAST]));
      const theirs = (await readByWs(bytes.slice())).map(asText);
      const end = theirs.findIndex(([type]) => type === "violation" || type === "closed");
      const expected = end < 0 ? theirs : theirs.slice(0, end + 1);
      assert.deepEqual(readIn([bytes.slice()]), expected);
    }),
    1_500,
  ));
