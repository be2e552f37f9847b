// Clocks that are set while something is recorded: time passes as it did, not as they tell.

import { deepEqual, equal, ok } from "node:assert/strict";
import type { Event } from "../../src/core/event.ts";
import type { Scene } from "../../src/replay/engine.ts";
import { configuration } from "../core/harness.ts";
import { Recorded, shown } from "./fixture.ts";

const YEAR_MS = 365 * 86_400_000;

/** A log of these times: a charger boots, and tells every time that it lives. */
function log(...times: string[]): string {
  return times.map((time, index) => {
    const call = index === 0
      ? '"BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}'
      : '"Heartbeat",{}';
    return `${time} recv CP7: [2,"${index}",${call}]\n`;
  }).join("");
}

/** When a log's frames of the charger are played, in its order. */
function playedAt(text: string): string[] {
  return shown(text)
    .filter((scene) => scene.type === "received" && scene.backendId === undefined)
    .filter(({ text }: Scene & { text?: string }) => text?.startsWith("[2,"))
    .map(({ at }) => new Date(at).toISOString());
}

Deno.test("a log that begins in 1970 goes on at the time that its later lines agree on", () => {
  const times = playedAt(log(
    "1970-01-01T00:00:10Z",
    "1970-01-01T00:00:20Z",
    "2026-05-01T10:00:00Z",
    "2026-05-01T10:00:05Z",
    "2026-05-01T11:00:00Z",
  ));
  deepEqual(times, [
    "1970-01-01T00:00:10.000Z",
    "1970-01-01T00:00:20.000Z",
    // Nobody knows yet whether this line is merely broken.
    "1970-01-01T00:00:20.000Z",
    "2026-05-01T10:00:05.000Z",
    "2026-05-01T11:00:00.000Z",
  ]);
});

Deno.test("a log that begins in 2099 goes on at the time that its later lines agree on", () => {
  const times = playedAt(log(
    "2099-01-01T00:00:00Z",
    "2026-05-01T10:00:00Z",
    "2026-05-01T10:00:05Z",
    "2026-05-01T11:00:00Z",
  ));
  deepEqual(times.slice(2), ["2026-05-01T10:00:05.000Z", "2026-05-01T11:00:00.000Z"]);
});

Deno.test("a single line with a broken time is played at the time of the others", () => {
  const times = playedAt(log(
    "2026-05-01T10:00:00Z",
    "2099-12-31T23:59:59Z",
    "2026-05-01T10:00:05Z",
    "2099-12-31T23:59:58Z",
    "2026-05-01T11:00:00Z",
  ));
  equal(times[1], "2026-05-01T10:00:00.000Z");
  deepEqual(times.slice(2), [
    "2026-05-01T10:00:05.000Z",
    "2026-05-01T10:00:05.000Z",
    "2026-05-01T11:00:00.000Z",
  ]);
});

for (const byMs of [2 * 3_600_000, 56 * YEAR_MS, -2 * 3_600_000, -56 * YEAR_MS]) {
  Deno.test(`a clock that is set by ${byMs} ms lets no time pass for another configuration`, () => {
    const recorded = new Recorded();
    recorded.connectCharger();
    recorded.now += byMs;
    const set: Event = { type: "clock_set", byMs };
    recorded.tell(set);
    recorded.pass(60_000);
    recorded.chargerCalls("Heartbeat", {});
    const scenes = shown(recorded.text, configuration());
    const sent = (all: readonly Scene[]) =>
      all.filter(({ type }) => type === "sent" || type === "received");
    ok(sent(scenes).length > 2);
    deepEqual(sent(scenes), sent(recorded.scenes));
  });
}
