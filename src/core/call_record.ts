// What has to be on disk before a CALL leaves for the charger: should the process die, it is known.

import { leftoverWrites } from "./leftover.ts";
import { controlWrite } from "./lease.ts";
import type { Write } from "./record.ts";
import type { ChargerCall } from "./state.ts";
import type { Step } from "./step_context.ts";

/** The rows that a CALL depends on; none: it may leave at once. */
export function rowsBefore(step: Step, { action }: ChargerCall): readonly Write[] {
  switch (action) {
    case "RemoteStartTransaction":
      // Whose the transaction is when it begins.
      return [controlWrite(step)];
    case "ReserveNow":
    case "GetLog":
    case "SignedUpdateFirmware":
      // Under whose id; and that it is not used again.
      return leftoverWrites(step.state);
    default:
      return [];
  }
}
