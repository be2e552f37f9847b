// GetCompositeSchedule, answered from the backend's own profiles alone (OCPP 1.6, section 5.7).

import { formatTime } from "../ocpp/time.ts";
import type { ChargingSchedule } from "../ocpp/types.ts";
import { type Command, refuse, reply } from "./backend_command.ts";
import { roundDown } from "./charging_profile.ts";
import { compositeCurve } from "./composite_schedule.ts";
import { connectorIds } from "./connector_ids.ts";
import { runningTransactions } from "./effective_limit.ts";
import { constant, type Curve, firstOf, type TimeSpan } from "./limit_curve.ts";
import type { State } from "./state.ts";

/** Longer schedules are cut, s. */
const LONGEST_S = 7 * 86_400;

/** What the backend's own profiles come to; where they say nothing, the owner's cap. */
export function getCompositeSchedule(command: Command<"GetCompositeSchedule">): void {
  const { step, backend, request } = command;
  const { state, now } = step;
  const { connectorId, duration, chargingRateUnit = "A" } = request;
  const connectors = connectorIds(state);
  if (!backend.configuration.permissions.has("read")) {
    return refuse(command as Command, 'it lacks "read"');
  }
  if ((connectorId !== 0 && !connectors.includes(connectorId)) || duration < 0) {
    return refuse(command as Command, `there is no connector ${connectorId}`);
  }
  const from = Math.floor(now / 1000) * 1000;
  const span = { from, until: from + 1000 * Math.min(duration, LONGEST_S) };
  const own = state.limits.profiles.filter(({ backendId }) => backendId === backend.id);
  const running = runningTransactions(state);
  const supply = state.configuration.charger;
  const curve = compositeCurve(own, connectorId, connectors, running, span, supply);
  const { maxCurrentA } = supply;
  const said = maxCurrentA === undefined
    ? curve
    : firstOf([curve, constant(maxCurrentA, Infinity, span)], span);
  const chargingSchedule = scheduleOf(state, said, span, chargingRateUnit);
  reply(command as Command, {
    status: "Accepted",
    ...chargingSchedule && {
      connectorId,
      scheduleStart: formatTime(from),
      chargingSchedule,
    },
  });
}

/** From the beginning of the span to where nothing is limited any more. */
function scheduleOf(
  { configuration }: State,
  curve: Curve,
  { from, until }: TimeSpan,
  chargingRateUnit: "A" | "W",
): ChargingSchedule | undefined {
  const { voltageV, phases: usual } = configuration.charger;
  const gap = curve.findIndex(({ limit }) => limit === undefined);
  const limited = gap < 0 ? curve : curve.slice(0, gap);
  if (limited.length === 0 || until <= from) return undefined;
  const end = gap < 0 ? until : curve[gap]!.at;
  const chargingSchedulePeriod: ChargingSchedule["chargingSchedulePeriod"] = [];
  for (const { at, limit } of limited) {
    const { limitA, phases } = limit!;
    const factor = chargingRateUnit === "A" ? 1 : voltageV * (phases ?? usual);
    const startPeriod = Math.floor((at - from) / 1000);
    if (chargingSchedulePeriod.at(-1)?.startPeriod === startPeriod) chargingSchedulePeriod.pop();
    chargingSchedulePeriod.push({
      startPeriod,
      limit: roundDown(limitA * factor),
      ...phases !== undefined && { numberPhases: phases },
    });
  }
  return { duration: Math.floor((end - from) / 1000), chargingRateUnit, chargingSchedulePeriod };
}
