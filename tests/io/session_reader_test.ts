import assert from "node:assert/strict";
import { stringify } from "csv-stringify/sync";
import fc from "fast-check";
import "../support/seed.ts";
import type { HeldOffer, SessionRecord } from "../../src/core/record.ts";
import { type SessionFilter, SessionReader } from "../../src/io/session_reader.ts";
import { SESSION_FIELDS } from "../../src/io/session_row.ts";
import { type SessionFormat, sessionText } from "../../src/io/session_text.ts";
import { Store } from "../../src/io/store.ts";
import { NOW, session, withDatabasePath } from "./store_fixture.ts";

const ZONE = "Europe/Brussels";

/** A session of an hour that ended at this time. */
function ended(
  transactionId: number,
  stoppedAt: number,
  changes: Partial<SessionRecord> = {},
): SessionRecord {
  return session(transactionId, { startedAt: stoppedAt - 3_600_000, stoppedAt, ...changes });
}

async function withSessions(
  sessions: readonly SessionRecord[],
  test: (reader: SessionReader, store: Store) => void,
  timeZone = ZONE,
): Promise<void> {
  await withDatabasePath((path) => {
    const store = Store.open(path);
    store.commit(sessions.map((record) => ({ table: "session", session: record })));
    const reader = SessionReader.open(path, timeZone);
    try {
      test(reader, store);
    } finally {
      reader.close();
      store.close();
    }
  });
}

function text(
  reader: SessionReader,
  format: SessionFormat,
  filter: SessionFilter = {},
  showIdTags = false,
): string {
  return [...sessionText(format, reader, filter, { showIdTags })].join("");
}

function ids(reader: SessionReader, filter: SessionFilter): number[] {
  return text(reader, "jsonl", filter).split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line).transaction_id);
}

