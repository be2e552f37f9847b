// The command `status`.

import type { CommandContext } from "./context.ts";
import type { StatusFlags } from "./flags.ts";

/** Says that this build cannot do it, with exit code 1. */
export function status(_flags: StatusFlags, context: CommandContext): Promise<number> {
  context.error("ocpp-proxy: this build has no 'status' yet");
  return Promise.resolve(1);
}
