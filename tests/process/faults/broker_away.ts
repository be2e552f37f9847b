// The house's broker is away for a while: the charger does not notice, and then the house is right.

import { Broker, type Listener, NO_BROKER } from "../../support/broker.ts";
import { startProgram } from "../../support/program.ts";
import { until } from "../../support/until.ts";
import { quantile, TimedCharger } from "../support/timed_charger.ts";
import type { Outcome } from "./outcome.ts";

export interface BrokerAway {
  readonly script?: string;
  readonly awayMs: number;
}

/** From the broker's return until the house is told the present state. */
const RIGHT_MS = 5_000;
const GIVE_UP_MS = 60_000;
const P99_MS = 50;

/** Whether there is a broker here; if not, says why. */
export function hasBroker(): boolean {
  if (NO_BROKER !== undefined) console.log(`no broker to kill: ${NO_BROKER}`);
  return NO_BROKER === undefined;
}

/** Kills it while the charger is available, and lets it return while it charges. */
export async function loseBroker({ script, awayMs }: BrokerAway): Promise<Outcome> {
  const broker = await Broker.start();
  const program = await startProgram({
    ...script !== undefined && { script },
    config: `charger: { id: CP1 }\nlog: { level: error }\n${broker.yaml}`,
  });
  try {
    const before = await broker.listen("#");
    await until(() => stateIn(before), 20_000, "a state");
    const charger = await TimedCharger.connect(program.chargerUrl, "CP1");
    await broker.down();
    await charger.begin();
    const took = await charger.measure(awayMs);
    await broker.up();
    const back = performance.now();
    const after = await broker.listen("#");
    const isRight = () => stateIn(after)?.includes('"status":"charging"');
    await until(isRight, GIVE_UP_MS, "the state");
    const rightMs = performance.now() - back;
    charger.cut();
    return {
      injected: `the broker killed, away for ${awayMs / 1_000} s`,
      figures: [
        { name: "states right after its return", value: rightMs, unit: "ms", most: RIGHT_MS },
        { name: "charger's p99 meanwhile", value: quantile(took, 0.99), unit: "ms", most: P99_MS },
      ],
    };
  } finally {
    await program.close();
    await broker.close();
  }
}

function stateIn({ newest }: Listener): string | undefined {
  return [...newest].find(([topic]) => /^ocpp-proxy\/[^/]+\/state$/.test(topic))?.[1];
}
