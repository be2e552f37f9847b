// Every kind of decision with the sentence that a person reads.

import assert from "node:assert/strict";
import { decide, decideLocal } from "../../src/core/arbitration.ts";
import type { ControlRequest } from "../../src/core/objection.ts";
import type { RuleConfiguration } from "../../src/core/configuration.ts";
import type { OwnerMode } from "../../src/core/event.ts";
import { backend, configuration, Harness, START } from "./harness.ts";

const HOUR_MS = 3_600_000;

const RULES: readonly RuleConfiguration[] = [
  rule("not after ten", "deny", { hours: { fromMinute: 22 * 60, toMinute: 6 * 60 } }),
  rule("at home", "deny", { backends: ["solar"], presenceSensor: "person.ann" }),
  rule("enough for today", "deny", { backends: ["neighbour"], maxSessionsPerDay: 1 }),
  rule("gentle", "limit", {
    backends: ["solar", "neighbour"],
    when: 'number(ha("sensor.house_power")) > 4000.0',
    currentA: 10,
    onUnknown: "limit",
  }),
  rule("always welcome", "allow", { backends: ["employer"] }),
];

function rule(
  name: string,
  then: RuleConfiguration["then"],
  more: Partial<RuleConfiguration>,
): RuleConfiguration {
  return { name, then, askTimeoutMs: 60_000, default: "deny", onUnknown: "deny", ...more };
}

/** 13:00 in the household's zone; nobody is home, the house draws little, everybody is there. */
function stage(changes: Parameters<typeof configuration>[0] = {}): Harness {
  const h = new Harness(configuration({
    backends: [
      backend("employer", "biller", { priority: 20 }),
      backend("solar", "controller", { minHoldMs: 60_000 }),
      backend("neighbour", "controller"),
      backend("meter", "observer"),
    ],
    rules: RULES,
    idTags: [{ tag: "OURS", owner: true, action: "allow" }],
    ...changes,
  }));
  h.bootCharger();
  for (const id of h.state.backends.keys()) h.attach(id);
  fact(h, "person.ann", "not_home");
  fact(h, "sensor.house_power", "350");
  return h;
}

function fact(h: Harness, name: string, value: string): void {
  h.event({ type: "fact", name, value });
}

function mode(h: Harness, mode: OwnerMode): void {
  h.event({ type: "owner", mode });
}

function start(h: Harness, id: string): void {
  h.backendCalls(id, "RemoteStartTransaction", { connectorId: 1, idTag: id });
}

function charge(h: Harness, id: string): number {
  start(h, id);
  h.chargerAnswers({ status: "Accepted" });
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StartTransaction", { connectorId: 1, idTag: id, meterStart: 0, timestamp });
  return [...h.tables.sessions.keys()].at(-1)!;
}

const WANTED: ControlRequest = {
  backendId: "solar",
  action: "RemoteStartTransaction",
  permission: "start_stop",
  connectorId: 1,
};

type Row = readonly [
  sentence: string,
  prepare: (h: Harness) => void,
  request?: Partial<ControlRequest>,
  changes?: Parameters<typeof configuration>[0],
];

