// The finer points of what the virtual charger accepts, and what it makes of it.

import assert from "node:assert/strict";
import { MAX_COMPOSITE_S } from "../../src/simulate/composite_schedule.ts";
import { MAX_LOCAL_LIST } from "../../src/simulate/charger_settings.ts";
import { Vehicle } from "../../src/simulate/vehicle.ts";
import type { Payload } from "../support/strict_peer.ts";
import { pause, until } from "../support/until.ts";
import {
  atStrictServer,
  booted,
  charging,
  firstStop,
  type Scene,
  statusesOf,
  TAG,
} from "./charger_scene.ts";

/** A booted charger with two connectors. */
function obedient(test: (scene: Scene) => Promise<void>): Promise<void> {
  return atStrictServer({ connectors: 2 }, {}, async (scene) => {
    await booted(scene);
    await test(scene);
  });
}

async function statusOf({ server }: Scene, action: string, request: Payload): Promise<unknown> {
  return (await server.call(action, request)).status;
}

function change(scene: Scene, key: string, value: string): Promise<unknown> {
  return statusOf(scene, "ChangeConfiguration", { key, value });
}

function reservation(connectorId: number, reservationId = 5): Payload {
  const expiryDate = new Date(Date.now() + 3_600_000 * 24).toISOString();
  return { connectorId, expiryDate, idTag: TAG, reservationId };
}

function schedule(kind: Payload, periods: readonly Payload[]): Payload {
  return {
    chargingProfileId: 1,
    stackLevel: 0,
    chargingProfilePurpose: "TxDefaultProfile",
    ...kind,
    chargingSchedule: {
      startSchedule: "2026-01-01T00:00:00Z",
      chargingRateUnit: "A",
      chargingSchedulePeriod: periods,
    },
  };
}

Deno.test("a changed sample interval counts from its change, also in a transaction", () =>
  obedient(async (scene) => {
    await change(scene, "MeterValueSampleInterval", "0");
    await charging(scene);
    await pause(150);
    assert.deepEqual(scene.server.payloads("MeterValues"), []);
    await change(scene, "MeterValueSampleInterval", "10");
    await until(() => scene.server.payloads("MeterValues").length >= 3, 5_000, "meter values");
    await change(scene, "MeterValueSampleInterval", "0");
    await pause(50);
    const { length } = scene.server.payloads("MeterValues");
    await pause(100);
    assert.equal(scene.server.payloads("MeterValues").length, length);
  }));

Deno.test("StopTransaction carries the readings that its two keys ask for", () =>
  obedient(async (scene) => {
    const { server, charger } = scene;
    await change(scene, "ClockAlignedDataInterval", "60");
    await change(scene, "StopTxnSampledData", "Energy.Active.Import.Register");
    await change(scene, "StopTxnAlignedData", "SoC");
    await charging(scene);
    await until(() => server.payloads("MeterValues").length >= 6, 5_000, "meter values");
    await charger.presentTag(1, TAG);
    const { transactionData } = await firstStop(scene);
    const contexts = (transactionData as { sampledValue: Payload[] }[])
      .flatMap(({ sampledValue }) => sampledValue)
      .map(({ context, measurand }) => `${context} ${measurand}`);
    const register = "Energy.Active.Import.Register";
    assert.equal(contexts[0], `Transaction.Begin ${register}`);
    assert.equal(contexts.at(-1), `Transaction.End ${register}`);
    assert.ok(contexts.includes(`Sample.Periodic ${register}`), contexts.join("\n"));
    assert.ok(contexts.includes("Sample.Clock SoC"), contexts.join("\n"));
  }));

Deno.test("a car that comes to a connector out of order charges nothing, whoever was expected", () =>
  obedient(async (scene) => {
    const { server, charger } = scene;
    for (const connectorId of [1, 2]) {
      const request = { connectorId, idTag: TAG };
      assert.equal(await statusOf(scene, "RemoteStartTransaction", request), "Accepted");
    }
    await statusOf(scene, "ChangeAvailability", { connectorId: 1, type: "Inoperative" });
    charger.connector(2).fail("GroundFailure");
    charger.plugIn(1);
    charger.plugIn(2);
    await pause(50);
    assert.deepEqual(charger.connectors.map(({ status }) => status), ["Unavailable", "Faulted"]);
    assert.deepEqual(server.payloads("StartTransaction"), []);
  }));

