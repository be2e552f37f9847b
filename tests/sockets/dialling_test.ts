// Backends that the proxy dials: what goes wrong is said, tried again, and made up for.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type AddressInfo, createServer, type Server, type Socket as TcpSocket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { bootStrictCharger, strictCharger } from "../support/strict_charger.ts";
import { strictBackendServer } from "../support/strict_backend.ts";
import { until } from "../support/until.ts";
import { begin, finish } from "./charging.ts";
import { AUTHORITY_FILE } from "./secure_backend.ts";
import { Stage } from "./stage.ts";

const CERTIFICATES = new URL("../io/certificates/", import.meta.url);
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
  "Connection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n";
const OPENED = `${SWITCHING}Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n`;

interface Misbehaving {
  readonly what: string;
  /** What it answers to the handshake. */
  readonly reply: string;
  /** The name of its certificate; absent: no TLS. */
  readonly certificate?: string;
  readonly problem: RegExp;
  /** The shortest and the longest wait until the first new dial, s. */
  readonly waitS: readonly [number, number];
}

/** A first failure is followed by another dial within a second. */
const SOON = [0, 1] as const;
/** A refusal by name will not change soon. */
const LATER = [60, 120] as const;

const MISBEHAVING: readonly Misbehaving[] = [
  {
    what: "unauthorised",
    reply: "HTTP/1.1 401 No\r\n\r\n",
    problem: /does not accept the user name or password/,
    waitS: LATER,
  },
  {
    what: "forbidden",
    reply: "HTTP/1.1 403 No\r\n\r\n",
    problem: /does not allow this connection/,
    waitS: LATER,
  },
  {
    what: "unknown",
    reply: "HTTP/1.1 404 No\r\n\r\n",
    problem: /does not know the path \/CP1/,
    waitS: LATER,
  },
  {
    what: "moved",
    reply: "HTTP/1.1 307 Moved\r\nLocation: wss://elsewhere.test/\r\n\r\n",
    problem: /redirects to elsewhere\.test, which is not followed/,
    waitS: SOON,
  },
  {
    what: "overloaded",
    reply: "HTTP/1.1 503 No\r\n\r\n",
    problem: /answered HTTP 503/,
    waitS: SOON,
  },
  {
    what: "no-subprotocol",
    reply: `${SWITCHING}\r\n`,
    problem: /did not choose a subprotocol/,
    waitS: SOON,
  },
  {
    what: "other-subprotocol",
    reply: OPENED.replace("ocpp1.6", "ocpp2.0.1"),
    problem: /chose a subprotocol that was not offered/,
    waitS: SOON,
  },
  {
    what: "closes-1000",
    reply: `${OPENED}\x88\x02\x03\xe8`,
    problem: /closed with code 1000/,
    waitS: SOON,
  },
  {
    what: "closes-1008",
    reply: `${OPENED}\x88\x06\x03\xf0busy`,
    problem: /busy/,
    waitS: SOON,
  },
  { what: "mute", reply: "SSH-2.0\r\n\r\n", problem: /does not speak HTTP/, waitS: SOON },
  {
    what: "unknown-authority",
    reply: OPENED,
    certificate: "server",
    problem: /not signed by a known authority/,
    waitS: SOON,
  },
  {
    what: "other-name",
    reply: OPENED,
    certificate: "other",
    problem: /certificate of localhost:\d+ is for another name/,
    waitS: SOON,
  },
  {
    what: "expired",
    reply: OPENED,
    certificate: "expired",
    problem: /certificate of localhost:\d+ has expired/,
    waitS: SOON,
  },
];

/** A server that gives one reply to whatever comes, and counts how often it is dialled. */
class Replying {
  readonly #server: Server;
  readonly #open = new Set<TcpSocket>();
  dials = 0;

