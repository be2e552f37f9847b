// A backend's own registration, heartbeats and connection (ocpp16.md 6.5, 6.6, 8.5, N55-N59).

import assert from "node:assert/strict";
import { MAX_UNKNOWN_BACKENDS } from "../../src/core/backend_link.ts";
import { dialWaitMs } from "../../src/core/backoff.ts";
import { nextDeadline } from "../../src/core/step.ts";
import type { BackendConfiguration } from "../../src/core/configuration.ts";
import { at, resultOf, start } from "./charging.ts";
import { backend, configuration, Harness, START } from "./harness.ts";

function withBackend(changes: Partial<BackendConfiguration> = {}): Harness {
  return new Harness(configuration({ backends: [backend("b", "controller", changes)] }));
}

function answerBoot(h: Harness, status: string, interval: number | string): void {
  h.backendAnswers("b", { status, currentTime: at(0), interval });
}

function actions(h: Harness): string[] {
  return h.callsToBackend("b").map(({ action }) => action);
}

Deno.test("N55: a backend before the charger hears nothing until the charger's boot is known", () => {
  const h = withBackend();
  h.connectBackend("b");
  h.pass(3_000);
  assert.deepEqual(h.received("b"), []);
  h.bootCharger();
  h.serve("b");
  assert.deepEqual(actions(h), ["BootNotification", "StatusNotification", "StatusNotification"]);
});

Deno.test("N55: the boot of the last run is told before the charger is back", () => {
  const h = withBackend();
  h.bootCharger();
  h.restart();
  h.attach("b");
  assert.deepEqual(actions(h), ["BootNotification", "StatusNotification", "StatusNotification"]);
  assert.deepEqual(h.callsToBackend("b")[0]?.payload, {
    chargePointVendor: "V",
    chargePointModel: "M",
  });
});

Deno.test("8.1 b: after Boot the states are told, the whole charger first, without old timestamps", () => {
  const h = withBackend();
  h.bootCharger(2);
  h.pass(1000);
  h.chargerCalls("StatusNotification", {
    connectorId: 2,
    errorCode: "NoError",
    status: "Preparing",
    timestamp: at(1),
  });
  h.attach("b");
  assert.deepEqual(
    h.callsToBackend("b", "StatusNotification").map(({ payload }) => [
      payload.connectorId,
      payload.status,
      payload.timestamp,
    ]),
    [[0, "Available", undefined], [1, "Available", undefined], [2, "Preparing", undefined]],
  );
});

for (const status of ["Pending", "Rejected"] as const) {
  Deno.test(`N56: ${status} concerns this backend alone: only Boot again after its interval, the log waits`, () => {
    const h = new Harness(configuration({
      backends: [backend("b", "controller"), backend("other", "controller")],
    }));
    h.bootCharger();
    h.attach("other", () => 1);
    h.connectBackend("b");
    answerBoot(h, status, 40);
    const id = start(h);
    h.chargerCalls("StatusNotification", {
      connectorId: 1,
      errorCode: "NoError",
      status: "Charging",
    });
    h.pass(39_999);
    assert.deepEqual(actions(h), ["BootNotification"]);
    h.pass(1);
    assert.deepEqual(actions(h), ["BootNotification", "BootNotification"]);
    assert.deepEqual(
      resultOf(h.backendCalls("b", "RemoteStopTransaction", { transactionId: id })),
      {
        status: "Rejected",
      },
    );
    answerBoot(h, "Accepted", 300);
    h.serve("b", () => 7);
    assert.ok(actions(h).includes("StartTransaction"));
    h.serve("other", () => 1);
    assert.ok(h.callsToBackend("other").some(({ action }) => action === "StartTransaction"));
    resultOf(h.chargerCalls("Heartbeat", {}));
  });
}

for (
  const [interval, seconds] of [
    [0, 60],
    [-5, 60],
    [1, 10],
    [10, 10],
    [299.7, 300],
    [1e9, 86_400],
    ["60", 60],
  ] as const
) {
  Deno.test(`N57: the interval ${JSON.stringify(interval)} of an accepted Boot means ${seconds} s`, () => {
    const h = withBackend();
    h.bootCharger();
    h.connectBackend("b");
    answerBoot(h, "Accepted", interval);
    h.serve("b");
    const before = actions(h).length;
    h.pass(seconds * 1000 - 1);
    assert.equal(actions(h).length, before);
    h.pass(1);
    assert.deepEqual(actions(h).slice(before), ["Heartbeat"]);
  });
}

for (const [interval, seconds] of [[0, 60], [1, 10], [1e9, 86_400]] as const) {
  Deno.test(`N57: the interval ${interval} of a pending Boot means ${seconds} s`, () => {
    const h = withBackend();
    h.bootCharger();
    h.connectBackend("b");
    answerBoot(h, "Pending", interval);
    h.pass(seconds * 1000 - 1);
    assert.equal(actions(h).length, 1);
    h.pass(1);
    assert.equal(actions(h).length, 2);
  });
}

