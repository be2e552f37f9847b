// A session's money as those who read it may see it: what a backend owes is its own business.

import type { JsonObject } from "../ocpp/json.ts";
import { decimalText } from "./money.ts";
import type { SessionFlag, SessionRecord } from "./record.ts";

/** Amounts as decimal text. `readerId` undefined: the owner; the household's cost is nobody else's. */
export function sessionMoney(session: SessionRecord, readerId: string | undefined): JsonObject {
  if (readerId !== undefined && readerId !== session.backendId) return {};
  const revenue = {
    revenue: textOf(session.revenueMicros),
    currency: session.currency,
    tariff: session.tariff,
    vat: session.vat,
  };
  if (readerId !== undefined) return revenue;
  return { ...revenue, cost: textOf(session.costMicros), cost_currency: session.costCurrency };
}

/** A session's flags but those about money that the reader does not see. */
export function sessionFlags(session: SessionRecord, readerId: string | undefined): SessionFlag[] {
  if (readerId === undefined) return session.flags;
  const own = readerId === session.backendId;
  return session.flags.filter((name) =>
    name !== "cost_incomplete" && (own || name !== "revenue_incomplete")
  );
}

function textOf(micros: number | null): string | null {
  return micros === null ? null : decimalText(micros);
}
