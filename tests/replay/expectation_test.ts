// What counts as the same, and what an update leaves alone.

import { deepEqual, equal } from "node:assert/strict";
import type { Scene } from "../../src/replay/engine.ts";
import { agrees, Expectation, expectationLine } from "../../src/replay/expectation.ts";
import { ExpectationUpdate } from "../../src/replay/expectation_update.ts";
import { LineReader } from "../../src/replay/line_reader.ts";

function sent(at: number, text: string): Scene {
  return { type: "sent", at, backendId: "b", connection: 1, text };
}

function withLines<Result>(scenes: readonly Scene[], use: (lines: LineReader) => Result): Result {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(path, scenes.map((scene) => `${expectationLine(scene)}\n`).join(""));
    using lines = new LineReader(path);
    return use(lines);
  } finally {
    Deno.removeSync(path);
  }
}

/** The times of what is written for these scenes, where the former ones were expected. */
function updated(former: readonly Scene[], scenes: readonly Scene[]): number[] {
  return withLines(former, (lines) => {
    const update = new ExpectationUpdate(lines);
    return scenes.map((scene) => JSON.parse(update.line(scene)!).at);
  });
}

Deno.test("a tenth of a second sooner or later is the same, more is not", () => {
  const line = (at: number, text = "A") => expectationLine(sent(at, text))!;
  equal(agrees(line(1000), line(1000)), true);
  equal(agrees(line(1000), line(1100)), true);
  equal(agrees(line(1100), line(1000)), true);
  equal(agrees(line(1000), line(1101)), false);
  equal(agrees(line(1000), line(1000, "B")), false);
  equal(agrees("", line(1000)), false);
  equal(agrees("B", "A"), false);
});

Deno.test("a replay whose times differ a little is as expected", () => {
  const difference = (...scenes: Scene[]) =>
    withLines([sent(1000, "A"), sent(2000, "B")], (lines) => {
      const expectation = new Expectation(lines, "UTC");
      for (const scene of scenes) expectation.compare(scene);
      expectation.end();
      return expectation.difference?.line;
    });
  equal(difference(sent(1003, "A"), sent(1990, "B")), undefined);
  equal(difference(sent(1003, "A"), sent(1700, "B")), 2);
  equal(difference(sent(1003, "A")), 2);
});

Deno.test("an update keeps the lines that are still right, to the letter", () => {
  const former = [sent(1000, "A"), sent(1010, "B"), sent(1020, "A"), sent(5000, "C")];
  const unchanged = [sent(1002, "A"), sent(1013, "B"), sent(1019, "A"), sent(5001, "C")];
  deepEqual(updated(former, unchanged), [1000, 1010, 1020, 5000]);
  // One is gone, one is new, one comes much later.
  const changed = [sent(1002, "A"), sent(1006, "N"), sent(1021, "A"), sent(6000, "C")];
  deepEqual(updated(former, changed), [1000, 1006, 1020, 6000]);
});

Deno.test("where nothing was expected, an update writes what is found", () => {
  equal(new ExpectationUpdate(undefined).line(sent(1, "A")), `${expectationLine(sent(1, "A"))}\n`);
  const event = { type: "event", at: 1, event: { type: "tick" } } as const;
  equal(new ExpectationUpdate(undefined).line(event), undefined);
});
