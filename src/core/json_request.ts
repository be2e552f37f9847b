// The requests of the simple JSON protocol (contract, section 6): read, and handed to what does them.

import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "../ocpp/json.ts";
import type { Backend } from "./backend_state.ts";
import { EVENT_TYPES } from "./json_backend.ts";
import { askForControl, giveBackControl, remoteStart, remoteStop } from "./json_control.ts";
import { clearLimit, setLimit } from "./json_limit.ts";
import { BARE, fail, type Request, succeed } from "./json_reply.ts";
import { backendView } from "./status_report.ts";
import type { Step } from "./step_context.ts";

/** The longest request, characters: many of them may wait for the owner, or for the charger. */
export const MAX_REQUEST_LENGTH = 16 * 1024;

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

function status(request: Request): void {
  const { step, backend } = request;
  if (backend.configuration.permissions.has("read")) {
    return succeed(request, backendView(step, backend));
  }
  fail(request, "not_permitted", 'it lacks "read"');
}
