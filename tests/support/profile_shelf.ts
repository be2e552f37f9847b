// The charging profiles that a charger of the tests keeps: what it was sent, and what that allows.

import type { Answers, Payload } from "./strict_peer.ts";

interface Profile {
  readonly chargingProfileId: number;
  readonly stackLevel: number;
  readonly chargingProfilePurpose: string;
  readonly chargingProfileKind: string;
  readonly chargingSchedule: {
    readonly duration?: number;
    readonly startSchedule?: string;
    readonly chargingRateUnit: "A" | "W";
    readonly chargingSchedulePeriod: readonly { startPeriod: number; limit: number }[];
  };
}

interface Placed {
  readonly connectorId: number;
  readonly profile: Profile;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Answers SetChargingProfile and ClearChargingProfile as OCPP 1.6 says (sections 5.16 and 5.3). */
export class ProfileShelf {
  #placed: Placed[] = [];
  /** Which profiles it takes; default: all. */
  takes: (profile: Profile) => boolean = () => true;

  readonly answers: Answers = {
    SetChargingProfile: ({ connectorId, csChargingProfiles }) => {
      const profile = csChargingProfiles as Profile;
      if (!this.takes(profile)) return { status: "Rejected" };
      const place = { connectorId: Number(connectorId), profile, at: Date.now() };
      this.#placed = [...this.#placed.filter((other) => !replaces(place, other)), place];
      return { status: "Accepted" };
    },
    ClearChargingProfile: (request) => {
      const kept = this.#placed.filter((placed) => !isMeant(placed, request));
      const found = kept.length < this.#placed.length;
      this.#placed = kept;
      return { status: found ? "Accepted" : "Unknown" };
    },
  };

  /** It has forgotten everything, as some do when they boot. */
  forget(): void {
    this.#placed = [];
  }

  /** What is there, as `connector/purpose/limit and unit`, `+` where it ends by itself. */
  get profiles(): string[] {
    return this.#placed.map(({ connectorId, profile }) => {
      const { duration, chargingRateUnit } = profile.chargingSchedule;
      const end = duration === undefined ? "" : "+";
      const limit = profile.chargingSchedule.chargingSchedulePeriod[0]!.limit;
      return `${connectorId}/${profile.chargingProfilePurpose}/${limit} ${chargingRateUnit}${end}`;
    });
  }

  /** The lowest limit that counts now, in the unit that it came in; undefined: none does. */
  get limit(): number | undefined {
    const limits = this.#placed.map((placed) => limitOf(placed, Date.now()));
    const known = limits.filter((limit) => limit !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  /** Profiles that would go on for ever and allow nothing: what may never be left behind. */
  get lastingZeros(): Profile[] {
    return this.#placed.map(({ profile }) => profile).filter(({ chargingSchedule }) =>
      chargingSchedule.duration === undefined &&
      chargingSchedule.chargingSchedulePeriod.at(-1)!.limit === 0
    );
  }
}

function replaces(place: Placed, other: Placed): boolean {
  const { profile } = place;
  return other.profile.chargingProfileId === profile.chargingProfileId ||
    (other.connectorId === place.connectorId && other.profile.stackLevel === profile.stackLevel &&
      other.profile.chargingProfilePurpose === profile.chargingProfilePurpose);
}

function isMeant({ connectorId, profile }: Placed, request: Payload): boolean {
  if (request.id !== undefined) return profile.chargingProfileId === request.id;
  return (request.connectorId ?? connectorId) === connectorId &&
    (request.stackLevel ?? profile.stackLevel) === profile.stackLevel &&
    (request.chargingProfilePurpose ?? profile.chargingProfilePurpose) ===
      profile.chargingProfilePurpose;
}

function limitOf({ profile, at }: Placed, now: number): number | undefined {
  const { duration, startSchedule, chargingSchedulePeriod } = profile.chargingSchedule;
  const seconds = (now - (startSchedule === undefined ? at : Date.parse(startSchedule))) / 1000;
  if (duration !== undefined && seconds >= duration) return undefined;
  return chargingSchedulePeriod.findLast(({ startPeriod }) => startPeriod <= seconds)?.limit;
}
