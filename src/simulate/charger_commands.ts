// How the virtual charger answers the CALLs of its central system (OCPP 1.6, section 5).

import type { JsonObject } from "../ocpp/json.ts";
import { formatTime, parseTime } from "../ocpp/time.ts";
import type { Action, Messages } from "../ocpp/types.ts";
import { checkRequest } from "../ocpp/validate.ts";
import { sameTag } from "./card_reader.ts";
import type { VirtualCharger } from "./charger.ts";
import { compositeSchedule } from "./composite_schedule.ts";
import type { Connector } from "./connector.ts";
import { Refusal, type Reply } from "./peer.ts";
import { triggered } from "./trigger.ts";

interface Answer<A extends Action> {
  readonly payload: Messages[A]["confirmation"];
  /** Done once the answer is on its way. */
  readonly afterwards?: () => void;
}

type Commands = {
  readonly [A in Action]?: (
    charger: VirtualCharger,
    request: Messages[A]["request"],
  ) => Answer<A>;
};

/** Answers one CALL; throws Refusal for what is unknown or wrong. */
export function answerCommand<A extends Action>(
  charger: VirtualCharger,
  action: A,
  payload: JsonObject,
): Reply {
  const command = COMMANDS[action];
  if (!command) throw new Refusal("NotImplemented", `${action} is not supported`);
  const checked = checkRequest(action, payload);
  if (!checked.ok) throw new Refusal(checked.fault.code, checked.fault.message);
  return command(charger, checked.value);
}

/** The connectors that a connector id stands for; 0 or none: all. */
function named(charger: VirtualCharger, connectorId: number | undefined): readonly Connector[] {
  if (!connectorId) return charger.connectors;
  return charger.connectors.filter((connector) => connector.id === connectorId);
}

