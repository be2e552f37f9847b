// What the tests of the command `simulate` have in common.

import type { CommandContext } from "../../src/cli/context.ts";
import type { SimulateFlags } from "../../src/cli/flags.ts";

/** A session at an address where nobody listens. */
export const FLAGS: SimulateFlags = {
  url: "ws://127.0.0.1:1/charger",
  id: "SIM001",
  connectors: 1,
  idTag: "04A2B3C4D5",
  powerW: 11_000,
  intervalS: 60,
  speed: 3_600,
  sessions: 1,
};

/** A terminal that keeps what is written to it. */
export function terminal(): CommandContext & { output: string; errors: string[] } {
  const errors: string[] = [];
  const context = {
    output: "",
    errors,
    colour: false,
    environment: { get: () => undefined },
    out(text: string) {
      context.output += text;
      return true;
    },
    error: (sentence: string) => void errors.push(sentence),
  };
  return context;
}
