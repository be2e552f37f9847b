// Chargers whose times have no zone: whether they mean UTC or the clock on the wall is found out.

import { equal } from "node:assert/strict";
import { books, start, stop } from "./charging.ts";
import { backend, configuration, Harness } from "./harness.ts";

const BRUSSELS = "Europe/Brussels";
const DENVER = "America/Denver";

/** A charger in a household of that zone, booted when the proxy's clock says `now`. */
function charger(timeZone: string, now: string): Harness {
  const h = new Harness(configuration({
    timeZone,
    backends: [backend("employer", "biller")],
  }));
  setClock(h, now);
  h.bootCharger();
  return h;
}

function setClock(h: Harness, now: string): void {
  h.now = Date.parse(now);
}

function status(h: Harness, timestamp: string): void {
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Available",
    timestamp,
  });
}

/** The start of the newest session in the books. */
function startedAt(h: Harness): string | undefined {
  const session = books(h).at(-1);
  return session && new Date(session.startedAt).toISOString();
}

const STARTS: readonly (readonly [zone: string, now: string, written: string, meant: string])[] = [
  [BRUSSELS, "2026-06-01T12:00:05Z", "2026-06-01T14:00:00", "2026-06-01T12:00:00.000Z"],
  [BRUSSELS, "2026-06-01T12:00:05Z", "2026-06-01T12:00:00", "2026-06-01T12:00:00.000Z"],
  [BRUSSELS, "2026-11-22T13:00:05Z", "2026-11-22 14:00:00", "2026-11-22T13:00:00.000Z"],
  [DENVER, "2026-06-01T12:00:05Z", "2026-06-01T06:00:00", "2026-06-01T12:00:00.000Z"],
  [DENVER, "2026-06-01T12:00:05Z", "2026-06-01T12:00:00", "2026-06-01T12:00:00.000Z"],
  // A zone says it all.
  [BRUSSELS, "2026-06-01T12:00:05Z", "2026-06-01T14:00:00Z", "2026-06-01T14:00:00.000Z"],
  [BRUSSELS, "2026-06-01T12:00:05Z", "2026-06-01T14:00:00+02", "2026-06-01T12:00:00.000Z"],
  // In autumn an hour comes twice …
  [BRUSSELS, "2026-10-25T00:30:05Z", "2026-10-25T02:30:00", "2026-10-25T00:30:00.000Z"],
  [BRUSSELS, "2026-10-25T01:30:05Z", "2026-10-25T02:30:00", "2026-10-25T01:30:00.000Z"],
  // … and what waited in the first of them is not from the second, which is to come …
  [BRUSSELS, "2026-10-25T00:45:05Z", "2026-10-25T02:10:00", "2026-10-25T00:10:00.000Z"],
  // … and in spring one is left out, which a charger that is late may still show.
  [BRUSSELS, "2026-03-29T00:59:55Z", "2026-03-29T01:59:50", "2026-03-29T00:59:50.000Z"],
  [BRUSSELS, "2026-03-29T01:00:05Z", "2026-03-29T03:00:00", "2026-03-29T01:00:00.000Z"],
  [BRUSSELS, "2026-03-29T01:30:05Z", "2026-03-29T02:30:00", "2026-03-29T01:30:00.000Z"],
];

for (const [zone, now, written, meant] of STARTS) {
  Deno.test(`in ${zone} at ${now}, ${written} means ${meant}`, () => {
    const h = charger(zone, now);
    start(h, { timestamp: written });
    equal(startedAt(h), meant);
  });
}

Deno.test("backends are sent the time that was meant, in UTC", () => {
  const h = charger(BRUSSELS, "2026-06-01T12:00:05Z");
  h.connectBackend("employer");
  h.serve("employer");
  start(h, { timestamp: "2026-06-01T14:00:00" });
  h.serve("employer");
  const [call] = h.callsToBackend("employer", "StartTransaction");
  equal(call?.payload.timestamp, "2026-06-01T12:00:00Z");
});

Deno.test("what waited for hours is read as the messages of now are", () => {
  const h = charger(BRUSSELS, "2026-06-01T12:00:05Z");
  status(h, "2026-06-01T14:00:00");
  const id = start(h, { timestamp: "2026-06-01T09:00:00" });
  equal(startedAt(h), "2026-06-01T07:00:00.000Z");
  stop(h, id, 0, 2_000, { timestamp: "2026-06-01T13:30:00" });
  equal(books(h).at(-1)?.stoppedAt, Date.parse("2026-06-01T11:30:00Z"));
});

Deno.test("a charger that means UTC is believed for what waited, after a restart too", () => {
  const h = charger(DENVER, "2026-06-01T12:00:05Z");
  status(h, "2026-06-01T12:00:00");
  h.restart();
  h.bootCharger();
  start(h, { timestamp: "2026-06-01T06:00:00" });
  equal(startedAt(h), "2026-06-01T06:00:00.000Z");
});

Deno.test("a time that is hours ahead shows that it was not meant so", () => {
  const h = charger(BRUSSELS, "2026-06-01T12:00:05Z");
  status(h, "2026-06-01T12:00:00");
  start(h, { timestamp: "2026-06-01T14:00:00" });
  equal(startedAt(h), "2026-06-01T12:00:00.000Z");
});

Deno.test("all times of a message are read alike, by the newest", () => {
  const h = charger(BRUSSELS, "2026-06-01T12:00:05Z");
  const id = start(h, { timestamp: "2026-06-01T10:00:00Z" });
  h.chargerCalls("StopTransaction", {
    transactionData: [{
      timestamp: "2026-06-01T12:30:00",
      sampledValue: [{ value: "2000", measurand: "Energy.Active.Import.Register" }],
    }],
    transactionId: id,
    meterStop: 3_000,
    timestamp: "2026-06-01T14:00:00",
  });
  const [session] = books(h);
  equal(session?.stoppedAt, Date.parse("2026-06-01T12:00:00Z"));
  // By itself it would be nearer to now as UTC.
  equal(session?.meteredAt, Date.parse("2026-06-01T10:30:00Z"));
});

Deno.test("a zone that is configured for the charger counts, whatever is nearer", () => {
  const h = new Harness(configuration({ timeZone: BRUSSELS, charger: { timeZone: DENVER } }));
  setClock(h, "2026-06-01T12:00:05Z");
  h.bootCharger();
  start(h, { timestamp: "2026-06-01T04:00:00" });
  equal(startedAt(h), "2026-06-01T10:00:00.000Z");
});

Deno.test("with other firmware it may mean something else", () => {
  const h = charger(BRUSSELS, "2026-06-01T12:00:05Z");
  status(h, "2026-06-01T14:00:00");
  const boot = { chargePointVendor: "V", chargePointModel: "M", firmwareVersion: "2" };
  h.chargerCalls("BootNotification", boot);
  start(h, { timestamp: "2026-06-01T12:00:00" });
  equal(startedAt(h), "2026-06-01T12:00:00.000Z");
});
