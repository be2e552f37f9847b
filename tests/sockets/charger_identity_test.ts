// Which charger is let in: the one that was remembered, with its password, and the newest of it.

import assert from "node:assert/strict";
import { WebSocket } from "ws";
import { clientFrame, RawClient, UPGRADE_LINES } from "../io/raw_client.ts";
import {
  bootStrictCharger,
  strictCharger,
  strictDialInBackend,
} from "../support/strict_charger.ts";
import { pause, until } from "../support/until.ts";
import { Stage } from "./stage.ts";

const OCPP = "Sec-WebSocket-Protocol: ocpp1.6";

/** The status of a handshake at this path, with these credentials. */
async function knock(port: number, path: string, credentials?: Uint8Array): Promise<number> {
  using client = await RawClient.connect(port);
  const lines = [...UPGRADE_LINES, OCPP];
  if (credentials) lines.push(`Authorization: Basic ${credentials.toBase64()}`);
  await client.request(`GET ${path} HTTP/1.1`, lines);
  return (await client.response()).status;
}

function credentials(user: string, password: string | Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(`${user}:`);
  const secret = typeof password === "string" ? new TextEncoder().encode(password) : password;
  return new Uint8Array([...name, ...secret]);
}

/** 20 bytes that are no UTF-8, as 40 hexadecimal digits. */
const KEY = "ff00fe01fd02fc03fb04fa05f906f807f708f609";

const PASSWORDS: [string, string, string, Uint8Array | undefined, number][] = [
  ["text", "secret-password", "/charger/CP1", credentials("CP1", "secret-password"), 101],
  ["text with colons", "a:b:c", "/charger/CP1", credentials("CP1", "a:b:c"), 101],
  ["20 raw bytes", KEY, "/charger/CP1", credentials("CP1", Uint8Array.fromHex(KEY)), 101],
  ["40 hexadecimal digits", KEY, "/charger/CP1", credentials("CP1", KEY), 101],
  ["its digits in upper case", KEY, "/charger/CP1", credentials("CP1", KEY.toUpperCase()), 101],
  ["an empty user", "secret", "/charger/CP1", credentials("", "secret"), 101],
  ["no id in the path", "secret", "/charger", credentials("CP1", "secret"), 101],
  ["another user", "secret", "/charger/CP1", credentials("CP2", "secret"), 401],
  ["another password", "secret", "/charger/CP1", credentials("CP1", "Secret"), 401],
  ["half of the password", "secret", "/charger/CP1", credentials("CP1", "sec"), 401],
  ["an empty password", "secret", "/charger/CP1", credentials("CP1", ""), 401],
  [
    "one bit off",
    KEY,
    "/charger/CP1",
    credentials("CP1", Uint8Array.fromHex(`fe${KEY.slice(2)}`)),
    401,
  ],
  ["no colon", "secret", "/charger/CP1", new TextEncoder().encode("secret"), 401],
  ["nothing", "secret", "/charger/CP1", undefined, 401],
];

for (const [name, password, path, presented, status] of PASSWORDS) {
  Deno.test(`handshake 11: Basic with ${name} is answered ${status}`, async () => {
    await using stage = await Stage.open(`charger: { id: CP1, password: "${password}" }`);
    assert.equal(await knock(stage.port, path, presented), status);
  });
}

Deno.test("N54: a charger without an id in its path is the one its user names", async () => {
  await using stage = await Stage.open("charger: { password: secret }");
  assert.equal(await knock(stage.port, "/charger", credentials("WALLBOX", "secret")), 101);
  assert.equal(stage.proxy.chargePointId, "WALLBOX");
});

Deno.test("the first charger is remembered, over a restart; another one is unknown", async () => {
  await using stage = await Stage.open("");
  assert.equal(await knock(stage.port, "/charger/FIRST"), 101);
  assert.equal(await knock(stage.port, "/charger/SECOND"), 404);
  const [warning] = stage.logged.filter(({ message }) => message === "a connection was refused");
  assert.match(String(warning?.values.advice), /here is "FIRST".*charger\.id: "SECOND"/);
  await stage.restart();
  assert.equal(stage.proxy.chargePointId, "FIRST");
  assert.equal(await knock(stage.port, "/charger/SECOND"), 404);
  assert.equal(await knock(stage.port, "/charger/FIRST"), 101);
});

