// How a simulated backend answers its charge point, well or badly.

import { isAction } from "../ocpp/action.ts";
import type { ErrorCode } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { energyRegisterReadings } from "../ocpp/meter_value.ts";
import { formatTime } from "../ocpp/time.ts";
import type { Action, IdTagInfo, Messages } from "../ocpp/types.ts";
import type { AuthorizationStatus } from "../ocpp/vocabulary.ts";
import { checkRequest } from "../ocpp/validate.ts";
import { Refusal, type Reply } from "./peer.ts";

/** What a backend can do to those who depend on it. */
export interface Behaviour {
  /** Every answer comes this much later, wall-clock milliseconds. */
  delayMs: number;
  /** Nothing is answered. */
  silent: boolean;
  /** The verdict on every id tag. */
  verdict: AuthorizationStatus;
  /** Everything is answered with this CALLERROR. */
  error: ErrorCode | undefined;
}

/** A transaction as the backend sees it. */
export interface BackendTransaction {
  readonly id: number;
  readonly connectorId: number;
  readonly idTag: string;
  readonly meterStartWh: number;
  meterStopWh: number | undefined;
}

export interface CentralSystemOptions {
  /** Transaction ids count up from here; default 1. */
  readonly firstTransactionId?: number;
  /** The heartbeat interval it gives, s; default 300. */
  readonly intervalS?: number;
  readonly report?: (text: string) => void;
}

type Answers = {
  readonly [A in Action]?: (request: Messages[A]["request"]) => Messages[A]["confirmation"];
};

/** The answering half of an OCPP 1.6 central system, with transaction ids of its own. */
export class CentralSystem {
  readonly behaviour: Behaviour = {
    delayMs: 0,
    silent: false,
    verdict: "Accepted",
    error: undefined,
  };
  readonly transactions: BackendTransaction[] = [];
  readonly #options: CentralSystemOptions;
  readonly #firstTransactionId: number;

  constructor(options: CentralSystemOptions = {}) {
    this.#options = options;
    this.#firstTransactionId = options.firstTransactionId ?? 1;
  }

  /** Answers one CALL of the charge point; throws Refusal. */
  async handle(action: string, payload: JsonObject): Promise<Reply | "silence"> {
    const { delayMs, silent, error } = this.behaviour;
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (silent) return "silence";
    if (error) throw new Refusal(error, "told to fail");
    if (!isAction(action)) throw new Refusal("NotImplemented", `${action} is unknown here`);
    return { payload: this.#answer(action, payload) };
  }

  #answer<A extends Action>(action: A, payload: JsonObject): Messages[A]["confirmation"] {
    const answer = this.#answers[action];
    if (!answer) throw new Refusal("NotImplemented", `${action} is not supported`);
    const checked = checkRequest(action, payload);
    if (!checked.ok) throw new Refusal(checked.fault.code, checked.fault.message);
    return answer(checked.value);
  }

  get #idTagInfo(): IdTagInfo {
    return { status: this.behaviour.verdict };
  }

  #report(text: string): void {
    this.#options.report?.(text);
  }

  readonly #answers: Answers = {
    BootNotification: ({ chargePointVendor, chargePointModel }) => {
      this.#report(`boot: ${chargePointVendor} ${chargePointModel}`);
      const interval = this.#options.intervalS ?? 300;
      return { status: "Accepted", currentTime: formatTime(Date.now()), interval };
    },

    Heartbeat: () => ({ currentTime: formatTime(Date.now()) }),

    StatusNotification: ({ connectorId, status, errorCode }) => {
      const error = errorCode === "NoError" ? "" : ` (${errorCode})`;
      this.#report(`connector ${connectorId}: ${status}${error}`);
      return {};
    },

    Authorize: ({ idTag }) => {
      this.#report(`may ${idTag} charge? ${this.behaviour.verdict}`);
      return { idTagInfo: this.#idTagInfo };
    },

    StartTransaction: ({ connectorId, idTag, meterStart }) => {
      const transactionId = this.#firstTransactionId + this.transactions.length;
      this.transactions.push({
        id: transactionId,
        connectorId,
        idTag,
        meterStartWh: meterStart,
        meterStopWh: undefined,
      });
      const verdict = this.behaviour.verdict;
      this.#report(`transaction ${transactionId} begins: ${idTag}, ${meterStart} Wh: ${verdict}`);
      return { transactionId, idTagInfo: this.#idTagInfo };
    },

    MeterValues: ({ connectorId, transactionId, meterValue }) => {
      const wh = energyRegisterReadings(meterValue).at(-1)?.wh;
      if (wh !== undefined) {
        const where = transactionId === undefined ? "" : ` (transaction ${transactionId})`;
        this.#report(`connector ${connectorId}: ${wh} Wh${where}`);
      }
      return {};
    },

    StopTransaction: ({ transactionId, meterStop, reason }) => {
      const transaction = this.transactions.find((one) => one.id === transactionId);
      if (transaction) transaction.meterStopWh = meterStop;
      const energy = transaction ? `${meterStop - transaction.meterStartWh} Wh charged` : "unknown";
      this.#report(`transaction ${transactionId} ends (${reason ?? "Local"}): ${energy}`);
      return { idTagInfo: this.#idTagInfo };
    },

    DataTransfer: () => ({ status: "UnknownVendorId" }),
    DiagnosticsStatusNotification: () => ({}),
    FirmwareStatusNotification: () => ({}),
    LogStatusNotification: () => ({}),
    SecurityEventNotification: () => ({}),
  };
}
