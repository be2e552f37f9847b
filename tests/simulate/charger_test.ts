// The virtual charger against an independent, strict central system: everything it says is valid.

import assert from "node:assert/strict";
import { VirtualCharger } from "../../src/simulate/charger.ts";
import type { ChargerOptions } from "../../src/simulate/charger_options.ts";
import { Vehicle, type VehicleOptions } from "../../src/simulate/vehicle.ts";
import { type BackendServerOptions, strictBackendServer } from "../support/strict_backend.ts";
import type { StrictBackendServer } from "../support/strict_backend.ts";
import { callError, nowText, type Payload } from "../support/strict_peer.ts";
import { until } from "../support/until.ts";

const TAG = "04A2B3C4D5";

interface Scene {
  readonly server: StrictBackendServer;
  readonly charger: VirtualCharger;
  readonly lines: readonly string[];
}

/** Plays a charger at a strict central system, then checks that no frame broke a schema. */
async function play(
  options: Partial<ChargerOptions>,
  serverOptions: BackendServerOptions,
  act: (scene: Scene) => Promise<void>,
): Promise<void> {
  const server = await strictBackendServer(serverOptions);
  const lines: string[] = [];
  const charger = new VirtualCharger({
    url: server.url,
    id: "SIM001",
    speed: 600,
    reconnectMs: 50,
    ...options,
    report: (text) => lines.push(text),
  });
  try {
    charger.start();
    await act({ server, charger, lines });
    assert.deepEqual(server.violations, []);
  } finally {
    await charger.stop();
    await server.close();
  }
}

function statuses(server: StrictBackendServer, connectorId = 1): unknown[] {
  return server.payloads("StatusNotification")
    .filter((payload) => payload.connectorId === connectorId)
    .map((payload) => payload.status);
}

function available({ server }: Scene): Promise<true | undefined> {
  return until(
    () => statuses(server).length > 0 || undefined,
    5_000,
    "the status of connector 1",
  );
}

function car(options: Partial<VehicleOptions> = {}): Vehicle {
  return new Vehicle({
    batteryWh: 50_000,
    stateOfCharge: 0.2,
    maximumPowerW: 11_000,
    ...options,
  });
}

function stopped(server: StrictBackendServer, count = 1): Promise<Payload> {
  return until(
    () => server.payloads("StopTransaction")[count - 1],
    10_000,
    `StopTransaction ${count}`,
  );
}

Deno.test("a session by RFID is valid from boot to unplugging", () =>
  play({ settings: { StopTxnSampledData: "Energy.Active.Import.Register" } }, {}, async (scene) => {
    const { server, charger } = scene;
    await available(scene);
    charger.plugIn(1, car());
    assert.equal(await charger.presentTag(1, TAG), true);
    await until(() => server.payloads("MeterValues").length >= 5, 10_000, "five meter values");
    assert.equal(await charger.presentTag(1, TAG), true);
    const stop = await stopped(server);
    charger.unplug(1);
    await until(() => statuses(server).at(-1) === "Available", 5_000, "Available at the end");

    assert.deepEqual(statuses(server), [
      "Available",
      "Preparing",
      "Charging",
      "Finishing",
      "Available",
    ]);
    assert.deepEqual(statuses(server, 0), ["Available"]);
    const actions = server.received.map((one) => one.action);
    assert.equal(actions[0], "BootNotification");
    assert.equal(actions.filter((action) => action === "Authorize").length, 1);
    const start = server.payloads("StartTransaction")[0];
    assert.equal(start?.idTag, TAG);
    assert.equal(stop.transactionId, 1);
    assert.equal(stop.reason, "Local");
    const readings = 2 + server.payloads("MeterValues").length;
    assert.equal((stop.transactionData as unknown[]).length, readings);
    // 11 kW all the time, less 10 s for the ramp; times are in whole seconds.
    const energyWh = Number(stop.meterStop) - Number(start?.meterStart);
    const seconds = (Date.parse(String(stop.timestamp)) - Date.parse(String(start?.timestamp))) /
      1_000;
    assert.ok(
      Math.abs(energyWh - 11_000 * (seconds - 10) / 3_600) < 12,
      `${energyWh} Wh in ${seconds} s`,
    );
    for (const values of server.payloads("MeterValues")) assert.equal(values.transactionId, 1);
  }));

Deno.test("a tag that the central system does not know starts nothing", () =>
  play({}, {
    answers: { Authorize: () => ({ idTagInfo: { status: "Invalid" } }) },
  }, async (scene) => {
    await available(scene);
    scene.charger.plugIn(1);
    assert.equal(await scene.charger.presentTag(1, TAG), false);
    assert.deepEqual(scene.server.payloads("StartTransaction"), []);
  }));

