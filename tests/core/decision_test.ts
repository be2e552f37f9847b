// Decisions as they are written down: each refusal, but not the same one over and over.

import assert from "node:assert/strict";
import { backend, configuration, Harness } from "./harness.ts";

/** A backend asks for what it may not have; how many refusals are in the books by then. */
function refusals(h: Harness): number {
  h.backendCalls("bill", "UnlockConnector", { connectorId: 1 });
  return h.tables.decisions.filter(({ outcome }) => outcome === "denied").length;
}

function household(): Harness {
  const h = new Harness(configuration({ backends: [backend("bill", "biller")] }));
  h.bootCharger();
  h.attach("bill");
  return h;
}

Deno.test("an equal refusal within a minute is written down once", () => {
  const h = household();
  assert.deepEqual([refusals(h), refusals(h)], [1, 1]);
  h.pass(60_000);
  assert.equal(refusals(h), 2);
});

Deno.test("a refusal is written down again after the clock was set back", () => {
  const h = household();
  assert.equal(refusals(h), 1);
  h.now -= 3_600_000;
  h.event({ type: "clock_set", byMs: -3_600_000 });
  h.pass(60_000);
  assert.equal(refusals(h), 2);
});
