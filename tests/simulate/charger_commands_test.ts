// The commands of a strict central system, and what the virtual charger makes of them.

import assert from "node:assert/strict";
import { VirtualCharger } from "../../src/simulate/charger.ts";
import { Vehicle } from "../../src/simulate/vehicle.ts";
import { type StrictBackendServer, strictBackendServer } from "../support/strict_backend.ts";
import type { Payload } from "../support/strict_peer.ts";
import { until } from "../support/until.ts";

const TAG = "04A2B3C4D5";

interface Scene {
  readonly server: StrictBackendServer;
  readonly charger: VirtualCharger;
}

/** Plays a booted charger with two connectors at a strict central system. */
async function play(speed: number, act: (scene: Scene) => Promise<void>): Promise<void> {
  const server = await strictBackendServer();
  const charger = new VirtualCharger({
    url: server.url,
    id: "SIM001",
    connectors: 2,
    speed,
    reconnectMs: 50,
  });
  try {
    charger.start();
    const booted = () => server.payloads("StatusNotification").length >= 3;
    await until(booted, 5_000, "three statuses");
    await act({ server, charger });
    assert.deepEqual(server.violations, []);
  } finally {
    await charger.stop();
    await server.close();
  }
}

async function charge({ charger }: Scene): Promise<void> {
  charger.plugIn(1, new Vehicle());
  await charger.presentTag(1, TAG);
  await until(() => charger.connector(1).transaction?.id, 5_000, "a transaction");
}

function profile(
  purpose: string,
  limit: number,
  more: Payload = {},
  schedule: Payload = {},
): Payload {
  return {
    chargingProfileId: 1,
    stackLevel: 0,
    chargingProfilePurpose: purpose,
    chargingProfileKind: "Relative",
    chargingSchedule: {
      chargingRateUnit: "A",
      chargingSchedulePeriod: [{ startPeriod: 0, limit }],
      ...schedule,
    },
    ...more,
  };
}

async function set(scene: Scene, connectorId: number, csChargingProfiles: Payload) {
  const request = { connectorId, csChargingProfiles };
  return (await scene.server.call("SetChargingProfile", request)).status;
}

Deno.test("the lowest limit holds, down to the meter, and clearing it gives the power back", () =>
  play(600, async (scene) => {
    const { server, charger } = scene;
    await charge(scene);
    const powerW = () => Math.round(charger.connector(1).reading.powerW);
    await until(() => powerW() === 11_000, 5_000, "full power");

    assert.equal(await set(scene, 0, profile("TxDefaultProfile", 10)), "Accepted");
    await until(() => powerW() === 10 * 230 * 3, 5_000, "10 A on three phases");
    const whole = profile("ChargePointMaxProfile", 8, { chargingProfileId: 2 });
    assert.equal(await set(scene, 0, whole), "Accepted");
    await until(() => powerW() === 8 * 230 * 3, 5_000, "8 A on three phases");
    const inWatt = profile("TxProfile", 4_600, { chargingProfileId: 3, transactionId: 1 }, {
      chargingRateUnit: "W",
    });
    assert.equal(await set(scene, 1, inWatt), "Accepted");
    await until(() => powerW() === 4_600, 5_000, "4,600 W");
    await until(
      () =>
        server.payloads("MeterValues").some((values) =>
          JSON.stringify(values).includes('"4600.0"')
        ),
      5_000,
      "the power in MeterValues",
    );
    assert.equal((await server.call("ClearChargingProfile", { id: 99 })).status, "Unknown");
    assert.equal((await server.call("ClearChargingProfile", {})).status, "Accepted");
    await until(() => powerW() === 11_000, 5_000, "full power again");
  }));

Deno.test("a limit of 0 A suspends charging, and the transaction goes on", () =>
  play(600, async (scene) => {
    const { server, charger } = scene;
    await charge(scene);
    await set(scene, 1, profile("TxDefaultProfile", 0));
    await until(() => charger.connector(1).status === "SuspendedEVSE", 5_000, "SuspendedEVSE");
    const { energyWh } = charger.connector(1).reading;
    await until(() => server.payloads("MeterValues").length > 2, 5_000, "meter values");
    assert.equal(charger.connector(1).reading.energyWh, energyWh);
    await server.call("ClearChargingProfile", { id: 1 });
    await until(() => charger.connector(1).status === "Charging", 5_000, "Charging");
    assert.deepEqual(server.payloads("StopTransaction"), []);
  }));