Deno.test("a remote start waits for the car, and a remote stop ends the transaction", () =>
  play({ settings: { AuthorizeRemoteTxRequests: "true" } }, {}, async (scene) => {
    const { server, charger } = scene;
    await available(scene);
    const started = await server.call("RemoteStartTransaction", { connectorId: 1, idTag: "evcc" });
    assert.deepEqual(started, { status: "Accepted" });
    await until(() => statuses(server).at(-1) === "Preparing", 5_000, "Preparing");
    assert.equal(server.payloads("Authorize")[0]?.idTag, "evcc");
    charger.plugIn(1, car());
    await until(() => charger.connector(1).transaction?.id, 5_000, "a transaction");
    assert.deepEqual(
      await server.call("RemoteStopTransaction", { transactionId: 4711 }),
      { status: "Rejected" },
    );
    assert.deepEqual(
      await server.call("RemoteStopTransaction", { transactionId: 1 }),
      { status: "Accepted" },
    );
    assert.equal((await stopped(server)).reason, "Remote");
  }));

Deno.test("a remote start for which no car comes is given up after ConnectionTimeOut", () =>
  play({ settings: { ConnectionTimeOut: "30" } }, {}, async (scene) => {
    await available(scene);
    await scene.server.call("RemoteStartTransaction", { connectorId: 1, idTag: "evcc" });
    await until(
      () => statuses(scene.server).length === 3 || undefined,
      5_000,
      "Available, Preparing, Available",
    );
    assert.deepEqual(statuses(scene.server), ["Available", "Preparing", "Available"]);
  }));

Deno.test("a transaction that is refused afterwards is stopped as DeAuthorized", () =>
  play({}, {
    answers: {
      StartTransaction: () => ({ transactionId: 7, idTagInfo: { status: "ConcurrentTx" } }),
    },
  }, async (scene) => {
    await available(scene);
    scene.charger.plugIn(1);
    await scene.charger.presentTag(1, TAG);
    const stop = await stopped(scene.server);
    assert.equal(stop.reason, "DeAuthorized");
    assert.equal(stop.transactionId, 7);
  }));

Deno.test("a full car is SuspendedEV, and unplugging it ends the transaction", () =>
  play({}, {}, async (scene) => {
    const { server, charger } = scene;
    await available(scene);
    charger.plugIn(1, car({ batteryWh: 1_000, stateOfCharge: 0.5 }));
    await charger.presentTag(1, TAG);
    await until(() => statuses(server).at(-1) === "SuspendedEV", 10_000, "SuspendedEV");
    charger.unplug(1);
    const stop = await stopped(server);
    assert.equal(stop.reason, "EVDisconnected");
    const energyWh = Number(stop.meterStop) -
      Number(server.payloads("StartTransaction")[0]?.meterStart);
    assert.ok(Math.abs(energyWh - 500) <= 1, `${energyWh} Wh`);
  }));

Deno.test("a session while offline is told later, in order, with its own times", () =>
  play({ settings: { AllowOfflineTxForUnknownId: "true" } }, {}, async (scene) => {
    const { server, charger } = scene;
    await available(scene);
    await charger.goOffline();
    const before = server.received.length;
    charger.plugIn(1, car());
    assert.equal(await charger.presentTag(1, TAG), true);
    await until(() => charger.queue.length >= 4, 10_000, "three meter values in the queue");
    await charger.presentTag(1, TAG);
    const { startedAt, stoppedAt } = charger.sessions[0] ?? { startedAt: 0, stoppedAt: 0 };
    charger.goOnline();
    const stop = await stopped(server);

    const late = server.received.slice(before).map((one) => one.action)
      .filter((action) => action !== "StatusNotification" && action !== "Heartbeat");
    assert.equal(late[0], "StartTransaction");
    assert.equal(late.at(-1), "StopTransaction");
    assert.deepEqual(new Set(late.slice(1, -1)), new Set(["MeterValues"]));
    const start = server.payloads("StartTransaction")[0];
    const seconds = (ms: number) => Math.floor(ms / 1_000);
    assert.equal(seconds(Date.parse(String(start?.timestamp))), seconds(startedAt));
    assert.equal(seconds(Date.parse(String(stop.timestamp))), seconds(stoppedAt));
    assert.equal(stop.transactionId, 1);
    // It is still registered: a connection is no boot.
    assert.equal(server.payloads("BootNotification").length, 1);
  }));