  constructor({ reply, certificate }: Misbehaving) {
    const serve = (socket: TcpSocket) => {
      this.#open.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#open.delete(socket));
      socket.once("data", (data) => {
        this.dials++;
        const key = /^sec-websocket-key: (.*)$/im.exec(data.toString())?.[1]?.trim() ?? "";
        const accept = createHash("sha1").update(key + ACCEPT_SUFFIX).digest("base64");
        socket.write(reply.replace("ACCEPT", accept), "latin1");
      });
    };
    const pem = (suffix: string) =>
      Deno.readTextFileSync(new URL(`${certificate}.${suffix}`, CERTIFICATES));
    this.#server = certificate === undefined
      ? createServer(serve)
      : createTlsServer({ cert: pem("pem"), key: pem("key") }, serve);
    this.#server.on("tlsClientError", () => {});
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

Deno.test("N59: each way in which dialling fails has its own words and its own patience", async (t) => {
  const servers = MISBEHAVING.map((row) => new Replying(row));
  const ports = await Promise.all(servers.map((server) => server.listen()));
  const lines = MISBEHAVING.map(({ what, certificate }, index) => {
    const url = certificate === undefined
      ? `ws://127.0.0.1:${ports[index]}`
      : `wss://localhost:${ports[index]}`;
    const ca = certificate !== undefined && certificate !== "server"
      ? `, ca_file: ${AUTHORITY_FILE}`
      : "";
    return `  - { id: ${what}, url: "${url}"${ca} }`;
  });
  const stage = await Stage.open(`charger: { id: CP1 }\nbackends:\n${lines.join("\n")}`);
  try {
    for (const { what, problem, waitS } of MISBEHAVING) {
      await t.step(what, async () => {
        const first = await until(
          () => {
            const { problem, next_dial } = stage.backend(what);
            return problem !== null && next_dial !== null && String(next_dial);
          },
          5_000,
          "the failure",
        );
        assert.match(String(stage.backend(what).problem), problem);
        const logged = stage.logged.find(({ values, message }) =>
          values.backend === what && /cannot be reached|disconnected/.test(message)
        );
        assert.ok(logged !== undefined);
        const againInS = logged.values.againInS ?? (Date.parse(first) - Date.now()) / 1_000;
        assert.ok(Number(againInS) <= waitS[1], `${againInS} s`);
        if (waitS === LATER) assert.ok(Number(againInS) >= waitS[0], `${againInS} s`);
        assert.equal(stage.connected(what), false);
      });
    }
    await t.step("who will not change soon is not asked again soon", () => {
      MISBEHAVING.forEach(({ what, waitS }, index) => {
        if (waitS === LATER) assert.equal(servers[index]!.dials, 1, what);
        assert.ok(servers[index]!.dials <= 5, `${what} was dialled ${servers[index]!.dials} times`);
      });
    });
  } finally {
    await stage[Symbol.asyncDispose]();
    await Promise.all(servers.map((server) => server.close()));
  }
});

Deno.test("N60: a backend's url that leads back to the proxy displaces nobody, and is named", async () => {
  await using stage = await Stage.open("charger: { id: CP1 }");
  await stage.restart(`
charger: { id: CP1 }
allow_unknown_backends: true
backends:
  - { id: as-charger, url: "${stage.chargerUrl}" }
  - { id: as-backend, url: "${stage.backendUrl}" }
`);
  const charger = await strictCharger(stage.chargerUrl, "CP1");
  await bootStrictCharger(charger);
  for (const id of ["as-charger", "as-backend"]) {
    await until(() => stage.backend(id).problem !== null, 5_000, `${id} to fail`);
    assert.match(String(stage.backend(id).problem), /is this proxy itself/);
  }
  assert.ok((await charger.call("Heartbeat")).currentTime);
  assert.equal(stage.proxy.report().backends.length, 2);
  await charger.close();
});

Deno.test("a backend that was away gets everything it missed, over a restart of the proxy too", async () => {
  let employer = await strictBackendServer({ firstTransactionId: 500 });
  const { port, url } = employer;
  await using stage = await Stage.open(
    `charger: { id: CP1 }\nbackends: [{ id: employer, url: "${url}", role: biller }]`,
  );
  const charger = await strictCharger(stage.chargerUrl, "CP1");
  try {
    await bootStrictCharger(charger);
    await until(() => employer.payloads("StatusNotification").length > 1, 5_000, "the states");
    const transactionId = await begin(charger);
    await until(() => employer.payloads("StartTransaction").length === 1, 5_000, "the start");
    await employer.close();
    await until(() => !stage.connected("employer"), 5_000, "its absence to be seen");

    await stage.restart();
    await until(
      () => stage.proxy.report().charger.connected && charger.connected,
      5_000,
      "the charger to come back",
    );
    await finish(charger, transactionId);
    assert.equal(stage.backend("employer").backlog, 3);

    employer = await strictBackendServer({ firstTransactionId: 9_000, port });
    await until(() => employer.payloads("StopTransaction").length === 1, 10_000, "the backlog");
    const missed = employer.received.filter(({ action }) => /Transaction|MeterValues/.test(action));
    assert.deepEqual(
      missed.map(({ action, payload }) => [action, payload.transactionId]),
      [["MeterValues", 500], ["MeterValues", 500], ["StopTransaction", 500]],
    );
    assert.equal(employer.received[0]?.action, "BootNotification");
    await until(() => stage.backend("employer").backlog === 0, 2_000, "an empty backlog");
    assert.deepEqual([...employer.violations, ...charger.violations], []);
  } finally {
    await Promise.all([charger.close(), employer.close()]);
  }
});

Deno.test("a proxy that is stopped in the middle of a dial leaves nothing behind", async () => {
  const silent = createServer((socket) => socket.on("error", () => {}));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as AddressInfo;
  const accepted = new Promise<TcpSocket>((resolve) => silent.once("connection", resolve));
  const stage = await Stage.open(
    `charger: { id: CP1 }\nbackends: [{ id: slow, url: "ws://127.0.0.1:${port}" }]`,
  );
  const socket = await accepted;
  const begun = performance.now();
  await stage[Symbol.asyncDispose]();
  if (!socket.destroyed) await new Promise((resolve) => socket.resume().once("close", resolve));
  assert.ok(performance.now() - begun < 2_000, "the dial went on");
  await new Promise((resolve) => silent.close(resolve));
});
