// Who is let in as a backend, and how much guessing helps.

import assert from "node:assert/strict";
import { RawClient, UPGRADE_LINES } from "../io/raw_client.ts";
import { strictCharger, strictDialInBackend } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";
import { JsonClient } from "./json_client.ts";
import { Stage } from "./stage.ts";

const BACKENDS = `
charger: { id: CP1, password: charger-secret }
backends:
  - { id: evcc, token: evcc-token, role: controller }
  - { id: panel, token: panel-token }
  - { id: employer, url: "ws://127.0.0.1:1", password: employer-secret }
  - { id: switched-off, token: t, enabled: false }
`;

interface Knock {
  readonly path: string;
  readonly authorization?: string;
  readonly protocol?: string;
  readonly origin?: string;
}

async function knock(port: number, knock: Knock): Promise<{ status: number; protocol?: string }> {
  using client = await RawClient.connect(port);
  const lines = [...UPGRADE_LINES];
  if (knock.authorization) lines.push(`Authorization: ${knock.authorization}`);
  if (knock.protocol) lines.push(`Sec-WebSocket-Protocol: ${knock.protocol}`);
  if (knock.origin) lines.push(`Origin: ${knock.origin}`);
  await client.request(`GET ${knock.path} HTTP/1.1`, lines);
  const { status, text } = await client.response();
  const protocol = /^sec-websocket-protocol: (.*)\r$/im.exec(text)?.[1];
  return { status, ...protocol !== undefined && { protocol } };
}

function basic(user: string, password: string): string {
  return `Basic ${btoa(`${user}:${password}`)}`;
}

const ENTRANCES: [string, Knock, number, string?][] = [
  [
    "a Bearer token",
    { path: "/backend/evcc", authorization: "Bearer evcc-token", protocol: "ocpp1.6" },
    101,
    "ocpp1.6",
  ],
  [
    "the token as a Basic password, whatever the user",
    { path: "/backend/evcc", authorization: basic("any", "evcc-token"), protocol: "ocpp1.6" },
    101,
    "ocpp1.6",
  ],
  ["?token=", { path: "/backend/evcc?token=evcc-token", protocol: "ocpp1.6" }, 101, "ocpp1.6"],
  ["?id= and ?token=", { path: "/backend?id=panel&token=panel-token" }, 101],
  ["a trailing slash", { path: "//backend/panel/?token=panel-token" }, 101],
  [
    "the subprotocol ocpp-proxy.v1",
    { path: "/backend/panel?token=panel-token", protocol: "ocpp-proxy.v1" },
    101,
    "ocpp-proxy.v1",
  ],
  [
    "ocpp1.6 among others",
    { path: "/backend/panel?token=panel-token", protocol: "ocpp2.0.1, ocpp1.6" },
    101,
    "ocpp1.6",
  ],
  ["Origin: file://", { path: "/backend/panel?token=panel-token", origin: "file://" }, 101],
  ["no token", { path: "/backend/evcc" }, 401],
  ["a wrong token", { path: "/backend/evcc", authorization: "Bearer evcc-tokem" }, 401],
  ["another backend's token", { path: "/backend/evcc", authorization: "Bearer panel-token" }, 401],
  ["the charger's password", { path: "/backend/evcc?token=charger-secret" }, 401],
  ["an id that is not configured", { path: "/backend/stranger?token=evcc-token" }, 404],
  ["the id of a backend that is switched off", { path: "/backend/switched-off?token=t" }, 404],
  [
    "the id of a backend that is dialled",
    { path: "/backend/employer", authorization: basic("CP1", "employer-secret") },
    409,
  ],
  ["no id", { path: "/backend?token=evcc-token" }, 400],
  [
    "only another subprotocol",
    { path: "/backend/panel?token=panel-token", protocol: "ocpp2.0.1" },
    400,
  ],
  [
    "the Origin of a web page, and the right token",
    { path: "/backend/panel?token=panel-token", origin: "https://evil.example" },
    403,
  ],
  [
    "the Origin of a frame in a web page's sandbox",
    { path: "/backend/panel?token=panel-token", origin: "null" },
    403,
  ],
];

Deno.test("a backend is let in with its own token alone", async (t) => {
  await using stage = await Stage.open(BACKENDS);
  for (const [name, request, status, protocol] of ENTRANCES) {
    await t.step(`${name}: ${status}`, async () => {
      const answer = await knock(stage.port, request);
      assert.deepEqual(answer, { status, ...protocol !== undefined && { protocol } });
    });
  }
});

Deno.test("a wrong token never reaches the log; one that is tried again and again, once", async () => {
  await using stage = await Stage.open(BACKENDS);
  await knock(stage.port, { path: "/backend/evcc?token=almost-right" });
  await knock(stage.port, { path: "/backend/evcc", authorization: "Bearer almost-right" });
  await knock(stage.port, { path: "/backend/panel", authorization: "Bearer almost-right" });
  const refusals = stage.logged.filter(({ message }) => message === "a connection was refused");
  assert.equal(refusals.length, 2);
  assert.doesNotMatch(JSON.stringify(stage.logged), /almost-right|evcc-token/);
});

