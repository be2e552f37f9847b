// kill -9 right after somebody was told something: what they rely on is on disk already.

import assert from "node:assert/strict";
import { backend, configuration, Harness } from "./harness.ts";

function stage(): Harness {
  const h = new Harness(configuration({
    backends: [backend("evcc", "controller"), backend("script", "controller")],
    rules: [{
      name: "strangers must ask",
      backends: ["script"],
      then: "ask",
      askTimeoutMs: 600_000,
      default: "deny",
      onUnknown: "deny",
    }],
  }));
  h.lazyNotes = true;
  h.bootCharger();
  h.attach("evcc");
  h.connectBackend("script", "json");
  return h;
}

Deno.test("the owner's mode and limit are not forgotten, however soon the process dies", () => {
  const h = stage();
  h.event({ type: "owner", mode: { mode: "owner_only" } });
  h.crash();
  assert.deepEqual(h.state.control.mode, { mode: "owner_only" });
  h.event({ type: "owner_limit", currentA: 9 });
  h.crash();
  assert.equal(h.state.control.ownerLimit?.currentA, 9);
});

Deno.test("a question that was told keeps its number, and its answer counts", () => {
  const h = stage();
  h.backendSays("script", '{"action":"request_control"}');
  h.crash();
  const [question] = h.state.control.questions.values();
  assert.deepEqual([question?.id, question?.backendId], [1, "script"]);
  h.event({ type: "owner_answer", requestId: 1, allow: true });
  h.crash();
  assert.equal(h.state.control.questions.size, 0);
  h.bootCharger();
  h.connectBackend("script", "json");
  const before = h.received("script").length;
  h.backendSays("script", '{"action":"request_control"}');
  const replies = h.received("script").slice(before).map(({ text }) => JSON.parse(text));
  assert.equal(replies.at(-1)?.result?.granted, true);
});

Deno.test("a transaction is its backend's, although the process died before the charger answered", () => {
  const h = stage();
  h.backendCalls("evcc", "RemoteStartTransaction", { connectorId: 1, idTag: "CAR" });
  assert.equal(h.callsToCharger("RemoteStartTransaction").length, 1);
  h.crash();
  h.bootCharger();
  h.chargerCalls("StartTransaction", {
    connectorId: 1,
    idTag: "CAR",
    meterStart: 0,
    timestamp: new Date(h.now).toISOString(),
  });
  const [session] = h.tables.sessions.values();
  assert.deepEqual([session?.backendId, session?.bookedBy], ["evcc", "remote_start"]);
});

Deno.test("a command that the charger refused leaves no claim behind", () => {
  const h = stage();
  h.backendCalls("evcc", "UnlockConnector", { connectorId: 1 });
  h.chargerAnswers({ status: "Unlocked" });
  h.backendCalls("evcc", "RemoteStartTransaction", { connectorId: 1, idTag: "CAR" });
  h.chargerAnswers({ status: "Rejected" });
  h.pass(1_000);
  h.crash();
  assert.deepEqual(h.state.control.claims, []);
});
