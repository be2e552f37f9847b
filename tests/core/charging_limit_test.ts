// The effective limit: the lowest of all sources, who stands behind it, and what is left behind.

import assert from "node:assert/strict";
import { limitReport } from "../../src/core/limit_report.ts";
import { outcome, profile, setProfile } from "./command_fixture.ts";
import type { CoreConfiguration } from "../../src/core/configuration.ts";
import type { OwnerMode } from "../../src/core/event.ts";
import { backend, START } from "./harness.ts";
import { LimitStage, NOTHING } from "./limit_fixture.ts";

const ACCEPTED = { status: "Accepted" };
const REJECTED = { status: "Rejected" };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const GUARD = new Set(["receive", "read", "guard"] as const);

function set(stage: LimitStage, id: string, limit: number, changes = {}) {
  const answer = stage.h.backendCalls(
    id,
    "SetChargingProfile",
    setProfile(limit, changes),
    `${id}${limit}`,
  );
  stage.obey();
  return outcome(answer ?? stage.h.answerTo(id, `${id}${limit}`));
}

function holder({ h }: LimitStage): string | undefined {
  return h.state.control.lease?.backendId;
}

Deno.test("nothing is sent to a charger that nobody limits", () => {
  const stage = new LimitStage();
  stage.start();
  stage.h.pass(DAY_MS);
  assert.deepEqual(stage.h.callsToCharger(), []);
});

Deno.test("the lowest of cap, owner, rule, holder and guard counts, each as long as it is there", () => {
  const stage = new LimitStage({ charger: { maxCurrentA: 32 } }, undefined, 1, [
    backend("evcc", "controller"),
    backend("meter", "observer", { permissions: GUARD }),
  ]);
  const { h } = stage;
  stage.obey();
  const steps: [string, () => void, number][] = [
    ["cap", () => {}, 32],
    ["holder", () => set(stage, "evcc", 16), 16],
    ["guard", () => set(stage, "meter", 10), 10],
    ["owner", () => h.event({ type: "owner_limit", currentA: 8 }), 8],
    ["rule", () => {
      h.state.control.lease!.limit = { rule: "evening", currentA: 7 };
      h.event({ type: "owner_limit", currentA: 9 });
    }, 7],
    ["no rule", () => {
      h.state.control.lease!.limit = undefined;
      h.event({ type: "owner_limit", currentA: undefined });
    }, 10],
    ["guard cleared", () => h.backendCalls("meter", "ClearChargingProfile", {}), 16],
    ["a higher guard", () => set(stage, "meter", 20), 16],
    ["holder cleared", () => h.backendCalls("evcc", "ClearChargingProfile", {}), 20],
    ["holder gone", () => {
      h.disconnectBackend("evcc");
      h.pass(120_000);
    }, 20],
    ["paused", () => h.event({ type: "owner", mode: { mode: "paused" } }), 0],
    ["auto", () => h.event({ type: "owner", mode: { mode: "auto" } }), 32],
    ["guard again", () => set(stage, "meter", 19), 19],
    ["guard gone", () => {
      h.disconnectBackend("meter");
      h.pass(120_000);
    }, 32],
  ];
  for (const [name, change, expected] of steps) {
    change();
    stage.obey();
    assert.equal(stage.limitA(), expected, name);
    const report = limitReport(h.state, h.now);
    assert.equal(report.applied, true, name);
  }
});

Deno.test("a guard limits beside the holder, but takes no control", () => {
  const stage = new LimitStage({}, undefined, 1, [
    backend("evcc", "controller"),
    backend("meter", "observer", { permissions: GUARD }),
  ]);
  assert.deepEqual(set(stage, "meter", 10), ACCEPTED);
  assert.equal(holder(stage), undefined);
  set(stage, "evcc", 16);
  assert.deepEqual(set(stage, "meter", 9), ACCEPTED);
  assert.equal(holder(stage), "evcc");
  assert.equal(stage.limitA(), 9);
});

