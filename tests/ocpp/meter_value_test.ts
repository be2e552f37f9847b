// The energy register: which samples count, and what they add up to.

import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import { energyRegisterReadings, parseDecimal } from "../../src/ocpp/meter_value.ts";
import { parseTime } from "../../src/ocpp/time.ts";
import type { SampledValue } from "../../src/ocpp/types.ts";

const timestamp = "2026-01-01T00:00:00Z";

/** The register in Wh of one meter value with these samples. */
function wh(...sampledValue: SampledValue[]): number | undefined {
  return energyRegisterReadings([{ timestamp, sampledValue }])[0]?.wh;
}

Deno.test("without measurand and unit a sample is the import register in Wh", () => {
  assert.equal(wh({ value: "1234" }), 1234);
  assert.equal(wh({ value: "1234", measurand: "Energy.Active.Import.Register" }), 1234);
  assert.equal(wh({ value: "1.234", unit: "kWh" }), 1234);
});

Deno.test("other measurands, units and signed data are not the register", () => {
  assert.equal(wh({ value: "1", measurand: "Energy.Active.Export.Register" }), undefined);
  assert.equal(wh({ value: "1", measurand: "Energy.Active.Import.Interval" }), undefined);
  assert.equal(wh({ value: "1", unit: "varh" }), undefined);
  assert.equal(wh({ value: "1", format: "SignedData" }), undefined);
  assert.equal(wh({ value: "" }), undefined);
  assert.equal(wh({ value: "NaN" }), undefined);
  assert.equal(wh({ value: "1e30" }), undefined);
  assert.equal(wh(), undefined);
});

Deno.test("decimals are exact and rounded half up to whole Wh", () => {
  const rows: readonly [string, SampledValue["unit"], number][] = [
    ["0.15006999999999998", "kWh", 150],
    ["0.1504999999999999999999", "kWh", 150],
    ["0.1505", "kWh", 151],
    ["1.005", "kWh", 1005],
    ["8.2955", "kWh", 8296],
    ["0.5", "Wh", 1],
    ["0.4999", "Wh", 0],
    ["-0.5", "Wh", 0],
    ["-1.5", "Wh", -1],
    ["-1.6", "Wh", -2],
    ["1.2e3", "Wh", 1200],
    ["15E-1", "Wh", 2],
    ["+7.", "Wh", 7],
    [" 42 ", "Wh", 42],
    ["4503599627370.497", "kWh", 4503599627370497],
  ];
  for (const [value, unit, expected] of rows) assert.equal(wh({ value, unit: unit! }), expected);
});

Deno.test("kWh with three decimals are their digits", () => {
  fc.assert(fc.property(fc.nat(), (milli) => {
    const digits = String(milli).padStart(4, "0");
    const value = `${digits.slice(0, -3)}.${digits.slice(-3)}`;
    assert.equal(wh({ value, unit: "kWh" }), milli);
  }));
});

Deno.test("a total is preferred to phases, L1 to L3 to L1-N to L3-N, and phases are added", () => {
  const lines: SampledValue[] = [
    { value: "0.1", phase: "L1", unit: "kWh" },
    { value: "0.2", phase: "L2", unit: "kWh" },
    { value: "0.3004", phase: "L3", unit: "kWh" },
    { value: "9", phase: "N" },
  ];
  const toNeutral: SampledValue[] = [{ value: "7", phase: "L1-N" }, { value: "8", phase: "L2-N" }];
  assert.equal(wh(...lines), 600);
  assert.equal(wh(...toNeutral), 15);
  assert.equal(wh(...toNeutral, ...lines), 600);
  assert.equal(wh(...lines, { value: "5" }), 5);
  assert.equal(wh({ value: "3", phase: "L1" }), 3);
  assert.equal(wh({ value: "3", phase: "N" }), undefined);
  assert.equal(wh({ value: "" }, ...lines), 600);
});

Deno.test("the outlet is preferred to other places, and is the default", () => {
  assert.equal(wh({ value: "1", location: "Inlet" }, { value: "2" }), 2);
  assert.equal(wh({ value: "1", location: "EV" }, { value: "2", location: "Outlet" }), 2);
  assert.equal(wh({ value: "1", location: "EV" }, { value: "2", location: "Inlet" }), 2);
  assert.equal(wh({ value: "1", location: "Inlet" }), 1);
});

Deno.test("of several samples for the same thing the last one counts", () => {
  const begin: SampledValue = { value: "1", context: "Transaction.Begin" };
  assert.equal(wh(begin, { value: "2", context: "Transaction.End" }), 2);
});

Deno.test("each meter value gives a reading with its time, in their order", () => {
  const readings = energyRegisterReadings([
    { timestamp, sampledValue: [{ value: "1" }] },
    { timestamp, sampledValue: [{ value: "1", measurand: "Voltage" }] },
    { timestamp: "no time", sampledValue: [{ value: "2" }] },
  ]);
  assert.deepEqual(readings, [{ wh: 1, at: parseTime(timestamp) }, { wh: 2, at: undefined }]);
});

Deno.test("a text that is no decimal number is not one", () => {
  for (const text of ["", "-", ".5", "1,5", "0x10", "1e100", "1".repeat(31), "Infinity"]) {
    assert.equal(parseDecimal(text), undefined, text);
  }
  assert.deepEqual(parseDecimal("-1.50e2"), { digits: -150n, exponent: 0 });
});
