// The requests of the simple JSON protocol (contract, section 6), and their replies.

import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "../ocpp/json.ts";
import { mayKnow } from "./backend.ts";
import type { Denial } from "./objection.ts";
import type { Backend } from "./backend_state.ts";
import { callCharger } from "./charger_call.ts";
import type { Permission } from "./configuration.ts";
import { releaseControl, requestControl } from "./control.ts";
import { tagFrom } from "./id_tag.ts";
import { EVENT_TYPES, write } from "./json_backend.ts";
import { clearLimit, setLimit } from "./json_limit.ts";
import { chargerTransactionId } from "./session.ts";
import type { ChargerOutcome, Origin } from "./state.ts";
import { backendView } from "./status_report.ts";
import type { Step } from "./step_context.ts";
import { toldReason } from "./told_reason.ts";
import { short } from "./told_text.ts";

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

/** The longest request, characters: many of them may wait for the owner, or for the charger. */
export const MAX_REQUEST_LENGTH = 16 * 1024;

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

const ACTIONS: Readonly<Record<string, (request: Request) => void>> = {
  subscribe,
  request_control: askForControl,
  release_control: giveBackControl,
  RemoteStartTransaction: remoteStart,
  RemoteStopTransaction: remoteStop,
  set_limit: setLimit,
  clear_limit: clearLimit,
  status,
  ping: (request) => succeed(request, "pong"),
};

/** One text message of a JSON backend. */
export function jsonRequest(step: Step, backend: Backend, text: string): void {
  if (backend.link.type !== "open") return;
  const { connection } = backend.link;
  const unread = { ...BARE, step, backend, connection };
  if (text.length > MAX_REQUEST_LENGTH) {
    const reason = `a request may have ${MAX_REQUEST_LENGTH} characters`;
    return fail(unread, "invalid_request", reason);
  }
  let body: JsonValue;
  try {
    body = parseJson(text);
  } catch {
    return fail(unread, "invalid_request", "the message is not JSON");
  }
  if (!isJsonObject(body)) return fail(unread, "invalid_request", "a request is a JSON object");
  const { id, action } = body;
  if (typeof action !== "string") {
    return fail({ ...unread, id }, "invalid_request", '"action" is missing or not text');
  }
  const request = { step, backend, connection, id, action, body, since: step.now };
  if (!Object.hasOwn(ACTIONS, action)) {
    const known = Object.keys(ACTIONS).join(", ");
    return fail(request, "unknown_action", `"${action.slice(0, 50)}" is not one of ${known}`);
  }
  ACTIONS[action]!(request);
}

/** A request without anything in it. */
const BARE = { id: undefined, action: "", body: {}, since: 0 };

