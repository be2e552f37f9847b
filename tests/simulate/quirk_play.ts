// A charger with a quirk at the real proxy, with a strict backend behind it and a tap on the wire.

import assert from "node:assert/strict";
import { VirtualCharger } from "../../src/simulate/charger.ts";
import type { Quirk } from "../../src/simulate/quirk.ts";
import { Vehicle } from "../../src/simulate/vehicle.ts";
import { Stage } from "../sockets/stage.ts";
import { bootStrictCharger, strictCharger } from "../support/strict_charger.ts";
import { type StrictClient, strictDialInBackend } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";
import { Tee } from "./tee.ts";

export const TAG = "04A2B3C4D5";
const PASSWORD = "a password of 20 byt";

/** Everybody in one play. */
export interface Play {
  readonly stage: Stage;
  readonly charger: VirtualCharger;
  readonly backend: StrictClient;
  readonly tee: Tee;
  /** The frames that the charger sent, oldest first. */
  readonly sent: readonly string[];
  /** The frames that it received. */
  readonly received: readonly string[];
}

export interface PlayOptions {
  readonly settings?: Readonly<Record<string, string>>;
  readonly password?: boolean;
  /** The identity that the proxy expects; default: the charger's own. */
  readonly knownAs?: string;
  /** The proxy has seen it boot before. */
  readonly bootedBefore?: boolean;
  /** A file for a recording. */
  readonly record?: string;
}

/** Runs a test with a charger that has booted at a proxy, and a strict backend that may control. */
export async function withQuirk(
  quirks: readonly Quirk[],
  options: PlayOptions,
  test: (play: Play) => Promise<void>,
): Promise<void> {
  const configuration = `
charger: { id: ${options.knownAs ?? "CP1"}, limit_spacing_s: 0${
    options.password ? `, password: ${PASSWORD}` : ""
  } }
start_spacing_ms: 0
rate_limit_seconds: 0
backends:
  - { id: strict, token: s, role: admin }
`;
  await using stage = await Stage.open(configuration, options.record);
  if (options.bootedBefore) {
    const former = await strictCharger(stage.chargerUrl, "CP1");
    await bootStrictCharger(former);
    await former.close();
  }
  await using tee = new Tee(stage.port);
  const backend = await strictDialInBackend(stage.backendUrl, "strict", "s");
  const sent: string[] = [];
  const received: string[] = [];
  const charger = new VirtualCharger({
    url: `ws://127.0.0.1:${tee.port}/charger`,
    id: "CP1",
    quirks,
    speed: 600,
    reconnectMs: 20,
    settings: { ...options.settings },
    ...(options.password ? { password: PASSWORD } : {}),
    watch: (direction, text) => (direction === "sent" ? sent : received).push(text),
  });
  try {
    charger.start();
    await until(() => charger.registration.accepted, 5_000, "the charger to be registered");
    await test({ stage, charger, backend, tee, sent, received });
    assert.deepEqual(backend.violations, []);
    assert.deepEqual(stage.complaints(), []);
  } finally {
    await charger.stop();
    await backend.close();
  }
}

/** A car for an hour of simulated time and more. */
export function car(): Vehicle {
  return new Vehicle({ batteryWh: 60_000, stateOfCharge: 0.1, maximumPowerW: 11_000 });
}

/** A session by card with some meter values; returns when its end was sent. */
export async function session({ charger }: Play, idTag = TAG): Promise<void> {
  charger.plugIn(1, car());
  assert.equal(await charger.presentTag(1, idTag), true, "the tag is refused");
  await until(() => charger.connector(1).transaction?.id !== undefined, 5_000, "an id");
  const startedAt = charger.clock.now();
  await until(() => charger.clock.now() > startedAt + 150_000, 5_000, "meter values to be due");
  charger.connector(1).stop("Local");
  charger.unplug(1);
  await until(() => charger.queue.length === 0, 5_000, "everything to be sent");
}

/** What the backend was told of the sessions: the energy of each, Wh. */
export async function energies({ stage, backend }: Play, count: number): Promise<number[]> {
  await until(
    () => backend.payloads("StopTransaction").length >= count,
    5_000,
    `${count} StopTransaction at the backend`,
  );
  await until(() => stage.backend("strict").backlog === 0, 5_000, "everything to be delivered");
  const starts = backend.payloads("StartTransaction").map((start) => Number(start.meterStart));
  const stops = backend.payloads("StopTransaction").map((stop) => Number(stop.meterStop));
  assert.equal(starts.length, stops.length, "starts and stops");
  return stops.map((stop, index) => stop - (starts[index] ?? 0));
}
