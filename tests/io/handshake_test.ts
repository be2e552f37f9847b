// The handshakes real chargers send, byte by byte.

import assert from "node:assert/strict";
import { until } from "../support/until.ts";
import { withListener } from "./listener_fixture.ts";
import { clientFrame, EXAMPLE_ACCEPT, RawClient, UPGRADE_LINES } from "./raw_client.ts";

/** Shakes hands with these lines and returns the head of the answer. */
async function handshake(
  port: number,
  lines: readonly string[],
  requestLine = "GET /charger/A HTTP/1.1",
): Promise<string> {
  using client = await RawClient.connect(port);
  await client.request(requestLine, lines);
  return (await client.response()).text;
}

function without(name: string): string[] {
  return UPGRADE_LINES.filter((line) => !line.startsWith(name));
}

const PROTOCOL_HEADERS: [string[], string[], string | undefined][] = [
  [["Sec-WebSocket-Protocol: ocpp1.6"], ["ocpp1.6"], "ocpp1.6"],
  [["Sec-WebSocket-Protocol: ocpp1.6,ocpp1.5"], ["ocpp1.6", "ocpp1.5"], "ocpp1.6"],
  [["Sec-WebSocket-Protocol: ocpp2.0.1, ocpp1.6"], ["ocpp2.0.1", "ocpp1.6"], "ocpp1.6"],
  [
    ["Sec-WebSocket-Protocol: ocpp2.0.1", "sec-websocket-protocol: ocpp1.6"],
    ["ocpp2.0.1", "ocpp1.6"],
    "ocpp1.6",
  ],
  [["SEC-WEBSOCKET-PROTOCOL:OCPP1.6 ,, "], ["OCPP1.6"], undefined],
  [[], [], undefined],
];

for (const [lines, offered, answered] of PROTOCOL_HEADERS) {
  Deno.test(`offers ${JSON.stringify(lines)} are read as ${JSON.stringify(offered)}`, () =>
    withListener(async ({ port, visits }) => {
      const head = await handshake(port, [...UPGRADE_LINES, ...lines]);
      assert.match(head, /^HTTP\/1\.1 101 /);
      assert.ok(head.includes(`\r\nSec-WebSocket-Accept: ${EXAMPLE_ACCEPT}\r\n`));
      assert.equal(/^sec-websocket-protocol: (.*)$/im.exec(head)?.[1], answered);
      assert.deepEqual(visits[0]?.request.offeredProtocols, offered);
      assert.equal(visits[0]?.socket.protocol, answered ?? "");
    }));
}

const TOLERATED: [string, string[]][] = [
  ["without Connection", without("Connection")],
  ["with Connection: keep-alive, Upgrade", [
    ...without("Connection"),
    "Connection: keep-alive, Upgrade",
  ]],
  ["with Connection: close", [...without("Connection"), "Connection: close"]],
  ["with Upgrade: WebSocket", [...without("Upgrade"), "Upgrade: WebSocket"]],
  ["without Host", without("Host")],
  ["with a Host that is none", [...without("Host"), "Host: [::bad"]],
  ["without a version", without("Sec-WebSocket-Version")],
  ["with a line that is no header", [...UPGRADE_LINES, "garbage", "b\x01d: x", ": nothing"]],
  ["with a folded header", [...UPGRADE_LINES, "X-Folded: a", "  b"]],
  ["that offers permessage-deflate", [
    ...UPGRADE_LINES,
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
  ]],
];

for (const [what, lines] of TOLERATED) {
  Deno.test(`a handshake ${what} is accepted`, () =>
    withListener(async ({ port }) => {
      const head = await handshake(port, lines);
      assert.match(head, /^HTTP\/1\.1 101 /);
      assert.doesNotMatch(head, /extensions/i);
    }));
}

Deno.test("a handshake with bare line feeds, sent byte by byte, is accepted", () =>
  withListener(async ({ port }) => {
    using client = await RawClient.connect(port);
    const text = ["GET / HTTP/1.1", ...UPGRADE_LINES, "", ""].join("\n");
    for (const character of `\r\n${text}`) await client.write(character);
    assert.equal((await client.response()).status, 101);
  }));

for (
  const path of [
    "/charger//ID",
    "///charger/ID",
    "/charger/ID/",
    "/charger/ID?x=1",
    "/charger/%E2%82%AC",
    "/charger/RDAM%7C123",
    "/charger/%zz",
    "/charger/a b",
    "/charger/../x",
  ]
) {
  Deno.test(`the path ${path} is handed on as it was sent`, () =>
    withListener(async ({ port, visits }) => {
      assert.match(await handshake(port, UPGRADE_LINES, `GET ${path} HTTP/1.1`), / 101 /);
      assert.equal(visits[0]?.request.path, path);
      assert.ok(visits[0]?.request.url instanceof URL);
      assert.equal(visits[0]?.request.remoteAddress, "127.0.0.1");
    }));
}