Deno.test("a guard that is shut out is refused, and what it had set is dropped, with the fallback", () => {
  const guarded = [
    backend("evcc", "controller"),
    backend("meter", "observer", { permissions: GUARD }),
  ];
  const mode = (mode: OwnerMode) => ({ h }: LimitStage) => h.event({ type: "owner", mode });
  const configured = (changes: Partial<CoreConfiguration>) => ({ h }: LimitStage) =>
    h.event({ type: "configured", configuration: { ...h.core, ...changes } });
  const ways: [string, (stage: LimitStage) => void, number][] = [
    ["owner_only", mode({ mode: "owner_only" }), 6],
    ["paused", mode({ mode: "paused" }), 0],
    ["another alone", mode({ mode: "backend", backendId: "evcc" }), 6],
    ["blocked_providers", configured({ blockedProviders: ["meter"] }), 6],
    ["allowed_providers", configured({ allowedProviders: ["evcc"] }), 6],
    ["allow_shared_charging", configured({ allowSharedCharging: false }), 6],
  ];
  for (const [name, shutOut, expected] of ways) {
    const stage = new LimitStage({}, undefined, 1, guarded);
    stage.start();
    set(stage, "meter", 10);
    shutOut(stage);
    stage.obey();
    assert.equal(stage.limitA(), expected, name);
    assert.deepEqual(stage.h.state.limits.profiles, [], name);
    assert.deepEqual(set(stage, "meter", 9), REJECTED, name);
    stage.h.connectBackend("meter", "json");
    stage.h.backendSays("meter", '{"id":1,"action":"set_limit","current_a":8}');
    assert.equal(JSON.parse(stage.h.received("meter").at(-1)!.text).error, "denied", name);
    assert.equal(stage.limitA(), expected, name);
  }
  const alone = new LimitStage({}, undefined, 1, guarded);
  alone.h.event({ type: "owner", mode: { mode: "backend", backendId: "meter" } });
  assert.deepEqual(set(alone, "meter", 10), ACCEPTED, "the one that the owner chose");
});

Deno.test("a guard that loses its right loses its limits, one that comes back in time does not", () => {
  const stage = new LimitStage({}, undefined, 1, [
    backend("meter", "observer", { permissions: GUARD }),
  ]);
  set(stage, "meter", 10);
  stage.h.disconnectBackend("meter");
  stage.h.pass(119_999);
  stage.h.attach("meter");
  stage.h.pass(120_000);
  assert.equal(stage.limitA(), 10);
  const { core } = stage.h;
  stage.h.event({
    type: "configured",
    configuration: { ...core, backends: [backend("meter", "observer")] },
  });
  stage.obey();
  assert.equal(stage.limitA(), null);
});

Deno.test("the owner's limit and pause end in time, and the charger knows it before", () => {
  const stage = new LimitStage({ charger: { maxCurrentA: 20 } });
  const { h } = stage;
  h.event({ type: "owner_limit", currentA: 10, until: START + HOUR_MS });
  h.event({ type: "owner", mode: { mode: "paused" }, until: START + 600_000 });
  stage.obey();
  const count = h.callsToCharger().length;
  assert.deepEqual(
    [0, 599_000, 601_000, HOUR_MS - 1000, HOUR_MS + 1000, 10 * DAY_MS].map((ms) =>
      stage.limitA(1, START + 1000 + ms - 1000)
    ),
    [0, 0, 10, 10, 20, 20],
  );
  h.pass(2 * HOUR_MS);
  assert.equal(h.callsToCharger().length, count, "nothing more has to be said");
});

Deno.test("when who set a limit goes, the fallback holds until its transactions have ended", () => {
  const stage = new LimitStage({ reconnectGraceMs: 60_000, charger: { fallbackCurrentA: 6 } });
  const { h } = stage;
  const id = stage.start();
  assert.deepEqual(set(stage, "evcc", 0), ACCEPTED);
  h.disconnectBackend("evcc");
  h.pass(60_000);
  stage.obey();
  assert.equal(stage.limitA(), 6);
  h.restart();
  h.bootCharger();
  stage.obey();
  assert.equal(stage.limitA(), 6, "after a restart");
  stage.stop(id);
  stage.obey();
  assert.equal(stage.limitA(), null);
});

Deno.test("the fallback ends with a new limit of a backend or of the owner; clearing leaves none", () => {
  const ends: [string, (stage: LimitStage) => void, number | null][] = [
    ["the same controller", (stage) => set(stage, "evcc", 13), 13],
    ["another controller", (stage) => set(stage, "ha", 14), 14],
    ["the owner", ({ h }) => h.event({ type: "owner_limit", currentA: 15 }), 15],
    ["a new mode", ({ h }) => h.event({ type: "owner", mode: { mode: "owner_only" } }), 6],
  ];
  for (const [name, end, expected] of ends) {
    const stage = new LimitStage({}, undefined, 1, [
      backend("evcc", "controller"),
      backend("ha", "controller"),
    ]);
    stage.start();
    set(stage, "evcc", 10);
    stage.h.event({ type: "owner", mode: { mode: "owner_only" } });
    stage.h.event({ type: "owner", mode: { mode: "auto" } });
    stage.obey();
    assert.equal(stage.limitA(), 6, name);
    end(stage);
    stage.obey();
    assert.equal(stage.limitA(), expected, name);
  }
  const cleared = new LimitStage();
  cleared.start();
  set(cleared, "evcc", 10);
  cleared.h.backendCalls("evcc", "ClearChargingProfile", {});
  cleared.h.event({ type: "owner", mode: { mode: "owner_only" } });
  cleared.obey();
  assert.equal(cleared.limitA(), null);
});

