// Remembers who breaks the protocol, and for how long nobody listens to them.

import type { ListenerLimits } from "./listener_limits.ts";

/** Addresses remembered; past it, the one that offended longest ago is forgotten. */
export const REMEMBERED_OFFENDERS = 1_000;

interface Offences {
  count: number;
  since: number;
  bannedUntil: number;
}

/** Times are on the monotonic clock, in milliseconds. */
export class Offenders {
  readonly #limits: ListenerLimits;
  /** The latest offender last. */
  readonly #byAddress = new Map<string, Offences>();

  constructor(limits: ListenerLimits) {
    this.#limits = limits;
  }

  /** Counts a violation; true: it brought the ban. */
  record(address: string, now: number): boolean {
    const known = this.#byAddress.get(address);
    this.#byAddress.delete(address);
    const offences = known !== undefined && now - known.since < this.#limits.violationsWithinMs
      ? known
      : { count: 0, since: now, bannedUntil: known?.bannedUntil ?? 0 };
    offences.count++;
    const banned = now >= offences.bannedUntil && offences.count >= this.#limits.violations;
    if (banned) offences.bannedUntil = now + this.#limits.banMs;
    this.#byAddress.set(address, offences);
    if (this.#byAddress.size > REMEMBERED_OFFENDERS) {
      for (const oldest of this.#byAddress.keys()) {
        this.#byAddress.delete(oldest);
        break;
      }
    }
    return banned;
  }

  isBanned(address: string, now: number): boolean {
    return now < (this.#byAddress.get(address)?.bannedUntil ?? 0);
  }
}
