// The effective limit: at each time the lowest of what owner, rules and backends allow.

import { chargePointCurve, connectorCurve, type Running } from "./composite_schedule.ts";
import { connectorIds } from "./connector_ids.ts";
import { constant, type Curve, lowest, type TimeSpan } from "./limit_curve.ts";
import type { StoredProfile } from "./limit_state.ts";
import { openSessions } from "./session.ts";
import type { State } from "./state.ts";

/** So far ahead the limit is known to the charger, should the proxy be gone. */
const HORIZON_MS = 86_400_000;

/** What one source allows, and in whose name. */
export interface Source {
  /** A person reads it: "the owner's cap", "rule 'evening'", "evcc". */
  readonly name: string;
  readonly curve: Curve;
}

export interface EffectiveLimit {
  readonly span: TimeSpan;
  /** What all connectors may draw together. */
  readonly whole: Curve;
  /** What each connector may draw besides. */
  readonly connectors: ReadonlyMap<number, Curve>;
  /** What goes on for ever, A per phase; undefined: nothing does. */
  readonly lastingA: number | undefined;
  /** When any of it says something else, epoch milliseconds; undefined: not within the span. */
  readonly nextChange: number | undefined;
}

/** Everything that limits, for the next HORIZON_MS. */
export function effectiveLimit(state: State, now: number): EffectiveLimit {
  const span = { from: now, until: now + HORIZON_MS };
  const whole = lowest(wholeSources(state, span).map(({ curve }) => curve), span);
  const connectors = new Map(
    connectorIds(state).map((id) => {
      const curves = connectorSources(state, id, span).map(({ curve }) => curve);
      return [id, lowest(curves, span)];
    }),
  );
  const changes = [whole, ...connectors.values()].map((curve) => curve[1]?.at ?? Infinity);
  const nextChange = Math.min(...changes);
  return {
    span,
    whole,
    connectors,
    lastingA: lasting(state),
    nextChange: nextChange === Infinity ? undefined : nextChange,
  };
}

/** What holds for the charger as a whole. */
export function wholeSources(state: State, span: TimeSpan): Source[] {
  const { configuration, control, limits } = state;
  const { maxCurrentA, fallbackCurrentA } = configuration.charger;
  const sources: Source[] = [];
  const add = (name: string, limitA: number, until = Infinity) =>
    sources.push({ name, curve: constant(limitA, until, span) });
  if (maxCurrentA !== undefined) add("the owner's cap", maxCurrentA);
  const { ownerLimit, mode, lease } = control;
  if (ownerLimit) add("the owner's limit", ownerLimit.currentA, ownerLimit.until);
  if (mode.mode === "paused") add("the owner's pause", 0, control.modeUntil);
  if (lease?.limit) add(`rule '${lease.limit.rule}'`, lease.limit.currentA);
  if (limits.fallback) add("the fallback", fallbackCurrentA);
  for (const [backendId, profiles] of byBackend(state)) {
    const curve = chargePointCurve(profiles, span, configuration.charger);
    sources.push({ name: backendId, curve });
  }
  return sources;
}

/** What backends want for one connector. */
export function connectorSources(state: State, connectorId: number, span: TimeSpan): Source[] {
  const { charger } = state.configuration;
  const running = runningTransactions(state);
  return [...byBackend(state)].map(([name, profiles]) => ({
    name,
    curve: connectorCurve(profiles, connectorId, running, span, charger),
  }));
}

/** The transactions that relative schedules count from; of one connector the newest. */
export function runningTransactions(state: State): Running[] {
  return openSessions(state).reverse();
}

function byBackend({ limits }: State): Map<string, StoredProfile[]> {
  return Map.groupBy(limits.profiles, ({ backendId }) => backendId);
}

/** A limit of 0 never lasts: should the proxy be gone, it is forgotten after HORIZON_MS. */
function lasting({ configuration, control: { ownerLimit } }: State): number | undefined {
  const lasts = ownerLimit && ownerLimit.until === undefined && ownerLimit.currentA > 0;
  const leastA = Math.min(
    configuration.charger.maxCurrentA ?? Infinity,
    lasts ? ownerLimit.currentA : Infinity,
  );
  return leastA === Infinity ? undefined : leastA;
}