Deno.test("no fallback without a transaction, nor for one that begins for somebody else", () => {
  const stage = new LimitStage(
    {
      idTags: [{ tag: "WORK", owner: false, backend: "employer", action: "allow" }],
    },
    undefined,
    1,
    [backend("evcc", "controller"), backend("employer", "biller")],
  );
  set(stage, "evcc", 0);
  stage.start(1, "WORK");
  stage.obey();
  assert.equal(stage.h.state.control.lease?.backendId, "employer");
  assert.equal(stage.limitA(), null);
  assert.equal(stage.h.state.limits.fallback, undefined);
});

Deno.test("the fallback is for whatever was limited, whoever's transaction it is, and for that alone", () => {
  const ways: [string, connectorId: number, number | null][] = [
    ["its connector", 1, 6],
    ["all connectors", 0, 6],
    ["another connector", 2, null],
  ];
  for (const [name, connectorId, expected] of ways) {
    const stage = new LimitStage(
      { idTags: [{ tag: "WORK", owner: false, backend: "employer", action: "allow" }] },
      undefined,
      2,
      [backend("solar", "controller"), backend("employer", "biller")],
    );
    const { h } = stage;
    const id = stage.start(1, "WORK");
    assert.equal(h.tables.sessions.get(id)!.backendId, "employer");
    h.event({ type: "owner", mode: { mode: "backend", backendId: "solar" } });
    const request = { ...setProfile(8), connectorId };
    h.backendCalls("solar", "SetChargingProfile", request);
    stage.obey();
    h.disconnectBackend("solar");
    h.pass(120_000);
    stage.obey();
    assert.equal(holder(stage), undefined);
    assert.equal(stage.limitA(), expected, name);
    stage.stop(id);
    stage.obey();
    assert.equal(stage.limitA(), null, name);
  }
});

Deno.test("no 0 outlasts the proxy by more than a day; the cap goes on for ever", () => {
  const zeros: [string, (stage: LimitStage) => void][] = [
    ["a backend's 0", (stage) => set(stage, "evcc", 0)],
    ["a backend's low limit", (stage) => set(stage, "evcc", 3)],
    ["the owner's pause", ({ h }) => h.event({ type: "owner", mode: { mode: "paused" } })],
    ["the owner's 0", ({ h }) => h.event({ type: "owner_limit", currentA: 0 })],
  ];
  for (const maxCurrentA of [undefined, 25]) {
    for (const maxPeriods of ["1", "10"]) {
      for (const [name, zero] of zeros) {
        const stage = new LimitStage({ charger: { ...maxCurrentA && { maxCurrentA } } });
        stage.h.state.charger.configuration = [
          { key: "ChargingScheduleMaxPeriods", readonly: true, value: maxPeriods },
        ];
        zero(stage);
        stage.obey();
        const { now } = stage.h;
        assert.ok(stage.limitA()! < 6, name);
        assert.ok(stage.limitA(1, now + DAY_MS - 1000)! < 6, name);
        const then = maxPeriods === "1" ? null : maxCurrentA ?? null;
        assert.equal(stage.limitA(1, now + DAY_MS + 1000), then, `${name}, ${maxPeriods}`);
      }
    }
  }
});

Deno.test("while the proxy is there a limit goes on, told anew before it runs out", () => {
  const stage = new LimitStage({ controlTimeoutMs: 10 * DAY_MS });
  set(stage, "evcc", 0);
  for (let hour = 0; hour < 100; hour++) {
    stage.pass(HOUR_MS);
    assert.equal(stage.limitA(), 0, `after ${hour} h`);
  }
  assert.ok(stage.h.callsToCharger("SetChargingProfile").length < 7);
});

Deno.test("the owner's pause stops what runs where the charger takes no profile", () => {
  const stage = new LimitStage({}, NOTHING);
  const id = stage.start();
  stage.h.event({ type: "owner", mode: { mode: "paused" } });
  const actions = stage.obey();
  assert.deepEqual(actions.filter((action) => action !== "SetChargingProfile"), [
    "RemoteStopTransaction",
  ]);
  assert.deepEqual(stage.h.lastCallToCharger().payload, { transactionId: id });
  const report = limitReport(stage.h.state, stage.h.now);
  assert.deepEqual([report.current_a, report.by, report.applied, report.problem], [
    0,
    "the owner's pause",
    false,
    "the charger takes no charging profile",
  ]);
  assert.equal(stage.h.logged.filter(({ message }) => /takes no charging/.test(message)).length, 1);
});

