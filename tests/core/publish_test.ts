// What is told to whoever follows for the owner: each event once, however many backends hear it.

import assert from "node:assert/strict";
import { start } from "./charging.ts";
import { backend, configuration, Harness } from "./harness.ts";

function stage(): Harness {
  const h = new Harness(configuration({
    backends: [backend("one", "observer"), backend("two", "observer"), backend("three", "biller")],
    facts: [{ name: "season", maxAgeMs: 60_000 }],
  }));
  h.connectBackend("one", "json");
  h.connectBackend("two", "json");
  h.attach("three");
  return h;
}

/** Types of events, and actions of entries of the log, since `from`. */
function published(h: Harness, from = 0): string[] {
  return h.published.slice(from).map((effect) =>
    effect.type === "publish" ? effect.event.type : effect.entry.action
  );
}

Deno.test("the charger's comings and states are published once each, heartbeats not at all", () => {
  const h = stage();
  h.bootCharger();
  assert.deepEqual(published(h), ["charger_connected", "boot", "status", "status"]);
  const before = h.published.length;
  h.chargerCalls("Heartbeat", {});
  const value = { timestamp: "2026-11-22T12:00:00Z", sampledValue: [{ value: "1" }] };
  h.chargerCalls("MeterValues", { connectorId: 0, meterValue: [value] });
  h.disconnectCharger();
  assert.deepEqual(published(h, before), ["meter", "charger_disconnected"]);
});

Deno.test("an entry of the log is published when it is on disk, and not before", () => {
  const h = stage();
  h.bootCharger();
  const before = h.published.length;
  h.diskFull = true;
  const request = {
    connectorId: 1,
    idTag: "TAG",
    meterStart: 0,
    timestamp: "2026-11-22T12:00:00Z",
  };
  h.chargerCalls("StartTransaction", request);
  assert.ok(!published(h, before).includes("StartTransaction"));
  h.diskFull = false;
  start(h, request);
  const told = published(h, before).filter((type) => type === "StartTransaction");
  assert.equal(told.length, 1);
});

Deno.test("a fact is published when it changes, not when it is only said again", () => {
  const h = stage();
  const say = (value: string | null) => h.event({ type: "fact", name: "season", value });
  const before = h.published.length;
  say("winter");
  say("winter");
  say(null);
  say("summer");
  h.event({ type: "fact", name: "unused", value: "x" });
  assert.deepEqual(
    h.published.slice(before).map((effect) => effect.type === "publish" && effect.event),
    [
      { type: "fact", name: "season", value: "winter" },
      { type: "fact", name: "season", value: "summer" },
    ],
  );
});
