// Home Assistant and its broker are away for a while: the charger does not notice, and then both are
// right again.

import { Broker, type Listener, NO_BROKER } from "../../support/broker.ts";
import { FakeHomeAssistant } from "../../support/fake_home_assistant.ts";
import { startProgram } from "../../support/program.ts";
import { until } from "../../support/until.ts";
import { quantile, TimedCharger } from "../support/timed_charger.ts";
import type { Outcome } from "./outcome.ts";

export interface HouseAway {
  readonly script?: string;
  readonly awayMs: number;
}

/** From the return until the house is told the present state, and the proxy the present facts. */
const RIGHT_MS = 5_000;
const GIVE_UP_MS = 60_000;
const P99_MS = 50;
const ENTITY = "binary_sensor.home";

/** Whether there is a broker here; if not, says why. */
export function hasBroker(): boolean {
  if (NO_BROKER !== undefined) console.log(`no broker to kill: ${NO_BROKER}`);
  return NO_BROKER === undefined;
}

/** Ends both while the charger is available, and lets them return while it charges. */
export async function loseHouse({ script, awayMs }: HouseAway): Promise<Outcome> {
  const broker = await Broker.start();
  const homeAssistant = new FakeHomeAssistant();
  homeAssistant.set(ENTITY, "on");
  const program = await startProgram({
    script,
    config: `charger: { id: CP1 }\nlog: { level: error }\npresence_sensor: ${ENTITY}\n` +
      `${broker.yaml}${homeAssistant.yaml}`,
  });
  try {
    const before = await broker.listen("#");
    await until(() => stateIn(before), 20_000, "a state");
    const fact = async () => {
      const { facts } = await (await fetch(`${program.httpUrl}/api/v1/facts`)).json();
      return facts.find(({ name }: { name: string }) => name === ENTITY)?.value;
    };
    await until(async () => await fact() === "on", 20_000, "the fact");
    const charger = await TimedCharger.connect(program.chargerUrl, "CP1");
    await broker.down();
    const returned = homeAssistant.restart(awayMs);
    homeAssistant.set(ENTITY, "off");
    await charger.begin();
    const took = await charger.measure(awayMs);
    await Promise.all([broker.up(), returned]);
    const back = performance.now();
    const factMs = until(async () => await fact() === "off", GIVE_UP_MS, "the fact")
      .then(() => performance.now() - back);
    const after = await broker.listen("#");
    const isRight = () => stateIn(after)?.includes('"status":"charging"');
    await until(isRight, GIVE_UP_MS, "the state");
    const rightMs = performance.now() - back;
    charger.cut();
    return {
      injected: `Home Assistant and the broker away for ${awayMs / 1_000} s`,
      figures: [
        { name: "states right after the return", value: rightMs, unit: "ms", most: RIGHT_MS },
        { name: "facts right", value: await factMs, unit: "ms", most: RIGHT_MS },
        { name: "charger's p99 meanwhile", value: quantile(took, 0.99), unit: "ms", most: P99_MS },
      ],
    };
  } finally {
    await program.close();
    await broker.close();
    await homeAssistant.close();
  }
}

function stateIn({ newest }: Listener): string | undefined {
  return [...newest].find(([topic]) => /^ocpp-proxy\/[^/]+\/state$/.test(topic))?.[1];
}
