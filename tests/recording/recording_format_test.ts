// Which pages of the log a recording leaves out: those that its replay knows for certain.

import { equal } from "node:assert/strict";
import type { Event } from "../../src/core/event.ts";
import type { LogEntry } from "../../src/core/record.ts";
import { isKept, KEPT_ENTRIES } from "../../src/recording/recording_format.ts";
import { parseHeader } from "../../src/recording/recording_parser.ts";

function page(after: number, ...sequences: number[]): Event & { type: "log_page" } {
  const entries = sequences.map((sequence): LogEntry => ({
    sequence,
    at: 0,
    action: "MeterValues",
    transactionId: 1,
    connectorId: 1,
    payload: {},
  }));
  return { type: "log_page", backendId: "b", after, entries };
}

Deno.test("a whole page of what was kept from the beginning is known", () => {
  equal(isKept(page(9, 10, 11), 10, 11), true);
});

Deno.test("what is older than the recording, or than what is kept, is not", () => {
  equal(isKept(page(8, 9, 10), 10, 11), false);
  equal(isKept(page(9, 10, 11), 10, 10 + KEPT_ENTRIES), false);
});

Deno.test("a page from which entries were pruned is not, nor an empty or a failed one", () => {
  equal(isKept(page(9, 10, 12), 10, 12), false);
  equal(isKept(page(9, 11, 12), 10, 12), false);
  equal(isKept(page(9), 10, 12), false);
  equal(isKept({ ...page(9), entries: undefined }, 10, 12), false);
});

Deno.test("another file is no recording", () => {
  equal(parseHeader('{"direction":"cp-to-csms"}'), undefined);
  equal(parseHeader("a log line without any JSON"), undefined);
});
