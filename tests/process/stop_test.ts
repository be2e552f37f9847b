// SIGTERM: what was begun is finished, peers are told, and nobody can hold up the end.

import assert from "node:assert/strict";
import { WebSocket } from "ws";
import { startProgram } from "../support/program.ts";
import { bootStrictCharger, strictCharger } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";
import { deafPeer } from "./support/raw_backend.ts";
import { query } from "./support/ledger.ts";

/** The longest that stopping may take, ms. */
const STOP_MS = 2_000;

function meterValues(transactionId: unknown, wh: number, padding = 0) {
  return {
    connectorId: 1,
    transactionId,
    meterValue: [{
      timestamp: new Date(Date.UTC(2026, 10, 22, 12) + wh * 1000).toISOString(),
      sampledValue: Array.from({ length: padding + 1 }, () => ({ value: String(wh) })),
    }],
  };
}

const START = {
  connectorId: 1,
  idTag: "TAG",
  meterStart: 1000,
  timestamp: "2026-11-22T12:00:00Z",
};

Deno.test("SIGTERM: what is stored is answered, and the charger gets a closing handshake", async () => {
  const program = await startProgram();
  try {
    const socket = new WebSocket(`${program.chargerUrl}/CP001`, "ocpp1.6");
    const answers: string[] = [];
    socket.on("message", (data) => answers.push(String(data)));
    await new Promise((resolve) => socket.once("open", resolve));
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    const send = (id: string, action: string, payload: unknown) =>
      socket.send(JSON.stringify([2, id, action, payload]));
    send("start", "StartTransaction", START);
    await until(() => answers.length === 1, 5_000, "the start to be answered");
    const { transactionId } = JSON.parse(answers[0]!)[2];
    const COUNT = 200;
    for (let n = 1; n <= COUNT; n++) {
      send(`m${n}`, "MeterValues", meterValues(transactionId, 1000 + n));
    }
    await until(() => answers.length > 10, 5_000, "the first values to be answered");
    const begin = performance.now();
    assert.equal((await program.kill("SIGTERM")).code, 0);
    assert.ok(performance.now() - begin < STOP_MS);
    assert.equal(await closed, 1001);
    const stored = query(
      `${program.dataDir}/ocpp-proxy.db`,
      "SELECT count(*) AS count FROM log WHERE action = 'MeterValues'",
    )[0]?.count;
    // Whatever was stored has been answered: there is nothing that the charger has to repeat.
    assert.equal(answers.length - 1, stored);
  } finally {
    await program.close();
  }
});

Deno.test("SIGTERM: what was only noted is on disk", async () => {
  const program = await startProgram();
  try {
    const charger = await strictCharger(program.chargerUrl, "CP001");
    await bootStrictCharger(charger);
    assert.equal((await program.kill("SIGTERM")).code, 0);
    await charger.close();
    const keys = query(`${program.dataDir}/ocpp-proxy.db`, "SELECT key FROM fact")
      .map(({ key }) => String(key));
    for (const key of ["boot", "charger_id", "connector/0", "connector/1"]) {
      assert.ok(keys.includes(key), key);
    }
  } finally {
    await program.close();
  }
});

Deno.test("SIGTERM ends it within 2 s with 0, whatever peers do not do", async () => {
  // Accepts connections and never says a word: a handshake that hangs.
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const held: Deno.TcpConn[] = [];
  const accepting = (async () => {
    for await (const connection of silent) held.push(connection);
  })();
  const program = await startProgram({
    config: `
backends:
  - { id: deaf, token: deaf-token, role: observer }
  - { id: silent, url: "ws://127.0.0.1:${silent.addr.port}" }
`,
  });
  let deaf: Deno.TcpConn | undefined;
  const charger = await strictCharger(program.chargerUrl, "CP001");
  try {
    await bootStrictCharger(charger);
    deaf = await deafPeer(`${program.backendUrl}/deaf`, "deaf-token");
    const { transactionId } = await charger.call("StartTransaction", START);
    // More than the system's buffers of both sides take.
    for (let n = 1; n <= 40; n++) {
      await charger.call("MeterValues", meterValues(transactionId, 1000 + n, 20_000));
    }
    await until(() => held.length > 0, 5_000, "the silent backend to be dialled");
    const begin = performance.now();
    assert.equal((await program.kill("SIGTERM")).code, 0);
    const tookMs = performance.now() - begin;
    assert.ok(tookMs < STOP_MS, `${tookMs} ms`);
    await assert.rejects(Deno.stat(`${program.dataDir}/server.json`));
  } finally {
    deaf?.close();
    await charger.close();
    await program.close();
    silent.close();
    await accepting;
    for (const connection of held) connection.close();
  }
});
