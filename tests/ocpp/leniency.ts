// Where the strict check differs on purpose from the published schemas, with the reasons. All of it is stricter.

import type { JsonObject } from "../../src/ocpp/json.ts";
import type { Action } from "../../src/ocpp/types.ts";
import type { Fault } from "../../src/ocpp/validate.ts";
import type { Kind } from "./oracle.ts";

/** Something that the published schema accepts and the strict check does not. */
export interface Difference {
  readonly what: string;
  readonly reason: string;
  /** Whether this difference is why the check says that. */
  explains(fault: Fault): boolean;
  readonly example: {
    readonly action: Action;
    readonly kind: Kind;
    readonly payload: JsonObject;
  };
}

export const DIFFERENCES: readonly Difference[] = [
  {
    what: "date-time without an offset, with a space, or with an offset like +02",
    reason: "The schema says date-time, which is RFC 3339; ajv is lenient, other strict peers " +
      "refuse it. Chargers may: repair rewrites it.",
    explains: ({ message }) => message.endsWith("is not a date and time like 2026-01-31T12:00:00Z"),
    example: {
      action: "Heartbeat",
      kind: "confirmation",
      payload: { currentTime: "2026-01-01T00:00:00" },
    },
  },
  {
    what: "connectorId below 0 (or 0 where one connector is meant), stackLevel below 0",
    reason: "OCPP 1.6 sections 6 and 7 forbid it in words; the schemas have no minimum.",
    explains: ({ path, message }) =>
      /(^|\.)(connectorId|stackLevel)$/.test(path) && /is below [01]$/.test(message),
    example: { action: "UnlockConnector", kind: "request", payload: { connectorId: 0 } },
  },
  {
    what: "integers beyond 2^53 (written with an exponent)",
    reason:
      "They are not exact; where 64 bits are usual (transaction ids) digits are kept exactly.",
    explains: ({ message }) => message.includes("beyond 2^53"),
    example: {
      action: "GetLocalListVersion",
      kind: "confirmation",
      payload: { listVersion: 2 ** 60 },
    },
  },
];
