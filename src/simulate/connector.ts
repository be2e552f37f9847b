// One connector of the virtual charger: the cable, the energy that flows, the status that follows.

import type {
  ChargingProfile,
  MeterValuesRequest,
  StartTransactionConfirmation,
} from "../ocpp/types.ts";
import type { ChargePointErrorCode, ReadingContext, Reason } from "../ocpp/vocabulary.ts";
import type { ChargePointStatus } from "../ocpp/vocabulary.ts";
import type { ConnectorHost, Reservation } from "./connector_host.ts";
import { EnergyFlow, MIN_CURRENT_A } from "./energy_flow.ts";
import type { MeterReading } from "./meter.ts";
import { Transaction } from "./transaction.ts";
import type { Vehicle } from "./vehicle.ts";

/** What can be wrong with a connector. */
export type Fault = Exclude<ChargePointErrorCode, "NoError">;

/** A tag that may charge as soon as there is a car. */
interface Authorised {
  readonly idTag: string;
  readonly profile: ChargingProfile | undefined;
  /** Cancels the end of the wait. */
  readonly cancel: () => void;
}

/** One connector. Times are simulated epoch milliseconds. */
export class Connector {
  readonly #host: ConnectorHost;
  readonly #flow: EnergyFlow;
  #status: ChargePointStatus = "Available";
  #authorised: Authorised | undefined;
  #vehicle: Vehicle | undefined;
  #transaction: Transaction | undefined;
  #fault: Fault | undefined;
  reservation: Reservation | undefined;
  operative = true;

  constructor(readonly id: number, host: ConnectorHost) {
    this.#host = host;
    this.#flow = new EnergyFlow(this, host);
  }

  get status(): ChargePointStatus {
    return this.#status;
  }

  /** What StatusNotification says is wrong. */
  get errorCode(): ChargePointErrorCode {
    return this.#fault ?? "NoError";
  }

  get vehicle(): Vehicle | undefined {
    return this.#vehicle;
  }

  /** What the connector offers now, A per phase. */
  get offeredA(): number {
    return this.#flow.offerA(this.#host.clock.now());
  }

  get transaction(): Transaction | undefined {
    return this.#transaction;
  }

  get reading(): MeterReading {
    return this.#flow.reading;
  }

  /** Nobody charges here and nobody is about to. */
  get free(): boolean {
    return !this.#transaction && !this.#authorised && !this.#fault && this.operative;
  }

  /** A person plugs a car in. A transaction that outlived its cable goes on. */
  plugIn(vehicle: Vehicle): void {
    this.advance();
    this.#vehicle = vehicle;
    this.#host.report(`connector ${this.id}: a car is plugged in`);
    this.settle();
    const authorised = this.#forgetAuthorised();
    if (authorised && this.free) this.#begin(authorised.idTag, authorised.profile);
  }

