// What dialling says when it does not work, and TLS when it does.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type AddressInfo, createServer, type Server } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { fileURLToPath } from "node:url";
import { dial, type DialOptions } from "../../src/io/dial.ts";
import { DialError, failedBy } from "../../src/io/dial_error.ts";
import { until } from "../support/until.ts";
import { SocketRecorder } from "./socket_recorder.ts";

const AUTHORITY = certificate("authority.pem");

function certificate(name: string): string {
  return Deno.readTextFileSync(new URL(`./certificates/${name}`, import.meta.url));
}

/** A server that answers a handshake with these lines; `ACCEPT` becomes what the key asks for. */
function answering(reply: string, tls?: string): Server {
  const accept = (key: string) =>
    createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const serve = (socket: import("node:net").Socket) => {
    socket.on("error", () => {});
    socket.once("data", (data) => {
      const key = /^sec-websocket-key: (.*)$/im.exec(data.toString())?.[1]?.trim() ?? "";
      socket.write(reply.replace("ACCEPT", accept(key)), "latin1");
    });
  };
  if (tls === undefined) return createServer(serve);
  return createTlsServer(
    { cert: certificate(`${tls}.pem`), key: certificate(`${tls}.key`) },
    serve,
  );
}

const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
  "Connection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n";
const CHOSEN = `${SWITCHING}Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n`;

async function withServer(server: Server, test: (port: number) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const sockets = new Set<import("node:net").Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  try {
    await test((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function refusal(url: string, options: Partial<DialOptions> = {}): Promise<DialError> {
  try {
    const socket = await dial({
      url,
      headers: {},
      protocols: ["ocpp1.6"],
      failed: (error) => assert.fail(String(error)),
      ...options,
    });
    socket.terminate();
  } catch (error) {
    assert.ok(error instanceof DialError, String(error));
    return error;
  }
  assert.fail("it was accepted");
}

const ANSWERS: [string, string, string, number | undefined][] = [
  ["401", "HTTP/1.1 401 No\r\n\r\n", "HOST does not accept the user name or password", 401],
  ["403", "HTTP/1.1 403 No\r\n\r\n", "HOST does not allow this connection", 403],
  ["404", "HTTP/1.1 404 No\r\n\r\n", "HOST does not know the path /ocpp/A", 404],
  [
    "a redirect",
    "HTTP/1.1 302 Found\r\nLocation: ws://user:secret@elsewhere.test/x\r\n\r\n",
    "HOST redirects to elsewhere.test, which is not followed",
    302,
  ],
  ["503", "HTTP/1.1 503 No\r\n\r\n", "HOST answered HTTP 503 instead of opening a WebSocket", 503],
  ["no subprotocol", `${SWITCHING}\r\n`, "HOST did not choose a subprotocol", undefined],
  [
    "another subprotocol",
    CHOSEN.replace("ocpp1.6", "ocpp2.0.1"),
    "HOST chose a subprotocol that was not offered",
    undefined,
  ],
  ["something that is not HTTP", "SSH-2.0-x\r\n\r\n", "HOST does not speak HTTP", undefined],
  [
    "a wrong key",
    CHOSEN.replace("ACCEPT", "wrong"),
    "the connection to HOST failed: Invalid Sec-WebSocket-Accept header",
    undefined,
  ],
];

for (const [what, reply, reason, status] of ANSWERS) {
  Deno.test(`a server that answers ${what} is reported in words`, () =>
    withServer(answering(reply), async (port) => {
      const error = await refusal(`ws://127.0.0.1:${port}/ocpp/A`);
      assert.equal(error.reason, reason.replace("HOST", `127.0.0.1:${port}`));
      assert.equal(error.message, error.reason);
      assert.equal(error.status, status);
    }));
}

Deno.test("a refused connection is reported in words", async () => {
  let free = 0;
  await withServer(createServer(), (port) => Promise.resolve(void (free = port)));
  const error = await refusal(`ws://127.0.0.1:${free}/`);
  assert.equal(error.reason, `127.0.0.1:${free} refuses connections`);
});

Deno.test("a server that says nothing is given up in time", () =>
  withServer(createServer(), async (port) => {
    const begun = performance.now();
    const error = await refusal(`ws://127.0.0.1:${port}/`, { handshakeTimeoutMs: 300 });
    assert.equal(error.reason, `127.0.0.1:${port} does not answer within 0.3 s`);
    assert.ok(performance.now() - begun < 1_000);
  }));

Deno.test("a server that drips its answer is given up in time", () =>
  withServer(
    createServer((socket) => {
      socket.on("error", () => {});
      const timer = setInterval(() => socket.write("HTTP/1.1 101 X\r\nX: y\r\n".at(0)!), 50);
      socket.on("close", () => clearInterval(timer));
    }),
    async (port) => {
      const error = await refusal(`ws://127.0.0.1:${port}/`, { handshakeTimeoutMs: 300 });
      assert.match(error.reason, /does not (answer within 0.3 s|speak HTTP)/);
    },
  ));

Deno.test("a dial can be given up", () =>
  withServer(createServer(), async (port) => {
    const controller = new AbortController();
    const error = refusal(`ws://127.0.0.1:${port}/`, { signal: controller.signal });
    controller.abort();
    assert.equal((await error).reason, "given up");
    const again = await refusal(`ws://127.0.0.1:${port}/`, { signal: controller.signal });
    assert.equal(again.reason, "given up");
  }));

Deno.test("an address that is none is refused", async () => {
  for (const url of ["http://127.0.0.1/", "nonsense", ""]) {
    assert.equal((await refusal(url)).reason, "the address does not begin with ws:// or wss://");
  }
  const error = await refusal("ws://127.0.0.1/", { protocols: ["not a token"] });
  assert.match(error.reason, /^the connection to 127.0.0.1 failed: /);
});

Deno.test("a name that cannot be resolved is reported in words", async () => {
  // A process of its own, because the tests may reach the loopback interface only.
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", fileURLToPath(import.meta.resolve("./dial_child.ts"))],
    stdout: "piped",
  }).output();
  assert.equal(
    new TextDecoder().decode(stdout).trim(),
    "the host name nowhere.invalid cannot be resolved",
  );
});

const UNTRUSTED = "the certificate of HOST is not signed by a known authority";
const CERTIFICATES: [string, string, Partial<DialOptions>, string | undefined][] = [
  ["server", "localhost", { ca: AUTHORITY }, undefined],
  ["server", "127.0.0.1", { ca: AUTHORITY }, undefined],
  ["server", "localhost", {}, UNTRUSTED],
  ["server", "localhost", { rejectUnauthorized: false }, undefined],
  ["expired", "localhost", { ca: AUTHORITY }, "the certificate of HOST has expired"],
  ["other", "localhost", { ca: AUTHORITY }, "the certificate of HOST is for another name"],
];

for (const [name, host, options, reason] of CERTIFICATES) {
  const given = Object.keys(options).join("") || "nothing";
  Deno.test(`the ${name} certificate at ${host} with ${given}: ${reason ?? "accepted"}`, () =>
    withServer(answering(CHOSEN, name), async (port) => {
      const url = `wss://${host}:${port}/`;
      if (reason !== undefined) {
        const error = await refusal(url, options);
        assert.equal(error.reason, reason.replace("HOST", `${host}:${port}`));
        return;
      }
      const socket = await dial({
        url,
        headers: {},
        protocols: ["ocpp1.6"],
        failed: () => {},
        ...options,
      });
      const recorder = new SocketRecorder();
      socket.handler = recorder;
      assert.equal(socket.protocol, "ocpp1.6");
      socket.terminate();
      await until(() => recorder.closedCode, 1_000, "the end");
    }));
}

Deno.test("a server without TLS is reported in words", () =>
  withServer(answering("HTTP/1.1 400 Bad Request\r\n\r\n"), async (port) => {
    const error = await refusal(`wss://localhost:${port}/`, { handshakeTimeoutMs: 1_000 });
    assert.match(error.reason, new RegExp(`localhost:${port}`));
  }));

Deno.test("our own certificate is shown to a server that asks for one", async () => {
  let subject: string | undefined;
  const server = createTlsServer({
    cert: certificate("server.pem"),
    key: certificate("server.key"),
    ca: AUTHORITY,
    requestCert: true,
    rejectUnauthorized: true,
  }, (socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      subject = String(socket.getPeerCertificate().subject?.CN);
      socket.end("HTTP/1.1 404 No\r\n\r\n");
    });
  });
  await withServer(server, async (port) => {
    const error = await refusal(`wss://localhost:${port}/`, {
      ca: AUTHORITY,
      cert: certificate("other.pem"),
      key: certificate("other.key"),
    });
    assert.equal(error.status, 404);
  });
  assert.equal(subject, "other.test");
});