Deno.test("6.6: any message postpones the heartbeat; it comes after an interval of silence", () => {
  const h = withBackend();
  h.bootCharger();
  h.connectBackend("b");
  answerBoot(h, "Accepted", 100);
  h.serve("b");
  h.pass(60_000);
  h.chargerCalls("StatusNotification", {
    connectorId: 1,
    errorCode: "NoError",
    status: "Preparing",
  });
  h.serve("b");
  h.pass(99_999);
  assert.equal(actions(h).at(-1), "StatusNotification");
  h.pass(1);
  assert.equal(actions(h).at(-1), "Heartbeat");
});

Deno.test("a Boot that is answered with an error, or not at all, is repeated after a minute", () => {
  const h = withBackend();
  h.bootCharger();
  h.connectBackend("b");
  h.backendSays("b", JSON.stringify([4, h.outstanding("b")!.id, "InternalError", "", {}]));
  h.pass(59_999);
  assert.equal(actions(h).length, 1);
  h.pass(1);
  assert.equal(actions(h).length, 2);
  h.pass(30_000 + 60_000);
  assert.equal(actions(h).length, 3);
  h.backendAnswers("b", { status: "Accepted", currentTime: at(0), heartbeatInterval: 120 });
  assert.equal(h.state.backends.get("b")?.heartbeatIntervalMs, 120_000);
});

Deno.test("N43: the charger's boot is told to every backend, one Boot each, and the states after it", () => {
  const h = withBackend();
  h.bootCharger();
  h.attach("b");
  const before = actions(h).length;
  for (let turn = 0; turn < 20; turn++) h.bootCharger();
  assert.equal(actions(h).length, before + 1, "a loop of boots is one CALL while it is open");
  h.serve("b");
  assert.equal(actions(h).filter((action) => action === "BootNotification").length, 3);
});

Deno.test("without boot_on_reconnect a backend that knows us is not told the boot again", () => {
  const h = withBackend({ bootOnReconnect: false });
  h.bootCharger();
  h.attach("b");
  h.disconnectBackend("b");
  h.pass(1_000);
  h.attach("b");
  assert.equal(actions(h).filter((action) => action === "BootNotification").length, 1);
  h.disconnectBackend("b");
  h.bootCharger();
  h.attach("b");
  assert.equal(
    actions(h).filter((action) => action === "BootNotification").length,
    2,
    "the charger has booted since",
  );
  h.restart();
  h.attach("b");
  assert.equal(actions(h).filter((action) => action === "BootNotification").length, 3);
});

Deno.test("without boot_on_reconnect a backend that refused us last is asked again", () => {
  const h = withBackend({ bootOnReconnect: false });
  h.bootCharger();
  h.attach("b");
  h.bootCharger();
  answerBoot(h, "Rejected", 60);
  h.disconnectBackend("b");
  h.connectBackend("b");
  assert.equal(h.outstanding("b")?.action, "BootNotification");
});

Deno.test("8.5: a backend is dialled again after 1 s doubling to 300 s, with jitter, and one at a time", () => {
  const h = withBackend({ url: "wss://b.example" });
  const dials = () => h.others.filter(({ type }) => type === "dial").length;
  assert.equal(dials(), 1);
  const waits: number[] = [];
  for (let turn = 0; turn < 12; turn++) {
    h.event({ type: "dial_failed", backendId: "b", reason: "refused", random: 1 - 1e-9 });
    waits.push(nextDeadline(h.state) - h.now);
    h.pass(waits.at(-1)! - 1);
    assert.equal(dials(), turn + 1);
    h.pass(1);
    assert.equal(dials(), turn + 2);
    h.pass(600_000);
    assert.equal(dials(), turn + 2, "not while one is under way");
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map((s) => s * 1000));
});

Deno.test("8.5: only an accepted Boot ends the back-off; a refusal by name waits at least a minute", () => {
  const h = withBackend({ url: "wss://b.example" });
  h.bootCharger();
  const wait = () => nextDeadline(h.state) - h.now;
  for (let turn = 1; turn <= 4; turn++) {
    h.connectBackend("b");
    h.disconnectBackend("b");
    assert.equal(wait(), dialWaitMs(turn, 0.5), "open and closed at once");
    h.pass(wait());
  }
  h.attach("b");
  h.disconnectBackend("b");
  assert.equal(wait(), dialWaitMs(1, 0.5));
  h.pass(wait());
  for (const status of [401, 403, 404]) {
    h.event({ type: "dial_failed", backendId: "b", reason: "no", status, random: 0 });
    assert.ok(wait() >= 60_000);
    h.pass(wait());
  }
});

