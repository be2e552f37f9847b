// Run by service_manager_test.ts: what a manager of services is told, by a socket of systemd's kind.

import { deepEqual, equal, match } from "node:assert/strict";
import { ServiceManager } from "../../src/io/service_manager.ts";
import { ListeningManager, withManager } from "../support/service_manager.ts";
import { pause, until } from "../support/until.ts";

function service(variables: Record<string, string>, status = () => "Fine.") {
  const logged: string[] = [];
  const manager = new ServiceManager(
    { get: (name) => variables[name] },
    status,
    (level, message, { reason }) => void logged.push(`${level} ${message}: ${reason}`),
  );
  return { manager, logged };
}

Deno.test("a manager hears of readiness, of a new configuration, and of the end, in this order", () =>
  withManager(async ({ address, heard }) => {
    const { manager, logged } = service({ NOTIFY_SOCKET: address });
    manager.ready();
    manager.reload(() => undefined);
    manager.reload(() => "it is wrong");
    manager.stopping();
    await manager.close();
    await until(() => heard.length === 6, 5_000, "six messages");
    deepEqual(heard, [
      ["READY=1", "STATUS=Fine."],
      ["RELOADING=1"],
      ["READY=1", "STATUS=Fine."],
      ["RELOADING=1"],
      ["READY=1", "STATUS=it is wrong"],
      ["STOPPING=1", "STATUS=Stopping."],
    ]);
    deepEqual(logged, []);
  }));

Deno.test("a watchdog hears at half of its time, but not while the event loop is held up", () =>
  withManager(async (listening) => {
    let beats = 0;
    const { manager } = service(
      { NOTIFY_SOCKET: listening.address, WATCHDOG_USEC: "600000", WATCHDOG_PID: `${Deno.pid}` },
      () => `${beats++}`,
    );
    manager.ready();
    const begun = performance.now();
    const alive = () => listening.lines("WATCHDOG=1").length;
    await until(() => alive() >= 3, 5_000, "three beats");
    const elapsedMs = performance.now() - begun;
    equal(elapsedMs >= 890 && elapsedMs < 1_800, true, `three beats after ${elapsedMs} ms`);
    const before = beats;
    for (const held = performance.now(); performance.now() - held < 900;);
    equal(beats, before);
    await until(() => alive() > before - 1, 5_000, "it to go on");
    await manager.close();
  }));

Deno.test("who is not watched, or is not the one who is, says no more than its status", () =>
  withManager(async (listening) => {
    for (
      const usec of [{}, { WATCHDOG_USEC: "20000", WATCHDOG_PID: "1" }, { WATCHDOG_USEC: "0" }]
    ) {
      const { manager } = service({ NOTIFY_SOCKET: listening.address, ...usec });
      manager.ready();
      await pause(100);
      await manager.close();
    }
    await until(() => listening.heard.length >= 3, 5_000, "three messages");
    deepEqual(listening.heard, Array(3).fill(["READY=1", "STATUS=Fine."]));
  }));

Deno.test("no text of a peer is a message of its own", () =>
  withManager(async ({ address, heard }) => {
    const { manager } = service(
      { NOTIFY_SOCKET: address },
      () => "CP\nMAINPID=1\n" + "x".repeat(999),
    );
    manager.ready();
    await manager.close();
    await until(() => heard.length === 1, 5_000, "a message");
    const [ready, status = "", ...more] = heard[0]!;
    deepEqual([ready, more], ["READY=1", []]);
    match(status, /^STATUS=CP\?MAINPID=1\?x{187}$/);
  }));

Deno.test("an address that begins with @ is abstract", async () => {
  const listening = new ListeningManager(`@ocpp-proxy-test-${crypto.randomUUID()}`);
  const { manager, logged } = service({ NOTIFY_SOCKET: listening.address });
  manager.ready();
  await manager.close();
  await until(() => listening.heard.length === 1, 5_000, "a message");
  deepEqual(logged, []);
  await listening.close();
});

Deno.test("a manager that is not there is complained of once, and told when it is back", () =>
  withManager(async ({ address }) => {
    const back = `${address}-back`;
    const { manager, logged } = service({ NOTIFY_SOCKET: back, WATCHDOG_USEC: "40000" });
    manager.ready();
    manager.reload(() => undefined);
    await until(() => logged.length > 0, 5_000, "a complaint");
    const listening = new ListeningManager(back);
    await until(() => listening.lines("WATCHDOG=1").length > 0, 5_000, "a beat");
    equal(logged.length, 1);
    match(logged[0]!, /^warning the service manager cannot be told: No such file/);
    await manager.close();
    await listening.close();
  }));

Deno.test("without a manager nothing is said, and nothing is wrong", async () => {
  const { manager, logged } = service({});
  manager.ready();
  manager.reload(() => undefined);
  manager.stopping();
  await manager.close();
  deepEqual(logged, []);
});
