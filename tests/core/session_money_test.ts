// Who hears what a session earns and costs: the owner, and of the revenue who owes it.

import assert from "node:assert/strict";
import { entryEvents } from "../../src/core/json_event.ts";
import { statusReport } from "../../src/core/status_report.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { meter, start, stop } from "./charging.ts";
import { backend, configuration, Harness } from "./harness.ts";

const PRICES = { timeMicrosPerMinute: 0, sessionMicros: 0, idleMicrosPerMinute: 0 };
const TARIFF = { currency: "EUR", times: [], idleAfterMs: 0 };

const MONEY = ["revenue", "currency", "tariff", "vat", "cost", "cost_currency"];

function stage(): Harness {
  const h = new Harness(configuration({
    backends: [backend("employer", "biller", { tariff: "work" }), backend("panel", "observer")],
    idTags: [{ tag: "WORK", owner: false, backend: "employer", action: "allow" }],
    tariffs: [
      {
        ...TARIFF,
        name: "work",
        vat: "21 % included",
        prices: { ...PRICES, energyMicrosPerKwh: 290_000 },
      },
      {
        ...TARIFF,
        name: "grid",
        validUntil: "2026-11-22",
        prices: { ...PRICES, energyMicrosPerKwh: 250_000 },
      },
    ],
    household: { tariff: "grid" },
  }));
  h.bootCharger();
  for (const id of ["employer", "panel"]) h.connectBackend(id, "json");
  return h;
}

/** What is said of money, and the flags. */
function told(message: JsonObject | undefined): JsonObject {
  assert.ok(message);
  const money = Object.entries(message).filter(([key]) => MONEY.includes(key));
  return { ...Object.fromEntries(money), flags: message.flags };
}

function sessionEvent(h: Harness, id: string): JsonObject | undefined {
  return h.received(id).map(({ text }) => JSON.parse(text))
    .find(({ type }) => type === "session");
}

const OWED = { revenue: 0.145, currency: "EUR", tariff: "work", vat: "21 % included" };

Deno.test("a session that has ended: who owes the revenue hears of it, and only the owner of the cost", () => {
  const h = stage();
  stop(h, start(h, { idTag: "WORK" }), 3600, 1500);
  assert.deepEqual(told(sessionEvent(h, "employer")), { ...OWED, flags: [] });
  assert.deepEqual(told(sessionEvent(h, "panel")), { flags: [] });
  const owner = h.tables.log.flatMap((entry) => entryEvents(entry))
    .find(({ type }) => type === "session");
  assert.deepEqual(told(owner), {
    ...OWED,
    cost: null,
    cost_currency: null,
    flags: ["cost_incomplete"],
  });
});

Deno.test("a session that runs: the amount so far", () => {
  const h = stage();
  meter(h, start(h, { idTag: "WORK" }), 600, 1500);
  const asked = (id: string): JsonObject => {
    h.backendSays(id, JSON.stringify({ id: "s", action: "status" }));
    const answers = h.received(id).map(({ text }) => JSON.parse(text));
    return answers.findLast((message) => message.id === "s").result.sessions[0];
  };
  assert.deepEqual(told(asked("employer")), { ...OWED, flags: [] });
  assert.deepEqual(told(asked("panel")), { flags: [] });
  assert.deepEqual(told(statusReport(h.state, h.now).sessions[0]), {
    ...OWED,
    cost: null,
    cost_currency: null,
    flags: ["cost_incomplete"],
  });
});