Deno.test("a backend that nobody configured is closed, or welcome up to a bound", () => {
  const closed = new Harness(configuration());
  closed.connectBackend("guest");
  assert.deepEqual(closed.others.map(({ type }) => type), ["close_backend"]);
  const open = new Harness(configuration({ allowUnknownBackends: true }));
  for (let turn = 0; turn < MAX_UNKNOWN_BACKENDS + 5; turn++) open.connectBackend(`guest${turn}`);
  assert.equal(open.state.backends.size, MAX_UNKNOWN_BACKENDS);
  assert.equal(open.others.length, 5);
});

Deno.test("a backend that nobody configured gets the place of the one that has been gone for longest", () => {
  const h = new Harness(configuration({ allowUnknownBackends: true }));
  for (let turn = 0; turn < MAX_UNKNOWN_BACKENDS; turn++) h.connectBackend(`guest${turn}`, "json");
  for (const gone of ["guest7", "guest3"]) {
    h.disconnectBackend(gone);
    h.pass(1_000);
  }
  h.connectBackend("newcomer", "json");
  assert.equal(h.state.backends.get("newcomer")?.link.type, "open");
  assert.equal(h.state.backends.size, MAX_UNKNOWN_BACKENDS);
  assert.ok(!h.state.backends.has("guest7"));
  assert.ok(h.state.absent.has("guest7"));
});

Deno.test("a reload leaves those alone whom nobody configured, while that is allowed", () => {
  const core = configuration({
    allowUnknownBackends: true,
    backends: [backend("listed", "admin")],
  });
  const h = new Harness(core);
  h.connectBackend("guest", "json");
  h.connectBackend("listed", "json");
  h.event({ type: "configured", configuration: { ...core, rateLimitMs: 1 } });
  assert.deepEqual(h.others, []);
  h.event({ type: "configured", configuration: { ...core, backends: [] } });
  assert.equal(h.state.backends.get("guest")?.link.type, "open");
  assert.equal(h.state.backends.get("listed"), undefined, "it would keep the rights of its role");
  h.event({ type: "configured", configuration: configuration() });
  assert.deepEqual([...h.state.backends.keys()], []);
});

Deno.test("a reload disturbs no connection that stays, dials a changed address, and closes what is gone", () => {
  const backends = [
    backend("stays", "biller"),
    backend("moves", "biller", { url: "wss://old.example" }),
    backend("goes", "biller"),
  ];
  const h = new Harness(configuration({ backends }));
  h.bootCharger();
  for (const { id } of backends) h.attach(id);
  h.others.length = 0;
  h.event({
    type: "configured",
    configuration: configuration({
      backends: [
        backend("stays", "admin"),
        backend("moves", "biller", { url: "wss://new.example" }),
        backend("new", "biller", { url: "wss://n.example" }),
        backend("off", "biller", { enabled: false, url: "wss://o.example" }),
      ],
    }),
  });
  h.pass(1_000);
  assert.deepEqual(
    h.others.map((effect) => [effect.type, "backendId" in effect && effect.backendId]),
    [["close_backend", "moves"], ["close_backend", "goes"], ["dial", "moves"], ["dial", "new"]],
  );
  assert.deepEqual([...h.state.backends.keys()], ["stays", "moves", "new"]);
  assert.equal(h.state.backends.get("stays")?.link.type, "open");
  assert.ok(h.state.backends.get("stays")?.configuration.permissions.has("reset"));
});

Deno.test("a backend at a new address gets a BootNotification, whatever `boot_on_reconnect` says", () => {
  const at = (url: string) =>
    configuration({ backends: [backend("b", "biller", { url, bootOnReconnect: false })] });
  const h = new Harness(at("wss://old.example"));
  h.bootCharger();
  h.attach("b");
  const boots = () => h.callsToBackend("b", "BootNotification").length;
  assert.equal(boots(), 1);
  h.event({ type: "configured", configuration: at("wss://new.example") });
  h.attach("b");
  assert.equal(boots(), 2);
  h.disconnectBackend("b");
  h.attach("b");
  assert.equal(boots(), 2);
});

Deno.test("a backend that is dialled under the charger's identity is dialled when that is known", () => {
  const dialled = backend("employer", "biller", { url: "ws://employer.example" });
  const h = new Harness(configuration({ backends: [dialled] }));
  const dials = () => h.others.filter(({ type }) => type === "dial").length;
  while (h.now < START + 600_000) {
    h.pass(1_000);
    if (h.state.backends.get("employer")?.link.type === "dialling") {
      h.event({
        type: "dial_failed",
        backendId: "employer",
        reason: "no identity",
        random: 0.5,
      });
    }
  }
  const before = dials();
  h.connectCharger("CP001");
  h.pass(0);
  assert.equal(dials(), before + 1);
});
