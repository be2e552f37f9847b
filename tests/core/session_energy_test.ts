// The energy of a session, whatever the meter does (charger_quirks.md 3.7; ocpp16.md N15).

import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import type { SessionFlag, SessionRecord } from "../../src/core/record.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { at, books, meter, meterRequest, start, stop } from "./charging.ts";
import { Harness } from "./harness.ts";

interface Case {
  readonly name: string;
  readonly meterStart: number;
  /** Seconds and register. */
  readonly values: readonly (readonly [number, string | number])[];
  readonly meterStop: number;
  readonly stopAfterS?: number;
  readonly stop?: JsonObject;
  readonly energyWh: number;
  readonly flags?: readonly SessionFlag[];
}

const HOUR = 3600;

const CASES: readonly Case[] = [
  {
    name: "a sane meter: meterStop - meterStart",
    meterStart: 1000,
    values: [[60, 1100], [120, 1200]],
    meterStop: 1250,
    energyWh: 250,
  },
  {
    name: "no meter values at all",
    meterStart: 1000,
    values: [],
    meterStop: 8000,
    energyWh: 7000,
  },
  {
    name: "a 0 between real values (Transaction.Begin of several brands) changes nothing",
    meterStart: 1000,
    values: [[0, 0], [60, 1100], [120, 0], [180, 1300]],
    meterStop: 1400,
    energyWh: 400,
  },
  {
    name: "several zeros in a row are noise while the register does not count from there",
    meterStart: 1000,
    values: [[60, 1500], [120, 0], [180, 0], [240, 0], [300, 2000]],
    meterStop: 2100,
    energyWh: 1100,
  },
  {
    name: "a register that was reset goes on from where it counts again",
    meterStart: 1000,
    values: [[60, 1500], [120, 0], [180, 300], [240, 400]],
    meterStop: 450,
    energyWh: 950,
    flags: ["meter_reset"],
  },
  {
    name: "a reset of which only the stop tells is not believed",
    meterStart: 1000,
    values: [[60, 1500]],
    meterStop: 300,
    energyWh: 500,
    flags: ["meter_stop_corrected"],
  },
  {
    name: "a register that counts the session alone (Grizzl-E, Vestel), real ends",
    meterStart: 50_000,
    values: [[0, 0], [600, 2000], [1200, 6900]],
    meterStop: 57_000,
    energyWh: 7000,
    flags: ["meter_reset"],
  },
  {
    name: "a register that counts the session alone, all the way",
    meterStart: 0,
    values: [[0, 0], [600, 2000], [1200, 6900]],
    meterStop: 7000,
    energyWh: 7000,
  },
  {
    name: "meterStart 0 with a real register (ABB)",
    meterStart: 0,
    values: [[10, 1_234_567], [600, 1_236_567]],
    meterStop: 1_241_567,
    energyWh: 7000,
    flags: ["meter_start_corrected"],
  },
  {
    name: "meterStart 0 with a real register of a young charger (ABB)",
    meterStart: 0,
    values: [[10, 50_000], [600, 52_000]],
    meterStop: 57_000,
    energyWh: 7000,
    flags: ["meter_start_corrected"],
  },
  {
    name: "meterStop 1 Wh below meterStart (Huawei)",
    meterStart: 1000,
    values: [],
    meterStop: 999,
    energyWh: 0,
    flags: ["meter_stop_corrected"],
  },
  {
    name: "meterStop 0 where it is missing: the last value counts",
    meterStart: 1000,
    values: [[60, 1500]],
    meterStop: 0,
    energyWh: 500,
    flags: ["meter_stop_corrected"],
  },
  {
    name: "meterStop below the last value: the value counts",
    meterStart: 1000,
    values: [[60, 1500]],
    meterStop: 1400,
    energyWh: 500,
    flags: ["meter_stop_corrected"],
  },
  {
    name: "a value that no cable can carry moves the base",
    meterStart: 1000,
    values: [[60, 1500], [120, 9_999_999], [180, 1600], [240, 1700]],
    meterStop: 1800,
    energyWh: 800,
    flags: ["meter_reset"],
  },
  {
    name: "the meter was replaced during the session",
    meterStart: 800_000,
    values: [[60, 800_500], [120, 20], [180, 520]],
    meterStop: 1020,
    energyWh: 1500,
    flags: ["meter_reset"],
  },
  {
    name: "noise of a few Wh downwards",
    meterStart: 1000,
    values: [[60, 1100], [120, 1095], [180, 1098], [240, 1200]],
    meterStop: 1200,
    energyWh: 200,
  },
  {
    name: "values that are told again change nothing",
    meterStart: 1000,
    values: [[60, 1100], [120, 1200], [180, 1300], [60, 1100], [120, 1200], [240, 1400]],
    meterStop: 1400,
    energyWh: 400,
  },
  {
    name: "values of one instant that are told again change nothing",
    meterStart: 1000,
    values: [[60, 1100], [120, 1300], [120, 1100], [120, 1200], [180, 1400]],
    meterStop: 1400,
    energyWh: 400,
  },
  {
    name: "transactionData repeats what was sent before",
    meterStart: 1000,
    values: [[60, 1100], [120, 1450]],
    meterStop: 1500,
    stop: {
      transactionData: meterRequest(undefined, [[0, 1000], [60, 1200], [120, 1500]]).meterValue,
    },
    energyWh: 500,
  },
  {
    name: "N15: transactionData that disagrees with meterStop",
    meterStart: 1000,
    values: [],
    meterStop: 1500,
    stop: { transactionData: meterRequest(undefined, [[0, 1000], [300, 1800]]).meterValue },
    energyWh: 800,
    flags: ["meter_stop_corrected"],
  },
  {
    name: "N15: a stop before the start",
    meterStart: 1000,
    values: [],
    meterStop: 1500,
    stopAfterS: -120,
    energyWh: 500,
  },
  {
    name: "a clock at 1970: the times of receipt stand in",
    meterStart: 1000,
    values: [[60, 1500]],
    meterStop: 1600,
    stop: { timestamp: "1970-01-01T00:10:00Z" },
    energyWh: 600,
    flags: ["clock_corrected"],
  },
];