Deno.test("an export that is shown on a terminal does not steer it", () => {
  const idTag = "\u001b[2J\u009b1m\u007f \t\u20ac";
  return withSessions([ended(1, NOW, { idTag })], (reader) => {
    assert.match(text(reader, "csv", {}, true), /,\?\[2J\?1m\? \t\u20ac,/);
    for (const format of ["json", "jsonl"] as const) {
      const json = text(reader, format, {}, true);
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(json, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      assert.deepEqual([JSON.parse(json)].flat()[0].id_tag, idTag);
    }
  });
});

/** Prices that something was billed by. */
function offer(
  label: string,
  energyMicrosPerKwh: number,
  changes: Partial<HeldOffer> = {},
): HeldOffer {
  return {
    label,
    currency: "EUR",
    vat: "=21 %",
    prices: {
      energyMicrosPerKwh,
      timeMicrosPerMinute: 10_000,
      sessionMicros: 350_000,
      idleMicrosPerMinute: 0,
    },
    idleAfterMs: 30_000,
    validFrom: undefined,
    validUntil: undefined,
    billed: true,
    ...changes,
  };
}

Deno.test("a session is a row with the fields of the contract, in its order", () => {
  const record = ended(7, NOW, {
    connectorId: 2,
    energyWh: 12_345,
    meterStartWh: 1_000,
    meterStopWh: 13_345,
    energyRoseAt: NOW - 90_500,
    stopReason: "EVDisconnected",
    flags: ["estimated_stop", "clock_corrected"],
    revenueMicros: 12_300_000,
    currency: "EUR",
    costMicros: 11_550,
    costCurrency: "EUR",
    tariff: "employer, valid from 2024-01-01",
    vat: "=21 %",
    bill: {
      until: NOW,
      energyWh: 12_345,
      revenue: null,
      cost: null,
      revenuePrices: {
        offers: [
          offer("employer, valid from 2024-01-01", 290_001, { validFrom: "2024-01-01" }),
          { ...offer("employer, valid until 2024-01-01", 1), billed: false },
        ],
        spans: [],
      },
      costPrices: { offers: [offer('sensor."price"', -50_000)], spans: [] },
    },
  });
  const prices = { per_minute: 0.01, per_session: 0.35, idle_per_minute: 0, idle_after_min: 0.5 };
  return withSessions([record], (reader) => {
    assert.deepEqual(JSON.parse(text(reader, "json")), [{
      timestamp: "2024-03-15T09:00:00+01:00",
      backend_id: "employer",
      duration_s: 3600,
      energy_kwh: 12.345,
      revenue: 12.3,
      transaction_id: 7,
      connector_id: 2,
      id_tag: "04******D5",
      started_at: "2024-03-15T08:00:00+01:00",
      stopped_at: "2024-03-15T09:00:00+01:00",
      idle_s: 91,
      meter_start_wh: 1000,
      meter_stop_wh: 13345,
      stop_reason: "EVDisconnected",
      booked_by: "id_tag",
      flags: ["estimated_stop", "clock_corrected"],
      currency: "EUR",
      cost: 0.01155,
      cost_currency: "EUR",
      tariff: "employer, valid from 2024-01-01",
      vat: "=21 %",
      applied: [
        {
          to: "revenue",
          tariff: "employer, valid from 2024-01-01",
          currency: "EUR",
          vat: "=21 %",
          valid_from: "2024-01-01",
          valid_until: null,
          energy_per_kwh: 0.290001,
          ...prices,
        },
        {
          to: "cost",
          tariff: 'sensor."price"',
          currency: "EUR",
          vat: "=21 %",
          valid_from: null,
          valid_until: null,
          energy_per_kwh: -0.05,
          ...prices,
        },
      ],
    }]);
    assert.equal(
      text(reader, "csv"),
      "timestamp,backend_id,duration_s,energy_kwh,revenue,transaction_id,connector_id,id_tag," +
        "started_at,stopped_at,idle_s,meter_start_wh,meter_stop_wh,stop_reason,booked_by,flags," +
        "currency,cost,cost_currency,tariff,vat\r\n" +
        "2024-03-15T09:00:00+01:00,employer,3600,12.345,12.30,7,2,04******D5," +
        "2024-03-15T08:00:00+01:00,2024-03-15T09:00:00+01:00,91,1000,13345,EVDisconnected,id_tag," +
        'estimated_stop clock_corrected,EUR,0.01155,EUR,"employer, valid from 2024-01-01",\'=21 %\r\n',
    );
  });
});

Deno.test("what is unknown is an empty cell and null", () =>
  withSessions(
    [ended(1, NOW, { backendId: null, bookedBy: "nobody", meterStartWh: null })],
    (reader) => {
      assert.equal(
        text(reader, "csv").split("\r\n")[1],
        "2024-03-15T09:00:00+01:00,,3600,0.000,,1,1,04******D5,2024-03-15T08:00:00+01:00," +
          "2024-03-15T09:00:00+01:00,,,,,nobody,,,,,,",
      );
      const [row] = JSON.parse(text(reader, "json"));
      assert.equal(row.backend_id, null);
      assert.equal(row.idle_s, null);
      assert.deepEqual(row.flags, []);
      assert.deepEqual(row.applied, []);
    },
  ));

Deno.test("no sessions: a header, an empty array, nothing", () =>
  withSessions([session(1)], (reader) => {
    assert.equal(text(reader, "csv"), `${SESSION_FIELDS.join(",")}\r\n`);
    assert.equal(text(reader, "json"), "[]\n");
    assert.equal(text(reader, "jsonl"), "");
  }));

Deno.test("id tags are masked unless asked for, short ones as a whole", () =>
  withSessions(
    [ended(1, NOW, { idTag: "1234567" }), ended(2, NOW, { idTag: "12345678" })],
    (reader) => {
      const tags = (showIdTags: boolean) =>
        JSON.parse(text(reader, "json", {}, showIdTags))
          .map((row: { id_tag: string }) => row.id_tag);
      assert.deepEqual(tags(false), ["******", "12******78"]);
      assert.deepEqual(tags(true), ["1234567", "12345678"]);
    },
  ));

Deno.test("times follow the household's clock through the change to summer and back", () => {
  const spring = Date.UTC(2024, 2, 31, 1);
  const autumn = Date.UTC(2024, 9, 27, 1);
  const times = [Date.UTC(1999, 6, 1), spring - 1, spring, autumn - 1_000, autumn];
  return withSessions(times.map((time, index) => ended(index + 1, time)), (reader) => {
    assert.deepEqual(
      JSON.parse(text(reader, "json")).map((row: { timestamp: string }) => row.timestamp),
      [
        // Before 2000 the offset of the first of January 2000 stands in.
        "1999-07-01T01:00:00+01:00",
        "2024-03-31T01:59:59+01:00",
        "2024-03-31T03:00:00+02:00",
        "2024-10-27T02:59:59+02:00",
        "2024-10-27T02:00:00+01:00",
      ],
    );
  });
});

Deno.test("a time zone that nobody knows is refused", () =>
  withDatabasePath((path) => {
    Store.open(path).close();
    assert.throws(() => SessionReader.open(path, "Europe/Atlantis"), RangeError);
  }));

Deno.test("a filter takes the end of the session: from since on, before until", () =>
  withSessions(
    [
      ended(1, NOW - 1),
      ended(2, NOW),
      ended(3, NOW + 1, { backendId: "evcc" }),
      ended(4, NOW + 2, { backendId: null }),
      session(5),
    ],
    (reader) => {
      assert.deepEqual(ids(reader, {}), [1, 2, 3, 4]);
      assert.deepEqual(ids(reader, { since: NOW, until: NOW + 2 }), [2, 3]);
      assert.deepEqual(ids(reader, { backendId: "evcc" }), [3]);
      assert.deepEqual(ids(reader, { backendId: null }), [4]);
      assert.deepEqual(ids(reader, { since: NOW + 1, backendId: "employer" }), []);
    },
  ));

Deno.test("all sessions come once and in order, whatever the pieces, also those of one instant", () =>
  withSessions(
    Array.from({ length: 1_234 }, (_, index) => ended(index + 1, NOW + (index % 7 === 0 ? 0 : 1))),
    (reader) => {
      const order = Array.from({ length: 1_234 }, (_, index) => index + 1)
        .sort((a, b) => Number((a - 1) % 7 !== 0) - Number((b - 1) % 7 !== 0) || a - b);
      assert.deepEqual(ids(reader, {}), order);
      const pieces = [...sessionText("csv", reader, {}, { showIdTags: false })];
      assert.ok(Math.max(...pieces.map((piece) => piece.length)) < 64 * 1024);
      assert.equal(JSON.parse(text(reader, "json")).length, 1_234);
    },
  ));

Deno.test("pages are the newest first and lead from one to the next", () =>
  withSessions(
    [1, 2, 3, 4, 5].map((id) => ended(id, NOW + (id > 3 ? 1 : 0))),
    (reader) => {
      const page = (after?: Parameters<SessionReader["newest"]>[1]["after"]) =>
        reader.newest({}, { showIdTags: false, limit: 2, after });
      const first = page();
      const second = page(first.next);
      const third = page(second.next);
      assert.deepEqual(
        [first, second, third].map(({ rows }) => rows.map((row) => row.transaction_id)),
        [[5, 4], [3, 2], [1]],
      );
      assert.equal(third.next, undefined);
    },
  ));

Deno.test("running sessions are rows without an end", () =>
  withSessions([ended(1, NOW), session(2), session(3)], (reader) => {
    const rows = reader.running({ showIdTags: true });
    assert.deepEqual(
      rows.map((row) => [row.transaction_id, row.timestamp, row.stopped_at, row.duration_s]),
      [[2, null, null, null], [3, null, null, null]],
    );
    assert.equal(rows[0]?.id_tag, "04A2B3C4D5");
  }));

Deno.test("what the proxy commits meanwhile is seen, and it can cut its log back", () =>
  withSessions([ended(1, NOW)], (reader, store) => {
    const pieces = sessionText("csv", reader, {}, { showIdTags: false });
    pieces.next();
    store.commit([{ table: "session", session: ended(2, NOW + 1) }]);
    assert.match([...pieces].join(""), /,1,1,04.*\r\n.*,2,1,04/);
  }));

Deno.test("any text makes the CSV that another writer makes of it", async () => {
  const unsafe = fc.string({
    unit: fc.constantFrom(..."=+-@\t\r\n\"', a;=\uff1d\uff20é0".split("")),
    maxLength: 6,
  });
  const records = fc.array(
    fc.record({ backendId: fc.option(unsafe), stopReason: unsafe, vat: unsafe }),
    {
      minLength: 1,
      maxLength: 20,
    },
  );
  await fc.assert(
    fc.asyncProperty(records, (texts) =>
      withSessions(
        texts.map((changes, index) => ended(index + 1, NOW, changes)),
        (reader) => {
          const rows = JSON.parse(text(reader, "json"));
          const expected = stringify(
            rows.map((row: Record<string, unknown>) => ({
              ...row,
              energy_kwh: "0.000",
              flags: "",
            })),
            {
              columns: [...SESSION_FIELDS],
              header: true,
              record_delimiter: "windows",
              escape_formulas: true,
              quoted_match: /[\r\n]/,
            },
          );
          assert.equal(text(reader, "csv"), expected);
          assert.deepEqual(
            rows.map((row: { stop_reason: string }) => row.stop_reason),
            texts.map(({ stopReason }) => stopReason),
          );
        },
      )),
    { numRuns: 100 },
  );
});

Deno.test("without a database there is nothing to read", () =>
  withDatabasePath((path) => {
    assert.throws(() => SessionReader.open(path, ZONE), { kind: "missing" });
  }));
