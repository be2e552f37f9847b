// Rows and temporary databases for the tests of the store.

import type { LogEntry, SessionRecord } from "../../src/core/record.ts";
import { UNBILLED } from "../../src/core/session.ts";

/** 2024-03-15T08:00:00Z. */
export const NOW = 1_710_489_600_000;

/** A running session; `changes` makes it another one. */
export function session(
  transactionId: number,
  changes: Partial<SessionRecord> = {},
): SessionRecord {
  return {
    transactionId,
    chargerTransactionId: null,
    connectorId: 1,
    idTag: "04A2B3C4D5",
    backendId: "employer",
    bookedBy: "id_tag",
    reservationId: null,
    startKey: `1|04A2B3C4D5|${transactionId}`,
    startedAt: NOW,
    stoppedAt: null,
    meterStartWh: 1_000,
    meterStopWh: null,
    energyWh: 0,
    registerWh: 1_000,
    resetCandidateWh: null,
    meteredAt: null,
    energyRoseAt: null,
    stopReason: null,
    flags: [],
    ...UNBILLED,
    ...changes,
  };
}

/** A meter reading; `changes` makes it another message. */
export function entry(sequence: number, changes: Partial<LogEntry> = {}): LogEntry {
  return {
    sequence,
    at: NOW,
    action: "MeterValues",
    transactionId: 1,
    connectorId: 1,
    payload: {
      connectorId: 1,
      meterValue: [{ timestamp: "2024-03-15T08:00:00Z", sampledValue: [{ value: "1000" }] }],
    },
    ...changes,
  };
}

/** Runs the test with the path of a database that does not exist yet, and removes its folder. */
export async function withDatabasePath(
  test: (path: string) => void | Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(`${directory}/data/ocpp-proxy.db`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
