// Times that people ask about, and what they are told.

import { deepEqual, equal, match } from "node:assert/strict";
import { Explanation, momentOf, momentText } from "../../src/replay/explanation.ts";

const ZONE = "Europe/Brussels";
const EVENING = Date.parse("2026-03-28T20:00:00+01:00");

function moment(text: string): readonly (string | undefined)[] {
  const found = momentOf(text, EVENING, ZONE);
  return found
    ? [new Date(found.from).toISOString(), new Date(found.to).toISOString()]
    : [undefined];
}

Deno.test("a time of day is the first one in the recording", () => {
  deepEqual(moment("20:30"), ["2026-03-28T19:30:00.000Z", "2026-03-28T19:31:00.000Z"]);
  deepEqual(moment("20:30:05"), ["2026-03-28T19:30:05.000Z", "2026-03-28T19:30:06.000Z"]);
});

Deno.test("a time before the beginning is one of the next day, in summer time by then", () => {
  deepEqual(moment("7:05"), ["2026-03-29T05:05:00.000Z", "2026-03-29T05:06:00.000Z"]);
});

Deno.test("a date may be given", () => {
  const expected = ["2026-03-28T18:03:00.000Z", "2026-03-28T18:04:00.000Z"];
  deepEqual(moment("2026-03-28T19:03"), expected);
  deepEqual(moment("2026-03-28 19:03"), expected);
});

Deno.test("an hour that comes twice is the first one, with the second beside it", () => {
  const text = "2026-10-25T02:30";
  deepEqual(momentOf(text, EVENING, ZONE), {
    from: Date.parse("2026-10-25T00:30:00Z"),
    to: Date.parse("2026-10-25T00:31:00Z"),
    again: Date.parse("2026-10-25T01:30:00Z"),
  });
  deepEqual(moment(`${text}+01:00`), ["2026-10-25T01:30:00.000Z", "2026-10-25T01:31:00.000Z"]);
  const told = new Explanation(momentOf(text, EVENING, ZONE)!, ZONE).text(undefined, EVENING);
  match(
    told,
    /^2026-10-25 02:30 .*\nThe clock shows this twice; then: 2026-10-25T02:30:00\+01:00\n/,
  );
  deepEqual(moment("2026-10-25T02:30:00+01:00")[0], "2026-10-25T01:30:00.000Z");
});

Deno.test("an hour that is left out is the one after it", () => {
  deepEqual(moment("2026-03-29T02:30"), ["2026-03-29T01:30:00.000Z", "2026-03-29T01:31:00.000Z"]);
  equal(momentText(Date.parse("2026-03-29T01:30:00Z"), ZONE), "2026-03-29 03:30");
});

Deno.test("what is no time is none", () => {
  for (const text of ["", "noon", "24:00", "12:60", "12", "2026-02-30T12:00", "12:00Z"]) {
    equal(momentOf(text, EVENING, ZONE), undefined, text);
  }
});
