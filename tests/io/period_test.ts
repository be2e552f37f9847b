import assert from "node:assert/strict";
import { parsePeriod } from "../../src/io/period.ts";

function period(text: string, timeZone = "Europe/Brussels"): [string, string] | undefined {
  const found = parsePeriod(text, timeZone);
  return found && [new Date(found.start).toISOString(), new Date(found.end).toISOString()];
}

Deno.test("a year, a month and a day begin and end at midnight of the household", () => {
  assert.deepEqual(period("2024"), ["2023-12-31T23:00:00.000Z", "2024-12-31T23:00:00.000Z"]);
  assert.deepEqual(period("2024-03"), ["2024-02-29T23:00:00.000Z", "2024-03-31T22:00:00.000Z"]);
  assert.deepEqual(period("2024-03-31"), ["2024-03-30T23:00:00.000Z", "2024-03-31T22:00:00.000Z"]);
});

Deno.test("a day without midnight begins when its clock begins", () => {
  assert.deepEqual(period("2018-11-04", "America/Sao_Paulo"), [
    "2018-11-04T03:00:00.000Z",
    "2018-11-05T02:00:00.000Z",
  ]);
});

Deno.test("an instant is an empty period, with its own offset or the household's", () => {
  const at = (time: string): [string, string] => [time, time];
  assert.deepEqual(period("2024-01-15T10:00:00Z"), at("2024-01-15T10:00:00.000Z"));
  assert.deepEqual(period("2024-01-15T10:00:00.5+02:00"), at("2024-01-15T08:00:00.500Z"));
  assert.deepEqual(period("2024-01-15T10:00"), at("2024-01-15T09:00:00.000Z"));
});

Deno.test("anything else is not a period", () => {
  const texts = ["", "x", "24", "2024-1", "2024-13", "2024-02-30", "yesterday", "2024-01-15T25:00"];
  for (const text of texts) assert.equal(period(text), undefined, text);
});
