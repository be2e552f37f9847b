// The command `check`.

import type { CommandContext } from "./context.ts";
import type { CheckFlags } from "./flags.ts";

export function check(_flags: CheckFlags, context: CommandContext): Promise<number> {
  context.error("soon");
  return Promise.resolve(1);
}
