// What a replay with other decisions is made of: what happened, and what was asked and answered.

import type { Event } from "../core/event.ts";
import type { MessageId } from "../ocpp/frame.ts";
import type { RecordedCall } from "./counterpart.ts";

/** One thing that was recorded; `at` in epoch milliseconds, `backendId` undefined: the charger. */
export type Item =
  & { readonly at: number }
  & (
    | { readonly type: "event"; readonly event: Event }
    /** A CALL that this peer was sent. */
    | {
      readonly type: "asked";
      readonly backendId: string | undefined;
      /** Names the CALL among all. */
      readonly number: number;
      readonly call: RecordedCall;
    }
    /** Its answer: a frame. */
    | {
      readonly type: "answered";
      readonly backendId: string | undefined;
      readonly number: number;
      readonly text: string;
    }
    /** The transaction id that was given to the charger, in decimal, in answer to this CALL. */
    | { readonly type: "given"; readonly id: MessageId; readonly transactionId: string }
  );