Deno.test("the end of a transaction names the card that was shown for it, and nobody else's", () =>
  atStrictServer({}, {
    answers: {
      Authorize: () => ({ idTagInfo: { status: "Accepted", parentIdTag: "FAMILY" } }),
      StartTransaction: () => ({
        transactionId: 8,
        idTagInfo: { status: "Accepted", parentIdTag: "FAMILY" },
      }),
    },
  }, async (scene) => {
    const { server, charger } = scene;
    await booted(scene);
    await charging(scene);
    assert.equal(await charger.presentTag(1, "HERS"), true);
    await charging(scene);
    charger.unplug(1);
    await until(() => server.payloads("StopTransaction").length === 2, 5_000, "two stops");
    assert.deepEqual(
      server.payloads("StopTransaction").map(({ idTag, reason }) => [idTag, reason]),
      [["HERS", "Local"], [undefined, "EVDisconnected"]],
    );
  }));

Deno.test("the verdict that comes with the end of a transaction is remembered", () =>
  atStrictServer({}, {
    answers: { StopTransaction: () => ({ idTagInfo: { status: "Blocked" } }) },
  }, async (scene) => {
    const { charger } = scene;
    await booted(scene);
    await charging(scene);
    await charger.presentTag(1, TAG);
    await until(() => charger.queue.length === 0, 5_000, "the end of the transaction");
    await charger.goOffline();
    assert.equal(await charger.presentTag(1, TAG), false);
  }));

Deno.test("statuses change along the ways that there are", () =>
  obedient(async (scene) => {
    const { charger, server } = scene;
    await charging(scene);
    await charger.presentTag(1, TAG);
    await until(() => statusesOf(scene).at(-1) === "Finishing", 5_000, "Finishing");
    await server.call("RemoteStartTransaction", { connectorId: 1, idTag: TAG });
    await until(() => statusesOf(scene).at(-1) === "Charging", 5_000, "Charging");
    charger.unplug(1);
    await until(() => statusesOf(scene).at(-1) === "Available", 5_000, "Available");
    assert.deepEqual(statusesOf(scene), [
      "Available",
      "Preparing",
      "Charging",
      "Finishing",
      "Preparing",
      "Charging",
      "Available",
    ]);
  }));

Deno.test("a remote start without a connector goes where a car waits, and past reservations", () =>
  obedient(async (scene) => {
    const { charger } = scene;
    charger.plugIn(2, new Vehicle());
    assert.equal(await statusOf(scene, "RemoteStartTransaction", { idTag: TAG }), "Accepted");
    await until(() => charger.connector(2).transaction, 5_000, "a transaction at connector 2");
    charger.unplug(2);
    assert.equal(await statusOf(scene, "ReserveNow", reservation(1)), "Accepted");
    const stranger = { idTag: "STRANGER" };
    assert.equal(await statusOf(scene, "RemoteStartTransaction", stranger), "Accepted");
    await until(() => charger.connector(2).status === "Preparing", 5_000, "Preparing");
    assert.equal(charger.connector(1).status, "Reserved");
  }));

Deno.test("a remote start with a profile that cannot be installed is rejected", () =>
  obedient(async (scene) => {
    const chargingProfile = schedule(
      { chargingProfilePurpose: "TxProfile", chargingProfileKind: "Relative" },
      [{ startPeriod: 9, limit: 6 }],
    );
    const request = { connectorId: 1, idTag: TAG, chargingProfile };
    assert.equal(await statusOf(scene, "RemoteStartTransaction", request), "Rejected");
  }));

