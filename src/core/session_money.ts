// A session's money as those who read it may see it: what a backend owes is its own business.

import type { JsonObject } from "../ocpp/json.ts";
import type { SessionFlag, SessionRecord } from "./record.ts";

/** Amounts as numbers of at most 6 decimals. `readerId` undefined: the owner; the household's cost is nobody else's. */
export function sessionMoney(session: SessionRecord, readerId: string | undefined): JsonObject {
  if (readerId !== undefined && readerId !== session.backendId) return {};
  const revenue = {
    revenue: amountOf(session.revenueMicros),
    currency: session.currency,
    tariff: session.tariff,
    vat: session.vat,
  };
  if (readerId !== undefined) return revenue;
  return { ...revenue, cost: amountOf(session.costMicros), cost_currency: session.costCurrency };
}

/** A session's flags but those about money that the reader does not see. */
export function sessionFlags(session: SessionRecord, readerId: string | undefined): SessionFlag[] {
  if (readerId === undefined) return session.flags;
  const own = readerId === session.backendId;
  return session.flags.filter((name) =>
    name !== "cost_incomplete" && (own || name !== "revenue_incomplete")
  );
}

/** The number nearest to a whole number of millionths is written with exactly its decimals. */
function amountOf(micros: number | null): number | null {
  return micros === null ? null : micros / 1_000_000;
}
