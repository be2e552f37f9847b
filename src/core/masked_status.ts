// For backends that see only what is theirs: a connector is busy from start to stop of another's.

import { mayKnow } from "./backend.ts";
import { enqueue } from "./backend_outbox.ts";
import type { Backend } from "./backend_state.ts";
import { emitJsonTo } from "./json_backend.ts";
import { statusEvent } from "./json_event.ts";
import type { SessionRecord } from "./record.ts";
import { sessionOnConnector } from "./session.ts";
import type { State } from "./state.ts";
import type { Step } from "./step_context.ts";

/** What a backend may know of a connector now. */
export type View =
  /** As it is. */
  | "open"
  /** In use by somebody else. */
  | "busy"
  /** The same as before: what happens in another's session is not to be seen from outside. */
  | "still_busy";

/** What a backend may know of a connector; takes for granted that it is told, unless `still_busy`. */
export function viewOf(state: State, backend: Backend, connectorId: number): View {
  const running = connectorId > 0 ? sessionOnConnector(state, connectorId) : undefined;
  if (!running || mayKnow(backend, running.backendId)) {
    backend.busy.delete(connectorId);
    return "open";
  }
  if (backend.busy.has(connectorId)) return "still_busy";
  backend.busy.add(connectorId);
  return "busy";
}

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