/** A request that has waited is carried out now. */
export function jsonRequestAgain(
  step: Step,
  backend: Backend,
  connection: number,
  body: JsonObject,
  since: number,
): void {
  const { id } = body;
  const action = String(body.action);
  ACTIONS[action]!({ step, backend, connection, id, action, body, since });
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

/** Answers with a result. */
export function succeed(request: Request, result: JsonValue): void {
  answer(request, { result });
}

/** Answers with an error, and why. */
export function fail(request: Request, error: ErrorCode, reason: string): void {
  answer(request, { error, reason });
}

function answer({ step, backend, connection, id, action }: Request, more: JsonObject): void {
  write(step, backend, connection, {
    ...id !== undefined && { id },
    ...action !== "" && { action },
    ...more,
  });
}

function subscribe(request: Request): void {
  const { backend, body } = request;
  const { events } = body;
  if (events === undefined) {
    backend.events = undefined;
    return succeed(request, { events: [...EVENT_TYPES] });
  }
  if (!Array.isArray(events)) return fail(request, "invalid_request", '"events" is not a list');
  if (!events.every(isEventType)) {
    return fail(request, "invalid_request", `"events" is a list of ${EVENT_TYPES.join(", ")}`);
  }
  backend.events = new Set(events);
  succeed(request, { events: [...backend.events] });
}

function isEventType(value: JsonValue): value is string {
  return typeof value === "string" && EVENT_TYPES.includes(value);
}

/** Asks the arbiter; undefined: the error is sent, or the request waits. */
export function control(
  request: Request,
  permission: Permission | undefined,
  connectorId: number | undefined,
): { readonly fresh: boolean } | undefined {
  const { step, backend, connection, action, body, since } = request;
  const idTag = typeof body.id_tag === "string" ? body.id_tag : undefined;
  const why = typeof body.reason === "string" ? short(body.reason) : undefined;
  const command = { connection, since, command: { protocol: "json", body } } as const;
  const outcome = requestControl(
    step,
    { backendId: backend.id, action, permission, connectorId, idTag, why },
    { command, queue: action === "request_control" && body.queue === true },
  );
  if (outcome.type === "granted") return outcome;
  if (outcome.type === "held") return undefined;
  const reason = toldReason(step.state, backend, outcome.reason);
  switch (outcome.type) {
    case "asked":
      answer(request, { error: "pending", reason, question: outcome.questionId });
      return undefined;
    case "queued":
      succeed(request, { granted: false, queued: true, position: outcome.position, reason });
      return undefined;
    case "denied":
      fail(request, outcome.code, reason);
      return undefined;
    default:
      return outcome satisfies never;
  }
}

function askForControl(request: Request): void {
  const { connector_id, queue, reason } = request.body;
  if (connector_id !== undefined && !isConnector(connector_id, 0)) {
    return fail(request, "invalid_request", '"connector_id" is not an integer from 0 up');
  }
  if (queue !== undefined && typeof queue !== "boolean") {
    return fail(request, "invalid_request", '"queue" is not true or false');
  }
  if (reason !== undefined && typeof reason !== "string") {
    return fail(request, "invalid_request", '"reason" is not text');
  }
  const granted = control(request, undefined, connector_id as number | undefined);
  if (granted) succeed(request, { granted: true, holder: request.backend.id });
}

function giveBackControl(request: Request): void {
  if (releaseControl(request.step, request.backend.id)) return succeed(request, true);
  fail(request, "denied", "it neither holds control nor waits for it");
}

function remoteStart(request: Request): void {
  const { connector_id: connectorId = 1, id_tag: theirs } = request.body;
  if (!isConnector(connectorId, 1)) {
    return fail(request, "invalid_request", '"connector_id" is not an integer from 1 up');
  }
  if (typeof theirs !== "string" || theirs.length === 0 || theirs.length > 20) {
    return fail(request, "invalid_request", '"id_tag" is not text of 1 to 20 characters');
  }
  const idTag = tagFrom(request.step.state, request.backend.id, theirs);
  const lease = control(request, "start_stop", connectorId);
  if (!lease) return;
  callCharger(request.step, {
    action: "RemoteStartTransaction",
    payload: { connectorId, idTag },
    origins: [originOf(request)],
    backendId: request.backend.id,
    freshLease: lease.fresh,
  });
}

function remoteStop(request: Request): void {
  const { step, backend, body } = request;
  const { transaction_id: given } = body;
  const transactionId = typeof given === "string" && /^\d{1,10}$/.test(given)
    ? Number(given)
    : given;
  if (typeof transactionId !== "number" || !Number.isInteger(transactionId)) {
    return fail(request, "invalid_request", '"transaction_id" is not an integer');
  }
  if (!backend.configuration.permissions.has("start_stop")) {
    return fail(request, "not_permitted", `the role ${backend.configuration.role} may not stop`);
  }
  const session = step.state.sessions.get(transactionId);
  if (!session || session.stoppedAt !== null || !mayKnow(backend, session.backendId)) {
    return fail(request, "denied", `no transaction ${transactionId} is running`);
  }
  // Ending what is its own is always allowed; anything else takes control.
  const own = session.backendId === backend.id;
  const lease = own ? undefined : control(request, "start_stop", session.connectorId);
  if (!own && !lease) return;
  callCharger(step, {
    action: "RemoteStopTransaction",
    payload: { transactionId: chargerTransactionId(session) },
    origins: [originOf(request)],
    backendId: backend.id,
    ...lease && { freshLease: lease.fresh },
    urgent: true,
  });
}

function status(request: Request): void {
  const { step, backend } = request;
  if (backend.configuration.permissions.has("read")) {
    return succeed(request, backendView(step, backend));
  }
  fail(request, "not_permitted", 'it lacks "read"');
}

function isConnector(value: JsonValue, least: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= 1_000;
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
