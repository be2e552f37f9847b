// The command `serve`.

import type { CommandContext } from "./context.ts";
import type { ServeFlags } from "./flags.ts";

/** Says that this build cannot do it, with exit code 1. */
export function serve(_flags: ServeFlags, context: CommandContext): Promise<number> {
  context.error("ocpp-proxy: this build has no 'serve' yet");
  return Promise.resolve(1);
}
