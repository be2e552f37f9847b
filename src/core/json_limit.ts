// `set_limit` and `clear_limit` of the simple JSON protocol (contract, section 6).

import { formatTime, parseTime } from "../ocpp/time.ts";
import type { ChargingProfile } from "../ocpp/types.ts";
import { crowd } from "./backend_profile.ts";
import { checkProfile } from "./charging_profile.ts";
import { control } from "./json_control.ts";
import { fail, originOf, type Request, succeed } from "./json_reply.ts";
import { clearLimits, guards, setLimit as keepLimit } from "./limit_command.ts";

/** Highest limits that `set_limit` takes. */
const MOST = { currentA: 1_000, powerW: 1_000_000 };

/** `set_limit`: a limit of the whole charger, answered when it has it. */
export function setLimit(request: Request): void {
  const { step, backend, body } = request;
  const { current_a: currentA, power_w: powerW, until } = body;
  if ((currentA === undefined) === (powerW === undefined)) {
    return fail(request, "invalid_request", 'exactly one of "current_a" and "power_w" is needed');
  }
  const limit = currentA !== undefined ? { currentA } : { powerW };
  const value = currentA ?? powerW;
  const most = currentA !== undefined ? MOST.currentA : MOST.powerW;
  if (typeof value !== "number" || !(value >= 0 && value <= most)) {
    return fail(request, "invalid_request", `the limit is not a number from 0 to ${most}`);
  }
  const end = typeof until === "string" ? parseTime(until) : undefined;
  if (until !== undefined && (end === undefined || end <= step.now)) {
    return fail(request, "invalid_request", '"until" is not a time in the future (ISO 8601)');
  }
  const profile = limitProfile(limit as { currentA: number } | { powerW: number }, end);
  const checked = checkProfile(
    step.state,
    backend,
    { connectorId: 0, csChargingProfiles: profile },
    step.now,
  );
  if (!checked.ok) return fail(request, "invalid_request", checked.reason);
  const full = crowd(step.state, checked.value);
  if (full) return fail(request, "denied", full);
  if (guards(step, backend, undefined)) {
    if (step.state.charger.connection === undefined) {
      return fail(request, "charger_offline", "the charger is not connected");
    }
    return keepLimit(step, originOf(request), checked.value, { guard: true, fresh: false });
  }
  const lease = control(request, "limit", undefined);
  if (!lease) return;
  keepLimit(step, originOf(request), checked.value, { guard: false, fresh: lease.fresh });
}

/** `clear_limit`: takes back whatever this backend has set. */
export function clearLimit(request: Request): void {
  const { step, backend } = request;
  if (!clearLimits(step, originOf(request), backend.id, () => true)) succeed(request, true);
}

/** A limit in so many words (`set_limit`), as a profile of the whole charger. */
function limitProfile(
  limit: { readonly currentA: number } | { readonly powerW: number },
  until: number | undefined,
): ChargingProfile {
  const inA = "currentA" in limit;
  return {
    chargingProfileId: 1,
    stackLevel: 0,
    chargingProfilePurpose: "ChargePointMaxProfile",
    chargingProfileKind: "Relative",
    ...until !== undefined && { validTo: formatTime(until) },
    chargingSchedule: {
      chargingRateUnit: inA ? "A" : "W",
      chargingSchedulePeriod: [{ startPeriod: 0, limit: inA ? limit.currentA : limit.powerW }],
    },
  };
}
