// The answers to the charger's CALLs: one each, on the connection that asked.

import { type ErrorCode, errorText, type MessageId, resultText } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import type { Step } from "./step_context.ts";

/** Sends a CALLRESULT, unless that connection is gone. */
export function answerCharger(
  step: Step,
  connection: number,
  id: MessageId,
  payload: JsonObject,
): void {
  if (step.state.charger.connection !== connection) return;
  step.effects.push({ type: "send_charger", connection, text: resultText(id, payload) });
}

/** Sends a CALLERROR, unless that connection is gone. */
export function failCharger(
  step: Step,
  connection: number,
  id: MessageId,
  code: ErrorCode,
  description: string,
): void {
  if (step.state.charger.connection !== connection) return;
  step.effects.push({ type: "send_charger", connection, text: errorText(id, code, description) });
}
