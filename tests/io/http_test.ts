// Plain HTTP on the listener's port.

import assert from "node:assert/strict";
import { pause, until } from "../support/until.ts";
import { withListener } from "./listener_fixture.ts";
import { RawClient } from "./raw_client.ts";

const GET = "GET /a HTTP/1.1";

async function echo(request: Request, info: { remoteAddress: string }): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const body = await request.text();
  return new Response(`${request.method} ${pathname}${search} ${info.remoteAddress} ${body}`);
}

Deno.test("several requests use one connection, one after the other", () =>
  withListener(async ({ port }) => {
    using client = await RawClient.connect(port);
    for (let i = 0; i < 3; i++) {
      await client.request(`GET /a?${i} HTTP/1.1`, ["Host: proxy"]);
      const { status, text, body } = await client.response();
      assert.equal(status, 200);
      assert.match(text, /\r\nDate: .* GMT\r\n/);
      assert.equal(body, `GET /a?${i} 127.0.0.1 `);
    }
  }, { fetch: echo }));

Deno.test("requests sent at once are answered in order", () =>
  withListener(async ({ port }) => {
    using client = await RawClient.connect(port);
    const post = "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    await client.write(`${post}${GET}\r\nHost: a\r\n\r\n${post}`);
    assert.equal((await client.response()).body, "POST /b 127.0.0.1 abc");
    assert.equal((await client.response()).body, "GET /a 127.0.0.1 ");
    assert.equal((await client.response()).body, "POST /b 127.0.0.1 abc");
  }, { fetch: echo }));

Deno.test("a chunked body is read, with its extensions and trailers", () =>
  withListener(async ({ port }) => {
    using client = await RawClient.connect(port);
    await client.request("POST / HTTP/1.1", ["Host: a", "Transfer-Encoding: chunked"]);
    for (const character of "5;name=x\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: t\r\n\r\n") {
      await client.write(character);
    }
    assert.equal((await client.response()).body, "POST / 127.0.0.1 hello!");
    await client.request(GET, ["Host: a"]);
    assert.equal((await client.response()).status, 200);
  }, { fetch: echo }));

Deno.test("a large body arrives whole", () =>
  withListener(async ({ port }) => {
    const body = "0123456789".repeat(100_000);
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body });
    assert.equal(await response.text(), `POST / 127.0.0.1 ${body}`);
  }, { fetch: echo }));

Deno.test("a client that expects 100 Continue gets it before it sends", () =>
  withListener(async ({ port }) => {
    using client = await RawClient.connect(port);
    await client.request("POST / HTTP/1.1", [
      "Host: a",
      "Content-Length: 2",
      "Expect: 100-continue",
    ]);
    // A 100 has no body; the fixture would otherwise read to the end.
    assert.equal(await client.line(), "HTTP/1.1 100 Continue");
    assert.equal(await client.line(), "");
    await client.write("ok");
    assert.equal((await client.response()).body, "POST / 127.0.0.1 ok");
  }, { fetch: echo }));

Deno.test("a body nobody reads does not disturb the next request", () =>
  withListener(async ({ port }) => {
    using client = await RawClient.connect(port);
    await client.request("POST / HTTP/1.1", ["Host: a", "Content-Length: 11"]);
    await client.write("GET / ghost");
    assert.equal((await client.response()).status, 404);
    await client.request(GET, ["Host: a"]);
    assert.equal((await client.response()).status, 404);
  }));

Deno.test("a body that was announced, and that nobody asked for, ends the connection", () =>
  withListener(async ({ port }) => {
    using client = await RawClient.connect(port);
    const lines = ["Host: a", "Content-Length: 11", "Expect: 100-continue"];
    await client.request("POST / HTTP/1.1", lines);
    assert.equal((await client.response()).status, 404);
    // What comes now may be the body or another request.
    assert.equal(await client.rest(), "");
  }));

