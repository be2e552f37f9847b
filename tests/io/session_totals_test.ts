// Totals of sessions: exact, one row for each backend, month and currency.

import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import type { SessionRecord } from "../../src/core/record.ts";
import { SessionReader } from "../../src/io/session_reader.ts";
import { totalsText } from "../../src/io/session_text.ts";
import type { TotalsBy, TotalsRow } from "../../src/io/session_totals.ts";
import { Store } from "../../src/io/store.ts";
import { NOW, session, withDatabasePath } from "./store_fixture.ts";

const HOUR_MS = 3_600_000;

async function withSessions(
  sessions: readonly SessionRecord[],
  test: (reader: SessionReader) => void,
): Promise<void> {
  await withDatabasePath((path) => {
    const store = Store.open(path);
    store.commit(sessions.map((record) => ({ table: "session", session: record })));
    const reader = SessionReader.open(path, "Europe/Brussels");
    try {
      test(reader);
    } finally {
      reader.close();
      store.close();
    }
  });
}

function ended(id: number, stoppedAt: number, changes: Partial<SessionRecord> = {}): SessionRecord {
  return session(id, { startedAt: stoppedAt - HOUR_MS, stoppedAt, energyWh: 1_234, ...changes });
}

function revenue(revenueMicros: number, currency = "EUR"): Partial<SessionRecord> {
  return { revenueMicros, currency };
}

function cost(costMicros: number, costCurrency = "EUR"): Partial<SessionRecord> {
  return { costMicros, costCurrency };
}

function totals(reader: SessionReader, by: TotalsBy): TotalsRow[] {
  return JSON.parse([...totalsText("json", reader, {}, by)].join(""));
}

const MONTH_END = Date.parse("2024-03-31T23:59:59+02:00");

Deno.test("months are those of the household's calendar, by the end of the session", () =>
  withSessions([
    ended(1, MONTH_END, { ...revenue(1_000_001), ...cost(500_000) }),
    ended(2, MONTH_END - HOUR_MS, revenue(2)),
    ended(3, MONTH_END + 1_000, revenue(11_550)),
    ended(4, MONTH_END, { backendId: null, ...cost(-300_000) }),
    session(5, revenue(7_000_000)),
  ], (reader) => {
    assert.equal(
      [...totalsText("csv", reader, {}, "month")].join(""),
      "month,backend_id,currency,sessions,energy_kwh,duration_s,revenue,cost,cost_currency\r\n" +
        "2024-03,,EUR,1,1.234,3600,,-0.30,EUR\r\n" +
        "2024-03,employer,EUR,2,2.468,7200,1.000003,0.50,EUR\r\n" +
        "2024-04,employer,EUR,1,1.234,3600,0.01155,,\r\n",
    );
  }));

Deno.test("amounts of two currencies are never added, and no amount is no zero", () =>
  withSessions([
    ended(1, NOW, revenue(1_000_000)),
    ended(2, NOW, { ...revenue(2_000_000, "GBP"), ...cost(3_000_000) }),
    ended(3, NOW, { ...revenue(4_000_000, "GBP"), ...cost(5_000_000) }),
    ended(4, NOW),
    ended(5, NOW, { ...revenue(0), backendId: "=evcc" }),
  ], (reader) => {
    const common = { sessions: 1, energy_kwh: 1.234, duration_s: 3600 };
    assert.deepEqual(totals(reader, "backend"), [
      {
        backend_id: "=evcc",
        ...common,
        currency: "EUR",
        revenue: 0,
        cost: null,
        cost_currency: null,
      },
      {
        backend_id: "employer",
        ...common,
        currency: null,
        revenue: null,
        cost: null,
        cost_currency: null,
      },
      {
        backend_id: "employer",
        ...common,
        currency: "EUR",
        revenue: 1,
        cost: null,
        cost_currency: null,
      },
      {
        backend_id: "employer",
        currency: "GBP",
        sessions: 2,
        energy_kwh: 2.468,
        duration_s: 7200,
        revenue: 6,
        cost: 8,
        cost_currency: "EUR",
      },
    ]);
    assert.match([...totalsText("csv", reader, {}, "backend")].join(""), /\r\n'=evcc,EUR,/);
  }));

Deno.test("no sessions: a header, an empty array, nothing", () =>
  withSessions([], (reader) => {
    const text = (format: "csv" | "json" | "jsonl") =>
      [...totalsText(format, reader, {}, "backend")].join("");
    assert.equal(
      text("csv"),
      "backend_id,currency,sessions,energy_kwh,duration_s,revenue,cost,cost_currency\r\n",
    );
    assert.equal(text("json"), "[]\n");
    assert.equal(text("jsonl"), "");
  }));

Deno.test("totals are the exact sums of the amounts", async () => {
  const amounts = fc.array(fc.integer({ min: -(10 ** 12), max: 10 ** 12 }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(amounts, (micros) =>
      withSessions(
        micros.map((amount, index) => ended(index + 1, NOW + index, revenue(amount))),
        (reader) => {
          const sum = micros.reduce((one, other) => one + other, 0);
          assert.deepEqual(totals(reader, "month").map((row) => row.revenue), [
            sum / 1_000_000,
          ]);
        },
      )),
    { numRuns: 30 },
  );
});
