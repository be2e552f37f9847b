// HTTP requests with bodies, one behind the other: read as they were meant, or refused, never both.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { inTime } from "../../src/io/pause.ts";
import { withListener } from "../io/listener_fixture.ts";
import { RawClient } from "../io/raw_client.ts";
import { campaign } from "./budget.ts";

/** Whoever sent everything, and says so, has an end within this. */
const LONGEST_MS = 5_000;

/** What looks like another request, or like an end, inside of a body. */
const body = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.constantFrom(
    "",
    "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\n0\r\n\r\n",
    "POST /smuggled HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    "x".repeat(5_000),
  ),
);

interface Asked {
  readonly method: string;
  readonly body: Uint8Array;
  /** Where chunks end; undefined: with a Content-Length. */
  readonly chunks: readonly number[] | undefined;
  readonly extension: string;
  readonly trailers: readonly string[];
}

const asked: fc.Arbitrary<Asked> = fc.record({
  method: fc.constantFrom("POST", "PUT", "DELETE", "GET", "ODD"),
  body: body.map((text) => Uint8Array.from(Buffer.from(text))),
  chunks: fc.option(fc.array(fc.nat(), { maxLength: 4 }), { nil: undefined }),
  extension: fc.constantFrom("", ";a=b", "; a", " ", ';q="\\""'),
  trailers: fc.constantFrom<string[]>([], ["X-Sum: 1"], ["Content-Length: 5", "Host: b"]),
});

/** The request, as a client writes it that follows RFC 9112; `extra`: lines of its head besides. */
function written(one: Asked, path: string, extra: readonly string[] = []): Uint8Array {
  const framing = one.chunks ? "Transfer-Encoding: chunked" : `Content-Length: ${one.body.length}`;
  const head = [`${one.method} ${path} HTTP/1.1`, "Host: a", framing, ...extra, "", ""];
  return Uint8Array.from(Buffer.concat([
    Buffer.from(head.join("\r\n"), "latin1"),
    one.chunks ? chunked(one, one.chunks) : one.body,
  ]));
}

function chunked({ body, extension, trailers }: Asked, chunks: readonly number[]): Uint8Array {
  const ends = chunks.map((cut) => cut % (body.length + 1)).sort((a, b) => a - b);
  const pieces = [...ends, body.length].map((end, index) => body.slice(ends[index - 1] ?? 0, end))
    .filter(({ length }) => length > 0);
  return Buffer.concat([
    ...pieces.flatMap((piece) => [
      Buffer.from(`${piece.length.toString(16)}${extension}\r\n`),
      piece,
      Buffer.from("\r\n"),
    ]),
    Buffer.from(["0", ...trailers, "", ""].join("\r\n")),
  ]);
}

/** Writes it in these pieces, and our end behind it; what is answered up to the listener's end. */
async function exchange(port: number, bytes: Uint8Array, cuts: readonly number[]): Promise<string> {
  using client = await RawClient.connect(port);
  const ends = [...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
  const said = async () => {
    try {
      for (const [index, end] of ends.entries()) {
        await client.write(bytes.subarray(ends[index - 1] ?? 0, end));
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      await client.closeWrite();
    } catch {
      // It has hung up already.
    }
    return await client.rest();
  };
  return await inTime(LONGEST_MS, said(), "the connection hangs");
}

type Heard = readonly [method: string, path: string, body: string];

/** A listener that keeps what its handler was asked. */
function withHandler(test: (port: number, heard: Heard[]) => Promise<void>): Promise<void> {
  const heard: Heard[] = [];
  return withListener(async ({ port, logged }) => {
    await test(port, heard);
    assert.deepEqual(logged.filter(({ level }) => level === "error"), []);
  }, {
    fetch: async (request) => {
      const body = Buffer.from(await request.arrayBuffer()).toString("hex");
      heard.push([request.method, new URL(request.url).pathname, body]);
      return new Response("heard\n");
    },
    limits: { violations: Infinity, headMs: 1_000, idleMs: 500, stallMs: 1_000 },
  });
}

const pipeline = fc.record({
  requests: fc.array(asked, { minLength: 1, maxLength: 4 }),
  cuts: fc.array(fc.nat(), { maxLength: 5 }),
});

Deno.test("requests one behind the other are heard as they were meant, however they are cut", () =>
  withHandler((port, heard) =>
    campaign(
      fc.asyncProperty(pipeline, async ({ requests, cuts }) => {
        heard.length = 0;
        const bytes = Buffer.concat(requests.map((one, index) => written(one, `/${index}`)));
        const answers = await exchange(port, Uint8Array.from(bytes), cuts);
        const expected = requests.map(({ method, body }, index): Heard => {
          // The body of a GET is read and means nothing (RFC 9110, section 9.3.1).
          return [method, `/${index}`, method === "GET" ? "" : Buffer.from(body).toString("hex")];
        });
        assert.deepEqual(heard, expected);
        assert.equal(answers.split("HTTP/1.1 200 OK\r\n").length - 1, requests.length);
      }),
      150,
    )
  ));

/** Lines that another reader may take for a length, or for an end of the head. */
const AMBIGUOUS = [
  "Content-Length: 0",
  "Content-Length: 5, 5",
  "Content-Length: +0",
  "Content-Length : 0",
  "Content-Length: 0x0",
  "Content-Length:\v0",
  "Content-Length: 0\0",
  "Content-Length: ",
  "Content-Length: 99999999999999999999",
  "Content-Length\0: 0",
  "content_length: 0",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: chunked, identity",
  "Transfer-Encoding: identity",
  "Transfer-Encoding: xchunked",
  "Transfer-Encoding: chunked;q=1",
  'Transfer-Encoding: "chunked"',
  "Transfer-Encoding : chunked",
  "Transfer-Encoding\t: chunked",
  "Transfer-Encoding:\x0bchunked",
  "Transfer-Encoding: \x80chunked",
  "X-Odd: a\rTransfer-Encoding: chunked",
  "X-Odd: a\r\n Transfer-Encoding: chunked",
  "X-Odd: a\nTransfer-Encoding: chunked",
  "X-Odd: a\r\r\nContent-Length: 0",
  " Content-Length: 0",
  "\tTransfer-Encoding: chunked",
  ": chunked",
  "Expect: 100-continue",
  "Connection: Transfer-Encoding",
  "Upgrade: h2c",
];

const smuggling = fc.record({
  chunked: fc.boolean(),
  extra: fc.array(fc.constantFrom(...AMBIGUOUS), { minLength: 1, maxLength: 3 }),
  ending: fc.constantFrom("", "0\r\n\r\n", "\r\n0\r\n\r\n", "0\n\n", "5\r\n", "\n"),
  cuts: fc.array(fc.nat(), { maxLength: 3 }),
});

Deno.test("no line of a head makes a request of what is the body of another", () =>
  withHandler((port, heard) =>
    campaign(
      fc.asyncProperty(smuggling, async ({ chunked, extra, ending, cuts }) => {
        heard.length = 0;
        const one: Asked = {
          method: "POST",
          body: Uint8Array.from(
            Buffer.from(`${ending}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`),
          ),
          chunks: chunked ? [] : undefined,
          extension: "",
          trailers: [],
        };
        const answers = await exchange(port, written(one, "/first", extra), cuts);
        assert.ok(heard.every(([, path]) => path === "/first"), JSON.stringify(heard));
        assert.ok(heard.length <= 1);
        assert.match(answers, /^(HTTP\/1\.1 (100|[245]\d\d) |$)/);
      }),
      250,
    )
  ));