  /** Nobody waits for a car any more; returns who did. */
  #forgetAuthorised(): Authorised | undefined {
    const authorised = this.#authorised;
    authorised?.cancel();
    this.#authorised = undefined;
    return authorised;
  }

  /** A person takes the cable out of the car. */
  unplug(): void {
    this.advance();
    this.#vehicle = undefined;
    this.#host.report(`connector ${this.id}: the car is unplugged`);
    const { settings } = this.#host;
    if (settings.flag("StopTransactionOnEVSideDisconnect")) this.#end("EVDisconnected");
    this.settle();
  }

  /** A tag may charge: at once, or when a car comes within ConnectionTimeOut. */
  authorise(idTag: string, profile?: ChargingProfile): void {
    if (this.#vehicle) {
      this.#begin(idTag, profile);
      return;
    }
    const waitMs = this.#host.settings.number("ConnectionTimeOut") * 1_000;
    const cancel = this.#host.clock.after(waitMs, () => {
      this.#authorised = undefined;
      this.#host.report(`connector ${this.id}: no car came for ${idTag}`);
      this.settle();
    });
    this.#authorised = { idTag, profile, cancel };
    this.settle();
  }

  #begin(idTag: string, profile: ChargingProfile | undefined): void {
    this.advance();
    // From Finishing no way leads to Charging but this one (OCPP 1.6, section 4.9).
    if (this.#status === "Finishing") this.#become("Preparing");
    const at = this.#host.clock.now();
    const { settings, profiles, queue } = this.#host;
    const meterStartWh = this.#flow.registerWh;
    const reservationId = this.reservation?.reservationId;
    this.reservation = undefined;
    const transaction = new Transaction(this.id, idTag, at, meterStartWh, reservationId);
    this.#transaction = transaction;
    if (profile) profiles.install(this.id, profile, at);
    const measurands = settings.measurands("StopTxnSampledData");
    transaction.record(measurands, this.reading, "Transaction.Begin", at);
    this.#flow.begin(at);
    this.#host.report(`connector ${this.id}: charging begins for ${idTag} at ${meterStartWh} Wh`);
    queue.add({
      action: "StartTransaction",
      deliver: async (peer) => {
        const payload = transaction.startPayload();
        this.#started(transaction, await peer.call("StartTransaction", payload));
      },
    });
    this.settle();
  }

  #started(transaction: Transaction, confirmation: StartTransactionConfirmation): void {
    const { transactionId, idTagInfo } = confirmation;
    transaction.started(confirmation);
    this.#host.report(`connector ${this.id}: transaction ${transactionId} is ${idTagInfo.status}`);
    this.#host.verdict(transaction.idTag, idTagInfo);
    if (idTagInfo.status === "Accepted" || this.#transaction !== transaction) return;
    this.advance();
    transaction.energyAllowed = false;
    if (this.#host.settings.flag("StopTransactionOnInvalidId")) this.stop("DeAuthorized");
    this.settle();
  }

  /**
   * Ends the running transaction, if any; a car that is still plugged in leaves it Finishing.
   * `idTag` is of the card that was shown for it.
   */
  stop(reason: Reason, idTag?: string): void {
    this.advance();
    this.#end(reason, idTag);
  }

  #end(reason: Reason, idTag?: string): void {
    const transaction = this.#transaction;
    if (!transaction) return;
    const at = this.#host.clock.now();
    const measurands = this.#host.settings.measurands("StopTxnSampledData");
    transaction.record(measurands, this.reading, "Transaction.End", at);
    const session = transaction.finish(at, this.#flow.registerWh, reason, idTag);
    this.#transaction = undefined;
    this.#flow.end();
    this.#host.profiles.endTransaction(this.id);
    this.#host.queue.add({
      action: "StopTransaction",
      deliver: async (peer) => {
        const payload = transaction.stopPayload(session);
        const { idTagInfo } = await peer.call("StopTransaction", payload);
        if (idTag !== undefined && idTagInfo) this.#host.verdict(idTag, idTagInfo);
      },
    });
    const energyWh = session.meterStopWh - session.meterStartWh;
    this.#host.report(`connector ${this.id}: charging ends (${reason}), ${energyWh} Wh`);
    this.#host.finished(session);
    this.#become(this.#vehicle && !this.#fault ? "Finishing" : this.#dueStatus());
  }

  /** Something breaks: the transaction ends, and nothing starts until `repair` or a restart. */
  fail(fault: Fault): void {
    this.#fault = fault;
    this.#host.report(`connector ${this.id}: ${fault}`);
    this.#forgetAuthorised();
    this.stop("Other");
    this.settle();
  }

  repair(): void {
    this.#fault = undefined;
    this.settle();
  }

  /** The register starts over somewhere else, as after a repair of the meter; Wh, either way. */
  jumpMeter(byWh: number): void {
    this.#flow.jump(byWh);
    this.#host.report(`connector ${this.id}: the meter jumps to ${this.#flow.registerWh} Wh`);
  }

  /** The charger has restarted: nobody is authorised, and a car that is there starts afresh. */
  reboot(): void {
    this.#forgetAuthorised();
    this.#fault = undefined;
    this.#status = "Available";
    this.#status = this.#dueStatus();
  }

  /** Lets energy flow up to now, sending meter values as they become due. */
  advance(): void {
    this.#flow.advance();
  }

  /** The meter as MeterValues, without a transaction id. */
  meterValues(context: ReadingContext, at: number): MeterValuesRequest {
    return this.#flow.meterValues(context, at);
  }

  /** Takes the status that the cable, the transaction and the reservation call for. */
  settle(): void {
    this.#become(this.#dueStatus());
  }

  #dueStatus(): ChargePointStatus {
    if (this.#transaction) {
      const offered = this.#flow.offerA(this.#flow.advancedTo) >= MIN_CURRENT_A;
      if (!this.#transaction.energyAllowed || !offered) return "SuspendedEVSE";
      return this.#vehicle && !this.#vehicle.full ? "Charging" : "SuspendedEV";
    }
    if (this.#fault) return "Faulted";
    if (!this.operative) return "Unavailable";
    if (this.#vehicle) return this.#status === "Finishing" ? "Finishing" : "Preparing";
    if (this.#authorised) return "Preparing";
    return this.reservation ? "Reserved" : "Available";
  }

  #become(status: ChargePointStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#host.statusChanged(this);
  }
}
