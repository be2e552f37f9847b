// Quirks of transactions: lost ends, odd ids, repeated starts.

import type { JsonObject } from "../../ocpp/json.ts";
import type { Quirk } from "../quirk.ts";

/** More than a 64-bit float can count to. */
const HUGE = 9_223_372_036_854_775_807n;

/** The id that meter values and the end of a transaction carry. */
function transactionId(id: number | bigint): Pick<Quirk, "says"> {
  const renamed = (payload: JsonObject) =>
    payload.transactionId === undefined ? payload : { ...payload, transactionId: id };
  return { says: { MeterValues: renamed, StopTransaction: renamed } };
}

export const TRANSACTION_QUIRKS: readonly Quirk[] = [
  {
    name: "no-stop",
    brands: ["zaptec", "en+"],
    does: "never sends StopTransaction",
    source: "evcc-io/evcc#30247, evcc-io/evcc#27499",
    withholds: { StopTransaction: () => ({}) },
  },
  {
    name: "unknown-stop",
    brands: ["zaptec"],
    does: "ends a transaction under an id that nobody knows",
    source: "evcc-io/evcc#29190",
    says: { StopTransaction: (payload) => ({ ...payload, transactionId: 987_654_321 }) },
  },
  {
    name: "transaction-minus-one",
    brands: ["libocpp", "open-ocpp", "hager"],
    does: "sends the transactionId -1",
    source: "EVerest/libocpp#495, c-jimenez/open-ocpp#24, dallmann-consulting/OCPP.Core#55",
    ...transactionId(-1),
  },
  {
    name: "transaction-zero",
    brands: ["tkt"],
    does: "sends the transactionId 0",
    source: "mikuso/ocpp-rpc#82, woopstar/hsem#906",
    ...transactionId(0),
  },
  {
    name: "transaction-negative",
    brands: ["etrel"],
    does: "sends a negative transactionId of its own",
    source: "lbbrhzn/ocpp#1000",
    ...transactionId(-1_746),
  },
  {
    name: "transaction-huge",
    brands: [],
    does: `sends meter values of transaction ${HUGE}`,
    source: "mobilityhouse/ocpp#617",
    says: { MeterValues: (payload) => ({ ...payload, transactionId: HUGE }) },
  },
  {
    name: "double-start",
    brands: ["microocpp"],
    does: "sends each StartTransaction twice, under two message ids",
    source: "matth-x/MicroOcpp#237",
    adds: { StartTransaction: (payload) => [{ action: "StartTransaction", payload }] },
  },
  {
    name: "double-stop",
    brands: ["openevse", "metron"],
    does: "sends each StopTransaction again after it was answered",
    source: "OpenEVSE/openevse_esp32_firmware#756, dallmann-consulting/OCPP.Core#31",
    adds: { StopTransaction: (payload) => [{ action: "StopTransaction", payload }] },
  },
  {
    name: "stuck-in-finishing",
    brands: ["autel", "ocular", "evnex"],
    does: "starts nothing from afar after a session until the car has been unplugged",
    source: "lbbrhzn/ocpp docs/supported-devices.md",
    instead: {
      RemoteStartTransaction: ({ connectorId }, charger) =>
        charger.connectors[Number(connectorId ?? 1) - 1]?.status === "Finishing"
          ? { status: "Rejected" }
          : undefined,
    },
  },
  {
    name: "charges-over-restart",
    brands: [],
    does: "goes on with a transaction over a restart, under its old id",
    source: "seen with several",
    traits: { transactionsSurviveRestart: true },
  },
];
