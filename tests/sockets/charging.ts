// What a charger sends in a session, told to a strict charger message by message.

import type { StrictClient } from "../support/strict_charger.ts";
import type { Payload } from "../support/strict_peer.ts";

/** Minutes after the beginning of the session. */
export function at(minute: number): string {
  return new Date(Date.UTC(2026, 5, 1, 12, minute)).toISOString();
}

export function status(connectorId: number, word: string): Payload {
  return { connectorId, errorCode: "NoError", status: word };
}

export function meterValues(transactionId: number, minute: number, energyWh: number): Payload {
  const sampledValue = [{ value: String(energyWh), unit: "Wh" }];
  return { connectorId: 1, transactionId, meterValue: [{ timestamp: at(minute), sampledValue }] };
}

/** Starts a transaction on connector 1 and returns the proxy's id for it. */
export async function begin(
  charger: StrictClient,
  idTag = "CARD",
  meterStart = 1_000,
): Promise<number> {
  await charger.call("StatusNotification", status(1, "Preparing"));
  const answer = await charger.call("StartTransaction", {
    connectorId: 1,
    idTag,
    meterStart,
    timestamp: at(0),
  });
  await charger.call("StatusNotification", status(1, "Charging"));
  return Number(answer.transactionId);
}

/** Two meter values and the end; 3 kWh after `begin`. */
export async function finish(charger: StrictClient, transactionId: number): Promise<void> {
  for (const minute of [10, 20]) {
    await charger.call("MeterValues", meterValues(transactionId, minute, 1_000 + minute * 100));
  }
  await charger.call("StopTransaction", {
    transactionId,
    meterStop: 4_000,
    timestamp: at(30),
    reason: "Local",
  });
  await charger.call("StatusNotification", status(1, "Available"));
}
