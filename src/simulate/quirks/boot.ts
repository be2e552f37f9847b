// Quirks of booting, and of what upsets a charger that has just booted.

import { formatTime } from "../../ocpp/time.ts";
import type { Quirk } from "../quirk.ts";

export const BOOT_QUIRKS: readonly Quirk[] = [
  {
    name: "no-boot",
    brands: ["wallbox"],
    does: "never sends BootNotification",
    source: "evcc-io/evcc#28539, evcc-io/evcc#25069, evcc-io/evcc#27309",
    withholds: {
      BootNotification: (_payload, charger) => ({
        status: "Accepted",
        currentTime: formatTime(charger.clock.now()),
        interval: 0,
      }),
    },
  },
  {
    name: "boot-storm",
    brands: [],
    does: "sends five BootNotifications in a row",
    source: "evcc-io/evcc#30113, evcc-io/evcc#30137",
    adds: {
      BootNotification: (payload) =>
        Array.from({ length: 4 }, () => ({ action: "BootNotification" as const, payload })),
    },
  },
  {
    name: "empty-vendor",
    brands: [],
    does: "boots with an empty chargePointVendor",
    source: "evcc-io/evcc#32184",
    says: { BootNotification: (payload) => ({ ...payload, chargePointVendor: "" }) },
  },
  {
    name: "security-events",
    brands: ["easee"],
    does: "sends SecurityEventNotification after it has booted",
    source: "evcc-io/evcc#23199, evcc-io/evcc#29507",
    adds: {
      BootNotification: (_payload, charger) => [{
        action: "SecurityEventNotification",
        payload: { type: "StartupOfTheDevice", timestamp: formatTime(charger.clock.now()) },
      }],
    },
  },
  {
    name: "drops-on-early-question",
    brands: ["wallbox"],
    does: "drops the connection at GetConfiguration before its boot is answered",
    source: "lbbrhzn/ocpp#1503, lbbrhzn/ocpp#1510",
    instead: {
      GetConfiguration: (_request, charger) =>
        charger.registration.accepted ? undefined : "silence",
    },
    then: {
      GetConfiguration: (_request, charger) => {
        if (!charger.registration.accepted) charger.dropConnection();
      },
    },
  },
  {
    name: "drops-on-boot-trigger",
    brands: ["starcharge"],
    does: "drops the connection when BootNotification is triggered",
    source: "lbbrhzn/ocpp#1096",
    then: {
      TriggerMessage: ({ requestedMessage }, charger) => {
        if (requestedMessage === "BootNotification") charger.dropConnection();
      },
    },
  },
];
