// Run by service_test.ts: the real program under a manager: ready, watched, reloaded, stopped.

import { deepEqual, equal } from "node:assert/strict";
import { startProgram } from "../support/program.ts";
import { withManager } from "../support/service_manager.ts";
import { strictCharger } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";

Deno.test("serve tells the manager that started it what it does, and that it is alive", () =>
  withManager(async (manager) => {
    const environment = { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: "500000" };
    const program = await startProgram({ environment, config: "charger: { id: CP001 }" });
    const said = (line: string) =>
      until(() => manager.lines(line).length > 0, 5_000, `the manager to hear ${line}`);
    try {
      await said("READY=1");
      equal((await fetch(`${program.httpUrl}/healthz`)).status, 200);
      await said("STATUS=Charger CP001 is not connected; backends connected: 0 of 0.");
      await said("WATCHDOG=1");
      const charger = await strictCharger(program.chargerUrl, "CP001");
      await said("STATUS=Charger CP001 is connected; backends connected: 0 of 0.");
      await charger.close();

      manager.heard.length = 0;
      await program.configure("backends: [");
      program.signal("SIGHUP");
      await said("STATUS=the configuration is wrong; the old one stays");
      deepEqual(
        manager.heard.flat().filter((line) => /^(READY|RELOADING)=1$/.test(line)),
        ["RELOADING=1", "READY=1"],
      );

      program.signal("SIGSTOP");
      const beats = manager.lines("WATCHDOG=1").length;
      await new Promise((resolve) => setTimeout(resolve, 700));
      equal(manager.lines("WATCHDOG=1").length - beats <= 1, true, "stopped, but still beating");
      program.signal("SIGCONT");

      equal((await program.kill("SIGTERM")).code, 0);
      equal(manager.lines("STOPPING=1").length, 1);
      equal(/cannot be told/.test(program.stderr), false, program.stderr);
    } finally {
      await program.close();
    }
  }));
