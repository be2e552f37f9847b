// From the effective limit to profiles that a charger takes: its unit, its periods, its forms.

import { formatTime } from "../ocpp/time.ts";
import type { Messages } from "../ocpp/types.ts";
import { roundDown } from "./charging_profile.ts";
import type { EffectiveLimit } from "./effective_limit.ts";
import { type Curve, divided, limitAt, lowest } from "./limit_curve.ts";
import type { LimitContent, LimitPeriod } from "./limit_state.ts";
import type { State } from "./state.ts";

/** A schedule begins a little in the past: clocks of chargers are late (evcc does the same). */
const START_EARLY_MS = 60_000;

/** Only what differs so soon is sent again. */
const LOOK_AHEAD_MS = 3_600_000;

/** What a charger says of its smart charging (OCPP 1.6, section 9.4). */
interface Abilities {
  readonly unit: "A" | "W";
  readonly stackLevel: number;
  readonly maxPeriods: number;
}

/** One profile to be: where it goes, and what it limits. */
interface Slot {
  readonly id: number;
  readonly connectorId: number;
  readonly purpose: LimitContent["purpose"];
  readonly curve: Curve;
  /** A per phase; undefined: nothing goes on for ever. */
  readonly lastingA: number | undefined;
}

/** What the charger should have now, by profile id. */
export function planLimits(
  state: State,
  effective: EffectiveLimit,
  now: number,
): Map<number, LimitContent> {
  const plan = new Map<number, LimitContent>();
  for (const slot of slots(state, effective)) {
    const content = contentOf(state, slot, effective.span.until, now);
    if (content) plan.set(slot.id, content);
  }
  return plan;
}

/** The ids are the connectors' own, and the next one for the whole: some chargers know few ids. */
function slots({ limits }: State, effective: EffectiveLimit): Slot[] {
  const { span, whole, connectors, lastingA } = effective;
  const ids = [...connectors.keys()];
  const wholeId = Math.max(...ids) + 1;
  const onWhole = {
    id: wholeId,
    connectorId: 0,
    purpose: "ChargePointMaxProfile",
    lastingA,
  } as const;
  if (limits.form === "whole") {
    return [{ ...onWhole, curve: lowest([whole, ...connectors.values()], span) }];
  }
  const on = (id: number) => ({ id, connectorId: id, purpose: "TxDefaultProfile" }) as const;
  if (ids.length === 1 || limits.shared) {
    const each = divided(whole, ids.length);
    return [...connectors].map(([id, own]) => ({
      ...on(id),
      curve: lowest([own, each], span),
      lastingA: lastingA === undefined ? undefined : lastingA / ids.length,
    }));
  }
  return [
    { ...onWhole, curve: whole },
    ...[...connectors].map(([id, curve]) => ({ ...on(id), curve, lastingA: undefined })),
  ];
}

function contentOf(
  state: State,
  slot: Slot,
  horizon: number,
  now: number,
): LimitContent | undefined {
  const { limits, configuration } = state;
  if (limitAt(slot.curve, now) === undefined) return undefined;
  const able = abilities(state);
  const inUnit = (limitA: number, phases: number | undefined) => {
    const { voltageV, phases: usual } = configuration.charger;
    return roundDown(able.unit === "A" ? limitA : limitA * voltageV * (phases ?? usual));
  };
  const gap = slot.curve.find(({ limit, at }) => limit === undefined && at > now)?.at;
  const periods: LimitPeriod[] = [];
  for (const { at, limit } of slot.curve) {
    if (limit === undefined) break;
    append(periods, {
      at,
      limit: inUnit(limit.limitA, limit.phases),
      phases: limit.phases,
    });
  }
  const lasting = slot.lastingA === undefined ? undefined : inUnit(slot.lastingA, undefined);
  if (gap === undefined && lasting !== undefined) {
    append(periods, { at: horizon, limit: lasting, phases: undefined });
  }
  const least = inUnit(configuration.charger.fallbackCurrentA, undefined);
  const maxPeriods = limits.form === "absolute" ? able.maxPeriods : 1;
  const cut = cutPeriods(periods, maxPeriods);
  // What is cut short, and is too low to be left behind, ends with what is known.
  const lasts = gap === undefined && lasting !== undefined &&
    (cut.length === periods.length || cut.at(-1)!.limit >= least);
  const { id, connectorId, purpose } = slot;
  return {
    id,
    connectorId,
    purpose,
    kind: limits.form === "absolute" ? "Absolute" : "Relative",
    stackLevel: limits.form === "absolute" ? able.stackLevel : 0,
    unit: able.unit,
    periods: cut,
    endsAt: lasts ? undefined : Math.ceil((gap ?? horizon) / 1000) * 1000,
    exactUntil: cut.length === periods.length
      ? gap ?? horizon
      : periods[Math.max(1, cut.length - 1)]!.at,
  };
}

