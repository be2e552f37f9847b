// Thousands of connections from several addresses on a proxy with few file descriptors.

import { type Program, startProgram } from "../../support/program.ts";
import { Attack } from "../support/attack.ts";
import { TimedCharger } from "../support/timed_charger.ts";
import { BACK_MS, type Outcome, peakMemory } from "./outcome.ts";

export interface ConnectionFlood {
  readonly script?: string;
  readonly connections: number;
  /** It is ended after this; absent: when it has been thrown out for the last time. */
  readonly forMs?: number;
  /** From which they come. */
  readonly addresses: number;
  /** How many files the program may have open. */
  readonly descriptors: number;
}

/** How long the charger may take to connect and be answered while it lasts, ms. */
const CONNECTS_MS = 1_000;
const GIVE_UP_MS = 20_000;

/** The charger comes, is answered, loses its connection and comes again, as long as it lasts. */
export async function floodConnections(
  { script, connections, addresses, descriptors, forMs = Infinity }: ConnectionFlood,
): Promise<Outcome> {
  const program = await startProgram({
    script,
    runner: ["prlimit", `--nofile=${descriptors}`],
    config: "charger: { id: CP1 }\nlog: { level: error }",
  });
  try {
    await (await connectAtLast(program)).charger.begin();
    const { port } = program;
    const attack = new Attack("connections", { port, addresses, count: connections });
    const took: number[] = [];
    try {
      const end = performance.now() + forMs;
      while (!attack.ended && performance.now() < end) {
        const { charger, tookMs } = await connectAtLast(program);
        took.push(tookMs);
        await charger.measure(100);
        charger.cut();
      }
      await attack.stop();
      const back = performance.now();
      const { status } = await fetch(`${program.httpUrl}/healthz`);
      return {
        injected:
          `${connections} connections from ${addresses} addresses, ${descriptors} descriptors`,
        figures: [
          { name: "comings of the charger", value: took.length },
          { name: "longest", value: Math.max(...took), unit: "ms", most: CONNECTS_MS },
          {
            name: "page served after",
            value: status === 200 ? performance.now() - back : Infinity,
            unit: "ms",
            most: BACK_MS,
          },
          await peakMemory(program.pid),
        ],
      };
    } finally {
      await attack.stop();
    }
  } finally {
    await program.close();
  }
}

/** Tries until it is in and answered. */
async function connectAtLast(program: Program): Promise<{ charger: TimedCharger; tookMs: number }> {
  const begun = performance.now();
  while (true) {
    try {
      const charger = await TimedCharger.connect(program.chargerUrl, "CP1");
      await charger.call("Heartbeat");
      return { charger, tookMs: performance.now() - begun };
    } catch (error) {
      if (performance.now() - begun > GIVE_UP_MS) throw error;
    }
  }
}