for (const item of CASES) {
  Deno.test(`books: ${item.name}`, () => {
    const h = new Harness();
    h.bootCharger();
    const id = start(h, { meterStart: item.meterStart });
    for (const [seconds, wh] of item.values) meter(h, id, seconds, wh);
    h.pass(1000);
    stop(h, id, item.stopAfterS ?? HOUR, item.meterStop, item.stop);
    const [session] = books(h);
    assert.deepEqual(
      { energyWh: session?.energyWh, flags: session?.flags },
      { energyWh: item.energyWh, flags: item.flags ?? [] },
    );
    assert.ok(session!.stoppedAt! >= session!.startedAt);
    assert.equal(session?.meterStopWh, item.meterStop, "the charger's word is kept as it is");
  });
}

Deno.test("books: kWh with a fraction, as text or number, are exact", () => {
  const h = new Harness();
  h.bootCharger();
  const id = start(h, { meterStart: 0 });
  for (
    const [seconds, value] of [[60, "0.15006999999999998"], [120, 0.3], [180, " 1.2"]] as const
  ) {
    h.chargerCalls("MeterValues", {
      connectorId: 1,
      transactionId: id,
      meterValue: [{
        timestamp: at(seconds),
        sampledValue: [{ value, unit: "kWh", measurand: "Energy.Active.Import.Register" }],
      }],
    });
  }
  assert.equal(books(h)[0]?.energyWh, 1200);
});

Deno.test("books: a register that counts only now and then takes its time from the last rise", () => {
  const h = new Harness();
  h.bootCharger();
  const id = start(h);
  meter(h, id, 60, 1500);
  meter(h, id, 120, 1500);
  stop(h, id, HOUR, 1500);
  assert.equal(books(h)[0]?.energyRoseAt, Date.parse(at(60)));
});

Deno.test("books: energy only rises, and is meterStop - meterStart for a sane meter", () => {
  fc.assert(fc.property(
    fc.nat(2_000_000),
    fc.array(fc.record({ seconds: fc.integer({ min: 5, max: 900 }), watts: fc.nat(22_000) }), {
      maxLength: 15,
    }),
    fc.boolean(),
    (meterStart, spans, clockSet) => {
      const h = new Harness();
      h.bootCharger();
      const timestamp = clockSet ? at(0) : "1970-01-01T00:00:01Z";
      const id = start(h, { meterStart, timestamp });
      let register = meterStart;
      let seconds = 0;
      let energyWh = 0;
      for (const span of spans) {
        seconds += span.seconds;
        h.pass(span.seconds * 1000);
        register += Math.floor(span.watts * span.seconds / 3600);
        meter(h, id, seconds, register);
        const known = books(h)[0]!.energyWh;
        assert.ok(known >= energyWh);
        energyWh = known;
      }
      stop(h, id, seconds, register, clockSet ? {} : { timestamp: "1970-01-01T02:00:00Z" });
      assert.equal(books(h)[0]?.energyWh, register - meterStart);
      assert.deepEqual(books(h)[0]?.flags, clockSet ? [] : ["clock_corrected"]);
    },
  ));
});

Deno.test("books: whatever a meter sends, energy never falls and is never impossible", () => {
  const values = fc.array(
    fc.tuple(
      fc.integer({ min: -600, max: 600 }),
      fc.oneof(fc.nat(3000), fc.nat(5_000_000), fc.integer()),
    ),
    { maxLength: 20 },
  );
  fc.assert(fc.property(fc.nat(2000), values, fc.integer(), (meterStart, list, meterStop) => {
    const h = new Harness();
    h.bootCharger();
    const id = start(h, { meterStart });
    let last = 0;
    let seconds = 0;
    const check = (session: SessionRecord) => {
      assert.ok(Number.isSafeInteger(session.energyWh) && session.energyWh >= last);
      last = session.energyWh;
    };
    for (const [step, wh] of list) {
      seconds += step;
      meter(h, id, seconds, wh);
      check(books(h)[0]!);
    }
    stop(h, id, seconds, meterStop);
    check(books(h)[0]!);
    assert.ok(last <= 200_000 * (list.length + 1), String(last));
  }));
});