Deno.test("the owner's pause stops what runs where the charger twice does not answer", () => {
  const stage = new LimitStage();
  const { h } = stage;
  const id = stage.start();
  const stops = () => h.callsToCharger("RemoteStopTransaction").map(({ payload }) => payload);
  h.event({ type: "owner", mode: { mode: "paused" } });
  h.pass(30_000 + 60_000 + 29_999);
  assert.deepEqual(stops(), []);
  h.pass(1);
  assert.deepEqual(stops(), [{ transactionId: id }]);
  h.pass(HOUR_MS);
  assert.equal(stops().length, 1, "once");
  const next = stage.start(1, "OTHER");
  h.pass(HOUR_MS);
  assert.deepEqual(stops().slice(1), [{ transactionId: next }], "each once");
  h.event({ type: "owner", mode: { mode: "auto" } });
  h.event({ type: "owner", mode: { mode: "paused" } });
  h.pass(HOUR_MS);
  assert.equal(stops().length, 3, "in the next pause again");
  assert.equal(h.logged.filter(({ message }) => /does not answer/.test(message)).length, 1);
});

Deno.test("an answer between two that are missing: the owner's pause stops nothing", () => {
  const stage = new LimitStage({}, undefined, 1);
  const { h } = stage;
  stage.start();
  h.event({ type: "owner", mode: { mode: "paused" } });
  h.pass(30_000 + 60_000);
  stage.obey();
  h.event({ type: "owner", mode: { mode: "auto" } });
  stage.obey();
  h.event({ type: "owner", mode: { mode: "paused" } });
  h.pass(30_000);
  assert.equal(h.callsToCharger("RemoteStopTransaction").length, 0);
});

Deno.test("a limit that is still to be cleared is reported, also while the charger is away", () => {
  const stage = new LimitStage();
  const { h } = stage;
  set(stage, "evcc", 10);
  h.event({ type: "owner", mode: { mode: "owner_only" } });
  const report = () => {
    const { current_a, applied, problem } = limitReport(h.state, h.now);
    return [current_a, applied, problem];
  };
  assert.deepEqual(report(), [null, false, "the charger still has an old limit of ours"]);
  h.pass(30_000);
  assert.deepEqual(report(), [null, false, "the charger still has an old limit of ours"]);
  h.disconnectCharger();
  const away = "the charger is not connected, and still has an old limit of ours";
  assert.deepEqual(report(), [null, false, away]);
  h.bootCharger();
  stage.obey();
  assert.deepEqual(report(), [null, true, null]);
  h.disconnectCharger();
  assert.deepEqual(report(), [null, true, null], "nothing is to be said to it");
});

Deno.test("a limit is not reported as applied before the charger has confirmed it", () => {
  const stage = new LimitStage();
  const { h } = stage;
  h.backendCalls("evcc", "SetChargingProfile", setProfile(10), "1");
  const report = () => {
    const { applied, problem } = limitReport(h.state, h.now);
    return [applied, problem];
  };
  const unconfirmed = [false, "the charger has not confirmed the limit yet"];
  assert.deepEqual(report(), unconfirmed);
  h.pass(30_000);
  assert.deepEqual(report(), unconfirmed);
  h.pass(60_000);
  stage.obey();
  assert.deepEqual(report(), [true, null]);
  h.disconnectCharger();
  assert.deepEqual(report(), [false, "the charger is not connected"]);
});

Deno.test("JSON: a guard's set_limit lowers beside the holder, clear_limit takes it back", () => {
  const stage = new LimitStage({}, undefined, 1, [
    backend("evcc", "controller"),
    backend("meter", "observer", { permissions: GUARD }),
  ]);
  const { h } = stage;
  h.connectBackend("meter", "json");
  set(stage, "evcc", 16);
  h.backendSays("meter", '{"id":1,"action":"set_limit","current_a":11}');
  stage.obey();
  assert.equal(stage.limitA(), 11);
  assert.deepEqual(JSON.parse(h.received("meter").at(-1)!.text), {
    id: 1,
    action: "set_limit",
    result: true,
  });
  h.backendSays("meter", '{"id":2,"action":"clear_limit"}');
  stage.obey();
  assert.equal(stage.limitA(), 16);
});

Deno.test("a profile of a connector counts for that connector alone, the maximum for all", () => {
  const stage = new LimitStage({}, undefined, 2);
  set(stage, "evcc", 10);
  assert.deepEqual([stage.limitA(1), stage.limitA(2)], [10, null]);
  const maximum = profile(8, {
    chargingProfileId: 6,
    chargingProfilePurpose: "ChargePointMaxProfile",
  });
  stage.h.backendCalls("evcc", "SetChargingProfile", {
    connectorId: 0,
    csChargingProfiles: maximum,
  });
  stage.obey();
  assert.deepEqual([stage.limitA(1), stage.limitA(2)], [8, 8]);
  const all = profile(7, { chargingProfileId: 7 });
  stage.h.backendCalls("evcc", "SetChargingProfile", { connectorId: 0, csChargingProfiles: all });
  stage.obey();
  assert.deepEqual([stage.limitA(1), stage.limitA(2)], [8, 7], "its own default counts first");
});
