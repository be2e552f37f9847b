// The cap that a rule puts on control: what lifts it, and what does not.

import assert from "node:assert/strict";
import type { RuleConfiguration } from "../../src/core/configuration.ts";
import { startRequest } from "./charging.ts";
import { backend, configuration, Harness } from "./harness.ts";
import { rule } from "./rule_fixture.ts";

const ACCEPTED = { status: "Accepted" };
const BACKENDS = [backend("solar", "controller")];
const GENTLE = { name: "gentle", then: "limit", currentA: 10 } as const;

/** Solar charges under rules, with the card GUEST. */
function charging(rules: readonly RuleConfiguration[]): Harness {
  const h = new Harness(configuration({ backends: BACKENDS, rules }));
  h.bootCharger();
  h.attach("solar");
  h.backendCalls("solar", "RemoteStartTransaction", { connectorId: 1, idTag: "GUEST" });
  h.chargerAnswers(ACCEPTED);
  h.chargerCalls("StartTransaction", startRequest({ idTag: "GUEST" }));
  h.serve("solar");
  return h;
}

function cap(h: Harness): number | undefined {
  return h.state.control.lease?.limit?.currentA;
}

Deno.test("a rule that is taken out of the configuration lifts its cap", () => {
  const h = charging([rule(GENTLE)]);
  assert.equal(cap(h), 10);
  h.event({ type: "configured", configuration: configuration({ backends: BACKENDS }) });
  assert.equal(h.state.control.lease?.backendId, "solar");
  assert.equal(cap(h), undefined);
});

Deno.test("a rule that is new in the configuration caps the holder at once", () => {
  const h = charging([]);
  const rules = [rule(GENTLE)];
  h.event({ type: "configured", configuration: configuration({ backends: BACKENDS, rules }) });
  assert.equal(cap(h), 10);
});

Deno.test("a rule about a card caps its transaction for as long as it runs", () => {
  const h = charging([rule({ ...GENTLE, when: 'id_tag == "GUEST"' })]);
  assert.equal(cap(h), 10);
  h.pass(180_000);
  assert.equal(cap(h), 10);
  h.restart();
  assert.equal(cap(h), 10, "also after a restart");
});

Deno.test("a holder does not lift its cap by asking for something else", () => {
  for (const when of ['id_tag == "GUEST"', 'action == "RemoteStartTransaction"']) {
    const h = charging([rule({ ...GENTLE, when })]);
    h.backendCalls("solar", "UnlockConnector", { connectorId: 1 });
    assert.equal(cap(h), 10, when);
  }
});

Deno.test("a command that a rule caps caps the control that was asked for before", () => {
  const rules = [rule({ ...GENTLE, when: 'action == "UnlockConnector"' })];
  const h = charging(rules);
  assert.equal(cap(h), undefined);
  h.backendCalls("solar", "UnlockConnector", { connectorId: 1 });
  h.pass(180_000);
  assert.equal(cap(h), 10);
});
