// The scenarios of the program, played at the real proxy: every session reaches a strict backend.

import assert from "node:assert/strict";
import { dialInBackend } from "../../src/simulate/backend.ts";
import { VirtualCharger } from "../../src/simulate/charger.ts";
import { parseScenario } from "../../src/simulate/load_scenario.ts";
import { playScenario } from "../../src/simulate/play_scenario.ts";
import { startOf } from "../../src/simulate/scenario.ts";
import { SCENARIOS } from "../../src/simulate/scenario_list.ts";
import { Stage } from "../sockets/stage.ts";
import { strictDialInBackend } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";

interface Played {
  readonly sessions: number;
  readonly energyWh: number;
  readonly reasons: readonly string[];
  /** What was told of the play. */
  readonly lines: readonly string[];
}

/** Plays a scenario, faster than it asks for, and compares the books. */
async function played(name: string, speed: number): Promise<Played> {
  const loaded = parseScenario(SCENARIOS.get(name) ?? "", name);
  assert.ok(loaded.ok);
  const { scenario } = loaded;
  await using stage = await Stage.open(`
charger: { id: CP1, limit_spacing_s: 0 }
start_spacing_ms: 0
rate_limit_seconds: 0
backends:
  - { id: strict, token: s, role: observer }
  - { id: solar, token: t, role: controller }
`);
  const strict = await strictDialInBackend(stage.backendUrl, "strict", "s");
  const lines: string[] = [];
  const say = (_who: string, text: string) => void lines.push(text);
  const startAt = startOf(scenario, Date.now());
  const charger = new VirtualCharger({
    url: stage.chargerUrl,
    id: "CP1",
    connectors: scenario.connectors,
    speed,
    settings: scenario.settings,
    reconnectMs: 20,
    ...(startAt === undefined ? {} : { startAt }),
    report: (text) => lines.push(text),
  });
  const solar = dialInBackend({ url: stage.backendUrl, id: "solar", token: "t", reconnectMs: 20 });
  try {
    charger.start();
    await until(() => charger.registration.accepted && solar.connected, 5_000, "everybody");
    const { signal } = new AbortController();
    const backends = new Map([["solar", solar]]);
    const steps = await playScenario(scenario, { charger, backends, say, signal });
    assert.equal(steps, scenario.steps.length);
    const { sessions } = charger;
    await until(() => charger.queue.length === 0, 10_000, "the charger to tell everything");
    await until(
      () => strict.payloads("StopTransaction").length >= sessions.length,
      10_000,
      "every session at the backend",
    );
    const told = (key: string, action: string) => strict.payloads(action).map((one) => one[key]);
    const booked = (values: unknown[]) => values.map(Number).sort((a, b) => a - b);
    assert.deepEqual(
      booked(told("meterStart", "StartTransaction")),
      booked(sessions.map(({ meterStartWh }) => meterStartWh)),
    );
    assert.deepEqual(
      booked(told("meterStop", "StopTransaction")),
      booked(sessions.map(({ meterStopWh }) => meterStopWh)),
    );
    assert.deepEqual(strict.violations, []);
    assert.deepEqual(stage.complaints(), []);
    const energyWh = sessions.reduce((sum, one) => sum + one.meterStopWh - one.meterStartWh, 0);
    const reasons = sessions.map(({ reason }) => reason);
    return { sessions: sessions.length, energyWh, reasons, lines };
  } finally {
    await Promise.all([charger.stop(), solar.close(), strict.close()]);
  }
}

function near(energyWh: number, expectedWh: number, byWh: number): void {
  assert.ok(Math.abs(energyWh - expectedWh) <= byWh, `${energyWh} Wh, not ${expectedWh} Wh`);
}

Deno.test("commute: a night that fills the battery, and an evening", async () => {
  const { reasons, energyWh } = await played("commute", 40_000);
  assert.deepEqual(reasons, ["EVDisconnected", "Local"]);
  near(energyWh, 58_000 * (0.66 + 0.09), 20);
});

Deno.test("overnight-solar: the controller's limits are obeyed", async () => {
  const { sessions, energyWh, lines } = await played("overnight-solar", 10_000);
  assert.equal(sessions, 1);
  near(energyWh, 58_000 * 0.6, 20);
  const profiles = lines.filter((text) => /^(?:Set|Clear)ChargingProfile: /.test(text));
  assert.equal(profiles.length, 4, profiles.join("; "));
  assert.ok(profiles.every((text) => text.endsWith("Accepted")), profiles.join("; "));
  assert.ok(lines.some((text) => text.endsWith("8.0 A offered")));
  assert.ok(lines.includes("connector 1: SuspendedEVSE"));
});

Deno.test("flapping-wifi: no energy is lost over five connections", async () => {
  const { sessions, lines } = await played("flapping-wifi", 600);
  assert.equal(sessions, 1);
  assert.equal(lines.filter((text) => text.startsWith("connected to")).length, 6);
});

Deno.test("reboot-in-session: three sessions end for three reasons", async () => {
  const { reasons } = await played("reboot-in-session", 600);
  assert.deepEqual(reasons, ["HardReset", "SoftReset", "Other"]);
});

Deno.test("offline-day: two sessions are told in the evening", async () => {
  const { reasons, energyWh, lines } = await played("offline-day", 20_000);
  assert.deepEqual(reasons, ["EVDisconnected", "Local"]);
  assert.ok(energyWh > 40_000, `${energyWh} Wh`);
  assert.ok(lines.includes("everything is delivered by now"));
});

Deno.test("two-cars: two connectors, and a meter that starts over", async () => {
  const { sessions, lines } = await played("two-cars", 1_200);
  assert.equal(sessions, 3);
  assert.ok(lines.some((text) => /^connector 2: the meter jumps to 5\d{5} Wh$/.test(text)));
});
