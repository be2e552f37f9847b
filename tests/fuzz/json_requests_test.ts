// Any text of a JSON backend: one reply each, and no more of it reaches the charger than is allowed.

import assert from "node:assert/strict";
import fc from "fast-check";
import { parseFrame } from "../../src/ocpp/frame.ts";
import { type JsonObject, parseJson } from "../../src/ocpp/json.ts";
import { backend, configuration, Harness } from "../core/harness.ts";
import { isPublishedValid } from "../ocpp/oracle.ts";
import { campaign } from "./budget.ts";
import { type Damage, damage, damaged } from "./frames.ts";

const ACTIONS = [
  "subscribe",
  "request_control",
  "release_control",
  "RemoteStartTransaction",
  "RemoteStopTransaction",
  "set_limit",
  "clear_limit",
  "status",
  "ping",
  "__proto__",
];

const value = fc.oneof(
  fc.constantFrom(0, 1, -1, 16, 1e300, "", "TAG", "1", null, true, [], {}, "2026-11-22T13:00:00Z"),
  fc.jsonValue({ maxDepth: 2 }),
);

interface Request {
  readonly body: Record<string, unknown>;
  readonly damage: readonly Damage[];
}

const request: fc.Arbitrary<Request> = fc.record({
  body: fc.record({
    action: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom<unknown>(...ACTIONS) },
      { weight: 1, arbitrary: value },
    ),
    connectorId: value,
    connector_id: value,
    idTag: value,
    id_tag: value,
    transactionId: value,
    transaction_id: value,
    limit_a: value,
    power_w: value,
    duration_s: value,
    events: value,
    reason: value,
  }, { requiredKeys: ["action"] }),
  damage: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(damage, { minLength: 1, maxLength: 2 }) },
  ),
});

function play(requests: readonly Request[]): void {
  const h = new Harness(configuration({
    backends: [backend("panel", "admin"), backend("viewer", "observer")],
  }));
  h.bootCharger(2);
  h.connectBackend("panel", "json");
  h.connectBackend("viewer", "json");
  h.pass(2_000);
  const before = h.callsToCharger().length;
  for (const who of ["viewer", "panel"]) {
    requests.forEach(({ body, damage }, index) => {
      h.backendSays(who, damaged(JSON.stringify({ id: `r${index}`, ...body }), damage));
    });
    h.pass(120_000);
    const replies = h.received(who).map(({ text }) => parseJson(text) as JsonObject)
      .filter((message) => "result" in message || "error" in message);
    assert.equal(replies.length, requests.length, `replies to ${who}`);
    if (who === "viewer") {
      const commands = h.callsToCharger().slice(before).map(({ action }) => action);
      assert.deepEqual(commands, [], "commands of an observer");
    }
  }
  for (const { text } of h.charger) {
    const frame = parseFrame(text);
    if (frame.type !== "call") continue;
    assert.ok(isPublishedValid(frame.action as "Reset", "request", frame.payload), text);
  }
}

Deno.test("whatever a JSON backend asks, each text has one reply, and an observer commands nothing", () =>
  campaign(fc.property(fc.array(request, { minLength: 1, maxLength: 8 }), play), 600));