Deno.test("a message that is refused is repeated by rule, then given up, and the next one goes", () =>
  play(
    { settings: { TransactionMessageAttempts: "3", TransactionMessageRetryInterval: "30" } },
    {
      answers: {
        StartTransaction: () => {
          throw callError("InternalError", "out of order");
        },
      },
    },
    async (scene) => {
      const { server, charger } = scene;
      await available(scene);
      charger.plugIn(1, car());
      await charger.presentTag(1, TAG);
      await until(() => server.payloads("StartTransaction").length === 3, 10_000, "three attempts");
      await until(() => server.payloads("MeterValues").length > 0, 10_000, "meter values");
      const times = server.received.filter((one) => one.action === "StartTransaction")
        .map((one) => one.at);
      const [first = 0, second = 0, third = 0] = times;
      // 30 s and 60 s, at 600 times the speed.
      assert.ok(
        second - first >= 45 && third - second >= 90,
        `${second - first}, ${third - second}`,
      );
      assert.equal(server.payloads("StartTransaction").length, 3);
      assert.equal(server.payloads("MeterValues")[0]?.transactionId, -1);
      const starts = server.payloads("StartTransaction").map((start) => JSON.stringify(start));
      assert.equal(new Set(starts).size, 1);
    },
  ));

Deno.test("a connection that breaks costs no message and no attempt", () =>
  play({ settings: { TransactionMessageAttempts: "1" } }, {}, async (scene) => {
    const { server, charger } = scene;
    let hung = false;
    server.answer("StartTransaction", () => {
      if (hung) return { transactionId: 42, idTagInfo: { status: "Accepted" } };
      hung = true;
      return new Promise(() => {});
    });
    await available(scene);
    charger.plugIn(1, car());
    await charger.presentTag(1, TAG);
    await until(() => hung, 5_000, "the first StartTransaction");
    charger.dropConnection();
    await until(() => charger.connector(1).transaction?.id === 42, 5_000, "an answer");
    assert.equal(server.payloads("StartTransaction").length, 2);
  }));

Deno.test("a soft reset ends the transaction, delivers it, and boots again", () =>
  play({}, {}, async (scene) => {
    const { server, charger } = scene;
    await available(scene);
    charger.plugIn(1, car());
    await charger.presentTag(1, TAG);
    await until(() => charger.connector(1).transaction?.id, 5_000, "a transaction");
    assert.deepEqual(await server.call("Reset", { type: "Soft" }), { status: "Accepted" });
    assert.equal((await stopped(server)).reason, "SoftReset");
    await until(() => server.payloads("BootNotification").length === 2, 5_000, "the second boot");
    await until(() => statuses(server).at(-1) === "Preparing", 5_000, "the car is still there");
    const actions = server.received.map((one) => one.action);
    assert.ok(actions.indexOf("StopTransaction") < actions.lastIndexOf("BootNotification"));
  }));

Deno.test("a hard reset tells of the end of the transaction after the boot", () =>
  play({}, {}, async (scene) => {
    const { server, charger } = scene;
    await available(scene);
    charger.plugIn(1, car());
    await charger.presentTag(1, TAG);
    await until(() => charger.connector(1).transaction?.id, 5_000, "a transaction");
    await server.call("Reset", { type: "Hard" });
    assert.equal((await stopped(server)).reason, "HardReset");
    const actions = server.received.map((one) => one.action);
    assert.ok(actions.indexOf("StopTransaction") > actions.lastIndexOf("BootNotification"));
  }));

Deno.test("a boot that is not accepted is repeated after its interval, and nothing else is sent", () => {
  const verdicts = ["Pending", "Rejected", "Accepted"];
  return play({}, {
    answers: {
      BootNotification: () => ({
        status: verdicts.shift() ?? "Accepted",
        currentTime: nowText(),
        interval: 60,
      }),
    },
  }, async (scene) => {
    await available(scene);
    const { received } = scene.server;
    assert.deepEqual(received.slice(0, 3).map((one) => one.action), [
      "BootNotification",
      "BootNotification",
      "BootNotification",
    ]);
    // 60 s at 600 times the speed.
    assert.ok((received[1]?.at ?? 0) - (received[0]?.at ?? 0) >= 90);
    assert.equal(scene.charger.settings.number("HeartbeatInterval"), 60);
    await until(() => scene.server.payloads("Heartbeat").length > 1, 5_000, "heartbeats");
  });
});

Deno.test("clock-aligned meter values come at round times, also without a transaction", () =>
  play({ settings: { ClockAlignedDataInterval: "60" } }, {}, async (scene) => {
    await available(scene);
    const { server } = scene;
    await until(() => server.payloads("MeterValues").length >= 3, 5_000, "three meter values");
    for (const values of server.payloads("MeterValues")) {
      const [{ timestamp }] = values.meterValue as [{ timestamp: string }];
      assert.match(timestamp, /:00Z$/);
      assert.equal(values.transactionId, undefined);
    }
  }));
