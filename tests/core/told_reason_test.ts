// What backends are told of decisions: nothing about the household, and not who the others are.

import assert from "node:assert/strict";
import { toldReason } from "../../src/core/told_reason.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { backend, configuration, Harness } from "./harness.ts";

function stage(): Harness {
  const h = new Harness(configuration({
    backends: [
      backend("solar", "controller"),
      backend("solar-2", "controller", { priority: 9 }),
      backend("open", "controller"),
      backend("own", "controller", { sees: "own" }),
    ],
    rules: [{
      name: "somebody sleeps",
      backends: ["open"],
      presenceSensor: "person.ann",
      then: "deny",
      askTimeoutMs: 1,
      default: "deny",
      onUnknown: "deny",
    }],
  }));
  h.bootCharger();
  for (const id of ["open", "own"]) h.connectBackend(id, "json");
  h.attach("solar");
  h.attach("solar-2");
  return h;
}

/** The reasons in everything that a backend has got. */
function reasons(h: Harness, id: string): string[] {
  return h.received(id).flatMap(({ text }) => {
    const { reason, result } = JSON.parse(text) as JsonObject;
    const said = reason ?? (result as JsonObject | undefined)?.reason;
    return typeof said === "string" ? [said] : [];
  });
}

function ask(h: Harness, id: string, more: JsonObject = {}): void {
  h.backendSays(id, JSON.stringify({ action: "request_control", ...more }));
}

Deno.test("a rule that keeps somebody out does not tell who is home", () => {
  const h = stage();
  h.event({ type: "fact", name: "person.ann", value: "home" });
  ask(h, "open");
  assert.deepEqual(reasons(h, "open"), [
    "denied: rule 'somebody sleeps'",
    "denied: rule 'somebody sleeps'",
  ]);
  assert.match(h.tables.decisions.at(-1)!.reason, /person.ann is home since/);
});

Deno.test("who sees only its own learns nobody's name, in no event and no reply", () => {
  const h = stage();
  h.event({ type: "fact", name: "person.ann", value: "not_home" });
  h.backendCalls("solar-2", "RemoteStartTransaction", { connectorId: 1, idTag: "X" });
  h.chargerAnswers({ status: "Accepted" });
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StartTransaction", { connectorId: 1, idTag: "X", meterStart: 0, timestamp });
  for (const id of ["own", "open"]) {
    ask(h, id);
    ask(h, id, { queue: true });
  }
  h.event({ type: "owner", mode: { mode: "backend", backendId: "solar" } });
  for (const id of ["own", "open"]) ask(h, id);
  assert.deepEqual(
    new Set(reasons(h, "own")),
    new Set([
      "denied: a transaction of somebody else is running",
      "queued: a transaction of somebody else is running",
      "denied: the owner has given control to somebody else alone",
    ]),
  );
  assert.ok(reasons(h, "open").includes("denied: a transaction of solar-2 is running"));
});

Deno.test("a name is replaced where it is a word, and is left where it is a part of one", () => {
  const { state } = stage();
  const own = state.backends.get("own")!;
  assert.equal(
    toldReason(state, own, "granted: solar-2 (priority 9) comes before own, not solar; solarium"),
    "granted: somebody else (priority 9) comes before own, not somebody else; solarium",
  );
});
