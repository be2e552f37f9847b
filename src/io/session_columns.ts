// A session as a row of the `session` table, and back.

import type { SQLInputValue } from "node:sqlite";
import type { BookedBy, SessionBill, SessionFlag, SessionRecord } from "../core/record.ts";
import type { Row } from "./statements.ts";

const COLUMNS = [
  "transaction_id",
  "charger_transaction_id",
  "connector_id",
  "id_tag",
  "backend_id",
  "booked_by",
  "reservation_id",
  "start_key",
  "started_at",
  "stopped_at",
  "meter_start_wh",
  "meter_stop_wh",
  "energy_wh",
  "register_wh",
  "reset_candidate_wh",
  "metered_at",
  "energy_rose_at",
  "stop_reason",
  "flags_json",
  "tariff",
  "vat",
  "currency",
  "revenue_micros",
  "cost_currency",
  "cost_micros",
  "bill_json",
];

/** The columns of `session` in the order of `sessionFromRow` and `sessionToRow`. */
export const SESSION_COLUMNS: string = COLUMNS.join(", ");

/** Inserts a session, or replaces all that is known of it. */
export const UPSERT_SESSION: string = `
  INSERT INTO session (${SESSION_COLUMNS}) VALUES (${COLUMNS.map(() => "?").join(", ")})
  ON CONFLICT (transaction_id) DO UPDATE SET
  ${COLUMNS.slice(1).map((column) => `${column} = excluded.${column}`).join(", ")}`;

/** The values for UPSERT_SESSION. */
export function sessionToRow(session: SessionRecord): SQLInputValue[] {
  return [
    session.transactionId,
    session.chargerTransactionId,
    session.connectorId,
    storableText(session.idTag),
    session.backendId,
    session.bookedBy,
    session.reservationId,
    storableText(session.startKey),
    whole(session.startedAt),
    whole(session.stoppedAt),
    whole(session.meterStartWh),
    whole(session.meterStopWh),
    whole(session.energyWh),
    whole(session.registerWh),
    whole(session.resetCandidateWh),
    whole(session.meteredAt),
    whole(session.energyRoseAt),
    textOrNull(session.stopReason),
    JSON.stringify(session.flags),
    textOrNull(session.tariff),
    textOrNull(session.vat),
    session.currency,
    whole(session.revenueMicros),
    session.costCurrency,
    whole(session.costMicros),
    session.bill === null ? null : JSON.stringify(session.bill),
  ];
}

/** The session in a row of SESSION_COLUMNS. */
export function sessionFromRow(row: Row): SessionRecord {
  return {
    transactionId: row[0] as number,
    chargerTransactionId: row[1] as string | null,
    connectorId: row[2] as number,
    idTag: row[3] as string,
    backendId: row[4] as string | null,
    bookedBy: row[5] as BookedBy,
    reservationId: row[6] as number | null,
    startKey: row[7] as string,
    startedAt: row[8] as number,
    stoppedAt: row[9] as number | null,
    meterStartWh: row[10] as number | null,
    meterStopWh: row[11] as number | null,
    energyWh: row[12] as number,
    registerWh: row[13] as number | null,
    resetCandidateWh: row[14] as number | null,
    meteredAt: row[15] as number | null,
    energyRoseAt: row[16] as number | null,
    stopReason: row[17] as string | null,
    flags: row[18] === "[]" ? [] : JSON.parse(row[18] as string) as SessionFlag[],
    tariff: row[19] as string | null,
    vat: row[20] as string | null,
    currency: row[21] as string | null,
    revenueMicros: row[22] as number | null,
    costCurrency: row[23] as string | null,
    costMicros: row[24] as number | null,
    bill: row[25] === null ? null : JSON.parse(row[25] as string) as SessionBill,
  };
}

/** SQLite's text ends at the first NUL, so that one is replaced as UTF-8 decoders replace garbage. */
export function storableText(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "\ufffd") : text;
}

function textOrNull(text: string | null): string | null {
  return text === null ? null : storableText(text);
}

/** What an INTEGER column takes, so that an odd figure of a meter never stops the commit. */
function whole(value: number | null): number | null {
  if (value === null || Number.isNaN(value)) return null;
  const bound = Number.MAX_SAFE_INTEGER;
  return Math.min(bound, Math.max(-bound, Math.round(value)));
}