Deno.test("a reservation moves with its id, and is refused for what is out of order", () =>
  obedient(async (scene) => {
    const { charger } = scene;
    assert.equal(await statusOf(scene, "ReserveNow", reservation(1)), "Accepted");
    assert.equal(await statusOf(scene, "ReserveNow", reservation(2)), "Accepted");
    await until(() => charger.connector(1).status === "Available", 5_000, "Available");
    assert.equal(charger.connector(2).status, "Reserved");
    charger.connector(1).fail("GroundFailure");
    assert.equal(await statusOf(scene, "ReserveNow", reservation(1, 6)), "Faulted");
    await statusOf(scene, "ChangeAvailability", { connectorId: 2, type: "Inoperative" });
    assert.equal(await statusOf(scene, "ReserveNow", reservation(2, 6)), "Unavailable");
  }));

Deno.test("the local list grows to its bound, also by differences", () =>
  obedient(async (scene) => {
    const tags = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, index) => ({
        idTag: `${prefix}${index}`,
        idTagInfo: { status: "Accepted" },
      }));
    const send = (updateType: string, listVersion: number, localAuthorizationList: Payload[]) =>
      statusOf(scene, "SendLocalList", { updateType, listVersion, localAuthorizationList });
    assert.equal(await send("Full", 1, tags("A", MAX_LOCAL_LIST - 1)), "Accepted");
    assert.equal(await send("Differential", 2, tags("B", 2)), "Failed");
    assert.equal(await send("Differential", 2, [...tags("A", 2), ...tags("B", 1)]), "Accepted");
    assert.deepEqual(await scene.server.call("GetLocalListVersion"), { listVersion: 2 });
  }));

Deno.test("the composite schedule reaches as far as a month, and not into the past", () =>
  obedient(async (scene) => {
    const periods = Array.from({ length: 24 }, (_, hour) => ({
      startPeriod: hour * 3_600,
      limit: 6 + hour,
    }));
    const daily = { chargingProfileKind: "Recurring", recurrencyKind: "Daily" };
    const csChargingProfiles = schedule(daily, periods);
    await statusOf(scene, "SetChargingProfile", { connectorId: 0, csChargingProfiles });
    const ask = { connectorId: 1, duration: 2_147_483_647 };
    const answer = await scene.server.call("GetCompositeSchedule", ask);
    const composite = answer.chargingSchedule as { duration: number; chargingSchedulePeriod: [] };
    assert.equal(composite.duration, MAX_COMPOSITE_S);
    assert.ok(composite.chargingSchedulePeriod.length <= 30 * 24 + 1);
    for (const duration of [0, -1]) {
      const request = { connectorId: 1, duration };
      assert.equal(await statusOf(scene, "GetCompositeSchedule", request), "Rejected");
    }
  }));

Deno.test("a trigger for values is rejected without a measurand; its connector, where none matters, is not", () =>
  obedient(async (scene) => {
    const trigger = (requestedMessage: string, connectorId: number) =>
      statusOf(scene, "TriggerMessage", { requestedMessage, connectorId });
    assert.equal(await trigger("Heartbeat", 9), "Accepted");
    assert.equal(await trigger("StatusNotification", 9), "Rejected");
    assert.equal(await trigger("MeterValues", 1), "Accepted");
    await change(scene, "MeterValuesSampledData", "");
    assert.equal(await trigger("MeterValues", 1), "Rejected");
  }));

Deno.test("of two firmware updates that are planned, the newer one is done", () =>
  obedient(async (scene) => {
    const { server, charger } = scene;
    const update = (seconds: number) =>
      server.call("UpdateFirmware", {
        location: "http://127.0.0.1/firmware.bin",
        retrieveDate: new Date(charger.clock.now() + seconds * 1_000).toISOString(),
      });
    await update(60);
    await update(90);
    await until(() => server.payloads("BootNotification").length === 2, 5_000, "the boot");
    await pause(100);
    const statuses = server.payloads("FirmwareStatusNotification").map(({ status }) => status);
    assert.deepEqual(statuses, ["Downloading", "Downloaded", "Installing", "Installed"]);
  }));
