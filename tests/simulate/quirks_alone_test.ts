// Quirks that the proxy never lets happen: what a central system without it would meet.

import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
// @ts-types="@types/ws"
import { type WebSocket, WebSocketServer } from "ws";
import { listeningBackend, type SimulatedBackend } from "../../src/simulate/backend.ts";
import { VirtualCharger } from "../../src/simulate/charger.ts";
import { BRANDS, quirkLines, QUIRKS, quirksNamed } from "../../src/simulate/quirk_list.ts";
import type { ChargingProfile } from "../../src/ocpp/types.ts";
import { pause, until } from "../support/until.ts";

interface Scene {
  readonly backend: SimulatedBackend;
  readonly charger: VirtualCharger;
  /** Connections so far. */
  connections(): number;
}

async function alone(name: string, test: (scene: Scene) => Promise<void>): Promise<void> {
  const backend = await listeningBackend({});
  let connections = 0;
  const charger = new VirtualCharger({
    url: backend.url,
    id: "CP1",
    quirks: quirksNamed(name),
    speed: 600,
    reconnectMs: 20,
    report: (text) => {
      if (text.startsWith("connected")) connections += 1;
    },
  });
  try {
    charger.start();
    await until(() => charger.registration.accepted, 5_000, "the charger to be registered");
    await test({ backend, charger, connections: () => connections });
  } finally {
    await charger.stop();
    await backend.close();
  }
}

Deno.test("unknown-key-error: a question for an unknown key is an error", () =>
  alone("unknown-key-error", async ({ backend }) => {
    const known = await backend.call("GetConfiguration", { key: ["NumberOfConnectors"] });
    assert.equal(known.configurationKey?.length, 1);
    await assert.rejects(backend.call("GetConfiguration", { key: ["Nonsense"] }), /InternalError/);
  }));

Deno.test("boot-loop-on-measurands: one question is enough for a restart", () =>
  alone("boot-loop-on-measurands", async ({ backend, connections }) => {
    const request = { key: ["MeterValuesSampledData"] };
    await assert.rejects(backend.call("GetConfiguration", request), /connection closed/);
    await until(() => connections() === 2, 5_000, "the second boot");
  }));

Deno.test("breaks-on-housekeeping: the connection is dropped", () =>
  alone("breaks-on-housekeeping", async ({ backend, connections }) => {
    const request = { connectorId: 0, type: "Operative" } as const;
    await assert.rejects(backend.call("ChangeAvailability", request), /connection closed/);
    await until(() => connections() === 2 && backend.connected, 5_000, "another connection");
    const change = { key: "WebSocketPingInterval", value: "30" };
    await assert.rejects(backend.call("ChangeConfiguration", change), /connection closed/);
  }));

Deno.test("drops-on-boot-trigger: the connection is dropped", () =>
  alone("drops-on-boot-trigger", async ({ backend, connections }) => {
    await backend.call("TriggerMessage", { requestedMessage: "BootNotification" });
    await until(() => connections() === 2, 5_000, "another connection");
  }));

Deno.test("drops-on-early-question: the connection is dropped before the boot is answered", async () => {
  const backend = await listeningBackend({});
  backend.system.behaviour.silent = true;
  const charger = new VirtualCharger({
    url: backend.url,
    id: "CP1",
    quirks: quirksNamed("drops-on-early-question"),
    reconnectMs: 20,
  });
  try {
    charger.start();
    await until(() => backend.connected, 5_000, "a connection");
    await assert.rejects(backend.call("GetConfiguration", {}), /connection closed/);
  } finally {
    await charger.stop();
    await backend.close();
  }
});

Deno.test("clock-aligned-read-only: the key cannot be changed", () =>
  alone("clock-aligned-read-only", async ({ backend }) => {
    const change = { key: "ClockAlignedDataInterval", value: "900" };
    assert.deepEqual(await backend.call("ChangeConfiguration", change), { status: "Rejected" });
  }));

Deno.test("availability-scheduled: nothing is changed at once", () =>
  alone("availability-scheduled", async ({ backend }) => {
    const request = { connectorId: 1, type: "Inoperative" } as const;
    assert.deepEqual(await backend.call("ChangeAvailability", request), { status: "Scheduled" });
  }));

Deno.test("availability-without-zero: the whole charger cannot be asked", () =>
  alone("availability-without-zero", async ({ backend }) => {
    const ask = (connectorId: number) =>
      backend.call("ChangeAvailability", { connectorId, type: "Inoperative" });
    assert.deepEqual(await ask(0), { status: "Rejected" });
    assert.deepEqual(await ask(1), { status: "Accepted" });
  }));

