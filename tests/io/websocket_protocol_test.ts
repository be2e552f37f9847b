// RFC 6455 as the listening side keeps it, byte by byte.

import assert from "node:assert/strict";
import { MAX_MESSAGE_BYTES } from "../../src/io/socket.ts";
import { pause, until } from "../support/until.ts";
import { withListener } from "./listener_fixture.ts";
import { clientFrame, RawClient } from "./raw_client.ts";

function joined(...frames: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + frame.length, 0));
  let offset = 0;
  for (const frame of frames) {
    bytes.set(frame, offset);
    offset += frame.length;
  }
  return bytes;
}

/** The header of a frame that says it is `bytes` long, without the payload. */
function hugeHeader(bytes: number): Uint8Array {
  const header = new Uint8Array(14);
  header[0] = 0x81;
  header[1] = 0xff;
  new DataView(header.buffer).setBigUint64(2, BigInt(bytes));
  return header;
}

Deno.test("frames cut into single bytes are put together", () =>
  withListener(async ({ port, visits }) => {
    using client = await RawClient.upgrade(port);
    const bytes = joined(
      clientFrame(1, "short"),
      clientFrame(9, "ping"),
      clientFrame(1, "é".repeat(100)),
      clientFrame(1, "frag", { final: false }),
      clientFrame(0, "", { final: false }),
      clientFrame(0, "mented"),
    );
    for (const byte of bytes) {
      await client.write(Uint8Array.of(byte));
      await pause(0);
    }
    assert.deepEqual(await client.frame(), {
      final: true,
      opcode: 10,
      payload: "ping",
      code: undefined,
    });
    await until(() => visits[0]!.recorder.events.length === 3, 1_000, "three messages");
    assert.deepEqual(
      visits[0]!.recorder.events.map((event) => event.type === "message" && event.text),
      ["short", "é".repeat(100), "fragmented"],
    );
  }));

Deno.test("a thousand frames in one packet are a thousand messages", () =>
  withListener(async ({ port, visits }) => {
    using client = await RawClient.upgrade(port);
    await client.write(joined(...Array.from({ length: 1_000 }, (_, i) => clientFrame(1, `${i}`))));
    await until(() => visits[0]!.recorder.events.length === 1_000, 1_000, "the messages");
    assert.deepEqual(visits[0]!.recorder.events.at(-1), { type: "message", text: "999" });
  }));

Deno.test("frames without a mask are accepted", () =>
  withListener(async ({ port, visits }) => {
    using client = await RawClient.upgrade(port);
    await client.write(clientFrame(1, "bare", { masked: false }));
    await client.write(clientFrame(1, "ba", { masked: false, final: false }));
    await client.write(clientFrame(0, "re", { masked: false }));
    await until(() => visits[0]!.recorder.events.length === 2, 1_000, "the messages");
    assert.deepEqual(visits[0]!.recorder.events[1], { type: "message", text: "bare" });
  }));

Deno.test("a byte order mark is not part of the text", () =>
  withListener(async ({ port, visits }) => {
    using client = await RawClient.upgrade(port);
    await client.write(clientFrame(1, "\ufeff[2]"));
    await until(() => visits[0]!.recorder.events.length === 1, 1_000, "the message");
    assert.deepEqual(visits[0]!.recorder.events[0], { type: "message", text: "[2]" });
  }));

const VIOLATIONS: [string, number, Uint8Array][] = [
  ["reserved bit 1", 1002, clientFrame(1, "x", { reserved: 0x40 })],
  ["reserved bit 3 on a ping", 1002, clientFrame(9, "x", { reserved: 0x10 })],
  ["unknown data frame", 1002, clientFrame(3, "x")],
  ["unknown control frame", 1002, clientFrame(11, "x")],
  ["fragmented ping", 1002, clientFrame(9, "x", { final: false })],
  ["ping of 126 bytes", 1002, clientFrame(9, "x".repeat(126))],
  ["continuation of nothing", 1002, clientFrame(0, "x")],
  [
    "new message inside another",
    1002,
    joined(clientFrame(1, "x", { final: false }), clientFrame(1, "y")),
  ],
  ["close with half a code", 1002, clientFrame(8, "x")],
  ["close with code 1005", 1002, clientFrame(8, Uint8Array.of(0x03, 0xed))],
  ["close with code 999", 1002, clientFrame(8, Uint8Array.of(0x03, 0xe7))],
  ["close reason not UTF-8", 1007, clientFrame(8, Uint8Array.of(0x03, 0xe8, 0xff))],
  ["text not UTF-8", 1007, clientFrame(1, Uint8Array.of(0x5b, 0xc3, 0x28))],
  [
    "fragments not UTF-8",
    1007,
    joined(clientFrame(1, Uint8Array.of(0xc3), { final: false }), clientFrame(0, "x")),
  ],
  ["frame one byte too long", 1009, hugeHeader(MAX_MESSAGE_BYTES + 1)],
  ["frame of 2^53 bytes", 1009, hugeHeader(2 ** 53)],
];

for (const [what, code, bytes] of VIOLATIONS) {
  Deno.test(`${what} closes with ${code}`, () =>
    withListener(async ({ port, visits }) => {
      using client = await RawClient.upgrade(port);
      await client.write(bytes);
      const close = await client.frame();
      assert.equal(close.opcode, 8);
      assert.equal(close.code, code);
      assert.notEqual(close.payload, "");
      await client.write(clientFrame(1, "still talking"));
      await client.closeWrite();
      assert.equal(await client.rest(), "");
      await until(() => visits[0]!.recorder.closedCode, 3_000, "the end");
      assert.deepEqual(visits[0]!.recorder.events.map((event) => event.type), ["closed"]);
      assert.equal(visits[0]!.recorder.closedCode, code);
    }));
}

Deno.test("a close without a code is answered", () =>
  withListener(async ({ port, visits }) => {
    using client = await RawClient.upgrade(port);
    await client.write(clientFrame(8, ""));
    assert.equal((await client.frame()).opcode, 8);
    assert.equal(await client.rest(), "");
    await until(() => visits[0]!.recorder.closedCode, 1_000, "the end");
    assert.equal(visits[0]!.recorder.closedCode, 1005);
  }));

Deno.test("a peer that goes on sending after a violation is cut off", () =>
  withListener(async ({ port, visits }) => {
    using client = await RawClient.upgrade(port);
    await client.write(clientFrame(3, "x"));
    const piece = new Uint8Array(64 * 1024);
    await assert.rejects(async () => {
      for (let i = 0; i < 1_000; i++) await client.write(piece);
    });
    await until(() => visits[0]!.recorder.closedCode, 3_000, "the end");
    assert.equal(visits[0]!.recorder.closedCode, 1002);
  }));
