// What happens, in the words of an automation.

import { deepEqual, equal } from "node:assert/strict";
import { homeEvent } from "../../src/io/home_event.ts";

const time = "2026-05-01T12:00:00.000Z";

Deno.test("a decision is named after its outcome, the owner's word is an override", () => {
  const decision = { type: "decision", time, request: "request_control", rule: null, reason: "r" };
  deepEqual(homeEvent({ ...decision, backend_id: "evcc", outcome: "denied" }), {
    event_type: "denied",
    time,
    backend_id: "evcc",
    request: "request_control",
    rule: null,
    reason: "r",
  });
  const word = { ...decision, backend_id: null, request: "override", outcome: "granted" };
  equal(homeEvent(word)?.event_type, "override");
  equal(homeEvent({ ...decision, backend_id: "evcc", outcome: "of later" }), undefined);
});

Deno.test("a session begins and ends, a charger comes and goes, and has faults", () => {
  const started = { type: "transaction_started", time, transaction_id: 7, connector_id: 1 };
  deepEqual(homeEvent({ ...started, id_tag: "04…D5", meter_start: 5, timestamp: "t" }), {
    event_type: "session_started",
    time,
    transaction_id: 7,
    connector_id: 1,
    id_tag: "04…D5",
  });
  const kind = (event: { type: string; status?: string }) =>
    homeEvent({ time, ...event })?.event_type;
  equal(kind({ type: "session" }), "session_ended");
  equal(kind({ type: "charger_connected" }), "charger_online");
  equal(kind({ type: "charger_disconnected" }), "charger_offline");
  equal(kind({ type: "status", status: "Faulted" }), "fault");
  equal(kind({ type: "status", status: "Charging" }), undefined);
  equal(kind({ type: "meter" }), undefined);
});