Deno.test("headers given are sent, and compression is not offered", async () => {
  let head = "";
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (data) => {
      head += data.toString();
      socket.end("HTTP/1.1 404 No\r\n\r\n");
    });
  });
  await withServer(server, async (port) => {
    await refusal(`ws://127.0.0.1:${port}/ocpp/A%20B`, {
      headers: { authorization: "Basic QTpi" },
    });
  });
  assert.match(head, /^GET \/ocpp\/A%20B HTTP\/1\.1\r\n/);
  assert.match(head, /\r\nauthorization: Basic QTpi\r\n/i);
  assert.match(head, /\r\nsec-websocket-protocol: ocpp1.6\r\n/i);
  assert.doesNotMatch(head, /extensions/i);
});

Deno.test("nothing is lost that the server sends with its handshake", async () => {
  const server = answering(`${CHOSEN}\x81\x05early`);
  await withServer(server, async (port) => {
    const socket = await dial({
      url: `ws://127.0.0.1:${port}/`,
      headers: {},
      protocols: ["ocpp1.6"],
      failed: () => {},
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const recorder = new SocketRecorder();
    socket.handler = recorder;
    await until(() => recorder.events.length > 0, 1_000, "the message");
    assert.deepEqual(recorder.events, [{ type: "message", text: "early" }]);
    socket.terminate();
    await until(() => recorder.closedCode, 1_000, "the end");
  });
});

Deno.test("each kind of failure has its own words", () => {
  const url = new URL("wss://host.test:1234/x?secret");
  const codes = ["ENOTFOUND", "ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT", "ECONNRESET"];
  const certificates = [
    "CERT_HAS_EXPIRED",
    "CERT_NOT_YET_VALID",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  ];
  const reasons = [...codes, ...certificates].map((code) =>
    failedBy(Object.assign(new Error("x"), { code }), url).reason
  );
  assert.equal(new Set(reasons).size, reasons.length);
  for (const reason of reasons) {
    assert.ok(reason.includes("host.test") && !reason.includes("secret"));
  }
});
