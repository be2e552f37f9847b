// The arbiter: its order of rules, and what holds whatever happens in whatever order.

import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import { type ControlRequest, decide } from "../../src/core/arbitration.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { outcome, profile } from "./command_fixture.ts";
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
      /role observer/,
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
    reason: "denied: the role observer does not include UnlockConnector",
  });
});

const CONTROLLERS = ["a", "b", "preferred"];
const EVERYBODY = [...CONTROLLERS, "observer", "blocked"];
const CONTROLLED = ["RemoteStartTransaction", "ReserveNow"];

type Operation =
  | { type: "ask"; who: number; action: number; connectorId: number; amount: number }
  | { type: "answer"; how: "Accepted" | "Rejected" | "error" | "silence" }
  | { type: "start"; connectorId: number; tag: number }
  | { type: "stop"; connectorId: number }
  | { type: "status"; connectorId: number; status: "Available" | "Preparing" | "Faulted" }
  | { type: "backend"; who: number; there: boolean }
  | { type: "charger"; there: boolean }
  | { type: "pass"; ms: number }
  | { type: "mode"; mode: number }
  | { type: "block"; blocked: boolean }
  | { type: "restart" };

const connectorId = fc.integer({ min: 1, max: 2 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant("ask" as const),
      who: fc.nat(EVERYBODY.length - 1),
      action: fc.nat(6),
      connectorId,
      amount: fc.nat(2),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant("answer" as const),
      how: fc.constantFrom("Accepted", "Accepted", "Accepted", "Rejected", "error", "silence"),
    }),
  },
  fc.record({ type: fc.constant("start" as const), connectorId, tag: fc.nat(EVERYBODY.length) }),
  fc.record({ type: fc.constant("stop" as const), connectorId }),
  fc.record({
    type: fc.constant("status" as const),
    connectorId,
    status: fc.constantFrom("Available" as const, "Preparing" as const, "Faulted" as const),
  }),
  fc.record({
    type: fc.constant("backend" as const),
    who: fc.nat(EVERYBODY.length - 1),
    there: fc.boolean(),
  }),
  fc.record({ type: fc.constant("charger" as const), there: fc.boolean() }),
  fc.record({
    type: fc.constant("pass" as const),
    ms: fc.constantFrom(100, 1_000, 10_000, 31_000, 61_000, 130_000),
  }),
  fc.record({ type: fc.constant("mode" as const), mode: fc.nat(3) }),
  fc.record({ type: fc.constant("block" as const), blocked: fc.boolean() }),
  fc.record({ type: fc.constant("restart" as const) }),
) as fc.Arbitrary<Operation>;

/** A world in which a charger keeps what it accepts, and every command shows who sent it. */
class World {
  readonly h = new Harness(configuration({
    backends: EVERYBODY.map((id) => backend(id, id === "observer" ? "observer" : "controller")),
    blockedProviders: ["blocked"],
    preferredProvider: "preferred",
    idTags: [{ tag: "observer", owner: false, backend: "observer", action: "allow" }],
  }));
  /** What is on the charger: profiles by id, with their slot, and reservations. */
  readonly profiles = new Map<unknown, string>();
  readonly reservations = new Set<unknown>();
  readonly asked: { who: string; id: string; connection: unknown }[] = [];
  #seen = 0;
  #done: unknown;

  constructor() {
    this.h.bootCharger(2);
    for (const id of EVERYBODY) this.h.attach(id);
    const step = this.h.event.bind(this.h);
    this.h.event = (event) => {
      const before = this.h.state.control.lease?.backendId;
      step(event);
      this.#check(event.type === "tick" ? before : undefined);
    };
  }

  /** One holder, who may hold; no command of anybody else goes to the charger. */
  #check(before: string | undefined) {
    const { state } = this.h;
    const holder = state.control.lease?.backendId;
    if (holder !== undefined) {
      assert.ok(CONTROLLERS.includes(holder), `${holder} holds control`);
      assert.ok(!state.configuration.blockedProviders.includes(holder), `${holder} is blocked`);
      const { mode } = state.control;
      assert.ok(
        mode.mode === "auto" || (mode.mode === "backend" && mode.backendId === holder),
        `${holder} holds control in mode ${mode.mode}`,
      );
    }
    for (const { backendId } of state.limits.profiles) {
      assert.equal(backendId, holder, "a limit that nobody stands behind");
    }
    const calls = this.h.callsToCharger();
    for (const { action, payload } of calls.slice(this.#seen)) {
      if (!CONTROLLED.includes(action)) continue;
      const sender = payload.idTag;
      assert.ok(sender === holder || sender === before, `${action} of ${sender}, not ${holder}`);
    }
    this.#seen = calls.length;
  }

