// What the store keeps: its rows, the writes that make them, and the snapshot a restart begins from.

import type { JsonObject, JsonValue } from "../ocpp/json.ts";
import type { Offer } from "./tariff.ts";

/** The transaction-related messages of OCPP 1.6, section 3.7.1: never lost, always in order. */
export type TransactionMessage = "StartTransaction" | "MeterValues" | "StopTransaction";

/** One line of the append-only log that every backend reads with its own cursor. */
export interface LogEntry {
  /** 1 and up, without gaps at the head. */
  readonly sequence: number;
  /** When it was received, epoch milliseconds. */
  readonly at: number;
  readonly action: TransactionMessage;
  /** The proxy's own transaction id. */
  readonly transactionId: number;
  readonly connectorId: number;
  /** A valid request without `transactionId`: each backend gets its own. */
  readonly payload: JsonObject;
  /** What the charger really sent, where `payload` repairs it. */
  readonly raw?: string;
  /** The proxy made it (a StopTransaction that the charger never sent). */
  readonly synthetic?: boolean;
  /** On StopTransaction: the session as it was closed. */
  readonly session?: SessionRecord;
}

/** Why a session's figures deserve a second look. */
export type SessionFlag =
  /** The charger never sent StopTransaction. */
  | "estimated_stop"
  /** The charger's StopTransaction came after the session had been closed with an estimate. */
  | "late_stop"
  /** The session was running before the proxy knew of it. */
  | "adopted"
  /**
   * A time was missing, from before 2020, or far ahead; the time of receipt stands in. Or the clock
   * was set while it ran, and its times with it.
   */
  | "clock_corrected"
  /** The register ran backwards, or jumped. */
  | "meter_reset"
  /** meterStart did not fit the register. */
  | "meter_start_corrected"
  /** meterStop was below meterStart, or did not fit the register. */
  | "meter_stop_corrected"
  /** A part had prices in another currency than the rest, and is not in `revenueMicros`. */
  | "revenue_incomplete"
  /** Nobody knows what a part cost the household; it is not in `costMicros`. */
  | "cost_incomplete";

/** How it was decided whose session it is. */
export type BookedBy = "remote_start" | "id_tag" | "authorization" | "nobody";

/** One transaction as the household's books keep it. */
export interface SessionRecord {
  /** The proxy's own transaction id, 1 … 2³¹−1, unique for ever. */
  transactionId: number;
  /** The charger's id, in decimal, where the charger uses one that the proxy did not give. */
  chargerTransactionId: string | null;
  connectorId: number;
  idTag: string;
  /** The backend it is booked to; null: the household. */
  backendId: string | null;
  bookedBy: BookedBy;
  reservationId: number | null;
  /** Identifies a retransmitted StartTransaction: connector, id tag, meter start, timestamp. */
  startKey: string;
  /** Epoch milliseconds. */
  startedAt: number;
  stoppedAt: number | null;
  /** Wh, as the charger told. */
  meterStartWh: number | null;
  meterStopWh: number | null;
  /** Wh, monotonic whatever the meter does. */
  energyWh: number;
  /** The last register value that counted, Wh. */
  registerWh: number | null;
  /** A value below `registerWh` that is a reset if the next one does not jump back. */
  resetCandidateWh: number | null;
  /** When the last meter value was taken. */
  meteredAt: number | null;
  /** When the energy last rose. */
  energyRoseAt: number | null;
  stopReason: string | null;
  flags: SessionFlag[];
  /** The tariffs that were applied, such as `employer, valid from 2026-01-01`; null: none. */
  tariff: string | null;
  /** Their notes on VAT. */
  vat: string | null;
  /** ISO 4217, of the revenue. */
  currency: string | null;
  /** What its backend owes the household, so far while it runs; null: there is no tariff. */
  revenueMicros: number | null;
  /** ISO 4217, of the cost. */
  costCurrency: string | null;
  /** What the household itself pays, as far as that is known. */
  costMicros: number | null;
  /** How far it has been billed; null: not at all. */
  bill: SessionBill | null;
}

/** What billing goes on from; replaced as a whole. Amounts are texts as `billing.ts` counts them. */
export interface SessionBill {
  /** Energy up to here is billed, epoch milliseconds, and so much of it, Wh. */
  readonly until: number;
  readonly energyWh: number;
  /** null: nothing has been applied yet. */
  readonly revenue: SessionAccount | null;
  readonly cost: SessionAccount | null;
  /** By which prices, so that nothing is ever billed by later ones. */
  readonly revenuePrices: HeldPrices;
  readonly costPrices: HeldPrices;
}

