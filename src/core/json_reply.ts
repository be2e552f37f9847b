// The replies of the simple JSON protocol (contract, section 6): a result, or an error and why.

import type { JsonObject, JsonValue } from "../ocpp/json.ts";
import type { Backend } from "./backend_state.ts";
import { write } from "./json_backend.ts";
import type { Denial } from "./objection.ts";
import type { ChargerOutcome, Origin } from "./state.ts";
import type { Step } from "./step_context.ts";
import { toldReason } from "./told_reason.ts";

/** The codes of an error reply. */
type ErrorCode =
  | "control_locked"
  | "denied"
  | "rate_limited"
  | "charger_offline"
  | "charger_rejected"
  | "timeout"
  | "not_permitted"
  | "unknown_action"
  | "invalid_request"
  | "pending";

/** One request of a JSON backend. */
export interface Request {
  readonly step: Step;
  readonly backend: Backend;
  readonly connection: number;
  readonly id: JsonValue | undefined;
  readonly action: string;
  readonly body: JsonObject;
  /** When it came: it may have waited since. */
  readonly since: number;
}

/** A request without anything in it. */
export const BARE = { id: undefined, action: "", body: {}, since: 0 };

/** Answers with a result. */
export function succeed(request: Request, result: JsonValue): void {
  answer(request, { result });
}

/** Answers with an error, and why. */
export function fail(request: Request, error: ErrorCode, reason: string): void {
  answer(request, { error, reason });
}

/** Answers with whatever else there is to say. */
export function answer({ step, backend, connection, id, action }: Request, more: JsonObject): void {
  write(step, backend, connection, {
    ...id !== undefined && { id },
    ...action !== "" && { action },
    ...more,
  });
}

/** A request that has waited is refused. */
export function denyJson(
  step: Step,
  backend: Backend,
  connection: number,
  { id, action }: JsonObject,
  { code, reason }: Denial,
): void {
  const request = { ...BARE, step, backend, connection, id, action: String(action) };
  fail(request, code, toldReason(step.state, backend, reason));
}

/** Where the answer goes when the charger has spoken. */
export function originOf({ backend, connection, id, action }: Request): Origin {
  return { type: "json", backendId: backend.id, connection, id, action };
}

/** The charger's answer, as a reply. */
export function answerJson(
  step: Step,
  action: string,
  origin: Origin & { type: "json" },
  outcome: ChargerOutcome,
): void {
  const backend = step.state.backends.get(origin.backendId);
  if (!backend) return;
  const request = { ...BARE, ...origin, step, backend };
  switch (outcome.type) {
    case "result": {
      const { status } = outcome.payload;
      const gone = action === "ClearChargingProfile" && status === "Unknown";
      if (status === "Accepted" || gone) return succeed(request, true);
      return fail(
        request,
        "charger_rejected",
        `the charger answered ${status ?? "nothing usable"}`,
      );
    }
    case "error":
      return fail(request, "charger_rejected", `the charger refused: ${outcome.description}`);
    case "timeout":
      return fail(request, "timeout", "the charger did not answer in time");
    case "lost":
      return fail(request, "charger_offline", "the charger disconnected before it answered");
    case "refused":
      return fail(request, "denied", toldReason(step.state, backend, outcome.reason));
    case "busy":
      return fail(request, "timeout", "too many commands are waiting for the charger");
    case "offline":
      return fail(request, "charger_offline", "the charger is not connected");
    default:
      outcome satisfies never;
  }
}
