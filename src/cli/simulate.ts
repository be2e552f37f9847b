// The command `simulate`.

import type { CommandContext } from "./context.ts";
import type { SimulateFlags } from "./flags.ts";

/** Says that this build cannot do it, with exit code 1. */
export function simulate(_flags: SimulateFlags, context: CommandContext): Promise<number> {
  context.error("ocpp-proxy: this build has no 'simulate' yet");
  return Promise.resolve(1);
}
