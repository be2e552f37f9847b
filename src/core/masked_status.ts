// For backends that see only what is theirs: a connector is busy from start to stop of another's.

import { enqueue } from "./backend_outbox.ts";
import { emitJsonTo } from "./json_backend.ts";
import { statusEvent } from "./json_event.ts";
import type { SessionRecord } from "./record.ts";
import type { Step } from "./step_context.ts";

/** Tells them their connector's state again: what they may see of it changes with a session. */
export function retellStatus(step: Step, session: SessionRecord): void {
  const { backends, charger } = step.state;
  const known = charger.connectors.get(session.connectorId);
  if (known === undefined) return;
  for (const backend of backends.values()) {
    const { sees, permissions } = backend.configuration;
    if (sees === "all" || backend.id === session.backendId || !permissions.has("receive")) continue;
    emitJsonTo(step, backend.id, statusEvent(known.status));
    if (backend.registration !== "accepted") continue;
    enqueue(step, backend, { type: "status", connectorId: session.connectorId, live: false });
  }
}
