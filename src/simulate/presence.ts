// Whether the virtual charger is at its central system: it needs a network, and is away to restart.

import type { Clock } from "./clock.ts";

/** How a charger restarts: Soft ends its transactions first, Hard tells of them afterwards. */
export type ResetType = "Soft" | "Hard";

export interface PresenceOptions {
  readonly clock: Clock;
  readonly connect: () => void;
  /** Resolves when the connection is gone; `code` is that of the WebSocket's close. */
  readonly disconnect: (code?: number) => Promise<void>;
  /** Ends every transaction. */
  readonly stopAll: (reason: "SoftReset" | "HardReset") => void;
  /** Messages that are still to be delivered. */
  readonly undelivered: () => number;
  /** Power is gone: forgets what does not outlive it. */
  readonly poweredOff: () => void;
  /** It leaves on purpose: the next connection begins with a boot. */
  readonly leaving: () => void;
}

/** How long a restart takes, simulated milliseconds. */
const RESTART_MS = 15_000;
/** How long a soft reset waits for its StopTransactions to be delivered, simulated milliseconds. */
const RESET_PATIENCE_MS = 60_000;
/** How often it looks whether they are, simulated milliseconds. */
const LOOK_MS = 1_000;

/** The comings and goings of one charger. */
export class Presence {
  readonly #options: PresenceOptions;
  #hasNetwork = true;
  #restarting = false;
  #cancelWait: (() => void) | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  async goOffline(): Promise<void> {
    this.#hasNetwork = false;
    await this.#options.disconnect();
  }

  goOnline(): void {
    this.#hasNetwork = true;
    if (!this.#restarting) this.#options.connect();
  }

  /** Begins a restart; a newer one takes the place of one that waits, and none that is under way. */
  restart(type: ResetType): void {
    if (this.#restarting) return;
    this.#cancelWait?.();
    const { clock, stopAll } = this.#options;
    if (type === "Hard") {
      void this.#leave();
      return;
    }
    stopAll("SoftReset");
    this.#leaveBy(clock.now() + RESET_PATIENCE_MS);
  }

  #leaveBy(latest: number): void {
    const { clock, undelivered } = this.#options;
    if (undelivered() === 0 || clock.now() >= latest) void this.#leave();
    else this.#cancelWait = clock.after(LOOK_MS, () => this.#leaveBy(latest));
  }

  async #leave(): Promise<void> {
    const { clock, connect, disconnect, leaving, poweredOff } = this.#options;
    this.#restarting = true;
    leaving();
    await disconnect(1001);
    poweredOff();
    clock.after(RESTART_MS, () => {
      this.#restarting = false;
      if (this.#hasNetwork) connect();
    });
  }
}