const COMMANDS: Commands = {
  GetConfiguration(charger, { key }) {
    const { known, unknown } = charger.settings.list(key ?? []);
    return { payload: { configurationKey: known, unknownKey: unknown } };
  },

  ChangeConfiguration: (charger, { key, value }) => ({
    payload: { status: charger.settings.change(key, value) },
  }),

  RemoteStartTransaction(charger, { connectorId, idTag, chargingProfile }) {
    const suitable = charger.connectors.filter(({ id, free, reservation }) =>
      free && (connectorId === undefined || connectorId === id) &&
      (!reservation || sameTag(reservation.idTag, idTag))
    );
    // Where nobody says which one, it is where a car waits.
    const connector = suitable.find(({ vehicle }) => vehicle) ?? suitable[0];
    const unsuitable = chargingProfile !== undefined &&
      (chargingProfile.chargingProfilePurpose !== "TxProfile" ||
        chargingProfile.transactionId !== undefined ||
        !charger.profiles.takes(chargingProfile));
    if (!connector || unsuitable || !charger.registration.accepted) {
      return { payload: { status: "Rejected" } };
    }
    const begin = async () => {
      if (charger.settings.flag("AuthorizeRemoteTxRequests")) {
        const { status } = await charger.authorisation.check(idTag);
        charger.report(`connector ${connector.id}: tag ${idTag} is ${status}`);
        if (status !== "Accepted" || !connector.free) return;
      }
      connector.authorise(idTag, chargingProfile);
    };
    return { payload: { status: "Accepted" }, afterwards: () => void begin() };
  },

  RemoteStopTransaction(charger, { transactionId }) {
    const connector = charger.connectors.find((one) => one.transaction?.id === transactionId);
    if (!connector) return { payload: { status: "Rejected" } };
    return { payload: { status: "Accepted" }, afterwards: () => connector.stop("Remote") };
  },

  TriggerMessage(charger, request) {
    const afterwards = triggered(charger, request, named(charger, request.connectorId));
    if (!afterwards) return { payload: { status: "Rejected" } };
    return { payload: { status: "Accepted" }, afterwards };
  },

  ChangeAvailability(charger, { connectorId, type }) {
    const connectors = named(charger, connectorId);
    if (connectors.length === 0) return { payload: { status: "Rejected" } };
    const operative = type === "Operative";
    // A connector that is charging takes its new availability when the transaction has ended.
    const scheduled = !operative && connectors.some((connector) => connector.transaction);
    for (const connector of connectors) connector.operative = operative;
    if (connectorId === 0) charger.jobs.operative = operative;
    return {
      payload: { status: scheduled ? "Scheduled" : "Accepted" },
      afterwards: () => {
        if (connectorId === 0) charger.registration.tellStatus(0);
        for (const connector of connectors) connector.settle();
      },
    };
  },

  Reset: (charger, { type }) => ({
    payload: { status: "Accepted" },
    afterwards: () => charger.restart(type),
  }),

  UnlockConnector(charger, { connectorId }) {
    const connector = charger.connectors[connectorId - 1];
    if (!connector) return { payload: { status: "NotSupported" } };
    connector.stop("UnlockCommand");
    return { payload: { status: "Unlocked" } };
  },

  SetChargingProfile(charger, { connectorId, csChargingProfiles: profile }) {
    const transaction = charger.connectors[connectorId - 1]?.transaction;
    const { chargingProfilePurpose: purpose, transactionId } = profile;
    const misplaced = connectorId > charger.connectors.length ||
      (purpose === "ChargePointMaxProfile" && connectorId !== 0) ||
      (purpose === "TxProfile" &&
        (!transaction || (transactionId !== undefined && transactionId !== transaction.id)));
    // What has flowed so far, flowed under the former limit.
    for (const connector of charger.connectors) connector.advance();
    const accepted = !misplaced &&
      charger.profiles.install(connectorId, profile, charger.clock.now());
    return {
      payload: { status: accepted ? "Accepted" : "Rejected" },
      afterwards: () => charger.connectors.forEach((connector) => connector.settle()),
    };
  },

  ClearChargingProfile(charger, request) {
    for (const connector of charger.connectors) connector.advance();
    return {
      payload: { status: charger.profiles.clear(request) > 0 ? "Accepted" : "Unknown" },
      afterwards: () => charger.connectors.forEach((connector) => connector.settle()),
    };
  },

  GetCompositeSchedule(charger, request) {
    const { connectorId, duration } = request;
    const connectors = named(charger, connectorId);
    if (connectors.length === 0 || duration <= 0) return { payload: { status: "Rejected" } };
    const start = charger.clock.now();
    const schedule = compositeSchedule(charger.profiles, connectors, start, request);
    return {
      payload: {
        status: "Accepted",
        connectorId,
        scheduleStart: formatTime(start),
        chargingSchedule: schedule,
      },
    };
  },

  ReserveNow(charger, { connectorId, reservationId, idTag, parentIdTag, expiryDate }) {
    const connector = charger.connectors[connectorId - 1];
    if (!connector) return { payload: { status: "Rejected" } };
    const former = charger.connectors.find((one) => {
      return one.reservation?.reservationId === reservationId;
    });
    if (connector.status === "Faulted" || connector.status === "Unavailable") {
      return { payload: { status: connector.status } };
    }
    if (connector.status !== "Available" && former !== connector) {
      return { payload: { status: "Occupied" } };
    }
    if (former) former.reservation = undefined;
    const reservation = { reservationId, idTag, parentIdTag };
    connector.reservation = reservation;
    const waitMs = (parseTime(expiryDate) ?? 0) - charger.clock.now();
    charger.clock.after(waitMs, () => {
      if (connector.reservation !== reservation) return;
      connector.reservation = undefined;
      connector.settle();
    });
    return {
      payload: { status: "Accepted" },
      afterwards: () => {
        former?.settle();
        connector.settle();
      },
    };
  },

  CancelReservation(charger, { reservationId }) {
    const connector = charger.connectors.find((one) => {
      return one.reservation?.reservationId === reservationId;
    });
    if (!connector) return { payload: { status: "Rejected" } };
    connector.reservation = undefined;
    return { payload: { status: "Accepted" }, afterwards: () => connector.settle() };
  },

  GetLocalListVersion: (charger) => ({
    payload: { listVersion: charger.authorisation.listVersion },
  }),

  SendLocalList: (charger, request) => ({
    payload: { status: charger.authorisation.update(request) },
  }),

  ClearCache: (charger) => ({
    payload: { status: charger.authorisation.clearCache() ? "Accepted" : "Rejected" },
  }),

  DataTransfer: () => ({ payload: { status: "UnknownVendorId" } }),

  GetDiagnostics: (charger) => ({
    payload: { fileName: charger.jobs.uploadDiagnostics() },
  }),

  UpdateFirmware: (charger, request) => ({
    payload: {},
    afterwards: () => charger.jobs.updateFirmware(request),
  }),
};
