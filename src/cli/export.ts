// The command `export`.

import type { CommandContext } from "./context.ts";
import type { ExportFlags } from "./flags.ts";

/** Says that this build cannot do it, with exit code 1. */
export function exportSessions(_flags: ExportFlags, context: CommandContext): Promise<number> {
  context.error("ocpp-proxy: this build has no 'export' yet");
  return Promise.resolve(1);
}
