// The proxy's clock is set while a car charges: the session stays as long as it was.

import assert from "node:assert/strict";
import type { SessionRecord } from "../../src/core/record.ts";
import { at, books, meter, start, stop } from "./charging.ts";
import { backend, configuration, Harness, START } from "./harness.ts";

const MINUTE = 60;
const HOUR = 3600;

/** 0.01 a minute, 0.02 while idle; 0.30 per kWh, from 14:00 on 0.20. The test begins at 13:00. */
function charging(): Harness {
  const h = new Harness(configuration({
    backends: [backend("employer", "biller", { tariff: "work" })],
    idTags: [{ tag: "WORK", owner: false, backend: "employer", action: "allow" }],
    tariffs: [{
      name: "work",
      currency: "EUR",
      prices: {
        energyMicrosPerKwh: 300_000,
        timeMicrosPerMinute: 10_000,
        sessionMicros: 0,
        idleMicrosPerMinute: 20_000,
      },
      times: [{
        hours: { fromMinute: 14 * 60, toMinute: 20 * 60 },
        prices: { energyMicrosPerKwh: 200_000 },
      }],
      idleAfterMs: 0,
    }],
  }));
  h.bootCharger();
  return h;
}

function newest(h: Harness): SessionRecord {
  const session = books(h).at(-1);
  assert.ok(session);
  return session;
}

function seconds(session: SessionRecord): number {
  return (session.stoppedAt! - session.startedAt) / 1000;
}

/** The proxy's clock says so many seconds more, or less, than a moment ago. */
function setClock(h: Harness, bySeconds: number): void {
  h.now += bySeconds * 1000;
  h.event({ type: "clock_set", byMs: bySeconds * 1000 });
}

/** Lets time pass until the proxy's clock is so many seconds after the beginning. */
function passTo(h: Harness, after: number): void {
  h.pass(START + after * 1000 - h.now);
}

for (const by of [2 * HOUR, -2 * HOUR]) {
  const way = by > 0 ? "forward" : "back";

  Deno.test(`the clock goes ${way}, and the charger takes it over: ten minutes are ten minutes`, () => {
    const h = charging();
    const id = start(h, { idTag: "WORK", timestamp: at(1) });
    setClock(h, by);
    passTo(h, by + 10 * MINUTE);
    stop(h, id, by + 1 + 10 * MINUTE, 1_000);
    assert.equal(seconds(newest(h)), 10 * MINUTE);
    assert.equal(newest(h).startedAt, START + (by + 1) * 1000);
    assert.equal(newest(h).revenueMicros, 100_000);
    assert.deepEqual(newest(h).flags, ["clock_corrected"]);
  });

  Deno.test(`the clock goes ${way}, and the charger keeps its own: ten minutes are ten minutes`, () => {
    const h = charging();
    const id = start(h, { idTag: "WORK", timestamp: at(1) });
    setClock(h, by);
    passTo(h, by + 10 * MINUTE);
    stop(h, id, 1 + 10 * MINUTE, 1_000);
    assert.equal(seconds(newest(h)), 10 * MINUTE);
    assert.equal(newest(h).revenueMicros, 100_000);
  });

  Deno.test(`the clock goes ${way} to the charger's right time: nothing moves`, () => {
    const h = charging();
    const id = start(h, { idTag: "WORK", timestamp: at(by) });
    setClock(h, by);
    passTo(h, by + 10 * MINUTE);
    stop(h, id, by + 10 * MINUTE, 1_000);
    assert.equal(seconds(newest(h)), 10 * MINUTE);
    assert.equal(newest(h).startedAt, START + by * 1000);
    assert.deepEqual(newest(h).flags, []);
  });

  Deno.test(`the clock goes ${way} in the middle: readings, prices and idle time go with it`, () => {
    const h = charging();
    const id = start(h, { idTag: "WORK", meterStart: 0, timestamp: at(0) });
    passTo(h, 10 * MINUTE);
    meter(h, id, 10 * MINUTE, 1_000);
    setClock(h, by);
    passTo(h, by + 20 * MINUTE);
    // Not yet by the new time, then by it.
    meter(h, id, 20 * MINUTE, 2_000);
    passTo(h, by + 30 * MINUTE);
    meter(h, id, by + 30 * MINUTE, 2_000);
    passTo(h, by + 40 * MINUTE);
    stop(h, id, by + 40 * MINUTE, 2_000);
    const session = newest(h);
    assert.equal(seconds(session), 40 * MINUTE);
    assert.equal(session.stoppedAt! - session.energyRoseAt!, 20 * MINUTE * 1000);
    // 1 kWh at the price of the old time, 1 kWh at that of the new time, 40 minutes, 20 idle.
    const second = by > 0 ? 200_000 : 300_000;
    assert.equal(session.revenueMicros, 300_000 + second + 400_000 + 400_000);
  });

  Deno.test(`the clock goes ${way} and the process dies: it is known all the same`, () => {
    const h = charging();
    const id = start(h, { idTag: "WORK", timestamp: at(1) });
    setClock(h, by);
    h.pass(1_000);
    h.crash();
    h.connectCharger();
    passTo(h, by + 10 * MINUTE);
    stop(h, id, 1 + 10 * MINUTE, 1_000);
    assert.equal(seconds(newest(h)), 10 * MINUTE);
  });

  Deno.test(`the clock goes ${way} and a stop never comes: the estimate is by the same clock`, () => {
    const h = charging();
    start(h, { idTag: "WORK", timestamp: at(1) });
    setClock(h, by);
    passTo(h, by + 10 * MINUTE);
    h.chargerCalls("StatusNotification", {
      connectorId: 1,
      errorCode: "NoError",
      status: "Available",
    });
    h.pass(120_000);
    assert.equal(seconds(newest(h)), 10 * MINUTE - 1);
    assert.deepEqual(newest(h).flags, ["clock_corrected", "estimated_stop"]);
  });
}

Deno.test("a session from before the process began stays where it is: it went by another clock", () => {
  const h = charging();
  const id = start(h, { idTag: "WORK", timestamp: at(1) });
  h.now -= 5 * HOUR * 1000;
  h.crash();
  setClock(h, 5 * HOUR);
  h.connectCharger();
  passTo(h, 10 * MINUTE);
  stop(h, id, 1 + 10 * MINUTE, 1_000);
  assert.equal(seconds(newest(h)), 10 * MINUTE);
  assert.deepEqual(newest(h).flags, []);
});

Deno.test("once the charger has our time, a message that waited long is taken as it is", () => {
  const h = charging();
  const first = start(h, { idTag: "WORK", timestamp: at(1) });
  setClock(h, 2 * HOUR);
  passTo(h, 2 * HOUR + 10 * MINUTE);
  stop(h, first, 2 * HOUR + 10 * MINUTE, 1_000);
  const second = start(h, { idTag: "WORK", timestamp: at(3 * HOUR), meterStart: 1_000 });
  passTo(h, 6 * HOUR);
  stop(h, second, 4 * HOUR, 2_000);
  assert.equal(seconds(newest(h)), HOUR);
  assert.equal(h.tables.facts.has("charger_lag"), false);
});
