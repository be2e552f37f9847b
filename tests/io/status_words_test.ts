// The state in words: who waits, what is asked and how to answer, what limits, who takes over.

import { deepEqual } from "node:assert/strict";
import { type StatusView, statusView } from "../../src/io/status_view.ts";
import { stateLines } from "../../src/io/status_words.ts";
import { withProxy } from "../support/running_proxy.ts";

const NO_LIMIT = {
  current_a: null,
  by: null,
  until: null,
  applied: true,
  problem: null,
  connectors: [],
};

const CASES: readonly (readonly [what: string, changes: Partial<StatusView>, lines: string[]])[] = [
  ["nothing", { limit: NO_LIMIT }, [
    "Charger: none has connected yet",
    "Mode: auto: backends may take control",
    "Control: nobody",
  ]],
  ["the house, one of it away", {
    limit: NO_LIMIT,
    home_assistant: { connected: true, since: "2026-11-22T17:00:00Z", problem: null },
    mqtt: { connected: false, since: null, problem: "Not authorized" },
  }, [
    "Charger: none has connected yet",
    "Mode: auto: backends may take control",
    "Control: nobody",
    "House: Home Assistant: connected",
    "House: MQTT broker: not connected (Not authorized)",
  ]],
  ["the owner's limit, not yet there", {
    mode: { mode: "evcc", until: null },
    owner_limit: { current_a: 10, until: "2026-11-22T17:00:00Z" },
    limit: {
      ...NO_LIMIT,
      current_a: 10,
      by: "the owner",
      until: "2026-11-22T17:00:00Z",
      applied: false,
      problem: "the charger has not confirmed the limit yet",
      connectors: [{ connector_id: 1, current_a: 8.5, by: "evcc" }, {
        connector_id: 2,
        current_a: null,
        by: null,
      }],
    },
  }, [
    "Charger: none has connected yet",
    "Mode: evcc alone",
    ": at most 10 A for everybody, until 2026-11-22 18:00:00",
    "Limit: at most 10 A (the owner), 8.5 A on connector 1 (evcc), changes at " +
    "2026-11-22 18:00:00; not in effect: the charger has not confirmed the limit yet",
    "Control: nobody",
  ]],
  ["an old limit that is still there", {
    limit: {
      ...NO_LIMIT,
      applied: false,
      problem: "the charger still has an old limit of ours",
      connectors: [{ connector_id: 1, current_a: null, by: null }],
    },
  }, [
    "Charger: none has connected yet",
    "Mode: auto: backends may take control",
    "Limit: none, but the charger still has an old limit of ours",
    "Control: nobody",
  ]],
  ["a holder under a rule, one that takes over, one that waits, one that must ask", {
    limit: NO_LIMIT,
    holder: {
      backend_id: "evcc",
      since: "2026-11-22T11:00:00Z",
      transaction_id: 7,
      expires: null,
      limit: { current_a: 6, rule: "gentle" },
    },
    handover: { backend_id: "employer", from: "evcc", reason: "it is preferred" },
    queue: [{ backend_id: "solar", since: "2026-11-22T11:30:00Z" }],
    questions: [{
      id: 3,
      backend_id: "neighbour",
      action: "RemoteStartTransaction",
      id_tag: "04******D5",
      id_tag_name: "Company car",
      rule: "strangers must ask",
      reason: "backend is neighbour",
      deadline: "2026-11-22T12:02:00Z",
      default: "deny",
    }],
  }, [
    "Charger: none has connected yet",
    "Mode: auto: backends may take control",
    "Control: evcc with at most 6 A (rule 'gentle') since 2026-11-22 12:00:00, while transaction 7 runs",
    ": employer takes over when the transaction of evcc has ended (it is preferred)",
    ": waiting: solar since 2026-11-22 12:30:00",
    "Asked: #3: neighbour wants to start charging with id tag 04******D5, Company car. Rule 'strangers " +
    "must ask' — backend is neighbour; denied at 2026-11-22 13:02:00 unless you say " +
    "ocpp-proxy override allow 3 (or deny 3)",
  ]],
];

Deno.test("each part of the state has its words", () =>
  withProxy("", ({ proxy }) => {
    const view = statusView(proxy.report())!;
    for (const [what, changes, expected] of CASES) {
      const lines = stateLines({ ...view, ...changes }, "Europe/Brussels");
      deepEqual(lines.map(([name, words]) => `${name}: ${words}`), expected, what);
    }
    return Promise.resolve();
  }));
