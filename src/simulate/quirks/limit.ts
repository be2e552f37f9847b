// Quirks of charging profiles: units, zeros, steps, and limits that do not last.

import { isJsonObject, type JsonObject } from "../../ocpp/json.ts";
import { parseTime } from "../../ocpp/time.ts";
import type { VirtualCharger } from "../charger.ts";
import type { Connector } from "../connector.ts";
import type { Quirk } from "../quirk.ts";
import { mapKeys } from "./payload.ts";

/** What NEcharge can be set to, A. */
const STEPS_A = [6, 8, 10, 13, 16];

/** The connectors whose latest transaction was limited to 0. */
const AT_ZERO = new WeakSet<Connector>();

function profileOf({ csChargingProfiles }: JsonObject): JsonObject {
  return isJsonObject(csChargingProfiles) ? csChargingProfiles : {};
}

function scheduleOf(request: JsonObject): JsonObject {
  const { chargingSchedule } = profileOf(request);
  return isJsonObject(chargingSchedule) ? chargingSchedule : {};
}

/** Rejects the SetChargingProfile that match. */
function rejects(
  matches: (request: JsonObject, charger: VirtualCharger) => boolean,
): Pick<Quirk, "instead"> {
  return {
    instead: {
      SetChargingProfile: (request, charger) =>
        matches(request, charger) ? { status: "Rejected" } : undefined,
    },
  };
}

/** Knows one unit of limits only, and says so. */
function onlyUnit(
  letter: "A" | "W",
  word: "Current" | "Power",
): Pick<Quirk, "instead" | "answers"> {
  return {
    ...rejects((request) => scheduleOf(request).chargingRateUnit !== letter),
    answers: {
      GetConfiguration: (answer) =>
        mapKeys(
          answer,
          (row) =>
            row.key === "ChargingScheduleAllowedChargingRateUnit" ? { ...row, value: word } : row,
        ),
    },
  };
}

export const LIMIT_QUIRKS: readonly Quirk[] = [
  {
    name: "watts-only",
    brands: ["huawei"],
    does: "takes limits in watts only",
    source: "traktore-org/sem-community#976",
    ...onlyUnit("W", "Power"),
  },
  {
    name: "amps-only",
    brands: ["go-e"],
    does: "takes limits in amperes only",
    source: "goecharger/go-eCharger-API-v2#155",
    ...onlyUnit("A", "Current"),
  },
  {
    name: "zero-limit-stops",
    brands: ["huawei"],
    does: "ends a transaction whose limit is 0, and every later one until the limit is cleared",
    source: "traktore-org/sem-community#977, evcc-io/evcc#29272",
    ticks: (charger) => {
      for (const connector of charger.connectors) {
        if (connector.transaction && connector.offeredA === 0) connector.stop("Other");
      }
    },
  },
  {
    name: "zero-limit-fault",
    brands: ["evbox", "abb"],
    does: "breaks until a restart when the car is unplugged at a limit of 0",
    source: "evcc-io/evcc#12821, evcc-io/evcc#29809",
    ticks: (charger) => {
      for (const connector of charger.connectors) {
        const throttled = connector.offeredA === 0;
        if (connector.transaction && throttled) AT_ZERO.add(connector);
        else if (connector.transaction || connector.vehicle) AT_ZERO.delete(connector);
        else if (AT_ZERO.delete(connector)) connector.fail("InternalError");
      }
    },
  },
  {
    name: "no-charge-point-max",
    brands: ["grizzl-e", "evbox"],
    does: "rejects ChargePointMaxProfile",
    source: "lbbrhzn/ocpp#1703",
    ...rejects((request) => profileOf(request).chargingProfilePurpose === "ChargePointMaxProfile"),
  },
  {
    name: "stack-level-zero",
    brands: ["abb", "wallbox"],
    does: "rejects profiles with a stackLevel above 0",
    source: "evcc-io/evcc#15801, evcc-io/evcc#25042",
    ...rejects((request) => profileOf(request).stackLevel !== 0),
    answers: {
      GetConfiguration: (answer) =>
        mapKeys(
          answer,
          (row) => row.key === "ChargeProfileMaxStackLevel" ? { ...row, value: "0" } : row,
        ),
    },
  },
  {
    name: "relative-only",
    brands: ["wallbox"],
    does: "rejects profiles that are not Relative",
    source: "evcc-io/evcc#22139",
    ...rejects((request) => profileOf(request).chargingProfileKind !== "Relative"),
  },
  {
    name: "no-future-start",
    brands: [],
    does: "rejects a schedule that does not start in the past of its own clock",
    source: "evcc-io/evcc#16430",
    ...rejects((request, charger) => {
      const { startSchedule } = scheduleOf(request);
      const start = startSchedule === undefined ? undefined : parseTime(String(startSchedule));
      return start !== undefined && start > charger.clock.now();
    }),
  },
  {
    name: "stepped-limits",
    brands: ["necharge"],
    does: `rounds limits down to ${STEPS_A.join(", ")} A`,
    source: "evcc-io/evcc#31631",
    hears: {
      SetChargingProfile: (request) => {
        const schedule = scheduleOf(request);
        const periods = schedule.chargingSchedulePeriod;
        if (schedule.chargingRateUnit !== "A" || !Array.isArray(periods)) return request;
        const stepped = periods.filter(isJsonObject).map((period) => ({
          ...period,
          limit: STEPS_A.findLast((step) => step <= Number(period.limit)) ?? 0,
        }));
        const chargingSchedule = { ...schedule, chargingSchedulePeriod: stepped };
        return { ...request, csChargingProfiles: { ...profileOf(request), chargingSchedule } };
      },
    },
  },
  {
    name: "rejects-limits",
    brands: [],
    does: "rejects every charging profile",
    source: "lbbrhzn/ocpp#2049, lbbrhzn/ocpp#2052",
    ...rejects(() => true),
  },
  {
    name: "limit-lost-at-restart",
    brands: ["grizzl-e"],
    does: "forgets charging profiles when it restarts",
    source: "lbbrhzn/ocpp",
    traits: { limitsForgottenAtRestart: true },
  },
];
