// Backends that come and go thousands of times a minute: the charger does not notice.

import { startProgram } from "../../support/program.ts";
import { pause } from "../../support/until.ts";
import { Attack } from "../support/attack.ts";
import { JsonListener } from "../support/json_listener.ts";
import { quantile, TimedCharger } from "../support/timed_charger.ts";
import { type Outcome, peakMemory } from "./outcome.ts";

export interface Flapping {
  readonly script?: string;
  /** Quiet and flapping take turns, so that both see the same machine. */
  readonly rounds: number;
  readonly roundMs: number;
  /** Connections of the backend that dials in. */
  readonly perMinute: number;
}

/** The charger's p99 beside that of the quiet rounds. */
const SLOWER = 1.2;
const P99 = 0.99;
/** Compiling is over after this, ms. */
const WARM_UP_MS = 2_000;

/** One backend dials in again and again, another one is dialled and hangs up at once. */
export async function flap(
  { script, rounds, roundMs, perMinute }: Flapping,
): Promise<Outcome> {
  let dials = 0;
  const hangingUp = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    dials++;
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "ocpp1.6" });
    socket.onopen = () => socket.close();
    return response;
  });
  const program = await startProgram({
    script,
    config: `
log: { level: error }
charger: { id: CP1 }
backends:
  - { id: flapping, token: f, role: biller }
  - { id: hanging-up, url: "ws://127.0.0.1:${hangingUp.addr.port}" }
  - { id: steady, token: s }
`,
  });
  const steady = new JsonListener(`${program.backendUrl}/steady`, "s");
  const charger = await TimedCharger.connect(program.chargerUrl, "CP1");
  try {
    steady.start();
    await charger.begin();
    await charger.measure(WARM_UP_MS);
    const { port } = program;
    const quiet: number[] = [];
    const flapped: number[] = [];
    const ratios: number[] = [];
    let flaps = 0;
    const begun = performance.now();
    for (let round = 0; round < rounds; round++) {
      quiet.push(quantile(await charger.measure(roundMs), P99));
      const options = { port, id: "flapping", token: "f", perMinute, forMs: roundMs + START_MS };
      const attack = new Attack("flap", options);
      await pause(START_MS);
      flapped.push(quantile(await charger.measure(roundMs), P99));
      ratios.push(flapped.at(-1)! / quiet.at(-1)!);
      flaps += (await attack.report()).flaps;
    }
    return {
      injected: `${flaps} connections, ${perMinute} a minute`,
      figures: [
        { name: "charger's p99, quiet", value: median(quiet), unit: "ms" },
        { name: "charger's p99, flapping", value: median(flapped), unit: "ms", most: 50 },
        { name: "of the quiet one", value: median(ratios), unit: "×", most: SLOWER },
        {
          name: "dials of the one that hangs up",
          value: dials,
          most: mostDials(performance.now() - begun),
        },
        { name: "connections of the steady one", value: steady.connections, most: 1 },
        await peakMemory(program.pid),
      ],
    };
  } finally {
    await steady.stop();
    charger.cut();
    await program.close();
    await hangingUp.shutdown();
  }
}

function median(values: number[]): number {
  return quantile(values.sort((a, b) => a - b), 0.5);
}

/** The attacker's process starts within this, ms. */
const START_MS = 500;

/** With waits of half of 1, 2, 4 … s at least; and those before the measurement. */
function mostDials(forMs: number): number {
  let dials = 1;
  for (let waitMs = 500, sumMs = 0; sumMs <= forMs + WARM_UP_MS + 5_000; waitMs *= 2) {
    sumMs += waitMs;
    dials++;
  }
  return dials;
}