  run(operation: Operation) {
    const { h } = this;
    switch (operation.type) {
      case "ask":
        return this.#ask(operation);
      case "answer":
        return this.answer(operation.how);
      case "start": {
        const idTag = EVERYBODY[operation.tag] ?? "household";
        const timestamp = new Date(h.now).toISOString();
        const { connectorId } = operation;
        h.chargerCalls("StartTransaction", { connectorId, idTag, meterStart: 0, timestamp });
        return this.#serve();
      }
      case "stop":
        return this.#stop(operation.connectorId);
      case "status": {
        const { connectorId, status } = operation;
        h.chargerCalls("StatusNotification", { connectorId, status, errorCode: "NoError" });
        return this.#serve();
      }
      case "backend":
        if (operation.there) h.attach(EVERYBODY[operation.who]!);
        else h.disconnectBackend(EVERYBODY[operation.who]!);
        return;
      case "charger":
        if (operation.there) h.bootCharger(2);
        else h.disconnectCharger();
        return;
      case "pass":
        this.#serve();
        return h.pass(operation.ms);
      case "mode": {
        const modes = [{ mode: "auto" }, { mode: "owner_only" }, { mode: "paused" }, {
          mode: "backend",
          backendId: "a",
        }] as const;
        return h.event({ type: "owner", mode: modes[operation.mode]! });
      }
      case "block": {
        const blockedProviders = operation.blocked ? ["blocked", "a"] : ["blocked"];
        h.core = { ...h.core, blockedProviders };
        return h.event({ type: "configured", configuration: h.core });
      }
      case "restart": {
        h.restart();
        h.bootCharger(2);
        for (const id of EVERYBODY) h.attach(id);
      }
    }
  }

