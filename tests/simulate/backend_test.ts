// The simulated backends against independent peers, and what they do when they are told to misbehave.

import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
// @ts-types="@types/ws"
import { WebSocketServer } from "ws";
import { dialInBackend, listeningBackend } from "../../src/simulate/backend.ts";
import { JsonBackend, RequestFailed } from "../../src/simulate/json_backend.ts";
import { CallFailed } from "../../src/simulate/peer.ts";
import { strictBackendServer } from "../support/strict_backend.ts";
import { bootStrictCharger, strictCharger, type StrictClient } from "../support/strict_charger.ts";
import { nowText } from "../support/strict_peer.ts";
import { pause, until } from "../support/until.ts";

const TAG = "04A2B3C4D5";

async function session(charger: StrictClient): Promise<unknown> {
  const timestamp = nowText();
  const { transactionId } = await charger.call("StartTransaction", {
    connectorId: 1,
    idTag: TAG,
    meterStart: 100,
    timestamp,
  });
  await charger.call("MeterValues", {
    connectorId: 1,
    transactionId,
    meterValue: [{ timestamp, sampledValue: [{ value: "1.1", unit: "kWh" }] }],
  });
  await charger.call("StopTransaction", { transactionId, meterStop: 10_100, timestamp });
  return transactionId;
}

Deno.test("a listening backend answers a strict charger, under its own transaction ids", async () => {
  const lines: string[] = [];
  const backend = await listeningBackend({
    firstTransactionId: 500,
    report: (text) => lines.push(text),
  });
  const charger = await strictCharger(backend.url, "NL 1234");
  try {
    await bootStrictCharger(charger);
    assert.deepEqual(await charger.call("Authorize", { idTag: TAG }), {
      idTagInfo: { status: "Accepted" },
    });
    assert.equal(await session(charger), 500);
    assert.equal(await session(charger), 501);
    assert.deepEqual(backend.system.transactions.map((one) => one.meterStopWh), [10_100, 10_100]);
    assert.deepEqual(await backend.call("Reset", { type: "Soft" }), { status: "Accepted" });
    assert.ok(lines.includes("charge point NL 1234"), lines.join("\n"));
    assert.ok(lines.includes("connector 1: 1100 Wh (transaction 500)"), lines.join("\n"));
    assert.ok(lines.includes("transaction 500 ends (Local): 10000 Wh charged"), lines.join("\n"));
    assert.deepEqual(charger.violations, []);
  } finally {
    await charger.close();
    await backend.close();
  }
});

Deno.test("a backend can be slow, silent, refusing and failing", async () => {
  const backend = await listeningBackend({});
  const charger = await strictCharger(backend.url, "CP");
  const { behaviour } = backend.system;
  try {
    behaviour.delayMs = 100;
    const before = performance.now();
    await charger.call("Heartbeat");
    assert.ok(performance.now() - before >= 95);
    behaviour.delayMs = 0;

    behaviour.verdict = "Blocked";
    assert.deepEqual(await charger.call("Authorize", { idTag: TAG }), {
      idTagInfo: { status: "Blocked" },
    });

    behaviour.error = "InternalError";
    await assert.rejects(charger.call("Heartbeat"), { rpcErrorCode: "InternalError" });
    behaviour.error = undefined;

    behaviour.silent = true;
    const silence = charger.call("Heartbeat").then(() => "an answer", () => "no answer");
    assert.equal(await Promise.race([silence, pause(100).then(() => "silence")]), "silence");
  } finally {
    await charger.close();
    await backend.close();
  }
});

Deno.test("a dial-in backend brings its token, answers, commands, and comes back", async () => {
  const proxy = await strictBackendServer({ password: "secret" });
  const backend = dialInBackend({
    url: `${proxy.url}/backend`,
    id: "evcc",
    token: "secret",
    reconnectMs: 20,
  });
  try {
    await until(() => backend.connected && proxy.connected, 5_000, "the backend");
    assert.deepEqual(proxy.identities, ["evcc"]);
    const boot = await proxy.call("BootNotification", {
      chargePointVendor: "V",
      chargePointModel: "M",
    });
    assert.equal(boot.status, "Accepted");
    proxy.answer("RemoteStartTransaction", () => ({ status: "Rejected" }));
    assert.deepEqual(await backend.call("RemoteStartTransaction", { idTag: TAG }), {
      status: "Rejected",
    });
    // The stand-in for the proxy has no such command, and says so.
    await assert.rejects(
      backend.call("Reset", { type: "Soft" }),
      (error) => error instanceof CallFailed && error.failure === "error",
    );
    await proxy.drop();
    await until(() => proxy.identities.length === 2 && backend.connected, 5_000, "it to be back");
    assert.deepEqual(proxy.violations, []);
  } finally {
    await backend.close();
    await proxy.close();
  }
});

Deno.test("a JSON backend subscribes, gets its answers by id, and tells events", async () => {
  const lines: string[] = [];
  const requests: Record<string, unknown>[] = [];
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  server.on("connection", (socket, request) => {
    assert.equal(request.url, "/backend/evcc");
    assert.equal(request.headers.authorization, "Bearer secret");
    assert.equal(request.headers["sec-websocket-protocol"], undefined);
    socket.on("message", (data) => {
      const { id, action, ...fields } = JSON.parse(String(data));
      requests.push({ action, ...fields });
      socket.send(JSON.stringify({ type: "heartbeat", time: nowText(), connector_id: 1 }));
      socket.send("no JSON");
      socket.send(JSON.stringify(
        action === "set_limit"
          ? { id, action, error: "control_locked", reason: "employer has it" }
          : { id, action, result: { status: "ok" } },
      ));
    });
  });
  const { port } = server.address() as AddressInfo;
  const backend = new JsonBackend({
    url: `ws://127.0.0.1:${port}/backend`,
    id: "evcc",
    token: "secret",
    report: (text) => lines.push(text),
  });
  try {
    backend.start();
    await until(() => backend.connected, 5_000, "a connection");
    const reply = await backend.request("request_control", { reason: "sun" });
    assert.deepEqual(reply, { status: "ok" });
    await assert.rejects(
      backend.request("set_limit", { current_a: 10 }),
      (error) => error instanceof RequestFailed && error.code === "control_locked",
    );
    assert.deepEqual(requests, [
      { action: "subscribe" },
      { action: "request_control", reason: "sun" },
      { action: "set_limit", current_a: 10 },
    ]);
    assert.equal(backend.events.length, 3);
    assert.ok(lines.includes("heartbeat: connector_id 1"), lines.join("\n"));
  } finally {
    await backend.stop();
    server.close();
  }
});