Deno.test("a target in absolute form is its path", () =>
  withListener(async ({ port, visits }) => {
    await handshake(port, UPGRADE_LINES, "GET http://proxy:9000/charger/A?b HTTP/1.1");
    assert.equal(visits[0]?.request.path, "/charger/A?b");
  }));

Deno.test("headers keep bytes that are not ASCII", () =>
  withListener(async ({ port, visits }) => {
    await handshake(port, [...UPGRADE_LINES, "Authorization: Basic \x80\xff\xe9"]);
    assert.equal(visits[0]?.request.headers.get("authorization"), "Basic \x80\xff\xe9");
  }));

Deno.test("messages sent along with the handshake are not lost", () =>
  withListener(async ({ port, visits }) => {
    using client = await RawClient.connect(port);
    const head = ["GET /charger HTTP/1.1", ...UPGRADE_LINES, "", ""].join("\r\n");
    const frame = clientFrame(1, "early");
    const bytes = new Uint8Array(head.length + frame.length);
    bytes.set(new TextEncoder().encode(head));
    bytes.set(frame, head.length);
    await client.write(bytes);
    await until(() => visits[0]?.recorder.events.length === 1, 1_000, "the message");
    assert.deepEqual(visits[0]?.recorder.events, [{ type: "message", text: "early" }]);
  }));

Deno.test("a refused handshake gets its status, headers and reason", () =>
  withListener(async ({ port, visits }) => {
    using client = await RawClient.connect(port);
    await client.request("GET /charger HTTP/1.1", UPGRADE_LINES);
    const { status, text, body } = await client.response();
    assert.equal(status, 401);
    assert.match(text, /^HTTP\/1\.1 401 Unauthorized\r\n/);
    assert.match(text, /\r\nWWW-Authenticate: Basic\r\n/);
    assert.equal(body, "wrong password\n");
    assert.equal(await client.rest(), "");
    assert.deepEqual(visits, []);
  }, {
    admit: () => ({
      accept: false,
      status: 401,
      reason: "wrong password",
      headers: { "WWW-Authenticate": "Basic" },
    }),
  }));

Deno.test("an admission that fails is an error 500 and is logged", () =>
  withListener(async ({ port, logged }) => {
    assert.match(await handshake(port, UPGRADE_LINES), /^HTTP\/1\.1 500 /);
    assert.match(String(logged[0]?.values["error"]), /a bug/);
  }, {
    admit: () => {
      throw new Error("a bug");
    },
  }));

for (
  const [what, requestLine, lines] of [
    ["HTTP/1.0", "GET /charger HTTP/1.0", UPGRADE_LINES],
    ["GET without an upgrade", "GET /charger HTTP/1.1", ["Host: a"]],
    ["POST with an upgrade", "POST /charger HTTP/1.1", UPGRADE_LINES],
    ["a handshake without a key", "GET /charger HTTP/1.1", without("Sec-WebSocket-Key")],
    ["an upgrade to something else", "GET /charger HTTP/1.1", [
      ...without("Upgrade"),
      "Upgrade: h2c",
    ]],
  ] as const
) {
  Deno.test(`${what} is plain HTTP`, () =>
    withListener(async ({ port, visits }) => {
      assert.match(await handshake(port, lines, requestLine), /^HTTP\/1\.1 426 /);
      assert.deepEqual(visits, []);
    }, { fetch: () => new Response("Only WebSockets live here.\n", { status: 426 }) }));
}

Deno.test("a connection that is reset ends its socket, and only that", () =>
  withListener(async ({ port, visits }) => {
    const client = await RawClient.upgrade(port);
    visits[0]!.socket.send("never read, so closing resets");
    await until(() => visits[0]!.socket.bufferedAmount === 0, 1_000, "the text to be sent");
    client[Symbol.dispose]();
    await until(() => visits[0]!.recorder.closedCode, 1_000, "the end");
    assert.equal(visits[0]!.recorder.closedCode, 1006);
    assert.equal(visits[0]!.recorder.events.length, 1);
    using second = await RawClient.upgrade(port);
    await second.write(clientFrame(9, "hello"));
    assert.equal((await second.frame()).payload, "hello");
  }));
