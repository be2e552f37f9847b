// One charging transaction at the virtual charger: its messages, in the order they become due.

import { formatTime } from "../ocpp/time.ts";
import type {
  Int64,
  MeterValue,
  StartTransactionConfirmation,
  StartTransactionRequest,
  StopTransactionRequest,
} from "../ocpp/types.ts";
import type { ReadingContext, Reason } from "../ocpp/vocabulary.ts";
import type { Measurand } from "./charger_settings.ts";
import { type MeterReading, sampledValues } from "./meter.ts";

/** A session that is over, as the virtual charger remembers it. */
export interface FinishedSession {
  readonly connectorId: number;
  readonly idTag: string;
  /** Simulated epoch milliseconds. */
  readonly startedAt: number;
  readonly stoppedAt: number;
  readonly meterStartWh: number;
  readonly meterStopWh: number;
  readonly reason: Reason;
  /** The card that ended it; undefined: nobody's. */
  readonly stoppedBy: string | undefined;
}

/** Readings kept for StopTransaction; above it the second oldest goes. */
export const MAX_TRANSACTION_DATA = 200;

/** The id that stands in when StartTransaction was never answered (errata to OCPP 1.6, 3.18). */
const NO_TRANSACTION_ID = -1;

/** A running transaction. Its id comes later, with the answer to StartTransaction. */
export class Transaction {
  #id: Int64 | undefined;
  #parentIdTag: string | undefined;
  /** False once the central system has refused the tag, when energy stops but nothing ends. */
  energyAllowed = true;
  readonly #data: MeterValue[] = [];

  constructor(
    readonly connectorId: number,
    readonly idTag: string,
    /** Simulated epoch milliseconds. */
    readonly startedAt: number,
    readonly meterStartWh: number,
    readonly reservationId: number | undefined,
  ) {}

  /** The central system's id; undefined until it has answered. */
  get id(): Int64 | undefined {
    return this.#id;
  }

  /** The id that messages carry. */
  get sentId(): Int64 {
    return this.#id ?? NO_TRANSACTION_ID;
  }

  /** Tags with the same parent may stop each other's transactions. */
  get parentIdTag(): string | undefined {
    return this.#parentIdTag;
  }

  /** Takes the answer to StartTransaction. */
  started(confirmation: StartTransactionConfirmation): void {
    this.#id = confirmation.transactionId;
    this.#parentIdTag = confirmation.idTagInfo.parentIdTag;
  }

  /** It is over; `stoppedBy` is the card that ended it. */
  finish(
    stoppedAt: number,
    meterStopWh: number,
    reason: Reason,
    stoppedBy: string | undefined,
  ): FinishedSession {
    const { connectorId, idTag, startedAt, meterStartWh } = this;
    const meter = { meterStartWh, meterStopWh };
    return { connectorId, idTag, startedAt, stoppedAt, ...meter, reason, stoppedBy };
  }

  /** Keeps a reading for the StopTransaction, if any measurand is wanted there. */
  record(
    measurands: readonly Measurand[],
    reading: MeterReading,
    context: ReadingContext,
    at: number,
  ): void {
    const sampledValue = sampledValues(measurands, reading, context);
    if (sampledValue.length === 0) return;
    this.#data.push({ timestamp: formatTime(at), sampledValue });
    // The first and the last one are those that are needed.
    if (this.#data.length > MAX_TRANSACTION_DATA) this.#data.splice(1, 1);
  }

  startPayload(): StartTransactionRequest {
    return {
      connectorId: this.connectorId,
      idTag: this.idTag,
      meterStart: this.meterStartWh,
      timestamp: formatTime(this.startedAt),
      ...(this.reservationId === undefined ? {} : { reservationId: this.reservationId }),
    };
  }

  stopPayload(session: FinishedSession): StopTransactionRequest {
    return {
      transactionId: this.sentId,
      ...(session.stoppedBy === undefined ? {} : { idTag: session.stoppedBy }),
      meterStop: session.meterStopWh,
      timestamp: formatTime(session.stoppedAt),
      reason: session.reason,
      ...(this.#data.length > 0 ? { transactionData: this.#data } : {}),
    };
  }
}
