// Runs steps of a test at the same time: they wait for seconds, each for itself.

import assert from "node:assert/strict";

/** The test's own sanitizers look at what all of them leave behind. */
export async function together(
  test: Deno.TestContext,
  steps: Readonly<Record<string, () => Promise<void>>>,
): Promise<void> {
  const sanitizers = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
  const running = Object.entries(steps).map(([name, fn]) => test.step({ name, fn, ...sanitizers }));
  assert.ok((await Promise.all(running)).every((passed) => passed), "a step has failed");
}