Deno.test("of 10,000 guesses at most 100 are looked at, and the right one comes too late", async () => {
  await using stage = await Stage.open(BACKENDS);
  const charger = await strictCharger(stage.chargerUrl, "CP1", { password: "charger-secret" });
  const counts = new Map<number, number>();
  const guess = async (token: string) => {
    const { status } = await knock(stage.port, { path: `/backend/evcc?token=${token}` });
    counts.set(status, (counts.get(status) ?? 0) + 1);
  };
  for (let batch = 0; batch < 200; batch++) {
    await Promise.all(Array.from({ length: 50 }, (_, index) => guess(`${batch}-${index}`)));
  }
  assert.ok((counts.get(401) ?? 0) <= 100, `${counts.get(401)} were looked at`);
  assert.equal((counts.get(401) ?? 0) + (counts.get(429) ?? 0), 10_000);
  assert.equal((await knock(stage.port, { path: "/backend/evcc?token=evcc-token" })).status, 429);
  assert.ok(stage.logged.length < 200, `${stage.logged.length} lines were logged`);

  // Neither another backend nor the charger at the same address suffers from it.
  assert.equal((await knock(stage.port, { path: "/backend/panel?token=panel-token" })).status, 101);
  assert.ok((await charger.call("Heartbeat")).currentTime);
  await charger.close();
  const again = await strictCharger(stage.chargerUrl, "CP1", { password: "charger-secret" });
  assert.ok((await again.call("Heartbeat")).currentTime);
  await again.close();
});

Deno.test("with allow_unknown_backends anybody may come, but not in a configured backend's name", async () => {
  await using stage = await Stage.open(`allow_unknown_backends: true\n${BACKENDS}`);
  const stranger = await JsonClient.connect(`${stage.backendUrl}/stranger`);
  assert.equal((await stranger.request({ action: "ping" })).result, "pong");
  assert.equal(stage.backend("stranger").connected, true);
  assert.equal((await knock(stage.port, { path: "/backend/evcc" })).status, 401);
  assert.equal((await knock(stage.port, { path: "/backend/employer" })).status, 409);
  const off = await JsonClient.connect(`${stage.backendUrl}/switched-off`);
  await until(() => off.closed === 1008, 2_000, "the one that is switched off to be closed");
  await stranger.close();
});

Deno.test("an unknown backend is not taken in by a name that reads as something else", async () => {
  await using stage = await Stage.open("allow_unknown_backends: true");
  const names = ["owner", "Paused", "the household", "\u202ekcats", "<b>", "=1+1", "a/b", "-"];
  for (const name of names) {
    const { status } = await knock(stage.port, { path: `/backend/${encodeURIComponent(name)}` });
    assert.equal(status, 400, name);
  }
  assert.deepEqual(stage.proxy.report().backends, []);
  assert.equal((await knock(stage.port, { path: "/backend?id=Büro%202" })).status, 101);
});

Deno.test("only 16 unknown backends are taken in", async () => {
  await using stage = await Stage.open("allow_unknown_backends: true");
  const clients: JsonClient[] = [];
  for (let index = 0; index < 17; index++) {
    clients.push(await JsonClient.connect(`${stage.backendUrl}/stranger-${index}`));
  }
  await until(() => clients[16]!.closed === 1008, 2_000, "the seventeenth to be closed");
  assert.ok(clients.slice(0, 16).every(({ closed }) => closed === undefined));
  assert.equal(stage.proxy.report().backends.length, 16);
  await Promise.all(clients.map((client) => client.close()));
});

Deno.test("N58: a backend that connects twice is replaced by its newer self, and misses nothing", async () => {
  await using stage = await Stage.open(
    "charger: { id: CP1 }\nbackends: [{ id: evcc, token: t, role: controller }]",
  );
  const charger = await strictCharger(stage.chargerUrl, "CP1");
  await charger.call("BootNotification", { chargePointVendor: "V", chargePointModel: "M" });
  const old = await strictDialInBackend(stage.backendUrl, "evcc", "t", { reconnect: false });
  old.answer("StartTransaction", () => new Promise(() => {}));
  await until(() => old.received.length > 0, 2_000, "the first one's BootNotification");
  await charger.call("StartTransaction", {
    connectorId: 1,
    idTag: "CARD",
    meterStart: 0,
    timestamp: "2026-06-01T12:00:00Z",
  });
  await until(() => old.payloads("StartTransaction").length === 1, 2_000, "the first one's Start");

  const evcc = await strictDialInBackend(stage.backendUrl, "evcc", "t");
  await until(() => !old.connected, 2_500, "the older one to be closed");
  await until(() => evcc.payloads("StartTransaction").length === 1, 5_000, "the Start again");
  const starts = [old, evcc].map(({ received }) =>
    received.find(({ action }) => action === "StartTransaction")
  );
  assert.deepEqual([starts[1]?.id, starts[1]?.payload], [starts[0]?.id, starts[0]?.payload]);
  assert.equal(stage.connected("evcc"), true);
  await Promise.all([charger.close(), evcc.close()]);
  assert.deepEqual([...old.violations, ...evcc.violations], []);
});
