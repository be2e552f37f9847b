// Who has control, who charges, and who comes before whom (contract, section 5, point 6).

import { barOf, type ControlRequest, type Denial, type Objection } from "./objection.ts";
import { openSessions } from "./session.ts";
import type { State } from "./state.ts";

/** What is worth ending somebody else's transaction for: something new that begins. */
const BEGINS: ReadonlySet<string> = new Set(["request_control", "RemoteStartTransaction"]);

/** Where somebody stands who may have control. */
export type Standing =
  | { readonly type: "granted"; readonly renewed: boolean; readonly reason: string }
  | { readonly type: "handover"; readonly from: string; readonly reason: string };

/** What the present holder, and whoever charges, mean for a request (section 5, point 6). */
export function conflict(
  state: State,
  { backendId, action }: ControlRequest,
  now: number,
): Standing | Denial {
  const { lease, handover } = state.control;
  if (lease?.backendId === backendId) {
    return { type: "granted", renewed: true, reason: "renewed: it holds control already" };
  }
  if (handover) {
    return handover.backendId === backendId
      ? { type: "handover", from: handover.from, reason: handover.reason }
      : locked(`${handover.backendId} is taking over control`);
  }
  const running = openSessions(state)
    .filter((session) => session.backendId !== null && session.backendId !== backendId);
  const [foreign] = running;
  if (foreign) {
    const what = `a transaction of ${foreign.backendId} is running`;
    if (!BEGINS.has(action)) {
      return isGiven(state, backendId)
        ? { type: "granted", renewed: false, reason: `granted: ${given(backendId)}` }
        : locked(what);
    }
    for (const session of running) {
      const since = lease?.backendId === session.backendId ? lease.grantedAt : session.startedAt;
      const objection = keepsControl(state, backendId, session.backendId!, since, what, now);
      if (objection) return objection;
    }
    const from = foreign.backendId!;
    return { type: "handover", from, reason: precedence(state, backendId, from) };
  }
  const starter = starting(state, now).find((id) => id !== backendId);
  if (starter !== undefined) {
    return locked(`${starter} is starting a transaction`);
  }
  if (lease === undefined) {
    return { type: "granted", renewed: false, reason: "granted: nobody else holds control" };
  }
  const what = lease.transactionId === undefined
    ? `${lease.backendId} holds control`
    : `${lease.backendId} controls the running transaction`;
  return keepsControl(state, backendId, lease.backendId, lease.grantedAt, what, now) ?? {
    type: "granted",
    renewed: false,
    reason: `granted: ${precedence(state, backendId, lease.backendId)}`,
  };
}

/** Why `holder` keeps control from `backendId`; undefined: it has to let go. */
function keepsControl(
  state: State,
  backendId: string,
  holder: string,
  since: number,
  what: string,
  now: number,
): Objection {
  if (isGiven(state, backendId)) return undefined;
  if (rankOf(state, backendId) <= rankOf(state, holder)) return locked(what);
  const until = since + (state.backends.get(holder)?.configuration.minHoldMs ?? 0);
  return until <= now
    ? undefined
    : locked(`${what}, and keeps control for another ${Math.ceil((until - now) / 1000)} s`);
}

/** When the present holder has to let go of control for somebody of a higher rank. */
export function minHoldEnd({ control: { lease }, backends }: State): number | undefined {
  return lease && lease.grantedAt + (backends.get(lease.backendId)?.configuration.minHoldMs ?? 0);
}

/** The owner has given control to this very backend. */
function isGiven({ control: { mode } }: State, backendId: string): boolean {
  return mode.mode === "backend" && mode.backendId === backendId;
}

function given(backendId: string): string {
  return `the owner has given control to ${backendId}`;
}

/** The higher comes first: `preferred_provider`, then `priority`. */
export function rankOf({ configuration, backends }: State, backendId: string): number {
  if (configuration.preferredProvider === backendId) return Infinity;
  return backends.get(backendId)?.configuration.priority ?? -Infinity;
}

function precedence(state: State, backendId: string, holder: string): string {
  if (isGiven(state, backendId)) return given(backendId);
  const why = rankOf(state, backendId) === Infinity
    ? "preferred_provider"
    : `priority ${rankOf(state, backendId)}`;
  return `${backendId} (${why}) comes before ${holder}`;
}

/**
 * Backends whose RemoteStartTransaction the charger has, or has accepted, and that have not begun
 * yet. One that may not charge any more is in nobody's way: its start will be refused.
 */
function starting(state: State, now: number): string[] {
  const { control: { claims }, charger } = state;
  const call = charger.pending?.call;
  const called = call?.action === "RemoteStartTransaction" ? call.backendId : undefined;
  return [
    ...claims.filter(({ expiresAt }) => expiresAt > now).map(({ backendId }) => backendId),
    ...called === undefined ? [] : [called],
  ].filter((id) => barOf(state, id) === undefined);
}

function locked(reason: string): Denial {
  return { code: "control_locked", reason };
}
