import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import { decimalText, divideHalfUp, parsePrice } from "../../src/core/money.ts";

Deno.test("an amount is written with 2 to 6 decimals", () => {
  for (
    const [micros, text] of [
      [0, "0.00"],
      [12_340_000, "12.34"],
      [11_550, "0.01155"],
      [1, "0.000001"],
      [100, "0.0001"],
      [-500_000, "-0.50"],
      [-1, "-0.000001"],
      [1_000_000, "1.00"],
      [9_007_199_254_740_991, "9007199254.740991"],
    ] as const
  ) assert.equal(decimalText(micros), text);
});

Deno.test("a price is read exactly, and rounded half up beyond millionths", () => {
  for (
    const [text, micros] of [
      ["0.29", 290_000],
      [" 0.2874512 ", 287_451],
      ["0.2874515", 287_452],
      ["-0.0000005", 0],
      ["-0.0000006", -1],
      ["5e-05", 50],
      ["1000", 1_000_000_000],
      ["1000.1", undefined],
      ["-1000", -1_000_000_000],
      ["-1000.1", undefined],
      ["unavailable", undefined],
      ["", undefined],
      ["NaN", undefined],
    ] as const
  ) assert.equal(parsePrice(text), micros, text);
});

Deno.test("what is written is read back", () => {
  fc.assert(fc.property(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), (micros) => {
    assert.equal(parsePrice(decimalText(micros)), micros);
  }));
});

Deno.test("a quotient is the nearest whole number, the greater of two", () => {
  fc.assert(fc.property(fc.bigInt(-(10n ** 30n), 10n ** 30n), fc.bigInt(1n, 10n ** 9n), (a, b) => {
    const quotient = divideHalfUp(a, b);
    // quotient - 1/2 <= a / b < quotient + 1/2
    assert.ok((2n * quotient - 1n) * b <= 2n * a && 2n * a < (2n * quotient + 1n) * b);
  }));
});
