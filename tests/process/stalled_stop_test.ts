// SIGTERM while everything that the program is connected with hangs, and the disk of its recording.

import assert from "node:assert/strict";
import { join } from "node:path";
import { startProgram } from "../support/program.ts";
import { bootStrictCharger, strictCharger } from "../support/strict_charger.ts";
import { pause, until } from "../support/until.ts";
import { deafPeer } from "./support/raw_backend.ts";
import { StalledHouse } from "./support/stalled_house.ts";

/** `docker stop` kills after 10 s; a household's machine is slower than this one. */
const STOP_MS = 5_000;

const START = { connectorId: 1, idTag: "TAG", meterStart: 1, timestamp: "2026-11-22T12:00:00Z" };

Deno.test("SIGTERM ends it within 5 s, whatever hangs: the house, backends, the recording's disk", async () => {
  const folder = await Deno.makeTempDir();
  const house = await StalledHouse.start();
  // A pipe that nobody reads is a disk that hangs as soon as it is full.
  const pipe = join(folder, "recording.jsonl");
  assert.ok((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
  const reader = await Deno.open(pipe, { read: true, write: true });
  const program = await startProgram({
    config: `${house.yaml}
presence_sensor: binary_sensor.home
backends: [{ id: deaf, token: deaf-token, role: observer }]
`,
    flags: ["--record", pipe],
  });
  let deaf: Deno.TcpConn | undefined;
  const charger = await strictCharger(program.chargerUrl, "CP001");
  try {
    await until(
      () => program.stderr.includes("connected with Home Assistant"),
      10_000,
      "Home Assistant",
    );
    await bootStrictCharger(charger);
    deaf = await deafPeer(`${program.backendUrl}/deaf`, "deaf-token");
    const { transactionId } = await charger.call("StartTransaction", START);
    // More than the pipe, and the system's buffers of both sides, take.
    const sampledValue = Array.from({ length: 20_000 }, () => ({ value: "1" }));
    const meterValue = [{ timestamp: "2026-11-22T12:00:01Z", sampledValue }];
    for (let count = 0; count < 20; count++) {
      await charger.call("MeterValues", { connectorId: 1, transactionId, meterValue });
    }
    house.stall();
    await pause(1_500);
    await charger.call("Heartbeat", {});
    const begin = performance.now();
    const { code, signal } = await program.kill("SIGTERM");
    const tookMs = performance.now() - begin;
    assert.deepEqual([code, signal], [0, null], program.stderr.slice(-500));
    assert.ok(tookMs < STOP_MS, `${tookMs} ms`);
  } finally {
    deaf?.close();
    await charger.close();
    await program.close();
    reader.close();
    await house.close();
    await Deno.remove(folder, { recursive: true });
  }
});
