// The requests of the simple JSON protocol that need control (contract, section 6), and how they get it.

import type { JsonValue } from "../ocpp/json.ts";
import { mayKnow } from "./backend.ts";
import { callCharger } from "./charger_call.ts";
import type { Permission } from "./configuration.ts";
import { releaseControl, requestControl } from "./control.ts";
import { tagFrom } from "./id_tag.ts";
import { answer, fail, originOf, type Request, succeed } from "./json_reply.ts";
import { chargerTransactionId } from "./session.ts";
import { toldReason } from "./told_reason.ts";
import { short } from "./told_text.ts";

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

/** `request_control`: control for whatever comes next, or a place in the queue. */
export function askForControl(request: Request): void {
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

/** `release_control`: what it holds, or waits for. */
export function giveBackControl(request: Request): void {
  if (releaseControl(request.step, request.backend.id)) return succeed(request, true);
  fail(request, "denied", "it neither holds control nor waits for it");
}

/** `RemoteStartTransaction`. */
export function remoteStart(request: Request): void {
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

/** `RemoteStopTransaction`: what is its own it may always end. */
export function remoteStop(request: Request): void {
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

function isConnector(value: JsonValue, least: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= 1_000;
}