Deno.test("HEAD gets the headers only, 204 and 304 no body, null a length of 0", () =>
  withListener(async ({ port }) => {
    using client = await RawClient.connect(port);
    await client.request("HEAD /200 HTTP/1.1", ["Host: a"]);
    assert.equal(await client.line(), "HTTP/1.1 200 OK");
    while (await client.line() !== "");
    for (const status of [204, 304]) {
      await client.request(`GET /${status} HTTP/1.1`, ["Host: a"]);
      assert.match(await client.line(), new RegExp(`^HTTP/1.1 ${status} `));
      for (let line = await client.line(); line !== ""; line = await client.line()) {
        assert.doesNotMatch(line, /content-length|transfer-encoding/i);
      }
    }
    await client.request("GET /null HTTP/1.1", ["Host: a"]);
    assert.match((await client.response()).text, /\r\nContent-Length: 0\r\n/);
  }, {
    fetch: (request) => {
      const status = Number(new URL(request.url).pathname.slice(1));
      if (Number.isNaN(status)) return new Response(null);
      return new Response(status === 200 ? "body" : null, { status });
    },
  }));

Deno.test("HTTP/1.0 and Connection: close end the connection after the body", () =>
  withListener(async ({ port }) => {
    using old = await RawClient.connect(port);
    await old.request("GET /a HTTP/1.0", []);
    const { text, body } = await old.response();
    assert.doesNotMatch(text, /transfer-encoding/i);
    assert.equal(body, "GET /a 127.0.0.1 ");

    using once = await RawClient.connect(port);
    await once.request(GET, ["Host: a", "Connection: close"]);
    assert.match((await once.response()).text, /\r\nConnection: close\r\n/);
    assert.equal(await once.rest(), "");
  }, { fetch: echo }));

Deno.test("headers pass both ways, cookies one by one", () =>
  withListener(async ({ port }) => {
    using client = await RawClient.connect(port);
    await client.request(GET, ["Host: a", "X-Two: 1", "X-Two: 2"]);
    const { text } = await client.response();
    assert.match(text, /\r\nx-echo: 1, 2\r\n/);
    assert.match(text, /\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n/);
  }, {
    fetch: (request) =>
      new Response("", {
        headers: [
          ["x-echo", request.headers.get("x-two") ?? ""],
          ["set-cookie", "a=1"],
          ["set-cookie", "b=2"],
        ],
      }),
  }));

Deno.test("events are streamed as they happen, and cancelled when the client goes", async () => {
  const encoder = new TextEncoder();
  let push: (text: string) => void = () => {};
  let cancelled = false;
  await withListener(async ({ port, listener }) => {
    const client = await RawClient.connect(port);
    await client.request("GET /events HTTP/1.1", ["Host: a"]);
    assert.equal(await client.line(), "HTTP/1.1 200 OK");
    while (await client.line() !== "");
    for (const text of ["data: 1\n\n", "data: 2\n\n"]) {
      push(text);
      assert.equal(await client.chunk(), text);
    }
    assert.equal(listener.connections(), 1);
    client[Symbol.dispose]();
    await until(() => (push("data: lost\n\n"), cancelled), 1_000, "the cancellation");
    await until(() => listener.connections() === 0, 1_000, "the connection to be forgotten");
  }, {
    fetch: () => {
      const stream = new ReadableStream<Uint8Array>({
        start: (controller) => {
          push = (text) => controller.enqueue(encoder.encode(text));
        },
        cancel: () => {
          cancelled = true;
          push = () => {};
        },
      });
      return new Response(stream, { headers: { "content-type": "text/event-stream" } });
    },
  });
});

Deno.test("closing the listener ends a stream that has nothing to say", async () => {
  let cancelled = false;
  let aborted = false;
  await withListener(async ({ port, listener }) => {
    using client = await RawClient.connect(port);
    await client.request("GET /events HTTP/1.1", ["Host: a"]);
    await client.line();
    await listener.close();
    assert.deepEqual({ cancelled, aborted }, { cancelled: true, aborted: true });
  }, {
    fetch: (request) => {
      request.signal.addEventListener("abort", () => aborted = true);
      return new Response(new ReadableStream({ cancel: () => void (cancelled = true) }));
    },
  });
});

Deno.test("a body that fails half-way is not taken for a whole one", () =>
  withListener(async ({ port, logged }) => {
    using client = await RawClient.connect(port);
    await client.request(GET, ["Host: a"]);
    assert.doesNotMatch(await client.rest(), /\r\n0\r\n\r\n$/);
    assert.match(String(logged[0]?.values["error"]), /disk/);
  }, {
    fetch: () => {
      let pulls = 0;
      return new Response(
        new ReadableStream({
          pull: (controller) => {
            if (pulls++ > 0) throw new Error("disk");
            controller.enqueue(new Uint8Array(10));
          },
        }),
      );
    },
  }));

