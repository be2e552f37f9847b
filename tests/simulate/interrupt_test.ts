// The command `simulate` as a process: how it ends when it is told to.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type StrictBackendServer, strictBackendServer } from "../support/strict_backend.ts";
import { until } from "../support/until.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Runs `simulate` until it charges, then the test. */
async function whileCharging(
  test: (child: Deno.ChildProcess, server: StrictBackendServer) => Promise<void>,
): Promise<void> {
  const server = await strictBackendServer();
  const args = ["run", "-A", MAIN, "simulate", "--url", server.url, "--speed", "300"];
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "null", stderr: "null" }).spawn();
  try {
    await until(() => server.payloads("MeterValues").length > 0, 20_000, "meter values");
    await test(child, server);
    assert.deepEqual(server.violations, []);
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended, as it should.
    }
    await child.status;
    await server.close();
  }
}

for (const name of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`${name} ends the session that is played, tells of it, and is no failure`, () =>
    whileCharging(async (child, server) => {
      child.kill(name);
      assert.deepEqual((await child.status).code, 0);
      assert.equal(server.payloads("StopTransaction").length, 1);
    }));
}

Deno.test("a second SIGINT does not wait for a central system that answers no more", () =>
  whileCharging(async (child, server) => {
    server.answer("StopTransaction", () => new Promise(() => {}));
    child.kill("SIGINT");
    await until(() => server.payloads("StopTransaction").length > 0, 5_000, "StopTransaction");
    const before = performance.now();
    child.kill("SIGINT");
    assert.equal((await child.status).signal, "SIGINT");
    assert.ok(performance.now() - before < 2_000, "it waits all the same");
  }));
