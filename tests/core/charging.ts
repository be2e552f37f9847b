// What a charger says during a session, in few words, and what the books say afterwards.

import assert from "node:assert/strict";
import type { SessionRecord } from "../../src/core/record.ts";
import type { Frame } from "../../src/ocpp/frame.ts";
import type { JsonObject, JsonValue } from "../../src/ocpp/json.ts";
import { type Harness, START } from "./harness.ts";

/** An instant of the test as a charger writes it, s after its beginning. */
export function at(seconds: number): string {
  return new Date(START + seconds * 1000).toISOString().replace(".000Z", "Z");
}

/** The payload of a CALLRESULT; fails on anything else. */
export function resultOf(frame: Frame | undefined): JsonObject {
  assert.equal(frame?.type, "result", `not a result: ${JSON.stringify(frame)}`);
  return frame.payload;
}

/** The code of a CALLERROR; fails on anything else. */
export function errorOf(frame: Frame | undefined): string {
  assert.equal(frame?.type, "error", `not an error: ${JSON.stringify(frame)}`);
  return frame.code;
}

/** A StartTransaction's payload, connector 1 at the beginning of the test unless told otherwise. */
export function startRequest(changes: JsonObject = {}): JsonObject {
  return { connectorId: 1, idTag: "TAG", meterStart: 1000, timestamp: at(0), ...changes };
}

/** Starts a transaction; the id that the charger got. */
export function start(h: Harness, changes: JsonObject = {}, id?: string): number {
  const answer = resultOf(h.chargerCalls("StartTransaction", startRequest(changes), id));
  return Number(answer.transactionId);
}

/** MeterValues of the register, one message with one or several values. */
export function meterRequest(
  transactionId: JsonValue | undefined,
  values: readonly (readonly [seconds: number, wh: JsonValue])[],
  connectorId = 1,
): JsonObject {
  return {
    connectorId,
    ...transactionId !== undefined && { transactionId },
    meterValue: values.map(([seconds, wh]) => ({
      timestamp: at(seconds),
      sampledValue: [{ value: String(wh) }],
    })),
  };
}

/** Sends one register value and returns the answer. */
export function meter(
  h: Harness,
  transactionId: JsonValue | undefined,
  seconds: number,
  wh: JsonValue,
  connectorId = 1,
): Frame | undefined {
  return h.chargerCalls(
    "MeterValues",
    meterRequest(transactionId, [[seconds, wh]], connectorId),
  );
}

/** Stops a transaction and returns the answer. */
export function stop(
  h: Harness,
  transactionId: JsonValue,
  seconds: number,
  meterStop: JsonValue,
  changes: JsonObject = {},
): Frame | undefined {
  return h.chargerCalls("StopTransaction", {
    transactionId,
    meterStop,
    timestamp: at(seconds),
    ...changes,
  });
}

/** The sessions in the tables, oldest first. */
export function books(h: Harness): SessionRecord[] {
  return [...h.tables.sessions.values()];
}

/** The actions of the log in the tables, with their transaction. */
export function logged(h: Harness): [string, number][] {
  return h.tables.log.map(({ action, transactionId }) => [action, transactionId]);
}
