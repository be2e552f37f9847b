// When the core wants to be woken: the earliest of everything that waits for the clock.

import { heartbeatAt } from "./backend_outbox.ts";
import type { Backend } from "./backend_state.ts";
import { BOOT_WAIT_MS, bootlessAt } from "./charge_point.ts";
import { turnDeadline } from "./call_queue.ts";
import { limitDeadline } from "./charging_limit.ts";
import { controlDeadline } from "./control_tick.ts";
import { lostAt } from "./lost_stop.ts";
import { openSessions } from "./session.ts";
import type { State } from "./state.ts";

/** Epoch milliseconds of the next `tick`; Infinity: nothing waits. */
export function nextDeadline(state: State): number {
  let at = Infinity;
  const consider = (time: number | undefined) => {
    if (time !== undefined && time < at) at = time;
  };
  const { charger } = state;
  for (const { deadline } of charger.awaiting) consider(deadline);
  consider(charger.pending?.deadline);
  for (const call of charger.queue) consider(turnDeadline(call));
  if (charger.connection !== undefined) {
    consider(charger.clearAt);
    if (charger.queue.length > 0 && !charger.pending) consider(charger.readyAt);
    if (!charger.boot && !charger.bootAsked) consider(charger.connectedAt + BOOT_WAIT_MS);
    consider(bootlessAt(charger));
  }
  for (const session of openSessions(state)) {
    const lost = lostAt({ state }, session);
    if (lost !== undefined) consider(Math.max(lost, state.storeRetryAt ?? 0));
  }
  consider(controlDeadline(state));
  consider(limitDeadline(state));
  for (const backend of state.backends.values()) consider(backendDeadline(state, backend));
  return at;
}

function backendDeadline(state: State, backend: Backend): number | undefined {
  const { link, pending, delivery } = backend;
  if (link.type === "waiting") return link.until;
  if (link.type !== "open") return undefined;
  if (link.protocol === "json") {
    const unread = delivery.reading === undefined && delivery.notBefore > 0;
    return unread ? delivery.notBefore : undefined;
  }
  if (pending) return pending.deadline;
  if (backend.bootAt !== undefined) return state.charger.boot ? backend.bootAt : undefined;
  if (backend.registration !== "accepted") return undefined;
  const next = heartbeatAt(backend);
  const waits = backend.cursor < state.log.lastSequence && delivery.reading === undefined;
  return waits && delivery.notBefore > 0 ? Math.min(next, delivery.notBefore) : next;
}