Deno.test("a charger that gave no name may give one later, and keeps it", async () => {
  await using stage = await Stage.open("");
  assert.equal(await knock(stage.port, "/charger"), 101);
  assert.equal(await knock(stage.port, "/charger/NAMED"), 101);
  assert.equal(stage.proxy.chargePointId, "NAMED");
  assert.equal(await knock(stage.port, "/charger/OTHER"), 404);
  assert.equal(await knock(stage.port, "/charger"), 101);
  assert.equal(stage.proxy.chargePointId, "NAMED");
});

Deno.test("a refused charger leaves no trace: it is not remembered", async () => {
  await using stage = await Stage.open("charger: { password: secret }");
  assert.equal(await knock(stage.port, "/charger/X", credentials("X", "wrong")), 401);
  assert.equal(stage.proxy.chargePointId, undefined);
});

const BACKEND = "backends: [{ id: evcc, token: t, role: admin }]";

Deno.test("handshake 18, N36, N53: the newest connection wins and calls of the old one fail at once", async () => {
  await using stage = await Stage.open(`charger: { id: CP1 }\n${BACKEND}`);
  const evcc = await strictDialInBackend(stage.backendUrl, "evcc", "t");
  const old = await strictCharger(stage.chargerUrl, "CP1", { reconnect: false });
  await bootStrictCharger(old);
  await until(() => evcc.payloads("StatusNotification").length === 2, 5_000, "the states");
  old.answer("Reset", () => new Promise(() => {}));
  const reset = evcc.call("Reset", { type: "Soft" }).catch((error: Error) => error);
  await until(() => old.payloads("Reset").length === 1, 5_000, "the Reset");

  const begun = performance.now();
  const charger = await strictCharger(stage.chargerUrl, "CP1");
  const outcome = await reset;
  assert.ok(performance.now() - begun < 1_000, "it did not wait for the time-out");
  assert.ok(outcome instanceof Error || outcome.status === "Rejected", JSON.stringify(outcome));
  await until(() => !old.connected, 2_500, "the old connection to be closed");

  // The new one gets the next command although the old one never answered its own.
  await bootStrictCharger(charger);
  assert.deepEqual(await evcc.call("Reset", { type: "Hard" }), { status: "Accepted" });
  assert.deepEqual(charger.payloads("Reset"), [{ type: "Hard" }]);
  await Promise.all([charger.close(), evcc.close()]);
  assert.deepEqual([...charger.violations, ...evcc.violations], []);
});

Deno.test("N53: the late end of an old connection does not touch the new one", async () => {
  await using stage = await Stage.open("charger: { id: CP1 }");
  using old = await RawClient.upgrade(stage.port, "/charger/CP1", [OCPP]);
  const charger = await strictCharger(stage.chargerUrl, "CP1");
  // The old one is told to close, keeps talking, and only then goes.
  assert.deepEqual((await old.frame()).code, 1000);
  await old.write(clientFrame(1, '[2,"late","BootNotification",{}]'));
  old[Symbol.dispose]();
  await pause(50);
  assert.equal(stage.proxy.report().charger.connected, true);
  assert.ok((await charger.call("Heartbeat")).currentTime);
  await charger.close();
});

Deno.test("who lacks the password never displaces the charger, however often he tries", async () => {
  await using stage = await Stage.open("charger: { id: CP1, password: secret }");
  const charger = await strictCharger(stage.chargerUrl, "CP1", { password: "secret" });
  await charger.call("Heartbeat");
  const attempts = Array.from({ length: 20 }, (_, index) => {
    const wrong = index % 2 === 0 ? undefined : credentials("CP1", `guess ${index}`);
    return knock(stage.port, "/charger/CP1", wrong);
  });
  const statuses = await Promise.all(attempts);
  assert.ok(statuses.every((status) => status === 401 || status === 429), statuses.join());
  assert.ok((await charger.call("Heartbeat")).currentTime);
  assert.equal(stage.proxy.report().charger.connected, true);
  await charger.close();
});

Deno.test("a charger that connects again and again is served each time", async () => {
  await using stage = await Stage.open("charger: { id: CP1 }");
  for (let round = 0; round < 30; round++) {
    const socket = new WebSocket(`${stage.chargerUrl}/CP1`, "ocpp1.6");
    const answer = new Promise((resolve) =>
      socket.once("message", (data) => resolve(String(data)))
    );
    socket.once("open", () => socket.send(`[2,"${round}","Heartbeat",{}]`));
    assert.match(String(await answer), new RegExp(`^\\[3,"${round}",`));
    socket.terminate();
  }
});
