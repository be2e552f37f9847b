// Quirks of time: zones, clocks that were never set, and messages that come late.

import { formatTime, parseTime } from "../../ocpp/time.ts";
import type { VirtualCharger } from "../charger.ts";
import type { Quirk } from "../quirk.ts";
import { mapTimes } from "./payload.ts";

/** How far the local time of these chargers is ahead of UTC, ms. */
const AHEAD_MS = 2 * 3_600_000;

/** When each charger was first heard: what the clocks that were never set count from. */
const POWERED_AT = new WeakMap<VirtualCharger, number>();

/** The time since the charger was first heard, as if that had been when 1970 began. */
function sincePower(text: string, charger: VirtualCharger): string {
  const poweredAt = POWERED_AT.get(charger) ?? charger.clock.now();
  POWERED_AT.set(charger, poweredAt);
  return formatTime(Math.max(0, (parseTime(text) ?? 0) - poweredAt));
}

function shifted(text: string, byMs: number): string {
  return formatTime((parseTime(text) ?? 0) + byMs);
}

/** All messages with their times written in another way. */
function written(
  change: (text: string, charger: VirtualCharger) => string,
): Pick<Quirk, "says"> {
  return {
    says: { "*": (payload, charger) => mapTimes(payload, (text) => change(text, charger)) },
  };
}

export const TIME_QUIRKS: readonly Quirk[] = [
  {
    name: "local-time",
    brands: ["growatt"],
    does: "writes local time, two hours ahead, without a zone",
    source: "evcc-io/evcc#10399, lbbrhzn/ocpp#1514",
    ...written((text) => shifted(text, AHEAD_MS).replace("Z", "")),
  },
  {
    name: "short-offset",
    brands: [],
    does: "writes the offset of its zone as +02",
    source: "monta-app/ocpp-emulator#5, monta-app/ocpp-emulator#53",
    ...written((text) => shifted(text, AHEAD_MS).replace("Z", "+02")),
  },
  {
    name: "year-1970",
    brands: ["microocpp", "warp"],
    does: "has a clock that was never set: it begins in 1970",
    source: "matth-x/MicroOcpp#311, matth-x/MicroOcpp#354",
    ...written(sincePower),
  },
  {
    name: "local-as-utc",
    brands: ["chago"],
    does: "labels local time, two hours ahead, as UTC",
    source: "steve-community/steve#136",
    ...written((text) => shifted(text, AHEAD_MS)),
  },
  {
    name: "zero-time",
    brands: [],
    does: "writes 0001-01-01T00:00:00Z as the time of its statuses",
    source: "lorenzodonini/ocpp-go#20",
    says: {
      StatusNotification: (payload) => mapTimes(payload, () => "0001-01-01T00:00:00Z"),
    },
  },
  {
    name: "no-timestamp",
    brands: [],
    does: "leaves out the times of statuses and meter values",
    source: "evcc-io/evcc#3930",
    says: {
      StatusNotification: (payload) => mapTimes(payload, () => undefined),
      MeterValues: (payload) => mapTimes(payload, () => undefined),
    },
  },
  {
    name: "late-status",
    brands: [],
    does: "replays an Available of an hour ago behind its other statuses when it reconnects",
    source: "evcc-io/evcc charger/ocpp timestampValid",
    adds: {
      StatusNotification: (payload, charger) => {
        const current = charger.queue.online || payload.status === "Available";
        if (payload.connectorId === 0 || current) return [];
        const late = mapTimes(payload, (text) => shifted(text, -3_600_000));
        return [{ action: "StatusNotification", payload: { ...late, status: "Available" } }];
      },
    },
  },
];
