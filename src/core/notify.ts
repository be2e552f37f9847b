// What every backend is told as it happens: boots, states, and what need not be kept.

import type { JsonObject } from "../ocpp/json.ts";
import type { Action } from "../ocpp/types.ts";
import { enqueue, pump } from "./backend_outbox.ts";
import type { Backend } from "./backend_state.ts";
import type { State } from "./state.ts";
import type { Step } from "./step_context.ts";

/** The charger has booted: every backend sees its own BootNotification, and the states again. */
export function announceBoot(step: Step): void {
  for (const backend of step.state.backends.values()) {
    if (backend.link.type !== "open" || backend.link.protocol !== "ocpp1.6") {
      // It hears of this boot when it is back, whatever `boot_on_reconnect` says.
      backend.known = false;
      continue;
    }
    if (backend.registration === "accepted" || backend.bootAt === undefined) {
      backend.bootAt = step.now;
    }
    pump(step, backend);
  }
}

/** After an accepted Boot: the newest state of every connector, the whole charger first. */
export function replayStatus(step: Step, backend: Backend): void {
  if (!backend.configuration.permissions.has("receive")) return;
  const ids = [...step.state.charger.connectors.keys()].sort((a, b) => a - b);
  for (const connectorId of ids) {
    enqueue(step, backend, { type: "status", connectorId, live: false });
  }
}

/** Tells every backend that may receive it a connector's new state. */
export function notifyStatus(step: Step, connectorId: number): void {
  for (const backend of receivers(step.state)) {
    if (backend.registration !== "accepted") continue;
    enqueue(step, backend, { type: "status", connectorId, live: true });
  }
}

/** Tells the backends that `may` know it something that is not kept for those who are away. */
export function notifySubset(
  step: Step,
  action: Action,
  payload: JsonObject,
  may: (backend: Backend) => boolean,
): void {
  for (const backend of receivers(step.state)) {
    if (backend.registration === "accepted" && may(backend)) {
      enqueue(step, backend, { type: "notice", action, payload });
    }
  }
}

function receivers(state: State): Backend[] {
  return [...state.backends.values()].filter((backend) =>
    backend.configuration.permissions.has("receive")
  );
}