/** Adds a period: lower ones begin up to a second early, higher ones up to a second late. */
function append(periods: LimitPeriod[], { at, limit, phases }: LimitPeriod): void {
  const last = periods.at(-1);
  if (last && last.limit === limit && last.phases === phases) return;
  const second = last && limit > last.limit ? Math.ceil(at / 1000) * 1000 : wholeSecond(at);
  if (last && second <= last.at) {
    periods.pop();
    return append(periods, { at: last.at, limit: Math.min(limit, last.limit), phases });
  }
  periods.push({ at: second, limit, phases });
}

function wholeSecond(at: number): number {
  return Math.floor(at / 1000) * 1000;
}

/**
 * At most so many periods, the last of them the lowest of what it stands for. Of one period alone
 * only what counts now is left: with each change it is sent anew.
 */
function cutPeriods(periods: readonly LimitPeriod[], most: number): readonly LimitPeriod[] {
  if (periods.length <= most) return periods;
  if (most <= 1) return periods.slice(0, 1);
  const rest = periods.slice(most - 1);
  const limit = Math.min(...rest.map((period) => period.limit));
  return [...periods.slice(0, most - 1), { ...rest[0]!, limit }];
}

/** What the charger says that it can; of what it does not say, the least. */
function abilities({ charger }: State): Abilities {
  const value = (key: string) =>
    charger.configuration?.find((row) => row.key.toLowerCase() === key)?.value ?? "";
  const units = value("chargingscheduleallowedchargingrateunit").toLowerCase().split(",")
    .map((item) => item.trim());
  const knowsA = units.some((unit) => unit === "a" || unit === "current");
  const knowsW = units.some((unit) => unit === "w" || unit === "power");
  const level = Number(value("chargeprofilemaxstacklevel"));
  const most = Number(value("chargingschedulemaxperiods"));
  return {
    unit: knowsW && !knowsA ? "W" : "A",
    stackLevel: Number.isInteger(level) && level > 0 ? level : 0,
    maxPeriods: Number.isInteger(most) && most > 1 ? most : 1,
  };
}

/** SetChargingProfile; `oldestStart`: when the oldest running transaction began. */
export function setRequest(
  content: LimitContent,
  now: number,
  oldestStart: number,
): Messages["SetChargingProfile"]["request"] {
  const { id, connectorId, purpose, kind, stackLevel, unit, periods, endsAt } = content;
  const absolute = kind === "Absolute";
  const start = wholeSecond(now) - START_EARLY_MS;
  // A relative one counts from the beginning of a transaction, be it this or the next.
  const countsFrom = absolute ? start : Math.min(oldestStart, now);
  return {
    connectorId,
    csChargingProfiles: {
      chargingProfileId: id,
      stackLevel,
      chargingProfilePurpose: purpose,
      chargingProfileKind: kind,
      chargingSchedule: {
        ...endsAt !== undefined && { duration: Math.ceil((endsAt - countsFrom) / 1000) },
        ...absolute && { startSchedule: formatTime(start) },
        chargingRateUnit: unit,
        chargingSchedulePeriod: periods.map(({ at, limit, phases }, index) => ({
          startPeriod: index === 0 ? 0 : (at - start) / 1000,
          limit,
          ...phases !== undefined && { numberPhases: phases },
        })),
      },
    },
  };
}

/** Whether the charger has to be told: what it has is not what it should have in the coming hour. */
export function differs(have: LimitContent, want: LimitContent, now: number): boolean {
  const sameForm = have.connectorId === want.connectorId && have.purpose === want.purpose &&
    have.kind === want.kind && have.stackLevel === want.stackLevel && have.unit === want.unit;
  if (!sameForm) return true;
  const until = Math.min(now + LOOK_AHEAD_MS, want.exactUntil);
  const times = [have, want].flatMap(({ periods, endsAt }) => [
    ...periods.map(({ at }) => at),
    ...endsAt === undefined ? [] : [endsAt],
  ]);
  return [now, ...times.filter((at) => at > now && at < until)].some((at) => {
    const [a, b] = [periodAt(have, at), periodAt(want, at)];
    return a?.limit !== b?.limit || a?.phases !== b?.phases;
  });
}

/** What a profile says at a time; undefined: nothing. */
export function periodAt({ periods, endsAt }: LimitContent, at: number): LimitPeriod | undefined {
  if (endsAt !== undefined && at >= endsAt) return undefined;
  return periods.findLast((period) => period.at <= at) ?? periods[0];
}
