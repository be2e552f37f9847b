// What backends that are behind read of the log, and how often the disk is asked for it.

import assert from "node:assert/strict";
import type { LogEntry } from "../../src/core/record.ts";
import { LogPages, MAX_PAGES } from "../../src/io/log_pages.ts";

function pagesOf(length: () => number) {
  const asked: number[] = [];
  const pages = new LogPages({
    readLog(after, limit) {
      asked.push(after);
      const count = Math.min(limit, length() - after);
      return Array.from({ length: count }, (_, index) => entry(after + 1 + index));
    },
  });
  return { pages, asked };
}

function entry(sequence: number): LogEntry {
  const payload = { connectorId: 1, meterValue: [] };
  return { sequence, at: 0, action: "MeterValues", transactionId: 1, connectorId: 1, payload };
}

function readAll(pages: LogPages, after: number, to: number): number[] {
  const sequences: number[] = [];
  for (let at = after; at < to;) {
    const page = pages.read(at, 64);
    if (page.length === 0) break;
    sequences.push(...page.map(({ sequence }) => sequence));
    at = sequences.at(-1)!;
  }
  return sequences;
}

Deno.test("backends at different places read the same pages, and the disk once", () => {
  const { pages, asked } = pagesOf(() => 200);
  const expected = (after: number) => Array.from({ length: 200 - after }, (_, i) => after + 1 + i);
  assert.deepEqual(readAll(pages, 0, 200), expected(0));
  assert.deepEqual(asked, [0, 64, 128, 192]);
  asked.length = 0;
  assert.deepEqual(readAll(pages, 10, 200), expected(10));
  assert.deepEqual(readAll(pages, 63, 200), expected(63));
  assert.deepEqual(asked.filter((after) => after % 64 === 0), [192, 192], "the last one grows");
});

Deno.test("the end of the log is never taken for a whole page", () => {
  let length = 70;
  const { pages } = pagesOf(() => length);
  assert.equal(readAll(pages, 0, 70).length, 70);
  length = 75;
  assert.equal(readAll(pages, 64, 75).length, 11);
});

Deno.test("only so many pages are kept", () => {
  const { pages, asked } = pagesOf(() => 64 * (MAX_PAGES + 1));
  readAll(pages, 0, 64 * (MAX_PAGES + 1));
  asked.length = 0;
  pages.read(0, 64);
  pages.read(64 * MAX_PAGES, 64);
  assert.deepEqual(asked, [0]);
});
