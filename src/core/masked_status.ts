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

/** What a connector says only while a transaction runs, or right after it. */
const IN_TRANSACTION: ReadonlySet<string> = new Set(["Charging", "SuspendedEV", "SuspendedEVSE"]);

/** Whether what is known of a connector comes from a session that is not this backend's to see. */
export function isForeign(state: State, backend: Backend, connectorId: number): boolean {
  if (backend.configuration.sees === "all" || connectorId === 0) return false;
  const session = sessionOnConnector(state, connectorId) ?? lastSaidIn(state, connectorId);
  return session !== undefined && !mayKnow(backend, session.backendId);
}

/** The session that has ended since its connector last said anything. */
function lastSaidIn({ charger, sessions }: State, connectorId: number): SessionRecord | undefined {
  const known = charger.connectors.get(connectorId);
  if (known === undefined || !IN_TRANSACTION.has(known.status.status)) return undefined;
  const last = [...sessions.values()].findLast((session) => session.connectorId === connectorId);
  return last && known.at <= (last.stoppedAt ?? Infinity) ? last : undefined;
}

/** What a backend may know of a connector; takes for granted that it is told, unless `still_busy`. */
export function viewOf(state: State, backend: Backend, connectorId: number): View {
  if (!isForeign(state, backend, connectorId)) {
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
    if (sees === "all" || !permissions.has("receive")) continue;
    const wasBusy = backend.busy.has(session.connectorId);
    const isBusy = isForeign(step.state, backend, session.connectorId);
    if (wasBusy === isBusy) continue;
    emitJsonTo(step, backend.id, statusEvent(known.status));
    if (backend.registration !== "accepted") continue;
    enqueue(step, backend, { type: "status", connectorId: session.connectorId, live: false });
  }
}
