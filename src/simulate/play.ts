// Plays charging sessions at a virtual charger, as people with cars and cards would.

import type { VirtualCharger } from "./charger.ts";
import type { FinishedSession } from "./transaction.ts";
import { Vehicle } from "./vehicle.ts";

export interface PlayOptions {
  readonly idTag: string;
  /** What the cars take at most, W. */
  readonly powerW: number;
  readonly sessions: number;
  /** Ends the play early. */
  readonly signal: AbortSignal;
}

/** How long a car stays plugged in, simulated milliseconds. */
const STAY_MS = 3_600_000;
/** A car wants the energy of this part of its stay at full power: it is full before it leaves. */
const WANTED_STAY = 0.6;
/** Between a car and the next one, simulated milliseconds. */
const GAP_MS = 120_000;
const BATTERY_WH = 58_000;
/** How often the charger is looked at, wall-clock milliseconds. */
const LOOK_MS = 20;

/** Waits until a condition holds; false when `timeoutMs` of wall-clock time or the signal ended it. */
export async function waitFor(
  condition: () => boolean,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (signal.aborted || performance.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return true;
}

/** Plays the sessions one after the other, over the connectors in turn; returns how many began. */
export async function playSessions(charger: VirtualCharger, options: PlayOptions): Promise<number> {
  const { idTag, powerW, sessions, signal } = options;
  let begun = 0;
  for (let index = 0; index < sessions && !signal.aborted; index++) {
    const connectorId = index % charger.connectors.length + 1;
    const connector = charger.connector(connectorId);
    charger.plugIn(connectorId, carFor(powerW));
    if (await charger.presentTag(connectorId, idTag)) {
      begun += 1;
      const leavesAt = charger.clock.now() + STAY_MS;
      await waitFor(
        () => !connector.transaction || charger.clock.now() >= leavesAt,
        Infinity,
        signal,
      );
    } else {
      charger.report(`connector ${connectorId}: ${idTag} may not charge here`);
    }
    charger.unplug(connectorId);
    const nextAt = charger.clock.now() + GAP_MS;
    await waitFor(() => charger.clock.now() >= nextAt, Infinity, signal);
  }
  return begun;
}

/** A car that is full a little before it leaves. */
export function carFor(powerW: number): Vehicle {
  const wantedWh = powerW * WANTED_STAY * STAY_MS / 3_600_000;
  const batteryWh = Math.max(BATTERY_WH, wantedWh);
  return new Vehicle({ batteryWh, stateOfCharge: 1 - wantedWh / batteryWh, maximumPowerW: powerW });
}

/** The sessions in one sentence: how many, how much energy, how long. */
export function summary(sessions: readonly FinishedSession[]): string {
  const sum = (of: (session: FinishedSession) => number) =>
    sessions.reduce((total, session) => total + of(session), 0);
  const energyWh = sum((session) => session.meterStopWh - session.meterStartWh);
  const minutes = Math.round(sum((session) => session.stoppedAt - session.startedAt) / 60_000);
  const count = sessions.length === 1 ? "1 session" : `${sessions.length} sessions`;
  return `${count}, ${(energyWh / 1_000).toFixed(3)} kWh in ${minutes} minutes`;
}
