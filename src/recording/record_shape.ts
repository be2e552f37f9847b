// The shape of what a recording holds of the tables: sessions, entries of the log, decisions.

import * as v from "valibot";
import {
  type DecisionRecord,
  type LogEntry,
  OUTCOMES,
  type SessionRecord,
  type Snapshot,
} from "../core/record.ts";
import { prices } from "./configuration_shape.ts";
import { type Describes, jsonObject, jsonValue, wholeNumber } from "./shape.ts";

const text = v.string();
const optionalText = v.optional(text);
const textOrNull = v.nullable(text);
const number = v.number();
const numberOrNull = v.nullable(number);

const account = v.nullable(v.object({
  currency: text,
  amount: text,
  idle: text,
  tariffs: v.array(text),
  vat: v.array(text),
}));

const heldPrices = v.object({
  offers: v.array(v.object({
    label: text,
    currency: text,
    vat: optionalText,
    prices,
    idleAfterMs: number,
    validFrom: optionalText,
    validUntil: optionalText,
    billed: v.boolean(),
  })),
  spans: v.array(v.object({ from: number, to: number, offer: numberOrNull })),
});

const session = v.object({
  transactionId: wholeNumber,
  chargerTransactionId: textOrNull,
  connectorId: wholeNumber,
  idTag: text,
  backendId: textOrNull,
  bookedBy: v.picklist(["remote_start", "id_tag", "authorization", "nobody"]),
  reservationId: numberOrNull,
  startKey: text,
  startedAt: number,
  stoppedAt: numberOrNull,
  meterStartWh: numberOrNull,
  meterStopWh: numberOrNull,
  energyWh: number,
  registerWh: numberOrNull,
  resetCandidateWh: numberOrNull,
  meteredAt: numberOrNull,
  energyRoseAt: numberOrNull,
  stopReason: textOrNull,
  flags: v.array(v.picklist([
    "estimated_stop",
    "late_stop",
    "adopted",
    "clock_corrected",
    "meter_reset",
    "meter_start_corrected",
    "meter_stop_corrected",
    "revenue_incomplete",
    "cost_incomplete",
  ])),
  tariff: textOrNull,
  vat: textOrNull,
  currency: textOrNull,
  revenueMicros: numberOrNull,
  costCurrency: textOrNull,
  costMicros: numberOrNull,
  bill: v.nullable(v.object({
    until: number,
    energyWh: number,
    revenue: account,
    cost: account,
    revenuePrices: heldPrices,
    costPrices: heldPrices,
  })),
});

true satisfies Describes<typeof session, SessionRecord>;

/** An entry of the log. */
export const logEntryShape = v.object({
  sequence: wholeNumber,
  at: number,
  action: v.picklist(["StartTransaction", "MeterValues", "StopTransaction"]),
  transactionId: wholeNumber,
  connectorId: wholeNumber,
  payload: jsonObject,
  raw: optionalText,
  synthetic: v.optional(v.boolean()),
  session: v.optional(session),
});

true satisfies Describes<typeof logEntryShape, LogEntry>;

const decision = v.object({
  at: number,
  backendId: textOrNull,
  request: text,
  outcome: v.picklist(OUTCOMES),
  rule: textOrNull,
  reason: text,
});

true satisfies Describes<typeof decision, DecisionRecord>;

/** What the tables said at the beginning. */
export const snapshotShape = v.object({
  facts: v.map(text, jsonValue),
  sessions: v.array(session),
  lastTransactionId: wholeNumber,
  lastSequence: wholeNumber,
  cursors: v.array(v.object({ backendId: text, sequence: wholeNumber })),
  backendTransactions: v.array(
    v.object({ backendId: text, transactionId: wholeNumber, backendTransactionId: text }),
  ),
  startSequences: v.map(wholeNumber, wholeNumber),
  decisions: v.array(decision),
  setAside: v.array(v.object({ backendId: text, sequence: wholeNumber, at: number, reason: text })),
  newestEntries: v.array(logEntryShape),
});

true satisfies Describes<typeof snapshotShape, Snapshot>;