Deno.test("a handler that fails is an error 500 and the connection goes on", () =>
  withListener(async ({ port, logged }) => {
    using client = await RawClient.connect(port);
    for (let i = 0; i < 2; i++) {
      await client.request(GET, ["Host: a"]);
      const { status, body } = await client.response();
      assert.deepEqual({ status, body }, { status: 500, body: "internal error\n" });
    }
    assert.equal(logged.length, 2);
  }, {
    fetch: () => {
      throw new Error("a bug with a secret in it");
    },
  }));

Deno.test("the handler hears of TRACE and CONNECT as of a method that nothing takes", () =>
  withListener(async ({ port }) => {
    using client = await RawClient.connect(port);
    for (const requestLine of ["TRACE /x HTTP/1.1", "CONNECT a:1 HTTP/1.1", "track / HTTP/1.1"]) {
      await client.request(requestLine, ["Host: a"]);
      assert.equal((await client.response()).status, 405);
    }
  }, {
    fetch: ({ method }) => new Response("", { status: method === "UNSUPPORTED" ? 405 : 200 }),
  }));

const REFUSED: [string, number, string][] = [
  ["garbage", 400, "\x16\x03\x01\x02\x00 tls\r\n\r\n"],
  ["HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\n"],
  ["a line that is no header", 400, `${GET}\r\nHost: a\r\nno header\r\n\r\n`],
  ["a second host", 400, `${GET}\r\nHost: a\r\nHost: b\r\n\r\n`],
  ["a host that is none", 400, `${GET}\r\nHost: a b\r\n\r\n`],
  ["a host with a path", 400, `${GET}\r\nHost: a/b?\r\n\r\n`],
  ["a host with a user", 400, `${GET}\r\nHost: b@a\r\n\r\n`],
  ["an unreadable length", 400, "POST / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n"],
  [
    "two different lengths",
    400,
    "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
  ],
  [
    "a length and chunks",
    400,
    "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
  ],
  ["an unknown coding", 400, "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"],
  ["a body that is too long", 413, "POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"],
  ["an unknown expectation", 417, "POST / HTTP/1.1\r\nExpect: miracles\r\n\r\n"],
];

for (const [what, status, text] of REFUSED) {
  Deno.test(`${what} is answered ${status}, and the connection ends`, () =>
    withListener(async ({ port }) => {
      using client = await RawClient.connect(port);
      await client.write(text);
      assert.equal((await client.response()).status, status);
      assert.equal(await client.rest(), "");
    }, { fetch: echo }));
}

for (
  const [what, status, chunks] of [
    ["beyond the limit", 413, "401\r\n"],
    ["without a size", 400, "hello\r\n"],
    ["with a chunk that does not end", 400, "1\r\nxyz\r\n"],
  ] as const
) {
  Deno.test(`a chunked body ${what} is answered ${status}, and the connection ends`, () =>
    withListener(async ({ port, logged }) => {
      using client = await RawClient.connect(port);
      await client.request("POST / HTTP/1.1", ["Host: a", "Transfer-Encoding: chunked"]);
      await client.write(chunks);
      assert.equal((await client.response()).status, status);
      assert.equal(await client.rest(), "");
      assert.deepEqual(logged, [], "no bug of ours");
    }, { fetch: echo, limits: { bodyBytes: 1024 } }));
}

Deno.test("a client that reads no response, or sends no body, is cut off", () =>
  withListener(async ({ port, listener }) => {
    using deaf = await RawClient.connect(port);
    await deaf.request("GET /big HTTP/1.1", ["Host: a"]);
    using mute = await RawClient.connect(port);
    await mute.request("POST / HTTP/1.1", ["Host: a", "Content-Length: 5"]);
    await until(() => listener.connections() === 2, 1_000, "both to be served");
    const begun = performance.now();
    await until(() => listener.connections() === 0, 4_000, "both to be cut off");
    assert.ok(performance.now() - begun > 700);
  }, {
    limits: { stallMs: 1_000 },
    fetch: (request, info) =>
      request.method === "POST" ? echo(request, info) : new Response(new Uint8Array(50_000_000)),
  }));

Deno.test("a slow handler is nobody's stall", () =>
  withListener(async ({ port }) => {
    using client = await RawClient.connect(port);
    await client.request(GET, ["Host: a"]);
    assert.equal((await client.response()).body, "late");
  }, {
    limits: { stallMs: 500 },
    fetch: async () => {
      await pause(1_800);
      return new Response("late");
    },
  }));
