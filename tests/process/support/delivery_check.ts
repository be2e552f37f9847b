// Compares what a backend received with what the charger was told had been taken in.

import type { Payload } from "../../support/strict_peer.ts";
import type { PlayedSession } from "./playing_charger.ts";
import type { TransactionIds } from "./recording_backend.ts";

/** One transaction message, named by the register value that occurs in no other. */
export interface Delivered {
  /** `StartTransaction 1000000`. */
  readonly key: string;
  /** What a repetition must have in common with the first: everything. */
  readonly identity: string;
}

export interface DeliveryReport {
  /** Sentences; empty: all is well. */
  readonly faults: readonly string[];
  /** Messages that came once more. */
  readonly duplicates: number;
}

/** The confirmed transaction messages of these sessions, in their order. */
export function confirmedMessages(sessions: readonly PlayedSession[]): string[] {
  return sessions.flatMap(({ transactionId, meterStartWh, metersWh, meterStopWh }) => [
    ...transactionId === undefined ? [] : [`StartTransaction ${meterStartWh}`],
    ...metersWh.map((registerWh) => `MeterValues ${registerWh}`),
    ...meterStopWh === undefined ? [] : [`StopTransaction ${meterStopWh}`],
  ]);
}

/** Every message at least once, none before its predecessor, repetitions alike, nothing else. */
export function checkDelivery(
  expected: readonly string[],
  delivered: readonly Delivered[],
): DeliveryReport {
  const positions = new Map(expected.map((key, index) => [key, index]));
  const first = new Map<string, string>();
  const faults: string[] = [];
  let position = -1;
  let reached = -1;
  let duplicates = 0;
  for (const { key, identity } of delivered) {
    const next = positions.get(key);
    if (next === undefined) {
      faults.push(`${key} was never confirmed to the charger`);
      continue;
    }
    if (next > position + 1) faults.push(`${key} came right after ${expected[position]}`);
    position = next;
    reached = Math.max(reached, next);
    const before = first.get(key);
    if (before === undefined) first.set(key, identity);
    else {
      duplicates++;
      if (before !== identity) faults.push(`${key} was ${before}, then ${identity}`);
    }
  }
  if (reached < expected.length - 1) faults.push(`nothing came after ${expected[reached]}`);
  return { faults, duplicates };
}

/** What an OCPP backend received, and what is wrong with the ids in it. */
export function ocppDelivery(
  received: readonly { id: string; action: string; payload: Payload }[],
  ids: TransactionIds,
  sessions: readonly PlayedSession[],
): { readonly delivered: Delivered[]; readonly faults: string[] } {
  const meterStarts = new Map(
    sessions.flatMap(({ meterStartWh, metersWh, meterStopWh }) =>
      [...metersWh, meterStopWh].map((registerWh) => [registerWh, meterStartWh] as const)
    ),
  );
  const delivered: Delivered[] = [];
  const faults: string[] = [];
  for (const { id, action, payload } of received) {
    const registerWh = registerOf(action, payload);
    if (registerWh === undefined) continue;
    const { transactionId, ...rest } = payload;
    delivered.push({
      key: `${action} ${registerWh}`,
      identity: JSON.stringify([id, rest]),
    });
    if (action === "StartTransaction") continue;
    const meterStartWh = ids.meterStartOf(Number(transactionId));
    if (meterStartWh === undefined || meterStartWh !== meterStarts.get(registerWh)) {
      faults.push(`${action} ${registerWh} had the foreign id ${transactionId}`);
    }
  }
  return { delivered, faults };
}

/** What a JSON backend received; `session` events are left out. */
export function jsonDelivery(events: readonly Payload[]): Delivered[] {
  return events.flatMap(({ time: _, ...event }) => {
    const key = jsonKey(event);
    return key === undefined ? [] : [{ key, identity: JSON.stringify(event) }];
  });
}

function jsonKey(event: Payload): string | undefined {
  switch (event.type) {
    case "transaction_started":
      return `StartTransaction ${event.meter_start}`;
    case "meter":
      return `MeterValues ${jsonRegisterOf(event)}`;
    case "transaction_stopped":
      return `StopTransaction ${event.meter_stop}`;
    default:
      return undefined;
  }
}

/** The register value in a `meter` event. */
export function jsonRegisterOf(event: Payload): string | undefined {
  return (event as unknown as JsonMeter).values[0]?.sampled_value[0]?.value;
}

interface JsonMeter {
  readonly values: readonly { readonly sampled_value: readonly { readonly value: string }[] }[];
}

/** The register value that names a transaction message; undefined: it is another message. */
export function registerOf(action: string, payload: Payload): number | undefined {
  switch (action) {
    case "StartTransaction":
      return Number(payload.meterStart);
    case "MeterValues": {
      const { meterValue } = payload as unknown as OcppMeter;
      return Number(meterValue[0]?.sampledValue[0]?.value);
    }
    case "StopTransaction":
      return Number(payload.meterStop);
    default:
      return undefined;
  }
}

interface OcppMeter {
  readonly meterValue: readonly { readonly sampledValue: readonly { readonly value: string }[] }[];
}
