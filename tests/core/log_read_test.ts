// Pages of the log for a JSON backend: one that could not be read, and one that comes too late.

import assert from "node:assert/strict";
import { PAGE_ENTRIES } from "../../src/core/delivery.ts";
import type { Effect } from "../../src/core/effect.ts";
import { WINDOW_ENTRIES } from "../../src/core/log_window.ts";
import type { LogEntry } from "../../src/core/record.ts";
import { nextDeadline, step } from "../../src/core/step.ts";
import { meter, start } from "./charging.ts";
import { backend, configuration, Harness } from "./harness.ts";

const PAGE = { type: "log_page", backendId: "j" } as const;

/** A durable backend that has not been here for a session of so many values. */
function behind(values: number): Harness {
  const h = new Harness(
    configuration({ backends: [backend("j", "controller", { durable: true })] }),
  );
  h.bootCharger();
  const id = start(h);
  for (let turn = 1; turn <= values; turn++) meter(h, id, turn, 1000 + turn);
  return h;
}

function entriesAfter(h: Harness, after: number): LogEntry[] {
  return h.tables.log.filter(({ sequence }) => sequence > after).slice(0, PAGE_ENTRIES);
}

/** The backend connects; what it has the disk asked for. */
function connect(h: Harness, connection: number): Effect & { type: "read_log" } {
  return readOf(step(h.state, {
    type: "backend_connected",
    backendId: "j",
    connection,
    protocol: "json",
    remoteAddress: "192.0.2.20",
  }, h.now));
}

function readOf(effects: readonly Effect[]): Effect & { type: "read_log" } {
  const read = effects.find((effect) => effect.type === "read_log");
  assert.ok(read);
  return read;
}

/** The numbers of the log's events among effects. */
function sequences(effects: readonly Effect[]): number[] {
  return effects.flatMap((effect) =>
    effect.type === "send_backend" ? JSON.parse(effect.text).sequence ?? [] : []
  );
}

Deno.test("a log that could not be read is read again, also for a JSON backend", () => {
  const h = behind(WINDOW_ENTRIES + 20);
  const first = connect(h, 1_000);
  step(h.state, { ...PAGE, after: first.after, entries: undefined }, h.now);
  const again = nextDeadline(h.state);
  assert.ok(again > h.now && again <= h.now + 5_000);
  assert.deepEqual(readOf(step(h.state, { type: "tick" }, again)), first);
  step(h.state, { ...PAGE, after: first.after, entries: entriesAfter(h, first.after) }, again);
  assert.ok(nextDeadline(h.state) > again);
});

Deno.test("a clock that is set wakes nobody for a log that can be read", () => {
  const h = behind(WINDOW_ENTRIES + 20);
  const { after } = connect(h, 1_000);
  step(h.state, { ...PAGE, after, entries: entriesAfter(h, after) }, h.now);
  const before = nextDeadline(h.state);
  step(h.state, { type: "clock_set", byMs: 1_000 }, h.now);
  assert.equal(nextDeadline(h.state), before);
});

Deno.test("a page that an earlier connection asked for makes a JSON backend miss nothing", () => {
  const h = behind(WINDOW_ENTRIES + 2 * PAGE_ENTRIES);
  const first = connect(h, 1_000);
  const entries = entriesAfter(h, first.after);
  const page = { ...PAGE, after: first.after, entries: entries.slice(0, 10) };
  const second = readOf(step(h.state, page, h.now));
  assert.equal(second.after, first.after + 10);
  assert.equal(connect(h, 1_001).after, first.after);
  const late = { ...PAGE, after: second.after, entries: entriesAfter(h, second.after) };
  assert.deepEqual(sequences(step(h.state, late, h.now)), []);
  const right = step(h.state, { ...PAGE, after: first.after, entries }, h.now);
  assert.equal(sequences(right)[0], first.after + 1);
});
