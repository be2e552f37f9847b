// Quirks of fields: values, words and properties that the schema of a message does not have.

import { isJsonObject, type JsonObject } from "../../ocpp/json.ts";
import { Refusal } from "../peer.ts";
import type { Quirk } from "../quirk.ts";
import { mapKeys, mapSamples } from "./payload.ts";

const recase = (text: string) =>
  text === text.toLowerCase() ? text.toUpperCase() : text.toLowerCase();

export const FIELD_QUIRKS: readonly Quirk[] = [
  {
    name: "meter-value-object",
    brands: ["huawei"],
    does: "sends meterValue as an object in place of an array of one",
    source: "lbbrhzn/ocpp#1144",
    says: {
      MeterValues: (payload) => ({
        ...payload,
        meterValue: Array.isArray(payload.meterValue) ? payload.meterValue[0] : payload.meterValue,
      }),
    },
  },
  {
    name: "numeric-values",
    brands: ["openevse"],
    does: "sends sampled values as numbers",
    source: "OpenEVSE/openevse_esp32_firmware#210",
    says: {
      MeterValues: (payload) =>
        mapSamples(payload, (sample) => [{ ...sample, value: Number(sample.value) }]),
    },
  },
  {
    name: "padded-numbers",
    brands: ["enercab", "eledio"],
    does: "pads sampled values with spaces",
    source: "evcc-io/evcc#13990",
    says: {
      MeterValues: (payload) =>
        mapSamples(payload, (sample) => [{ ...sample, value: ` ${sample.value}` }]),
    },
  },
  {
    name: "empty-samples",
    brands: ["vestel"],
    does: "adds a meter value without samples",
    source: "mobilityhouse/ocpp#353",
    says: {
      MeterValues: (payload) => {
        const [first] = Array.isArray(payload.meterValue) ? payload.meterValue : [];
        if (!isJsonObject(first)) return payload;
        return { ...payload, meterValue: [first, { ...first, sampledValue: [] }] };
      },
    },
  },
  {
    name: "empty-value",
    brands: [],
    does: "leaves the state of charge empty",
    source: "lbbrhzn/ocpp#466",
    says: {
      MeterValues: (payload) =>
        mapSamples(payload, (sample) => [
          sample.measurand === "SoC" ? { ...sample, value: "" } : sample,
        ]),
    },
  },
  {
    name: "odd-words",
    brands: [],
    does: "writes `Current.Import\\n`, `Celcius`, `Hz` and units in the wrong case",
    source: "lbbrhzn/ocpp#1576",
    says: {
      MeterValues: (payload) =>
        mapSamples(payload, (sample) => {
          const { measurand, unit } = sample;
          switch (measurand) {
            case "Current.Import":
              return [{ ...sample, measurand: "Current.Import\n", unit: "a" }];
            case "Power.Active.Import":
              return [{ ...sample, unit: "w" }];
            case "SoC":
              return [
                sample,
                { measurand: "Temperature", value: "31.5", unit: "Celcius" },
                { measurand: "Frequency", value: "50.0", unit: "Hz" },
              ];
            default:
              return [{ ...sample, unit: unit === "Wh" ? "wh" : unit }];
          }
        }),
    },
  },
  {
    name: "error-code-error",
    brands: ["legrand"],
    does: "tells the errorCode `Error`, which there is not",
    source: "lbbrhzn/ocpp#1248",
    says: { StatusNotification: (payload) => ({ ...payload, errorCode: "Error" }) },
  },
  {
    name: "unknown-key-error",
    brands: ["legrand"],
    does: "answers GetConfiguration of an unknown or over-long key with an error",
    source: "lbbrhzn/ocpp#1265",
    instead: {
      GetConfiguration: ({ key }, charger) => {
        const keys = Array.isArray(key) ? key.map(String) : [];
        if (charger.settings.list(keys).unknown.length === 0) return undefined;
        throw new Refusal("InternalError", "");
      },
    },
  },
  {
    name: "authorize-with-connector",
    brands: ["abl"],
    does: "adds a connectorId to Authorize",
    source: "evcc-io/evcc#14579",
    says: { Authorize: (payload) => ({ ...payload, connectorId: 1 }) },
  },
  {
    name: "corrupted-tag",
    brands: ["ocular"],
    does: "gives back an id tag of 20 characters with two more",
    source: "lbbrhzn/ocpp 9fb32d0",
    says: {
      StartTransaction: (payload) =>
        String(payload.idTag).length < 20
          ? payload
          : { ...payload, idTag: `${payload.idTag}\u007f?` },
    },
  },
  {
    name: "tag-case",
    brands: ["smartevse"],
    does: "writes an id tag in another case in StartTransaction than in Authorize",
    source: "dingo35/SmartEVSE-3.5#98",
    says: {
      StartTransaction: (payload) => ({ ...payload, idTag: recase(String(payload.idTag)) }),
    },
  },
  {
    name: "tag-backslashes",
    brands: [],
    does: "ends id tags with a backslash",
    source: "mobilityhouse/ocpp#415",
    says: {
      Authorize: (payload) => ({ ...payload, idTag: `${payload.idTag}\\` }),
      StartTransaction: (payload) => ({ ...payload, idTag: `${payload.idTag}\\` }),
    },
  },
  {
    name: "null-info",
    brands: ["abb"],
    does: 'tells the info "null"',
    source: "lbbrhzn/ocpp#169",
    says: { StatusNotification: (payload) => ({ ...payload, info: "null" }) },
  },
  {
    name: "long-config-value",
    brands: ["wallbox"],
    does: "has a configuration value of more than 500 characters",
    source: "evcc-io/evcc#12901, lbbrhzn/ocpp#649",
    answers: {
      GetConfiguration: (answer) =>
        mapKeys(
          answer,
          (row) => row.key === "ConnectorPhaseRotation" ? { ...row, value: "v".repeat(612) } : row,
        ),
    },
  },
  {
    name: "odd-change-status",
    brands: ["grizzl-e"],
    does: "refuses ChangeConfiguration with a status that there is not",
    source: "kccricket/grizzle-ocpp-proxy",
    answers: {
      ChangeConfiguration: (answer): JsonObject =>
        answer.status === "Accepted" ? answer : { status: "Not Supported" },
    },
  },
];
