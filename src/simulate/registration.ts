// How the virtual charger gets and stays registered: boot, heartbeats, and the statuses it owes.

import { formatTime, parseTime } from "../ocpp/time.ts";
import type { BootNotificationConfirmation, BootNotificationRequest } from "../ocpp/types.ts";
import type {
  ChargePointErrorCode,
  ChargePointStatus,
  RegistrationStatus,
} from "../ocpp/vocabulary.ts";
import type { ChargerSettings } from "./charger_settings.ts";
import type { Clock } from "./clock.ts";
import { CallFailed, type Peer } from "./peer.ts";

/** What StatusNotification tells of one connector. */
export interface ConnectorState {
  readonly status: ChargePointStatus;
  readonly errorCode: ChargePointErrorCode;
}

export interface RegistrationOptions {
  readonly peer: Peer;
  readonly clock: Clock;
  readonly settings: ChargerSettings;
  readonly identity: () => BootNotificationRequest;
  /** The present state of every connector, from 0. */
  readonly states: () => readonly ConnectorState[];
  /** Whether the clock keeps its own time, whatever the central system says; default: no. */
  readonly keepsTime?: boolean;
  /** Whether HeartbeatInterval stays, whatever the central system says; default: no. */
  readonly keepsHeartbeat?: boolean;
  /** Registered and connected: everything may be sent. */
  readonly online: () => void;
  readonly report: (text: string) => void;
}

/** Wait before another BootNotification where the central system names none. */
const BOOT_RETRY_MS = 30_000;

/** The registration of one charger (OCPP 1.6, section 4.2). It outlives connections. */
export class Registration {
  readonly #options: RegistrationOptions;
  /** The status last told, by connector. */
  readonly #told = new Map<number, ChargePointStatus>();
  #status: RegistrationStatus | undefined;
  #clockSet = false;
  #cancelBoot: (() => void) | undefined;
  #cancelHeartbeat: (() => void) | undefined;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /** Undefined: no answer to BootNotification since the last start. */
  get status(): RegistrationStatus | undefined {
    return this.#status;
  }

  get accepted(): boolean {
    return this.#status === "Accepted";
  }

  /** A connection is open: goes on where the last one ended, or boots. */
  connected(): void {
    if (this.accepted) this.#online();
    else void this.boot();
  }

  disconnected(): void {
    this.#cancelBoot?.();
    this.#cancelHeartbeat?.();
  }

  /** The charger restarts: the next connection begins with a boot. */
  forget(): void {
    this.#status = undefined;
    this.#told.clear();
  }

  /** Sends BootNotification, and again until it is accepted. */
  async boot(): Promise<void> {
    this.#cancelBoot?.();
    const { peer, clock, identity, report } = this.#options;
    let waitMs = BOOT_RETRY_MS;
    try {
      const confirmation = await peer.call("BootNotification", identity());
      this.#status = confirmation.status;
      report(`registration: ${confirmation.status}`);
      if (confirmation.status === "Accepted") {
        this.#accepted(confirmation);
        return;
      }
      if (confirmation.interval > 0) waitMs = confirmation.interval * 1_000;
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      if (error.failure === "disconnected") return;
      report(error.message);
    }
    this.#cancelBoot = clock.after(waitMs, () => void this.boot());
  }

  #accepted({ currentTime, interval }: BootNotificationConfirmation): void {
    const { clock, settings } = this.#options;
    const time = parseTime(currentTime);
    // Only once: compressed time soon is ahead of everybody's, and must not jump back.
    if (time !== undefined && !this.#clockSet && !this.#options.keepsTime) clock.set(time);
    this.#clockSet = true;
    if (interval > 0 && !this.#options.keepsHeartbeat) {
      settings.change("HeartbeatInterval", String(interval));
    }
    this.#told.clear();
    this.#online();
  }

  #online(): void {
    this.#options.states().forEach(({ status }, connectorId) => {
      if (this.#told.get(connectorId) !== status) this.tellStatus(connectorId);
    });
    this.#options.online();
    this.planHeartbeat();
  }

  /** Tells the status of a connector, 0 for the whole charger; no answer is no matter. */
  tellStatus(connectorId: number): void {
    const { peer, clock, states, report } = this.#options;
    const state = states()[connectorId];
    if (state === undefined || !peer.connected || !this.#status) return;
    const { status, errorCode } = state;
    this.#told.set(connectorId, status);
    const timestamp = formatTime(clock.now());
    peer.call("StatusNotification", { connectorId, errorCode, status, timestamp })
      .catch((error: Error) => {
        if (!isDisconnected(error)) report(error.message);
        else if (this.#told.get(connectorId) === status) this.#told.delete(connectorId);
      });
  }

  /** Sends a Heartbeat after the interval, and so on; call again when the interval changes. */
  planHeartbeat(): void {
    this.#cancelHeartbeat?.();
    if (!this.accepted) return;
    const { peer, clock, settings, report } = this.#options;
    const intervalMs = settings.number("HeartbeatInterval") * 1_000;
    this.#cancelHeartbeat = clock.after(intervalMs, () => {
      if (!peer.connected) return;
      // The next one waits for the answer: nobody who is silent collects them.
      peer.call("Heartbeat", {}).catch((error: Error) => {
        if (!isDisconnected(error)) report(error.message);
      }).finally(() => this.planHeartbeat());
    });
  }
}

/** Whether a call got no answer because the connection ended, which is told by itself. */
function isDisconnected(error: Error): boolean {
  return error instanceof CallFailed && error.failure === "disconnected";
}
