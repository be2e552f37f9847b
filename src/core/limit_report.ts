// The effective limit in words: what counts now, in whose name, and whether the charger has it.

import type { JsonObject } from "../ocpp/json.ts";
import { formatTime } from "../ocpp/time.ts";
import { connectorIds } from "./connector_ids.ts";
import { connectorSources, effectiveLimit, type Source, wholeSources } from "./effective_limit.ts";
import { limitAt } from "./limit_curve.ts";
import { isRefused } from "./limit_form.ts";
import { differs, planLimits } from "./limit_plan.ts";
import type { State } from "./state.ts";

/** What counts now. A limit that the charger has not confirmed is not reported as applied. */
export function limitReport(state: State, now: number): JsonObject {
  const effective = effectiveLimit(state, now);
  const { span, nextChange } = effective;
  const { limits, charger } = state;
  const plan = planLimits(state, effective, now);
  const due = [...plan.values()].some((content) => {
    const have = limits.installed.get(content.id);
    return !have?.confirmed || differs(have, content, now);
  });
  const surplus = [...limits.installed.keys()].some((id) => !plan.has(id));
  const there = charger.connection !== undefined;
  const applied = !due && !surplus && (there || plan.size === 0);
  return {
    ...lowestNow(wholeSources(state, span), now),
    until: nextChange === undefined ? null : formatTime(nextChange),
    applied,
    problem: applied ? null : problemOf({
      there,
      surplus,
      due,
      refused: isRefused(state, effective, now),
    }),
    connectors: connectorIds(state).map((id) => ({
      connector_id: id,
      ...lowestNow(connectorSources(state, id, span), now),
    })),
  };
}

function lowestNow(sources: readonly Source[], now: number): JsonObject {
  let least: { current_a: number | null; by: string | null } = { current_a: null, by: null };
  for (const { name, curve } of sources) {
    const limit = limitAt(curve, now);
    if (limit && limit.limitA < (least.current_a ?? Infinity)) {
      least = { current_a: Math.round(limit.limitA * 100) / 100, by: name };
    }
  }
  return least;
}

/** `due`: something is to be told; `surplus`: something is to be cleared. */
function problemOf(
  { there, surplus, due, refused }: Readonly<
    Record<"there" | "surplus" | "due" | "refused", boolean>
  >,
): string {
  if (!there) {
    return surplus
      ? "the charger is not connected, and still has an old limit of ours"
      : "the charger is not connected";
  }
  if (!due) return "the charger still has an old limit of ours";
  return refused
    ? "the charger takes no charging profile"
    : "the charger has not confirmed the limit yet";
}
