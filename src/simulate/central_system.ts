// How a simulated backend answers its charge point, well or badly.

import { isAction } from "../ocpp/action.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { energyRegisterReadings } from "../ocpp/meter_value.ts";
import { formatTime } from "../ocpp/time.ts";
import type { Action, IdTagInfo, Messages } from "../ocpp/types.ts";
import { checkRequest } from "../ocpp/validate.ts";
import { type Behaviour, type BehaviourName, behaviourOf } from "./behaviour.ts";
import { Refusal, type Reply } from "./peer.ts";

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

/** When a charge point whose boot is Pending may try again, s. */
const PENDING_S = 2;
/** Transactions that are remembered; the oldest goes first. */
const MAX_TRANSACTIONS = 10_000;
/** What no central system should give: see Behaviour. */
const ODD_IDS = [0, -1, 2_147_483_648];

type Answers = {
  readonly [A in Action]?: (request: Messages[A]["request"]) => Messages[A]["confirmation"];
};

/** The answering half of an OCPP 1.6 central system, with transaction ids of its own. */
export class CentralSystem {
  readonly behaviour: Behaviour = behaviourOf();
  readonly transactions: BackendTransaction[] = [];
  readonly #options: CentralSystemOptions;
  readonly #firstTransactionId: number;
  #count = 0;

  constructor(options: CentralSystemOptions = {}) {
    this.#options = options;
    this.#firstTransactionId = options.firstTransactionId ?? 1;
  }

  /** Behaves like this from now on. */
  behave(name: BehaviourName): void {
    Object.assign(this.behaviour, behaviourOf(name));
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
      const currentTime = formatTime(Date.now());
      if (this.behaviour.pendingBoots > 0) {
        this.behaviour.pendingBoots -= 1;
        return { status: "Pending", currentTime, interval: PENDING_S };
      }
      const interval = this.#options.intervalS ?? 300;
      return { status: "Accepted", currentTime, interval };
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
      const count = this.#count++;
      const transactionId = this.behaviour.oddTransactionIds
        ? ODD_IDS[count % ODD_IDS.length] ?? 0
        : this.#firstTransactionId + count;
      this.transactions.push({
        id: transactionId,
        connectorId,
        idTag,
        meterStartWh: meterStart,
        meterStopWh: undefined,
      });
      if (this.transactions.length > MAX_TRANSACTIONS) this.transactions.shift();
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
      const transaction = this.transactions.findLast((one) => one.id === transactionId);
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
