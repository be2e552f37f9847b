// What the core remembers of control: who has it, who wants it, what the owner is asked.

import type { MessageId } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import type { Action } from "../ocpp/types.ts";
import type { Denial } from "./objection.ts";
import type { OwnerMode } from "./event.ts";

export interface Control {
  mode: OwnerMode;
  /** When the mode falls back to auto. */
  modeUntil: number | undefined;
  /** The owner's limit for everybody, A per phase. */
  ownerLimit: { readonly currentA: number; readonly until: number | undefined } | undefined;
  lease: Lease | undefined;
  /** At most one for each connector, and one that names none, oldest first. */
  claims: readonly Claim[];
  /** A higher priority takes over as soon as the running transactions have ended. */
  handover: Handover | undefined;
  /** Who waits until control is free, one place for each backend, oldest first. */
  readonly queue: QueuedRequest[];
  /** What the owner is being asked, by number. */
  readonly questions: Map<number, Question>;
  lastQuestion: number;
  /** What the owner has said, oldest first. */
  answers: readonly OwnerAnswer[];
  /** Commands that wait for one of the above to be decided. */
  readonly held: HeldCommand[];
  /** Commands whose wait is over: carried out, or refused, at the end of the step. */
  readonly resumed: { readonly held: HeldCommand; readonly denial: Denial | undefined }[];
  /** Whoever waits in the queue may have a chance now. */
  recheck: boolean;
  /** When it, and rules that limit, are looked at again; undefined: nothing depends on the time. */
  reviewAt: number | undefined;
  /** After a hand-over that failed, none is begun for the queue before this time. */
  noHandoverBefore: number;
}

/** A hand-over under way: the old holder keeps control until its transactions have ended. */
export interface Handover {
  readonly backendId: string;
  /** Who held control, or runs the transactions that are being ended. */
  readonly from: string;
  readonly reason: string;
  readonly deadline: number;
}

export interface QueuedRequest {
  readonly backendId: string;
  readonly connectorId: number | undefined;
  readonly since: number;
}

/** A request that waits for the owner's word. */
export interface Question {
  readonly id: number;
  readonly backendId: string;
  readonly action: string;
  readonly connectorId: number | undefined;
  readonly idTag: string | undefined;
  /** The rule that asks, and why. */
  readonly rule: string;
  readonly reason: string;
  readonly askedAt: number;
  readonly deadline: number;
  /** What counts when nobody answers. */
  readonly default: "allow" | "deny";
}

/** What the owner said to one backend about one rule, and how long that counts. */
export interface OwnerAnswer {
  readonly backendId: string;
  readonly rule: string;
  /** It is about this card at the charger; undefined: about what the backend asks for itself. */
  readonly idTag: string | undefined;
  readonly allow: boolean;
  readonly at: number;
  readonly until: number;
  /** Nobody answered in time: the default. */
  readonly byDefault: boolean;
}

/** A command that is neither answered nor carried out yet. */
export interface HeldCommand {
  readonly backendId: string;
  readonly connection: number;
  readonly command:
    | {
      readonly protocol: "ocpp";
      readonly id: MessageId;
      readonly action: Action;
      readonly request: JsonObject;
    }
    | { readonly protocol: "json"; readonly body: JsonObject };
  readonly waitsFor:
    | { readonly type: "handover" }
    | { readonly type: "question"; readonly id: number };
  /** When it came. */
  readonly since: number;
  /** When it is refused if nothing has been decided. */
  readonly deadline: number;
}

/** A card at the charger that was allowed to charge. */
export interface TagGrant {
  /** Whose card it is; null: the household's. */
  readonly backendId: string | null;
  readonly at: number;
  /** The owner's mode at that time: with another one it is decided anew. */
  readonly mode: OwnerMode;
}

/** The right to make the charger do something. */
export interface Lease {
  readonly backendId: string;
  readonly grantedAt: number;
  /** When it ends, unless a transaction runs under it. */
  expiresAt: number;
  transactionId: number | undefined;
  connectorId: number | undefined;
  /** What rules are asked about while it lasts: what was asked for, or what one of them limited. */
  action: string;
  idTag: string | undefined;
  /** The rule that let it have control. */
  readonly rule: string | undefined;
  /** The cap that a rule put on it, A per phase. */
  limit: { readonly rule: string; readonly currentA: number } | undefined;
}

/** A RemoteStartTransaction that the charger accepted and that has not begun yet. */
export interface Claim {
  readonly backendId: string;
  readonly idTag: string;
  /** undefined: any. */
  readonly connectorId: number | undefined;
  readonly expiresAt: number;
}