Deno.test("trigger-connector-unanswered: a trigger with a connector gets no answer", () =>
  alone("trigger-connector-unanswered", async ({ backend }) => {
    const trigger = { requestedMessage: "MeterValues" } as const;
    assert.deepEqual(await backend.call("TriggerMessage", trigger), { status: "Accepted" });
    const unanswered = backend.call("TriggerMessage", { ...trigger, connectorId: 1 });
    const first = await Promise.race([
      unanswered.then(() => "answered", () => "failed"),
      new Promise((resolve) => setTimeout(() => resolve("silence"), 200)),
    ]);
    assert.equal(first, "silence");
  }));

const PROFILE = {
  chargingProfileId: 1,
  stackLevel: 0,
  chargingProfilePurpose: "TxDefaultProfile",
  chargingProfileKind: "Relative",
  chargingSchedule: {
    chargingRateUnit: "A",
    chargingSchedulePeriod: [{ startPeriod: 0, limit: 10 }],
  },
} as const satisfies ChargingProfile;

/** What a charger with a quirk takes, and what it rejects. */
const LIMITS: readonly [name: string, taken: ChargingProfile, rejected: ChargingProfile][] = [
  [
    "watts-only",
    { ...PROFILE, chargingSchedule: { ...PROFILE.chargingSchedule, chargingRateUnit: "W" } },
    PROFILE,
  ],
  [
    "amps-only",
    PROFILE,
    { ...PROFILE, chargingSchedule: { ...PROFILE.chargingSchedule, chargingRateUnit: "W" } },
  ],
  ["no-charge-point-max", PROFILE, {
    ...PROFILE,
    chargingProfilePurpose: "ChargePointMaxProfile",
  }],
  ["stack-level-zero", PROFILE, { ...PROFILE, stackLevel: 1 }],
  ["relative-only", PROFILE, { ...PROFILE, chargingProfileKind: "Absolute" }],
  [
    "no-future-start",
    {
      ...PROFILE,
      chargingSchedule: { ...PROFILE.chargingSchedule, startSchedule: "2026-01-01T00:00:00Z" },
    },
    {
      ...PROFILE,
      chargingSchedule: { ...PROFILE.chargingSchedule, startSchedule: "2099-01-01T00:00:00Z" },
    },
  ],
];

for (const [name, taken, rejected] of LIMITS) {
  Deno.test(`${name}: one limit is taken, another one rejected`, () =>
    alone(name, async ({ backend }) => {
      const ask = (csChargingProfiles: ChargingProfile) =>
        backend.call("SetChargingProfile", { connectorId: 0, csChargingProfiles });
      assert.deepEqual(await ask(rejected), { status: "Rejected" });
      assert.deepEqual(await ask(taken), { status: "Accepted" });
    }));
}

Deno.test("no-pong: a ping is not answered", async () => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((listening) => server.once("listening", listening));
  const { port } = server.address() as AddressInfo;
  for (const [quirks, expected] of [[[], 1], [quirksNamed("no-pong"), 0]] as const) {
    const charger = new VirtualCharger({ url: `ws://127.0.0.1:${port}`, id: "CP1", quirks });
    let pongs = 0;
    const connected = new Promise<WebSocket>((found) => server.once("connection", found));
    charger.start();
    const socket = await connected;
    socket.on("pong", () => pongs += 1);
    socket.ping();
    await pause(100);
    assert.equal(pongs, expected);
    await charger.stop();
  }
  await new Promise((closed) => server.close(closed));
});

Deno.test("a brand stands for all its quirks, and nothing else does", () => {
  assert.deepEqual(quirksNamed("huawei").map(({ name }) => name), [
    "meter-value-object",
    "stop-below-start",
    "breaks-on-housekeeping",
    "watts-only",
    "zero-limit-stops",
  ]);
  assert.deepEqual(quirksNamed("no-boot").map(({ name }) => name), ["no-boot"]);
  assert.deepEqual(quirksNamed("acme"), []);
  const names = new Set(QUIRKS.map(({ name }) => name));
  assert.deepEqual(BRANDS.filter((brand) => names.has(brand)), []);
});

Deno.test("the list has one line for each quirk, with its source", () => {
  const lines = quirkLines();
  assert.equal(lines.length, QUIRKS.length);
  assert.match(lines.join("\n"), /^meter-value-object +sends .* \(huawei: lbbrhzn\/ocpp#1144\)$/m);
});
