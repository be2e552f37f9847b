// The CALLs that wait for the charger: until when, and whose turn it is.

import type { ChargerCall, State } from "./state.ts";

/** A CALL that has not had its turn after this long is refused: its backend gives up at 30 s. */
const QUEUE_WAIT_MS = 20_000;

/** The CALL that is in flight, and those that wait for their turn. */
export function callsUnderWay({ charger: { pending, queue } }: State): readonly ChargerCall[] {
  return pending ? [pending.call, ...queue] : queue;
}

/**
 * Whether a CALL brings what the owner, or the proxy, has decided: the one limit that is under way, or
 * the end of a transaction. It is taken out of the queue when that is not so any more.
 */
export function isDecided({ origins }: ChargerCall): boolean {
  return origins.every(({ type }) => type === "limit" || type === "own_stop");
}

/** Until when a CALL may wait for its turn, epoch milliseconds; Infinity: as long as it takes. */
export function turnDeadline(call: ChargerCall): number {
  return isDecided(call) ? Infinity : call.queuedAt + QUEUE_WAIT_MS;
}

/** Takes out the next: an urgent one, else of whoever has waited longest; each in its own order. */
export function takeNext(queue: ChargerCall[], served: readonly string[]): ChargerCall | undefined {
  const turn = (call: ChargerCall) => call.backendId ? served.indexOf(call.backendId) : -1;
  const next = queue.find((call) => call.urgent) ?? queue.reduce<ChargerCall | undefined>(
    (best, call) => best === undefined || turn(call) < turn(best) ? call : best,
    undefined,
  );
  if (next) queue.splice(queue.indexOf(next), 1);
  return next;
}
