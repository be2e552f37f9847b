// What the messages of transactions have in common: StartTransaction, MeterValues, StopTransaction.

import type { MessageId } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { CLOCK_UNSET_BEFORE_MS } from "../ocpp/mend.ts";
import { parseTime } from "../ocpp/time.ts";
import { plain } from "./session.ts";

/** A message from the charger that has been checked and repaired. */
export interface ChargerMessage<Request> {
  readonly connection: number;
  readonly id: MessageId;
  /** As the charger sent it. */
  readonly original: JsonObject;
  /** Valid. */
  readonly request: Request;
  /** The frame, where `request` differs from it. */
  readonly raw: string | undefined;
}

/** Whether the charger's clock was set when it wrote this message. */
export function isClockSet(original: JsonObject): boolean {
  return (parseTime(plain(original.timestamp)) ?? 0) >= CLOCK_UNSET_BEFORE_MS;
}
