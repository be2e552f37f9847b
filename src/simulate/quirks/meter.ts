// Quirks of meter values: labels, registers and transactions that are not what they seem.

import { isJsonObject, type JsonObject } from "../../ocpp/json.ts";
import type { VirtualCharger } from "../charger.ts";
import type { Quirk } from "../quirk.ts";
import { isRegister, mapSamples, samplesOf } from "./payload.ts";

/** What Wallbox was seen to send. */
const UNKNOWN_TRANSACTION = 1_936_029_036;
/** A signed reading begins like this (OCMF). */
const SIGNED = 'OCMF|{"FV":"1.0","RD":[]}|{"SD":"00"}';

/** Changes MeterValues, sample by sample. */
function samples(change: (sample: JsonObject) => readonly JsonObject[]): Pick<Quirk, "says"> {
  return { says: { MeterValues: (payload) => mapSamples(payload, change) } };
}

function without(key: string): (sample: JsonObject) => JsonObject[] {
  return ({ [key]: _, ...sample }) => [sample];
}

function perPhase(labels: readonly string[]) {
  return (sample: JsonObject): JsonObject[] => {
    if (!isRegister(sample)) return [sample];
    const third = Number(sample.value) / 3;
    return labels.map((phase) => ({
      ...sample,
      phase,
      value: phase === "N" ? "0" : third.toFixed(3),
    }));
  };
}

function context(payload: JsonObject): unknown {
  const [first] = Array.isArray(payload.meterValue) ? payload.meterValue : [];
  return isJsonObject(first) ? samplesOf(first)[0]?.context : undefined;
}

/** What the register of a connector showed when its present or latest session began, Wh. */
function startOf(charger: VirtualCharger, connectorId: number): number {
  const connector = charger.connectors[connectorId - 1];
  const finished = charger.sessions.findLast((session) => session.connectorId === connectorId);
  return connector?.transaction?.meterStartWh ?? finished?.meterStartWh ??
    connector?.reading.energyWh ?? 0;
}

