// Quirks of configuration and housekeeping: keys, availability, triggers.

import type { JsonObject } from "../../ocpp/json.ts";
import type { Quirk } from "../quirk.ts";
import { mapKeys } from "./payload.ts";

/** Longer values are cut by those who cut. */
const CUT_AT = 24;

/** Rows of GetConfiguration.conf with another value, by key. */
function values(change: (key: string, value: string) => string): Pick<Quirk, "answers"> {
  return {
    answers: {
      GetConfiguration: (answer) =>
        mapKeys(answer, (row) => ({ ...row, value: change(String(row.key), String(row.value)) })),
    },
  };
}

const asksMeasurands = ({ key }: JsonObject) =>
  Array.isArray(key) && key.includes("MeterValuesSampledData");

export const CONFIGURATION_QUIRKS: readonly Quirk[] = [
  {
    name: "boot-loop-on-measurands",
    brands: ["abb"],
    does: "restarts when it is asked for MeterValuesSampledData",
    source: "lbbrhzn/ocpp#1275, lbbrhzn/ocpp#880, evcc-io/evcc#15533",
    instead: {
      GetConfiguration: (request) => asksMeasurands(request) ? "silence" : undefined,
    },
    then: {
      GetConfiguration: (request, charger) => {
        if (asksMeasurands(request)) charger.restart("Hard");
      },
    },
  },
  {
    name: "clock-aligned-read-only",
    brands: ["morek"],
    does: "does not let ClockAlignedDataInterval be changed",
    source: "lbbrhzn/ocpp docs/supported-devices.md",
    instead: {
      ChangeConfiguration: ({ key }) =>
        key === "ClockAlignedDataInterval" ? { status: "Rejected" } : undefined,
    },
    answers: {
      GetConfiguration: (answer) =>
        mapKeys(
          answer,
          (row) => row.key === "ClockAlignedDataInterval" ? { ...row, readonly: true } : row,
        ),
    },
  },
  {
    name: "refuses-keys",
    brands: ["evbox"],
    does: "does not know the standard's meter keys, but one of its own",
    source: "lbbrhzn/ocpp#221",
    instead: {
      ChangeConfiguration: ({ key }) =>
        String(key).startsWith("MeterValues") ? { status: "NotSupported" } : undefined,
    },
    answers: {
      GetConfiguration: (answer) =>
        mapKeys(
          answer,
          (row) =>
            row.key === "MeterValuesSampledData"
              ? { ...row, key: "evb_SupportedMeasurands", readonly: true }
              : row,
        ),
    },
  },
  {
    name: "breaks-on-housekeeping",
    brands: ["en+", "huawei"],
    does: "drops the connection at ChangeAvailability, and when WebSocketPingInterval is changed",
    source: "evcc-io/evcc#30217, evcc-io/evcc#25072, evcc-io/evcc#31156",
    instead: {
      ChangeAvailability: () => "silence",
      ChangeConfiguration: ({ key }) => key === "WebSocketPingInterval" ? "silence" : undefined,
    },
    then: {
      ChangeAvailability: (_request, charger) => charger.dropConnection(),
      ChangeConfiguration: ({ key }, charger) => {
        if (key === "WebSocketPingInterval") charger.dropConnection();
      },
    },
  },
  {
    name: "availability-scheduled",
    brands: [],
    does: "answers Scheduled to every ChangeAvailability",
    source: "evcc-io/evcc#23713",
    answers: {
      ChangeAvailability: (answer) =>
        answer.status === "Accepted" ? { status: "Scheduled" } : answer,
    },
  },
  {
    name: "availability-without-zero",
    brands: [],
    does: "rejects ChangeAvailability of connector 0",
    source: "lbbrhzn/ocpp#1525",
    instead: {
      ChangeAvailability: ({ connectorId }) =>
        connectorId === 0 ? { status: "Rejected" } : undefined,
    },
  },
  {
    name: "quoted-measurands",
    brands: ["mennekes"],
    does: "puts lists of measurands in quotes",
    source: "evcc-io/evcc#16255",
    ...values((key, value) => key.startsWith("MeterValues") ? `"${value}"` : value),
  },
  {
    name: "lower-case-keys",
    brands: [],
    does: "lists its configuration keys in lower case",
    source: "evcc-io/evcc#16186",
    answers: {
      GetConfiguration: (answer) =>
        mapKeys(answer, (row) => ({ ...row, key: String(row.key).toLowerCase() })),
    },
  },
  {
    name: "no-feature-profiles",
    brands: ["growatt"],
    does: "has an empty SupportedFeatureProfiles",
    source: "lbbrhzn/ocpp#1272",
    ...values((key, value) => key === "SupportedFeatureProfiles" ? " " : value),
  },
  {
    name: "numeric-config-values",
    brands: [],
    does: "sends configuration values as numbers",
    source: "seen in recorded traffic",
    answers: {
      GetConfiguration: (answer) =>
        mapKeys(
          answer,
          (row) => /^\d+$/.test(String(row.value)) ? { ...row, value: Number(row.value) } : row,
        ),
    },
  },
  {
    name: "trigger-connector-unanswered",
    brands: [],
    does: "leaves a TriggerMessage with a connectorId unanswered",
    source: "evcc-io/evcc#16327",
    instead: {
      TriggerMessage: ({ connectorId }) => connectorId === undefined ? undefined : "silence",
    },
  },
  {
    name: "truncates-values",
    brands: ["ocular"],
    does: `cuts configuration values after ${CUT_AT} characters`,
    source: "lbbrhzn/ocpp docs/supported-devices.md",
    ...values((_key, value) => value.slice(0, CUT_AT)),
  },
];
