// Every handshake that chargers were seen to make, up to an answered Heartbeat.

import assert from "node:assert/strict";
import { clientFrame, RawClient, UPGRADE_LINES } from "../io/raw_client.ts";
import { Stage } from "./stage.ts";

const HEARTBEAT = '[2,"h","Heartbeat",{}]';
const OCPP = "Sec-WebSocket-Protocol: ocpp1.6";

function without(name: string): string[] {
  return UPGRADE_LINES.filter((line) => !line.startsWith(name));
}

/** Sends a request and returns the status, and the chosen protocol if it was 101. */
async function shakeHands(
  client: RawClient,
  lines: readonly string[],
  path = "/charger/CP1",
): Promise<{ status: number; protocol: string | undefined; body: string }> {
  await client.request(`GET ${path} HTTP/1.1`, lines);
  const { status, text, body } = await client.response();
  return { status, protocol: /^sec-websocket-protocol: (.*)\r$/im.exec(text)?.[1], body };
}

async function assertServed(client: RawClient, frame = clientFrame(1, HEARTBEAT)): Promise<void> {
  await client.write(frame);
  const answer = await client.frame();
  assert.match(answer.payload, /^\[3,"h",\{"currentTime":"/);
}

const SERVED: [string, readonly string[], string | undefined][] = [
  ["1: the normal handshake", [...UPGRADE_LINES, OCPP], "ocpp1.6"],
  ["2: a list without a space", [...UPGRADE_LINES, `${OCPP},ocpp1.5`], "ocpp1.6"],
  [
    "3: a newer version first",
    [...UPGRADE_LINES, "Sec-WebSocket-Protocol: ocpp2.0.1, ocpp1.6"],
    "ocpp1.6",
  ],
  ["5: no subprotocol", UPGRADE_LINES, undefined],
  [
    "6: upper case, answered as it was offered",
    [...UPGRADE_LINES, "Sec-WebSocket-Protocol: OCPP1.6"],
    "OCPP1.6",
  ],
  ["7: two header lines", [...UPGRADE_LINES, `${OCPP}J`, OCPP], "ocpp1.6J"],
  ["8: no Connection header", [...without("Connection"), OCPP], "ocpp1.6"],
  [
    "9: Connection: keep-alive, Upgrade",
    [...without("Connection"), "Connection: keep-alive, Upgrade", OCPP],
    "ocpp1.6",
  ],
  [
    "12: permessage-deflate offered",
    [...UPGRADE_LINES, OCPP, "Sec-WebSocket-Extensions: permessage-deflate"],
    "ocpp1.6",
  ],
  ["a WebView with Origin: file://", [...UPGRADE_LINES, OCPP, "Origin: file://"], "ocpp1.6"],
];

for (const [name, lines, protocol] of SERVED) {
  Deno.test(`handshake ${name}: served`, async () => {
    await using stage = await Stage.open("charger: { id: CP1 }");
    using client = await RawClient.connect(stage.port);
    const answer = await shakeHands(client, lines);
    assert.deepEqual([answer.status, answer.protocol], [101, protocol]);
    await assertServed(client);
    assert.equal(stage.proxy.report().charger.connected, true);
  });
}

const PATHS: [string, string][] = [
  ["/charger//CP1", "CP1"],
  ["/charger/CP1/", "CP1"],
  ["/charger/CP1?x=1", "CP1"],
  ["///charger/CP1", "CP1"],
  ["/charger/%E2%82%AC", "€"],
  ["/charger/RDAM%7C123", "RDAM|123"],
  ["/charger/100%2525", "100%25"],
  ["/CP1", "CP1"],
  ["/ocpp/1.6/CP1", "CP1"],
  ["/charger", "charger"],
  ["/", "charger"],
];

for (const [path, id] of PATHS) {
  Deno.test(`handshake 10: ${path} is the charge point ${id}, decoded once`, async () => {
    await using stage = await Stage.open("");
    using client = await RawClient.connect(stage.port);
    assert.equal((await shakeHands(client, [...UPGRADE_LINES, OCPP], path)).status, 101);
    assert.equal(stage.proxy.chargePointId, id);
    await assertServed(client);
  });
}

const REFUSED: [string, readonly string[], string, number][] = [
  ["with broken percent-encoding", [...UPGRADE_LINES, OCPP], "/charger/%E2%82", 400],
  ["with a line feed in its identity", [...UPGRADE_LINES, OCPP], "/charger/a%0Ab", 400],
  [
    "with an identity of 129 characters",
    [...UPGRADE_LINES, OCPP],
    `/charger/${"x".repeat(129)}`,
    400,
  ],
  [
    "of a web page",
    [...UPGRADE_LINES, OCPP, "Origin: https://evil.example"],
    "/charger/CP1",
    403,
  ],
  ["of a web page (http)", [...UPGRADE_LINES, "Origin: http://evil.example"], "/charger/CP1", 403],
  ["of a web page's sandbox", [...UPGRADE_LINES, OCPP, "Origin: null"], "/charger/CP1", 403],
];

for (const [name, lines, path, status] of REFUSED) {
  Deno.test(`handshake ${name}: refused with ${status}`, async () => {
    await using stage = await Stage.open("");
    using client = await RawClient.connect(stage.port);
    const answer = await shakeHands(client, lines, path);
    assert.equal(answer.status, status);
    assert.ok(answer.body.length > 5, "a reason for people");
    assert.equal(stage.proxy.chargePointId, undefined);
  });
}

const NOTHING: readonly string[] = UPGRADE_LINES;
const OTHER: readonly string[] = [...UPGRADE_LINES, "Sec-WebSocket-Protocol: ocpp2.0.1"];

/** What is offered, and how each policy treats it. */
const POLICIES: [string, readonly string[]][] = [
  ["handshake 5: no subprotocol", NOTHING],
  ["handshake 4: only ocpp2.0.1", OTHER],
];

for (const [name, lines] of POLICIES) {
  Deno.test(`${name}, policy accept: served without a protocol`, async () => {
    await using stage = await Stage.open("charger: { subprotocol: accept }");
    using client = await RawClient.connect(stage.port);
    assert.deepEqual(await shakeHands(client, lines), {
      status: 101,
      protocol: undefined,
      body: "",
    });
    await assertServed(client);
  });

  Deno.test(`${name}, policy close: opened without a protocol, then closed`, async () => {
    await using stage = await Stage.open("charger: { subprotocol: close }");
    using client = await RawClient.connect(stage.port);
    const answer = await shakeHands(client, lines);
    assert.deepEqual([answer.status, answer.protocol], [101, undefined]);
    const { opcode, code, payload } = await client.frame();
    assert.deepEqual([opcode, code], [8, 1002]);
    assert.match(payload, /ocpp1\.6 is needed/);
    assert.equal(stage.proxy.report().charger.connected, false);
  });

  Deno.test(`${name}, policy reject: not opened`, async () => {
    await using stage = await Stage.open("charger: { subprotocol: reject }");
    using client = await RawClient.connect(stage.port);
    const answer = await shakeHands(client, lines);
    assert.equal(answer.status, 400);
    assert.match(answer.body, /ocpp1\.6 is needed/);
  });
}

Deno.test("handshake 14: a ping comes back with its payload", async () => {
  await using stage = await Stage.open("");
  using client = await RawClient.upgrade(stage.port, "/charger/CP1", [OCPP]);
  await client.write(clientFrame(9, "are you there"));
  const pong = await client.frame();
  assert.deepEqual([pong.opcode, pong.payload], [10, "are you there"]);
});

Deno.test("handshake 15: text in fragments, with a ping between them, is one message", async () => {
  await using stage = await Stage.open("");
  using client = await RawClient.upgrade(stage.port, "/charger/CP1", [OCPP]);
  await client.write(clientFrame(1, HEARTBEAT.slice(0, 5), { final: false }));
  await client.write(clientFrame(9, ""));
  assert.equal((await client.frame()).opcode, 10);
  await assertServed(client, clientFrame(0, HEARTBEAT.slice(5)));
});

Deno.test("handshake 16: a binary frame with JSON text is answered", async () => {
  await using stage = await Stage.open("");
  using client = await RawClient.upgrade(stage.port, "/charger/CP1", [OCPP]);
  await assertServed(client, clientFrame(2, HEARTBEAT));
});

Deno.test("handshake 17: a charger that vanishes without a close frame is gone, and may return", async () => {
  await using stage = await Stage.open("");
  {
    using client = await RawClient.upgrade(stage.port, "/charger/CP1", [OCPP]);
    await assertServed(client);
  }
  using again = await RawClient.upgrade(stage.port, "/charger/CP1", [OCPP]);
  await assertServed(again);
});