export const METER_QUIRKS: readonly Quirk[] = [
  {
    name: "kwh-label",
    brands: ["openevse"],
    does: "labels Wh as kWh",
    source: "OpenEVSE/openevse_esp32_firmware#703",
    ...samples((sample) => [isRegister(sample) ? { ...sample, unit: "kWh" } : sample]),
  },
  {
    name: "no-unit",
    brands: ["wattpilot"],
    does: "leaves out units",
    source: "evcc-io/evcc#16902",
    ...samples(without("unit")),
  },
  {
    name: "no-measurand",
    brands: [],
    does: "sends the energy register alone, without saying that it is one",
    source: "the default of OCPP 1.6, section 7.43",
    settings: { MeterValuesSampledData: "Energy.Active.Import.Register" },
    ...samples(without("measurand")),
  },
  {
    name: "session-register",
    brands: ["grizzl-e", "vestel"],
    does: "counts the energy register of meter values from the start of the session",
    source: "lbbrhzn/ocpp#2093",
    says: {
      MeterValues: (payload, charger) => {
        const startWh = startOf(charger, Number(payload.connectorId));
        return mapSamples(payload, (sample) => [
          isRegister(sample)
            ? { ...sample, value: String(Number(sample.value) - startWh) }
            : sample,
        ]);
      },
    },
  },
  {
    name: "zero-meter-start",
    brands: ["abb"],
    does: "starts every transaction at 0 Wh, while the register goes on from where it was",
    source: "lbbrhzn/ocpp#2093",
    says: { StartTransaction: (payload) => ({ ...payload, meterStart: 0 }) },
  },
  {
    name: "stop-below-start",
    brands: ["huawei"],
    does: "ends a transaction without energy 1 Wh below its start",
    source: "lbbrhzn/ocpp#1810",
    says: {
      StopTransaction: (payload, charger) => {
        const session = charger.sessions.find(({ meterStopWh }) =>
          meterStopWh === payload.meterStop
        );
        const empty = session && session.meterStopWh === session.meterStartWh;
        return empty ? { ...payload, meterStop: session.meterStartWh - 1 } : payload;
      },
    },
  },
  {
    name: "values-after-stop",
    brands: ["ocular", "en+"],
    does: "sends meter values with the transaction's id after its end",
    source: "lbbrhzn/ocpp 9fb32d0, evcc-io/evcc#14673",
    adds: {
      StopTransaction: ({ transactionId, meterStop, timestamp }, charger) => {
        const session = charger.sessions.find(({ meterStopWh }) => meterStopWh === meterStop);
        const value = { value: String(meterStop), unit: "Wh", context: "Transaction.End" };
        return [{
          action: "MeterValues",
          payload: {
            connectorId: session?.connectorId ?? 1,
            transactionId,
            meterValue: [{ timestamp, sampledValue: [value] }],
          },
        }];
      },
    },
  },
  {
    name: "unknown-transaction",
    brands: ["wallbox"],
    does: `sends meter values of a transaction ${UNKNOWN_TRANSACTION} that nobody knows`,
    source: "lbbrhzn/ocpp#511, lbbrhzn/ocpp#1749",
    says: {
      MeterValues: (payload) =>
        payload.transactionId === undefined
          ? payload
          : { ...payload, transactionId: UNKNOWN_TRANSACTION },
    },
  },
  {
    name: "zero-spike",
    brands: [],
    does: "sends an energy register of 0 when a transaction begins",
    source: "lbbrhzn/ocpp",
    adds: {
      StartTransaction: ({ connectorId, timestamp }) => {
        const value = {
          value: "0",
          unit: "Wh",
          measurand: "Energy.Active.Import.Register",
          context: "Transaction.Begin",
        };
        return [{
          action: "MeterValues",
          payload: { connectorId, meterValue: [{ timestamp, sampledValue: [value] }] },
        }];
      },
    },
  },
  {
    name: "per-phase",
    brands: [],
    does: "sends energy by phase only, L1 to L3 and a neutral with 0",
    source: "lbbrhzn/ocpp#1943, evcc-io/evcc#16968",
    ...samples(perPhase(["L1", "L2", "L3", "N"])),
  },
  {
    name: "per-phase-to-neutral",
    brands: [],
    does: "sends energy by phase only, L1-N to L3-N",
    source: "lbbrhzn/ocpp#1917, evcc-io/evcc#19405",
    ...samples(perPhase(["L1-N", "L2-N", "L3-N"])),
  },
  {
    name: "no-meter-values",
    brands: ["wallbox"],
    does: "accepts every meter setting, and sends no values unless they are triggered",
    source: "evcc-io/evcc#28539",
    withholds: {
      MeterValues: (payload) => context(payload) === "Trigger" ? undefined : {},
    },
  },
  {
    name: "constant-offered",
    brands: ["sungrow"],
    does: "always says that it offers 16 A",
    source: "evcc-io/evcc#31874",
    settings: {
      MeterValuesSampledData: "Energy.Active.Import.Register,Power.Active.Import,Current.Offered",
    },
    ...samples((sample) => [
      sample.measurand === "Current.Offered" ? { ...sample, value: "16.0" } : sample,
    ]),
  },
  {
    name: "wrong-voltage",
    brands: ["abb"],
    does: "sends a tenth of the voltage",
    source: "lbbrhzn/ocpp#169",
    ...samples((sample) => [
      sample.measurand === "Voltage"
        ? { ...sample, value: (Number(sample.value) / 10).toFixed(1) }
        : sample,
    ]),
  },
  {
    name: "signed-data",
    brands: ["alfen"],
    does: "adds a signed reading (OCMF) to the others",
    source: "deduced",
    says: {
      MeterValues: (payload) =>
        mapSamples(
          payload,
          (sample) =>
            isRegister(sample)
              ? [sample, { ...sample, value: SIGNED, format: "SignedData" }]
              : [sample],
        ),
    },
  },
];
