// What happens, in the words of an automation: for Home Assistant's event entity, and its event bus.

import { OUTCOMES } from "../core/record.ts";
import type { JsonObject } from "../ocpp/json.ts";

/** Everything an event can be; Home Assistant refuses others than it was told of. */
export const HOME_EVENTS = [
  ...OUTCOMES,
  "override",
  "session_started",
  "session_ended",
  "charger_online",
  "charger_offline",
  "fault",
] as const;

/** One event; further keys say what it is about. */
export interface HomeEvent extends JsonObject {
  event_type: typeof HOME_EVENTS[number];
}

/** What a feed's event means; undefined: nothing that an automation would begin with. */
export function homeEvent({ type, ...rest }: JsonObject): HomeEvent | undefined {
  switch (type) {
    case "decision": {
      const outcome = OUTCOMES.find((one) => one === rest.outcome);
      const { outcome: _, ...about } = rest;
      if (rest.request === "override" && rest.backend_id === null) {
        return { event_type: "override", ...about };
      }
      return outcome && { event_type: outcome, ...about };
    }
    case "transaction_started": {
      const { time, transaction_id, connector_id, id_tag } = rest;
      return {
        event_type: "session_started",
        ...given({ time, transaction_id, connector_id, id_tag }),
      };
    }
    case "session":
      return { event_type: "session_ended", ...rest };
    case "charger_connected":
      return { event_type: "charger_online", ...rest };
    case "charger_disconnected":
      return { event_type: "charger_offline", ...rest };
    case "status": {
      if (rest.status !== "Faulted") return undefined;
      const { time, connector_id, error_code, vendor_error_code, info } = rest;
      return {
        event_type: "fault",
        ...given({ time, connector_id, error_code, vendor_error_code, info }),
      };
    }
    default:
      return undefined;
  }
}

function given(values: Record<string, JsonObject[string] | undefined>): JsonObject {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, JsonObject[string]] =>
      entry[1] !== undefined
    ),
  );
}