Deno.test("profiles that make no sense are rejected", () =>
  play(60, async (scene) => {
    assert.equal(await set(scene, 1, profile("ChargePointMaxProfile", 16)), "Rejected");
    assert.equal(await set(scene, 1, profile("TxProfile", 16)), "Rejected");
    assert.equal(await set(scene, 9, profile("TxDefaultProfile", 16)), "Rejected");
    assert.equal(
      await set(scene, 0, profile("TxDefaultProfile", 16, { stackLevel: 99 })),
      "Rejected",
    );
    const late = { chargingSchedulePeriod: [{ startPeriod: 5, limit: 16 }] };
    assert.equal(await set(scene, 0, profile("TxDefaultProfile", 16, {}, late)), "Rejected");
    await charge(scene);
    assert.equal(await set(scene, 1, profile("TxProfile", 16, { transactionId: 77 })), "Rejected");
  }));

Deno.test("the composite schedule shows the periods that are to come", () =>
  play(1, async (scene) => {
    const periods = [{ startPeriod: 0, limit: 16 }, { startPeriod: 600, limit: 6.5 }];
    await set(scene, 0, profile("TxDefaultProfile", 0, {}, { chargingSchedulePeriod: periods }));
    const { status, chargingSchedule } = await scene.server.call("GetCompositeSchedule", {
      connectorId: 1,
      duration: 3_600,
      chargingRateUnit: "A",
    });
    assert.equal(status, "Accepted");
    const shown = (chargingSchedule as { chargingSchedulePeriod: typeof periods })
      .chargingSchedulePeriod;
    assert.deepEqual(shown.map((period) => period.limit), [16, 6.5]);
    // Counted from the question, which comes a moment after the profile.
    const [first, second] = shown.map((period) => period.startPeriod);
    assert.ok(first === 0 && second !== undefined && second > 590 && second <= 600, `${second}`);
    const unknown = await scene.server.call("GetCompositeSchedule", {
      connectorId: 7,
      duration: 9,
    });
    assert.equal(unknown.status, "Rejected");
  }));

Deno.test("configuration keys are read, changed within their bounds, and obeyed", () =>
  play(600, async (scene) => {
    const { server } = scene;
    const change = async (key: string, value: string) => {
      return (await server.call("ChangeConfiguration", { key, value })).status;
    };
    const all = await server.call("GetConfiguration", {});
    assert.ok((all.configurationKey as unknown[]).length > 30);
    assert.deepEqual(await server.call("GetConfiguration", { key: ["numberofconnectors", "No"] }), {
      configurationKey: [{ key: "NumberOfConnectors", readonly: true, value: "2" }],
      unknownKey: ["No"],
    });
    assert.equal(await change("NumberOfConnectors", "3"), "Rejected");
    assert.equal(await change("HeartbeatInterval", "abc"), "Rejected");
    assert.equal(await change("HeartbeatInterval", "-1"), "Rejected");
    assert.equal(await change("MeterValuesSampledData", "Wind.Speed"), "Rejected");
    assert.equal(await change("CentralSystemURL", "ws://elsewhere"), "NotSupported");
    assert.equal(await change("MeterValuesSampledData", "Power.Active.Import"), "Accepted");
    assert.equal(await change("MeterValueSampleInterval", "10"), "Accepted");
    assert.equal(await change("HeartbeatInterval", "10"), "Accepted");
    await until(() => server.payloads("Heartbeat").length > 3, 5_000, "quick heartbeats");
    await charge(scene);
    const values = await until(() => server.payloads("MeterValues")[0], 5_000, "meter values");
    const [{ sampledValue }] = values.meterValue as [{ sampledValue: Payload[] }];
    assert.deepEqual(sampledValue.map((one) => one.measurand), ["Power.Active.Import"]);
  }));

Deno.test("triggered messages follow their confirmation", () =>
  play(60, async (scene) => {
    const { server } = scene;
    const trigger = async (requestedMessage: string, connectorId?: number) => {
      const request = { requestedMessage, ...(connectorId === undefined ? {} : { connectorId }) };
      return (await server.call("TriggerMessage", request)).status;
    };
    const before = server.received.length;
    assert.equal(await trigger("StatusNotification", 2), "Accepted");
    assert.equal(await trigger("MeterValues", 1), "Accepted");
    assert.equal(await trigger("FirmwareStatusNotification"), "Accepted");
    assert.equal(await trigger("DiagnosticsStatusNotification"), "Accepted");
    assert.equal(await trigger("BootNotification"), "Rejected");
    assert.equal(await trigger("MeterValues", 9), "Rejected");
    await until(() => server.received.length >= before + 4, 5_000, "four messages");
    assert.deepEqual(server.payloads("FirmwareStatusNotification"), [{ status: "Idle" }]);
    assert.equal(server.payloads("StatusNotification").at(-1)?.connectorId, 2);
  }));

