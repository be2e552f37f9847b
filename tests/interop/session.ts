// The session that every pair of peers plays: booted, authorised, started and stopped from afar.

import assert from "node:assert/strict";
import { nowText, type Payload } from "../support/strict_peer.ts";
import { until } from "../support/until.ts";
import type { OcppSide } from "./ocpp_peer.ts";

const TIMEOUT_MS = 5_000;
export const METER_START_WH = 1_000;
export const METER_VALUES_WH = [1_500, 2_250, 3_000];
export const METER_STOP_WH = 4_200;

/** Waits for the n-th (from 1) CALL of an action that a peer receives; returns its payload. */
export async function nth(side: OcppSide, action: string, n = 1): Promise<Payload> {
  return await until(() => side.payloads(action)[n - 1], TIMEOUT_MS, `${action} number ${n}`);
}

/** The charger boots; each central system hears of it, and of connectors 0 and 1. */
export async function boot(charger: OcppSide, centrals: readonly OcppSide[]): Promise<void> {
  const registration = await charger.call("BootNotification", {
    chargePointVendor: "Interop",
    chargePointModel: "Peer",
    firmwareVersion: "1.2.3",
  });
  assert.equal(registration.status, "Accepted");
  for (const connectorId of [0, 1]) {
    await charger.call("StatusNotification", status(connectorId, "Available"));
  }
  for (const central of centrals) {
    const heard = await nth(central, "BootNotification");
    assert.equal(heard.chargePointVendor, "Interop");
    assert.equal(heard.firmwareVersion, "1.2.3");
    await shown(central, 1, "Available");
  }
}

/** What the central system asks for besides sessions, and what it gets. */
export async function inquire(charger: OcppSide, central: OcppSide): Promise<void> {
  const { configurationKey, unknownKey } = await central.call("GetConfiguration", {
    key: ["NumberOfConnectors", "Nonsense"],
  });
  assert.deepEqual(configurationKey, [{ key: "NumberOfConnectors", readonly: true, value: "1" }]);
  assert.deepEqual(unknownKey, ["Nonsense"]);
  await nth(charger, "GetConfiguration");

  const trigger = { requestedMessage: "MeterValues", connectorId: 1 };
  assert.deepEqual(await central.call("TriggerMessage", trigger), { status: "Accepted" });
  assert.deepEqual(await nth(charger, "TriggerMessage"), trigger);
  const known = central.payloads("MeterValues").length;
  const meterValue = sampled(METER_START_WH);
  assert.deepEqual(await charger.call("MeterValues", { connectorId: 1, meterValue }), {});
  const passedOn = await nth(central, "MeterValues", known + 1);
  assert.deepEqual([passedOn.connectorId, passedOn.transactionId], [1, undefined]);

  const beat = await charger.call("Heartbeat", {});
  assert.ok(Math.abs(Date.parse(String(beat.currentTime)) - Date.now()) < TIMEOUT_MS);
}

/** The first central system starts the session and stops it; all of them follow it. */
export async function chargeFromAfar(
  charger: OcppSide,
  centrals: readonly [OcppSide, ...OcppSide[]],
  idTag: string,
): Promise<void> {
  const [central] = centrals;
  assert.equal(idTagStatus(await charger.call("Authorize", { idTag })), "Accepted");
  const accepted = { status: "Accepted" };
  assert.deepEqual(
    await central.call("RemoteStartTransaction", { connectorId: 1, idTag }),
    accepted,
  );
  const asked = await nth(charger, "RemoteStartTransaction");
  assert.deepEqual([asked.connectorId, asked.idTag], [1, idTag]);

  const { transactionId } = await start(charger, idTag);
  const before = centrals.map((one) => one.payloads("MeterValues").length);
  for (const energyWh of METER_VALUES_WH) {
    await charger.call("MeterValues", {
      connectorId: 1,
      transactionId,
      meterValue: sampled(energyWh),
    });
  }
  const own: unknown[] = [];
  for (const [index, one] of centrals.entries()) {
    assert.equal((await nth(one, "StartTransaction")).meterStart, METER_START_WH);
    await nth(one, "MeterValues", before[index]! + METER_VALUES_WH.length);
    const heard = one.payloads("MeterValues").slice(before[index]);
    assert.deepEqual(heard.map(energyOf), METER_VALUES_WH);
    own[index] = heard[0]!.transactionId;
    assert.ok(
      own[index] !== transactionId && heard.every((its) => its.transactionId === own[index]),
    );
  }
  assert.equal(new Set(own).size, own.length, "each central system has an id of its own");

  const stop = await central.call("RemoteStopTransaction", { transactionId: own[0] });
  assert.deepEqual(stop, accepted);
  assert.deepEqual(await nth(charger, "RemoteStopTransaction"), { transactionId });
  await finish(charger, transactionId, "Remote");
  for (const [index, one] of centrals.entries()) {
    const stopped = await nth(one, "StopTransaction");
    assert.deepEqual(
      [stopped.transactionId, stopped.meterStop, stopped.reason],
      [own[index], METER_STOP_WH, "Remote"],
    );
    await shown(one, 1, "Available");
  }
}

/** The charger starts; the id is the proxy's. */
export async function start(charger: OcppSide, idTag: string): Promise<{ transactionId: number }> {
  await charger.call("StatusNotification", status(1, "Preparing"));
  const answer = await charger.call("StartTransaction", startPayload(idTag));
  assert.equal(idTagStatus(answer), "Accepted");
  await charger.call("StatusNotification", status(1, "Charging"));
  return { transactionId: Number(answer.transactionId) };
}

/** StartTransaction, now, on connector 1. */
export function startPayload(idTag: string): Payload {
  return { connectorId: 1, idTag, meterStart: METER_START_WH, timestamp: nowText() };
}

/** The charger stops, and is free again. */
export async function finish(
  charger: OcppSide,
  transactionId: number,
  reason: string,
): Promise<void> {
  await charger.call("StopTransaction", stopPayload(transactionId, reason));
  await charger.call("StatusNotification", status(1, "Available"));
}

/** StopTransaction, now. */
export function stopPayload(transactionId: number, reason: string): Payload {
  return { transactionId, meterStop: METER_STOP_WH, timestamp: nowText(), reason };
}

/** The `meterValue` of one register reading, now. */
export function sampled(energyWh: number): Payload[] {
  const measurand = "Energy.Active.Import.Register";
  return [{
    timestamp: nowText(),
    sampledValue: [{ value: String(energyWh), measurand, unit: "Wh" }],
  }];
}

/** The register, Wh, of MeterValues that `sampled` made. */
export function energyOf(meterValues: Payload): number {
  const [{ sampledValue: [{ value }] }] = meterValues.meterValue as [
    { sampledValue: [{ value: string }] },
  ];
  return Number(value);
}

export function status(connectorId: number, word: string): Payload {
  return { connectorId, errorCode: "NoError", status: word, timestamp: nowText() };
}

function idTagStatus(answer: Payload): unknown {
  return (answer.idTagInfo as Payload).status;
}

/** Waits until the newest state that a central system knows of a connector is this. */
async function shown(central: OcppSide, connectorId: number, word: string): Promise<void> {
  const states = () => central.payloads("StatusNotification");
  await until(
    () => states().findLast((one) => one.connectorId === connectorId)?.status === word,
    TIMEOUT_MS,
    `connector ${connectorId} to be ${word}`,
  );
}