const TABLE: readonly Row[] = [
  ["granted: nobody else holds control", () => {}],
  ["renewed: it holds control already", (h) => start(h, "solar")],
  [
    "granted: nobody else holds control; rule 'always welcome' allows it",
    () => {},
    { backendId: "employer" },
  ],
  [
    "granted: nobody else holds control, with at most 10 A: rule 'gentle' — sensor.house_power is " +
    "5200",
    (h) => fact(h, "sensor.house_power", "5200"),
  ],
  ["denied: the owner has switched sharing off", (h) => mode(h, { mode: "owner_only" })],
  ["denied: the owner has paused charging", (h) => mode(h, { mode: "paused" })],
  [
    "denied: the owner has given control to neighbour alone",
    (h) => mode(h, { mode: "backend", backendId: "neighbour" }),
  ],
  ["denied: the charger is not connected", (h) => h.disconnectCharger()],
  ["denied: connector 1 is faulted (GroundFailure)", (h) => {
    const status = { connectorId: 1, status: "Faulted", errorCode: "GroundFailure" };
    h.chargerCalls("StatusNotification", status);
  }],
  ["denied: the charger is installing firmware", (h) => {
    h.chargerCalls("FirmwareStatusNotification", { status: "Installing" });
  }],
  ["denied: allow_shared_charging is off", () => {}, {}, { allowSharedCharging: false }],
  ["denied: solar is in blocked_providers", () => {}, {}, { blockedProviders: ["solar"] }],
  ["denied: solar is not in allowed_providers", () => {}, {}, { allowedProviders: ["employer"] }],
  [
    "denied: meter has no permission for RemoteStartTransaction (start_stop)",
    () => {},
    { backendId: "meter" },
  ],
  [
    "denied: presence_sensor — somebody is home (person.ann is home)",
    (h) => fact(h, "person.ann", "home"),
    { backendId: "employer" },
    { presenceSensor: "person.ann" },
  ],
  [
    "denied: override_input_boolean — input_boolean.share is off, not on",
    (h) => fact(h, "input_boolean.share", "off"),
    {},
    { overrideInputBoolean: "input_boolean.share" },
  ],
  [
    "denied: override_input_boolean — input_boolean.share is unknown",
    () => {},
    {},
    { overrideInputBoolean: "input_boolean.share" },
  ],
  [
    "denied: control was granted a moment ago; again in 30 s",
    (h) => {
      start(h, "solar");
      h.chargerAnswers({ status: "Rejected" });
    },
    {},
    { rateLimitMs: 30_000 },
  ],
  ["denied: rule 'not after ten' — it is 22:00", (h) => h.pass(9 * HOUR_MS)],
  [
    "denied: rule 'at home' — person.ann is home since 13:00",
    (h) => fact(h, "person.ann", "home"),
  ],
  [
    "denied: rule 'at home' — person.ann was last heard at 13:00",
    (h) => h.pass(900_000),
  ],
  ["denied: rule 'enough for today' — neighbour has had 1 session today", (h) => {
    const transactionId = charge(h, "neighbour");
    const timestamp = new Date(h.now).toISOString();
    h.chargerCalls("StopTransaction", { transactionId, meterStop: 5, timestamp });
  }, { backendId: "neighbour" }],
  ["denied: neighbour is starting a transaction", (h) => start(h, "neighbour")],
  ["denied: a transaction of employer is running", (h) => charge(h, "employer")],
  [
    "denied: a transaction of solar is running, and keeps control for another 60 s",
    (h) => charge(h, "solar"),
    { backendId: "employer" },
  ],
  ["employer (priority 20) comes before solar", (h) => {
    charge(h, "solar");
    h.pass(60_000);
  }, { backendId: "employer" }],
  ["granted: the owner has given control to solar", (h) => {
    charge(h, "employer");
    mode(h, { mode: "backend", backendId: "solar" });
  }, { action: "SetChargingProfile", permission: "limit" }],
];

for (const [sentence, prepare, request, changes] of TABLE) {
  Deno.test(`a decision in words — ${sentence}`, () => {
    const h = stage(changes);
    prepare(h);
    const verdict = decide(h.state, { ...WANTED, ...request }, h.now);
    if (verdict.type === "ask") assert.fail("nobody is asked here");
    const reason = verdict.type === "handover" ? verdict.reason.replace(/;.*/, "") : verdict.reason;
    assert.equal(reason, sentence);
  });
}

Deno.test("a card at the charger is decided by whose it is", () => {
  const table: [string, string | null, (h: Harness) => void][] = [
    ["granted: the card is the household's own", null, () => {}],
    ["granted: the card is the household's own", null, (h) => mode(h, { mode: "owner_only" })],
    ["denied: the owner has paused charging", null, (h) => mode(h, { mode: "paused" })],
    ["granted: the card is solar's", "solar", (h) => charge(h, "employer")],
    ["denied: the owner has switched sharing off", "solar", (h) => mode(h, { mode: "owner_only" })],
    [
      "denied: rule 'at home' — person.ann is home since 13:00",
      "solar",
      (h) => fact(h, "person.ann", "home"),
    ],
  ];
  for (const [sentence, backendId, prepare] of table) {
    const h = stage();
    prepare(h);
    const verdict = decideLocal(h.state, { backendId, idTag: "OURS", connectorId: 1 }, h.now);
    assert.equal(verdict.type !== "ask" && verdict.reason, sentence);
  }
  const { state, now } = stage();
  const unknown = decideLocal(state, { backendId: null, idTag: "CARD", connectorId: 1 }, now);
  const sentence = "granted: the card is nobody's, and unknown ones may charge (unknown_id_tags)";
  assert.equal(unknown.type === "granted" && unknown.reason, sentence);
});

Deno.test("the household's clock is an hour ahead of the test's", () => {
  assert.equal(new Date(START).toISOString(), "2026-11-22T12:00:00.000Z");
});