Deno.test("a reserved connector takes the tag it is reserved for, and says so", () =>
  play(60, async (scene) => {
    const { server, charger } = scene;
    const request = {
      connectorId: 1,
      expiryDate: new Date(Date.now() + 3_600_000).toISOString(),
      idTag: TAG,
      reservationId: 5,
    };
    assert.equal((await server.call("ReserveNow", request)).status, "Accepted");
    await until(() => charger.connector(1).status === "Reserved", 5_000, "Reserved");
    const other = { ...request, reservationId: 6 };
    assert.equal((await server.call("ReserveNow", other)).status, "Occupied");
    assert.equal((await server.call("CancelReservation", { reservationId: 6 })).status, "Rejected");
    charger.plugIn(1, new Vehicle());
    assert.equal(await charger.presentTag(1, "STRANGER"), false);
    assert.equal(await charger.presentTag(1, TAG), true);
    const start = await until(() => server.payloads("StartTransaction")[0], 5_000, "a start");
    assert.equal(start.reservationId, 5);
    assert.equal((await server.call("CancelReservation", { reservationId: 5 })).status, "Rejected");
  }));

Deno.test("availability changes at once, or after the transaction", () =>
  play(60, async (scene) => {
    const { server, charger } = scene;
    const change = async (connectorId: number, type: string) => {
      return (await server.call("ChangeAvailability", { connectorId, type })).status;
    };
    assert.equal(await change(2, "Inoperative"), "Accepted");
    await until(() => charger.connector(2).status === "Unavailable", 5_000, "Unavailable");
    assert.equal(await change(2, "Operative"), "Accepted");
    await until(() => charger.connector(2).status === "Available", 5_000, "Available");
    await charge(scene);
    assert.equal(await change(0, "Inoperative"), "Scheduled");
    assert.equal(charger.connector(1).status, "Charging");
    charger.unplug(1);
    await until(() => charger.connector(1).status === "Unavailable", 5_000, "Unavailable");
  }));

Deno.test("a local list lets its tags start while the central system is away", () =>
  play(60, async (scene) => {
    const { server, charger } = scene;
    const list = (updateType: string, listVersion: number, localAuthorizationList: Payload[]) => {
      return server.call("SendLocalList", { updateType, listVersion, localAuthorizationList });
    };
    const entry = { idTag: TAG, idTagInfo: { status: "Accepted" } };
    assert.equal((await list("Full", 3, [entry])).status, "Accepted");
    assert.equal((await list("Full", 4, [entry, entry])).status, "Failed");
    assert.equal((await list("Differential", 2, [])).status, "VersionMismatch");
    assert.deepEqual(await server.call("GetLocalListVersion"), { listVersion: 3 });
    assert.equal((await server.call("ClearCache")).status, "Accepted");
    await charger.goOffline();
    charger.plugIn(1, new Vehicle());
    assert.equal(await charger.presentTag(1, "STRANGER"), false);
    assert.equal(await charger.presentTag(1, TAG), true);
  }));

Deno.test("jobs tell of their steps; what is not supported is NotImplemented", () =>
  play(600, async (scene) => {
    const { server } = scene;
    const location = "http://127.0.0.1/firmware.bin";
    const retrieveDate = new Date().toISOString();
    assert.deepEqual(await server.call("UpdateFirmware", { location, retrieveDate }), {});
    assert.ok((await server.call("GetDiagnostics", { location })).fileName);
    assert.equal((await server.call("UnlockConnector", { connectorId: 9 })).status, "NotSupported");
    assert.equal((await server.call("DataTransfer", { vendorId: "x" })).status, "UnknownVendorId");
    await until(() => server.payloads("BootNotification").length === 2, 5_000, "a boot");
    assert.equal(server.payloads("BootNotification")[1]?.firmwareVersion, "1.0.1");
    assert.deepEqual(
      server.payloads("FirmwareStatusNotification").map((one) => one.status),
      ["Downloading", "Downloaded", "Installing", "Installed"],
    );
    assert.deepEqual(
      server.payloads("DiagnosticsStatusNotification").map((one) => one.status),
      ["Uploading", "Uploaded"],
    );
    const log = { logType: "SecurityLog", requestId: 1, log: { remoteLocation: location } };
    await assert.rejects(server.call("GetLog", log), { rpcErrorCode: "NotImplemented" });
  }));