  #ask({ who, action, connectorId, amount }: Operation & { type: "ask" }) {
    const { h } = this;
    const id = EVERYBODY[who]!;
    const transactionId = [...h.state.backends.get(id)!.transactionIds.values()].at(-1) ?? 1;
    const requests: [string, JsonObject][] = [
      ["RemoteStartTransaction", { connectorId, idTag: id }],
      ["SetChargingProfile", {
        connectorId,
        csChargingProfiles: profile(amount * 8, { stackLevel: who, chargingProfileId: amount }),
      }],
      ["ClearChargingProfile", amount === 0 ? {} : { id: amount }],
      ["ReserveNow", {
        connectorId,
        idTag: id,
        reservationId: amount,
        expiryDate: new Date(h.now + 7_200_000).toISOString(),
      }],
      ["CancelReservation", { reservationId: amount }],
      ["RemoteStopTransaction", { transactionId: Number(transactionId) }],
      ["UnlockConnector", { connectorId }],
    ];
    const [name, payload] = requests[action]!;
    const messageId = `q${this.asked.length}`;
    const link = h.state.backends.get(id)!.link;
    const facts = new Map(h.tables.facts);
    const answer = outcome(h.backendCalls(id, name, payload, messageId));
    if (link.type === "open") {
      this.asked.push({ who: id, id: messageId, connection: link.connection });
    }
    // What is denied at once has changed nothing.
    if ((answer as JsonObject | undefined)?.status === "Accepted") return;
    if (answer !== undefined) assert.deepEqual(h.tables.facts, facts, `${name} of ${id}`);
  }

  /** The charger does what it is asked, or not, and says so, or not. */
  answer(how: "Accepted" | "Rejected" | "error" | "silence") {
    const { h } = this;
    if (!h.state.charger.pending) return;
    const call = h.lastCallToCharger();
    // What it has done it may still say, and nothing else.
    if (this.#done === call.id && how !== "silence") how = "Accepted";
    this.#done = how === "silence" ? call.id : undefined;
    const { id, reservationId } = call.payload;
    // It does not deny what it has; it may fail.
    if (how === "Rejected" && call.action.startsWith("C")) {
      how = this.profiles.has(id) || this.reservations.has(reservationId) ? "error" : "Rejected";
    }
    if (how === "Accepted" || how === "silence") this.#carryOut(call.action, call.payload);
    if (how === "error") h.chargerSays(`[4,${JSON.stringify(call.id)},"InternalError","",{}]`);
    else if (how !== "silence") h.chargerAnswers(this.#words(call.action, how));
  }

  #words(action: string, how: "Accepted" | "Rejected"): JsonObject {
    if (action === "UnlockConnector") {
      return { status: how === "Accepted" ? "Unlocked" : "UnlockFailed" };
    }
    if (action === "ClearChargingProfile" && how === "Rejected") return { status: "Unknown" };
    return { status: how };
  }

  #carryOut(action: string, payload: JsonObject) {
    switch (action) {
      case "SetChargingProfile": {
        const { chargingProfileId, stackLevel } = payload.csChargingProfiles as JsonObject;
        const slot = `${payload.connectorId}/${stackLevel}`;
        for (const [id, other] of this.profiles) if (other === slot) this.profiles.delete(id);
        this.profiles.set(chargingProfileId, slot);
        break;
      }
      case "ClearChargingProfile":
        this.profiles.delete(payload.id);
        break;
      case "ReserveNow":
        this.reservations.add(payload.reservationId);
        break;
      case "CancelReservation":
        this.reservations.delete(payload.reservationId);
    }
  }

  #stop(connectorId: number) {
    const { h } = this;
    const session = [...h.tables.sessions.values()]
      .findLast((item) => item.connectorId === connectorId && item.stoppedAt === null);
    if (!session) return;
    const { transactionId } = session;
    const timestamp = new Date(h.now).toISOString();
    h.chargerCalls("StopTransaction", { transactionId, meterStop: 1, timestamp });
    this.#serve();
  }

  #serve() {
    for (const id of EVERYBODY) this.h.serve(id);
  }

  /** Everybody is there, the charger obeys, nothing charges any more. */
  settle() {
    const { h } = this;
    h.event({ type: "owner", mode: { mode: "auto" } });
    if (h.state.charger.connection === undefined) h.bootCharger(2);
    for (const connectorId of [1, 2]) this.#stop(connectorId);
    for (let second = 0; second < 300; second++) {
      h.pass(1_000);
      while (h.state.charger.pending) this.answer("Accepted");
      this.#serve();
    }
  }
}

/** Every sequence that ever failed. */
const FOUND: [Operation[]][] = [
  // Reserved without an answer, killed, asked again and refused: it is there all the same.
  [[
    { type: "ask", who: 0, action: 3, connectorId: 1, amount: 0 },
    { type: "answer", how: "silence" },
    { type: "restart" },
    { type: "ask", who: 0, action: 3, connectorId: 1, amount: 0 },
    { type: "stop", connectorId: 1 },
    { type: "backend", who: 0, there: false },
    { type: "mode", mode: 0 },
    { type: "answer", how: "error" },
    { type: "ask", who: 0, action: 0, connectorId: 1, amount: 0 },
  ]],
];

Deno.test("whatever happens: one entitled holder, no command of others, nothing left behind, one answer each", () => {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 5, maxLength: 60, size: "max" }), (operations) => {
      const world = new World();
      for (const item of operations) world.run(item);
      world.settle();
      const { h } = world;
      assert.equal(h.state.control.lease, undefined);
      assert.deepEqual([...world.profiles.keys()], [], "profiles stayed on the charger");
      assert.deepEqual([...world.reservations], [], "reservations stayed on the charger");
      assert.deepEqual(h.state.limits.profiles, []);
      for (const { who, id, connection } of world.asked) {
        const count = h.answersTo(who, id).length;
        const { link } = h.state.backends.get(who)!;
        const stayed = link.type === "open" && link.connection === connection;
        assert.ok(count === 1 || (count === 0 && !stayed), `${count} answers to ${id} of ${who}`);
      }
    }),
    { numRuns: 150, examples: FOUND },
  );
});