/** The prices that held in a session, at most MAX_HELD_OFFERS, and when, oldest first. */
export interface HeldPrices {
  readonly offers: readonly HeldOffer[];
  readonly spans: readonly HeldSpan[];
}

/** Prices that held in a session. */
export interface HeldOffer extends Offer {
  /** Energy, time, the session fee or idle time was billed by them. */
  readonly billed: boolean;
}

/** A stretch of time, epoch milliseconds. */
export interface HeldSpan {
  readonly from: number;
  readonly to: number;
  /** The place in `offers`; null: no prices held. */
  readonly offer: number | null;
}

/** One of the two amounts of a session, exact. */
export interface SessionAccount {
  /** ISO 4217. */
  readonly currency: string;
  /** Energy, time and session fee. */
  readonly amount: string;
  /** Idle time: a correction of the stop replaces it. */
  readonly idle: string;
  readonly tariffs: readonly string[];
  readonly vat: readonly string[];
}

/** Everything that can come of a request for control. */
export const OUTCOMES = [
  "granted",
  "denied",
  "queued",
  // The owner is asked.
  "asked",
  // The owner has said yes; what comes of it is another decision.
  "allowed",
  "revoked",
  "released",
  "expired",
] as const;

export type Outcome = typeof OUTCOMES[number];

/** One answer of the arbiter, with its reason. */
export interface DecisionRecord {
  readonly at: number;
  readonly backendId: string | null;
  /** The request, by the name of the action. */
  readonly request: string;
  readonly outcome: Outcome;
  /** The name of the household's rule that decided; null: another reason. */
  readonly rule: string | null;
  /** A sentence a person understands. */
  readonly reason: string;
}

/** A message that a backend refused for good; the owner can see it. */
export interface SetAsideRecord {
  readonly backendId: string;
  readonly sequence: number;
  readonly at: number;
  readonly reason: string;
}

/** A backend's id for one of our transactions, in decimal. */
export interface BackendTransactionRecord {
  readonly backendId: string;
  readonly transactionId: number;
  readonly backendTransactionId: string;
}

/** How far a backend has acknowledged the log. */
export interface CursorRecord {
  readonly backendId: string;
  readonly sequence: number;
}

/** One change to the store. All writes of one effect are one SQLite transaction. */
export type Write =
  | { readonly table: "log"; readonly entry: LogEntry }
  | { readonly table: "session"; readonly session: SessionRecord }
  | { readonly table: "cursor"; readonly cursor: CursorRecord }
  | { readonly table: "backend_transaction"; readonly row: BackendTransactionRecord }
  | { readonly table: "set_aside"; readonly row: SetAsideRecord }
  | { readonly table: "decision"; readonly row: DecisionRecord }
  /** A small JSON document by key; undefined removes it. */
  | { readonly table: "fact"; readonly key: string; readonly value: JsonValue | undefined };

/** Sessions kept in memory after they ended, so that a retransmission still finds its own. */
export const REMEMBERED_SESSIONS = 1_000;

/** Decisions kept in memory for `status`. */
export const REMEMBERED_DECISIONS = 20;

/** What the tables say at the start. */
export interface Snapshot {
  readonly facts: ReadonlyMap<string, JsonValue>;
  /** All open ones and the newest REMEMBERED_SESSIONS closed ones, oldest first. */
  readonly sessions: readonly SessionRecord[];
  /** The highest transaction id ever used; 0: none. */
  readonly lastTransactionId: number;
  /** The highest sequence ever used; 0: none. */
  readonly lastSequence: number;
  readonly cursors: readonly CursorRecord[];
  /** Of the sessions above. */
  readonly backendTransactions: readonly BackendTransactionRecord[];
  /** For each open session, the sequence of its StartTransaction. */
  readonly startSequences: ReadonlyMap<number, number>;
  /** The newest, newest last. */
  readonly decisions: readonly DecisionRecord[];
  readonly setAside: readonly SetAsideRecord[];
  /** The newest entries of the log up to `lastSequence`, without gaps, oldest first. */
  readonly newestEntries: readonly LogEntry[];
}

/** What the tables of a proxy say that has lived through nothing, but for these. */
export function emptySnapshot(known: Partial<Snapshot> = {}): Snapshot {
  return {
    facts: new Map(),
    sessions: [],
    lastTransactionId: 0,
    lastSequence: 0,
    cursors: [],
    backendTransactions: [],
    startSequences: new Map(),
    decisions: [],
    setAside: [],
    newestEntries: [],
    ...known,
  };
}
