// The answers to a backend's CALLs, on the connection that it has now.

import { type ErrorCode, errorText, type MessageId, resultText } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import type { Backend } from "./backend_state.ts";
import type { Step } from "./step_context.ts";

/** Sends a CALLRESULT to a backend, unless it is gone. */
export function answerBackend(
  step: Step,
  backend: Backend,
  id: MessageId,
  payload: JsonObject,
): void {
  send(step, backend, resultText(id, payload));
}

/** Sends a CALLERROR to a backend, unless it is gone. */
export function failBackend(
  step: Step,
  backend: Backend,
  id: MessageId,
  code: ErrorCode,
  description: string,
): void {
  send(step, backend, errorText(id, code, description));
}

function send(step: Step, { id: backendId, link }: Backend, text: string): void {
  if (link.type !== "open") return;
  step.effects.push({ type: "send_backend", backendId, connection: link.connection, text });
}
