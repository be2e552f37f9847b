// The arbiter: the order in which its rules speak, and how its decisions are kept.

import assert from "node:assert/strict";
import { decide } from "../../src/core/arbitration.ts";
import type { ControlRequest } from "../../src/core/objection.ts";
import { backend, configuration, Harness } from "./harness.ts";

Deno.test("the rules speak in the order of the contract, section 5", () => {
  // Everything is against it at first; then one rule after the other falls silent.
  const h = new Harness(configuration({
    backends: [backend("b", "observer"), backend("other", "controller")],
    allowSharedCharging: false,
    blockedProviders: ["b"],
    allowedProviders: ["other"],
    rateLimitMs: 60_000,
  }));
  h.event({ type: "owner", mode: { mode: "owner_only" } });
  h.state.backends.get("b")!.grantedAt = h.now;
  const request: ControlRequest = {
    backendId: "b",
    action: "SetChargingProfile",
    permission: "limit",
    connectorId: 1,
  };
  const verdict = () => decide(h.state, request, h.now);
  const reconfigure = (changes: Partial<typeof h.core>) => {
    h.core = { ...h.core, ...changes };
    h.event({ type: "configured", configuration: h.core });
  };
  const steps: [RegExp, () => void][] = [
    [/switched sharing off/, () => h.event({ type: "owner", mode: { mode: "auto" } })],
    [/not connected/, () => h.bootCharger()],
    [/allow_shared_charging/, () => reconfigure({ allowSharedCharging: true })],
    [/blocked_providers/, () => reconfigure({ blockedProviders: [] })],
    [/allowed_providers/, () => reconfigure({ allowedProviders: [] })],
    [
      /b has no permission for SetChargingProfile/,
      () => reconfigure({ backends: [backend("b", "controller"), backend("other", "controller")] }),
    ],
    [/again in 60 s/, () => {
      h.pass(60_000);
      h.attach("other");
      h.backendCalls("other", "UnlockConnector", { connectorId: 1 });
    }],
    [/other holds control/, () => h.pass(60_000)],
  ];
  for (const [expected, silence] of steps) {
    const denial = verdict();
    assert.equal(denial.type, "denied");
    assert.match(denial.reason, expected);
    assert.match(denial.reason, /^denied: /);
    silence();
  }
  assert.deepEqual(verdict(), {
    type: "granted",
    renewed: false,
    rule: undefined,
    limit: undefined,
    reason: "granted: nobody else holds control",
  });
});

Deno.test("every decision is kept with its reason, repeated denials once a minute", () => {
  const h = new Harness(configuration({ backends: [backend("b", "observer")] }));
  h.bootCharger();
  h.attach("b");
  for (let second = 0; second < 120; second++) {
    h.backendCalls("b", "UnlockConnector", { connectorId: 1 });
    h.pass(1_000);
  }
  assert.equal(h.tables.decisions.length, 2);
  const { at: _, ...row } = h.tables.decisions[0]!;
  assert.deepEqual(row, {
    backendId: "b",
    request: "UnlockConnector",
    outcome: "denied",
    rule: null,
    reason: "denied: b has no permission for UnlockConnector (unlock)",
  });
});
