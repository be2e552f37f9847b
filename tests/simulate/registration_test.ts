// What the virtual charger owes its central system before its boot is accepted, and after a break.

import assert from "node:assert/strict";
import { formatTime } from "../../src/ocpp/time.ts";
import type { Payload } from "../support/strict_peer.ts";
import { pause, until } from "../support/until.ts";
import { atStrictServer, booted, charging, firstStop, statusesOf, TAG } from "./charger_scene.ts";

const DAY_MS = 86_400_000;

/** Answers of boots, in turn; the last one stays. */
function boots(...answers: Payload[]) {
  const confirmation = { status: "Accepted", currentTime: formatTime(Date.now()), interval: 300 };
  return {
    BootNotification: () => ({
      ...confirmation,
      ...(answers.length > 1 ? answers.shift() : answers[0]),
    }),
  };
}

Deno.test("a charger that is Pending sends what it was asked for, and nothing of its own", () =>
  atStrictServer(
    { settings: { HeartbeatInterval: "1" } },
    { answers: boots({ status: "Pending", interval: 86_400 }) },
    async ({ server, charger }) => {
      await until(() => charger.registration.status === "Pending", 5_000, "Pending");
      const change = { key: "HeartbeatInterval", value: "2" };
      assert.deepEqual(await server.call("ChangeConfiguration", change), { status: "Accepted" });
      charger.plugIn(1);
      assert.equal(await charger.presentTag(1, TAG), false);
      await server.call("UpdateFirmware", {
        location: "http://127.0.0.1/firmware.bin",
        retrieveDate: formatTime(Date.now()),
      });
      // 12 s: time for heartbeats, and for the download to begin.
      await pause(20);
      assert.deepEqual(server.received.map(({ action }) => action), ["BootNotification"]);
      await server.call("TriggerMessage", { requestedMessage: "Heartbeat" });
      await until(() => server.payloads("Heartbeat").length === 1, 5_000, "the heartbeat");
    },
  ));

Deno.test("a clock that is set years ahead costs no time, and no energy flows meanwhile", () =>
  atStrictServer(
    { settings: { AllowOfflineTxForUnknownId: "true", MeterValueSampleInterval: "30" } },
    {
      answers: boots(
        { status: "Pending", interval: 60 },
        { currentTime: formatTime(Date.now() + 40 * 365 * DAY_MS) },
      ),
    },
    async (scene) => {
      const { charger, server } = scene;
      await until(() => charger.registration.status === "Pending", 5_000, "Pending");
      charger.plugIn(1);
      assert.equal(await charger.presentTag(1, TAG), true);
      const before = performance.now();
      await booted(scene);
      assert.ok(performance.now() - before < 3_000, "it counts the seconds of 40 years");
      await until(() => server.payloads("MeterValues").length >= 8, 5_000, "meter values");
      charger.unplug(1);
      const stop = await firstStop(scene);
      const energyWh = Number(stop.meterStop) -
        Number(server.payloads("StartTransaction")[0]?.meterStart);
      assert.ok(energyWh > 100 && energyWh < 3_000, `${energyWh} Wh`);
    },
  ));

Deno.test("a status whose answer was lost with the connection is told again", () => {
  let lost = false;
  return atStrictServer({}, {
    answers: {
      StatusNotification: ({ status }) => {
        if (status !== "Preparing" || lost) return {};
        lost = true;
        return new Promise(() => {});
      },
    },
  }, async (scene) => {
    await booted(scene);
    scene.charger.plugIn(1);
    await until(() => lost, 5_000, "Preparing");
    scene.charger.dropConnection();
    await until(() => statusesOf(scene).length === 3, 5_000, "a third status");
    assert.deepEqual(statusesOf(scene), ["Available", "Preparing", "Preparing"]);
  });
});

Deno.test("heartbeats do not pile up behind a central system that is silent", () =>
  atStrictServer(
    { settings: { HeartbeatInterval: "1" }, callTimeoutMs: 150 },
    { answers: { ...boots({ interval: 1 }), Heartbeat: () => new Promise(() => {}) } },
    async (scene) => {
      await booted(scene);
      await until(() => scene.server.payloads("Heartbeat").length === 1, 5_000, "a heartbeat");
      await pause(100);
      // At 600 times the speed there would be one each 2 ms.
      const before = performance.now();
      scene.charger.plugIn(1);
      await until(() => statusesOf(scene).at(-1) === "Preparing", 5_000, "Preparing");
      assert.ok(performance.now() - before < 140, "the status had to wait for a heartbeat");
    },
  ));

Deno.test("a charger that restarts without a network stays away until there is one", () =>
  atStrictServer({}, {}, async (scene) => {
    const { charger, server } = scene;
    await booted(scene);
    await charging(scene);
    await charger.goOffline();
    charger.restart("Hard");
    // 15 s of restart, at 600 times the speed.
    await pause(150);
    assert.equal(server.connected, false);
    charger.goOnline();
    assert.equal((await firstStop(scene)).reason, "HardReset");
    assert.equal(server.payloads("BootNotification").length, 2);
  }));

Deno.test("a network that comes back during a restart is used after it, by one boot", () =>
  atStrictServer({ speed: 60 }, {}, async (scene) => {
    const { charger, server } = scene;
    await booted(scene);
    await charger.goOffline();
    charger.restart("Hard");
    charger.restart("Soft");
    await pause(0);
    charger.goOnline();
    await pause(50);
    assert.equal(server.connected, false);
    await until(() => server.payloads("BootNotification").length === 2, 5_000, "the boot");
    await pause(300);
    assert.equal(server.payloads("BootNotification").length, 2);
  }));
