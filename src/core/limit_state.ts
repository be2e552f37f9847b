// What is remembered of limits: what backends want, what the charger has, who waits for an answer.

import type { ChargingProfile } from "../ocpp/types.ts";
import type { Origin } from "./state.ts";

/** A charging profile of a backend. The charger never sees it: only the effective limit. */
export interface StoredProfile {
  readonly backendId: string;
  readonly connectorId: number;
  /** In the backend's own ids, without a transaction id. */
  readonly profile: ChargingProfile;
  /** Epoch milliseconds; relative schedules without a transaction count from here. */
  readonly receivedAt: number;
  /** Of a TxProfile: the proxy's id of the transaction with which it ends. */
  readonly transactionId: number | undefined;
  /** It came with a RemoteStartTransaction that has not begun yet. */
  readonly awaitsStart: boolean;
  /** It was set without control, by a backend that may only lower. */
  readonly guard: boolean;
}

/** How the limit is put to the charger: the first form that it accepts is kept to. */
export type LimitForm =
  /** TxDefaultProfiles with a plan of up to a day. */
  | "absolute"
  /** TxDefaultProfiles with what counts now. */
  | "relative"
  /** One ChargePointMaxProfile with what counts now. */
  | "whole";

/** The forms, in the order in which they are tried. */
export const LIMIT_FORMS: readonly LimitForm[] = ["absolute", "relative", "whole"];

/** What one profile of the proxy on the charger says. */
export interface LimitContent {
  readonly id: number;
  readonly connectorId: number;
  readonly purpose: "TxDefaultProfile" | "ChargePointMaxProfile";
  readonly kind: "Absolute" | "Relative";
  readonly stackLevel: number;
  readonly unit: "A" | "W";
  /** Rising; the first one counts already. */
  readonly periods: readonly LimitPeriod[];
  /** When it ends by itself, epoch milliseconds; undefined: never. */
  readonly endsAt: number | undefined;
  /** Until when it says exactly what is wanted, epoch milliseconds. */
  readonly exactUntil: number;
}

export interface LimitPeriod {
  /** Epoch milliseconds, whole seconds. */
  readonly at: number;
  /** In the unit of the content, with one decimal. */
  readonly limit: number;
  readonly phases: number | undefined;
}

/** A profile of the proxy that the charger has, or may have. */
export interface Installed extends LimitContent {
  /** The charger said so, and has not booted since. */
  readonly confirmed: boolean;
  readonly sentAt: number;
}

/** A backend that has set a limit and is answered when the charger has it; or cleared, on disk. */
export interface LimitWaiter {
  readonly origin: Origin;
  readonly backendId: string;
  readonly action: "SetChargingProfile" | "ClearChargingProfile";
  /** The lease was granted for this very command. */
  readonly freshLease: boolean;
  /** `Limits.round` when it was set. */
  readonly round: number;
  readonly deadline: number;
  /** It is on disk. */
  stored: boolean;
  /** For taking it back: what was set (undefined: it clears), and what was there before. */
  readonly added: StoredProfile | undefined;
  replaced: readonly StoredProfile[];
  readonly fallback: Fallback | undefined;
}

/** Who set a limit has gone: until these transactions end, only the fallback is allowed. */
export interface Fallback {
  /** The proxy's ids. */
  readonly transactionIds: readonly number[];
  /** The owner's limit at that time, as JSON: a new one ends the fallback. */
  readonly ownerLimit: string;
}

/** The call that is under way. */
export interface LimitFlight {
  readonly id: number;
  /** What the charger had in this place. */
  readonly before: Installed | undefined;
  readonly round: number;
  /** With it, everything up to `round` is on the charger. */
  readonly completes: boolean;
}

export interface Limits {
  profiles: StoredProfile[];
  fallback: Fallback | undefined;
  /** By profile id. */
  readonly installed: Map<number, Installed>;
  /** The form that is tried, or was accepted. */
  form: LimitForm;
  /** Several connectors share the limit of the whole: the charger took no ChargePointMaxProfile. */
  shared: boolean;
  /** What this charger has accepted; `charger` tells its make. */
  accepted:
    | { readonly form: LimitForm; readonly shared: boolean; readonly charger: string }
    | undefined;
  /** The make of the charger that `form` is for. */
  formOf: string;
  /** This was refused in every form, and is tried again at that time. */
  refused: { readonly wanted: string; readonly until: number } | undefined;
  flight: LimitFlight | undefined;
  readonly waiters: LimitWaiter[];
  /** Counts the changes of `profiles`. */
  round: number;
  /** Something may have changed since the plan was last compared with the charger. */
  dirty: boolean;
  /** When the plan is compared with the charger again. */
  checkAt: number | undefined;
  /** When the next call may be made. */
  sendAt: number | undefined;
  /** Limits in a row that the charger has not answered. */
  unanswered: number;
  /** What has been stopped for this pause of the owner's because the charger did not answer. */
  readonly stopped: Set<number>;
  /** After a call without an answer: not before. */
  retryAt: number | undefined;
  /** The same where a profile could not be cleared. */
  clearAt: number | undefined;
  /** The charger has been asked for its configuration since its boot. */
  configurationTried: boolean;
}

/** No limits, nothing on the charger. */
export function createLimits(): Limits {
  return {
    profiles: [],
    fallback: undefined,
    installed: new Map(),
    form: "absolute",
    shared: false,
    accepted: undefined,
    formOf: "",
    refused: undefined,
    flight: undefined,
    waiters: [],
    round: 0,
    dirty: false,
    checkAt: undefined,
    sendAt: undefined,
    unanswered: 0,
    stopped: new Set(),
    retryAt: undefined,
    clearAt: undefined,
    configurationTried: false,
  };
}
