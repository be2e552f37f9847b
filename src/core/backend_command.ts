// The CALLs of an OCPP backend: who may, in whose ids, and what never reaches the charger.

import type { MessageId } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { parseTime } from "../ocpp/time.ts";
import type { Action, Messages } from "../ocpp/types.ts";
import { answerBackend, failBackend } from "./backend_answer.ts";
import type { Backend } from "./backend_state.ts";
import { callCharger } from "./charger_call.ts";
import { getCompositeSchedule } from "./composite_answer.ts";
import type { Permission } from "./configuration.ts";
import { requestControl } from "./control.ts";
import { sessionByBackendId } from "./delivery.ts";
import {
  dropExpired,
  MAX_LEFTOVERS,
  nextForeignId,
  registerReservation,
  reservationIdOf,
} from "./leftover.ts";
import { checkStart, clearChargingProfile, setChargingProfile } from "./limit_command.ts";
import { refusalOf } from "./refusal.ts";
import { chargerTransactionId, sessionOnConnector } from "./session.ts";
import type { Origin, State } from "./state.ts";
import type { Step } from "./step_context.ts";
import { trigger } from "./trigger.ts";
import { getConfiguration, setVirtual, treatKey } from "./virtual_configuration.ts";

/** One CALL of one backend. */
export interface Command<A extends Action = Action> {
  readonly step: Step;
  readonly backend: Backend;
  readonly origin: Origin;
  readonly action: A;
  readonly request: Messages[A]["request"];
  /** When it came: it may have waited since. */
  readonly since: number;
}

type Handlers = { readonly [A in Action]?: (command: Command<A>) => void };

const HANDLERS: Handlers = {
  CancelReservation: cancelReservation,
  CertificateSigned: permitted("certificates"),
  ChangeAvailability: changeAvailability,
  ChangeConfiguration: changeConfiguration,
  ClearCache: permitted("local_list"),
  ClearChargingProfile: clearChargingProfile,
  DataTransfer: dataTransfer,
  DeleteCertificate: permitted("certificates"),
  ExtendedTriggerMessage: (command) => trigger(command, command.request),
  GetCompositeSchedule: getCompositeSchedule,
  GetConfiguration: (command) => readConfiguration(command),
  GetDiagnostics: permitted("diagnostics"),
  GetInstalledCertificateIds: permitted("certificates"),
  GetLocalListVersion: permitted("read"),
  GetLog: withRequestId("diagnostics"),
  InstallCertificate: permitted("certificates"),
  RemoteStartTransaction: remoteStart,
  RemoteStopTransaction: remoteStop,
  ReserveNow: reserveNow,
  Reset: permitted("reset"),
  SendLocalList: permitted("local_list"),
  SetChargingProfile: setChargingProfile,
  SignedUpdateFirmware: withRequestId("firmware"),
  TriggerMessage: (command) => trigger(command, command.request),
  UnlockConnector: unlockConnector,
  UpdateFirmware: permitted("firmware"),
};

/** The actions that a central system may send. */
export const TO_CHARGER: ReadonlySet<Action> = new Set(Object.keys(HANDLERS) as Action[]);

/** Carries out a valid CALL of a backend; it gets exactly one answer, now or later. */
export function backendCommand(
  step: Step,
  backend: Backend,
  id: MessageId,
  action: Action,
  request: JsonObject,
  since = step.now,
): void {
  if (backend.link.type !== "open") return;
  const { connection } = backend.link;
  const origin: Origin = { type: "ocpp", backendId: backend.id, connection, id };
  const command = { step, backend, origin, action, request, since } as Command;
  (HANDLERS[action] as ((command: Command) => void) | undefined)?.(command);
}

/** Says no: with the action's own status where it has one (contract, section 3). */
export function refuse({ step, backend, origin, action }: Command, reason: string): void {
  if (origin.type === "ocpp") refuseHeld(step, backend, origin.id, action, { reason });
}

/** Says no to a command that has waited. */
export function refuseHeld(
  step: Step,
  backend: Backend,
  id: MessageId,
  action: Action,
  { reason }: { readonly reason: string },
): void {
  const refusal = refusalOf(action);
  if (refusal) answerBackend(step, backend, id, refusal);
  else failBackend(step, backend, id, "SecurityError", reason);
}

/** Answers without asking the charger. */
export function reply({ step, backend, origin }: Command, payload: JsonObject): void {
  if (origin.type === "ocpp") answerBackend(step, backend, origin.id, payload);
}

/** Sends the command on. `payload` is in the charger's ids. */
export function forward<A extends Action>(
  { step, backend, origin, action, request }: Command<A>,
  payload: Messages[A]["request"],
  options: { freshLease?: boolean; urgent?: boolean } = {},
): void {
  callCharger(step, {
    action,
    payload,
    origins: [origin],
    backendId: backend.id,
    requested: request,
    ...options,
  });
}

function permitted<A extends Action>(permission: Permission): (command: Command<A>) => void {
  return (command) => {
    if (!may(command, permission)) return refuse(command as Command, `it lacks "${permission}"`);
    forward(command, command.request);
  };
}

function may({ backend }: { backend: Backend }, permission: Permission): boolean {
  return backend.configuration.permissions.has(permission);
}

/** GetLog and SignedUpdateFirmware carry an id of the backend's own. */
function withRequestId<A extends "GetLog" | "SignedUpdateFirmware">(permission: Permission) {
  return (command: Command<A>) => {
    if (!may(command, permission)) return refuse(command as Command, `it lacks "${permission}"`);
    const requestId = nextForeignId(command.step);
    forward(command, { ...command.request, requestId });
  };
}

/** Asks the arbiter; undefined: the refusal is sent, or the command waits. */
export function control(
  command: Command,
  permission: Permission,
  connectorId: number | undefined,
): { readonly fresh: boolean } | undefined {
  if (command.backend.registration !== "accepted") {
    refuse(command, "BootNotification is not accepted yet");
    return undefined;
  }
  const { step, backend, origin, action, request, since } = command;
  if (origin.type !== "ocpp") return undefined;
  const { connection, id } = origin;
  const { idTag } = request as { idTag?: string };
  const outcome = requestControl(
    step,
    { backendId: backend.id, action, permission, connectorId, idTag },
    { command: { connection, since, command: { protocol: "ocpp", id, action, request } } },
  );
  if (outcome.type === "granted") return outcome;
  if (outcome.type !== "held") refuse(command, outcome.reason);
  return undefined;
}

function readConfiguration(command: Command<"GetConfiguration">): void {
  if (!may(command, "read")) return refuse(command as Command, 'it lacks "read"');
  const { step, backend, origin, request } = command;
  if (origin.type === "ocpp") getConfiguration(step, backend, origin.id, request.key ?? []);
}

function changeConfiguration(command: Command<"ChangeConfiguration">): void {
  const { key, value } = command.request;
  switch (treatKey(key, value)) {
    case "virtual":
      setVirtual(command.step, command.backend, key, value);
      return reply(command as Command, { status: "Accepted" });
    case "reject":
      return reply(command as Command, { status: "Rejected" });
    case "forward":
      return permitted<"ChangeConfiguration">("configure")(command);
  }
}

/** Operative while it is operative already is housekeeping of evcc and Home Assistant: absorbed. */
function changeAvailability(command: Command<"ChangeAvailability">): void {
  const { connectorId, type } = command.request;
  const { connectors } = command.step.state.charger;
  const concerned = connectorId === 0 ? [...connectors.keys()] : [connectorId];
  const operative = concerned.every((id) => connectors.get(id)?.status.status !== "Unavailable");
  if (type === "Operative" && operative) return reply(command as Command, { status: "Accepted" });
  permitted<"ChangeAvailability">("availability")(command);
}

function dataTransfer(command: Command<"DataTransfer">): void {
  const routed = command.step.state.configuration.dataTransfer.get(command.request.vendorId);
  if (routed === command.backend.id) return forward(command, command.request);
  permitted<"DataTransfer">("data_transfer")(command);
}

function remoteStart(command: Command<"RemoteStartTransaction">): void {
  const { state } = command.step;
  const { chargingProfile, ...request } = command.request;
  const connectorId = request.connectorId ?? freeConnector(state);
  const profile = chargingProfile &&
    checkStart(command.step, command.backend, chargingProfile, connectorId ?? 0);
  if (profile?.fault !== undefined) return refuse(command as Command, profile.fault);
  const lease = control(command as Command, "start_stop", connectorId);
  if (!lease) return;
  // It stays with the proxy until its transaction begins.
  profile?.keep();
  const payload = { ...request, ...connectorId !== undefined && { connectorId } };
  forward(command, payload, { freshLease: lease.fresh });
}

/** Some chargers refuse a RemoteStartTransaction without a connector. */
function freeConnector(state: State): number | undefined {
  const ids = [...state.charger.connectors.keys()].filter((id) => id > 0).sort((a, b) => a - b);
  return ids.find((id) => !sessionOnConnector(state, id)) ?? ids[0];
}

function remoteStop(command: Command<"RemoteStopTransaction">): void {
  const { step, backend, request } = command;
  const session = sessionByBackendId(step.state, backend, request.transactionId);
  const known = session && session.stoppedAt === null;
  if (!known || !may(command, "start_stop") || backend.registration !== "accepted") {
    return refuse(command as Command, "it knows no such running transaction");
  }
  const payload = { transactionId: chargerTransactionId(session) };
  // Ending what is its own is always allowed; anything else takes control.
  if (session.backendId === backend.id) return forward(command, payload, { urgent: true });
  const lease = control(command as Command, "start_stop", session.connectorId);
  if (lease) forward(command, payload, { freshLease: lease.fresh, urgent: true });
}

function unlockConnector(command: Command<"UnlockConnector">): void {
  const { connectorId } = command.request;
  const lease = control(command as Command, "unlock", connectorId);
  if (lease) forward(command, command.request, { freshLease: lease.fresh });
}

function reserveNow(command: Command<"ReserveNow">): void {
  const { step, backend, request } = command;
  const expiresAt = parseTime(request.expiryDate);
  if (expiresAt === undefined || expiresAt <= step.now) {
    return refuse(command as Command, "expiryDate is not in the future");
  }
  dropExpired(step);
  const known = reservationIdOf(step.state, backend, request.reservationId) !== undefined;
  if (!known && step.state.reservations.size >= MAX_LEFTOVERS) {
    return refuse(command as Command, "there are too many reservations");
  }
  const lease = control(command as Command, "reserve", request.connectorId);
  if (!lease) return;
  forward(command, registerReservation(step, backend, request), { freshLease: lease.fresh });
}

function cancelReservation(command: Command<"CancelReservation">): void {
  const { step, backend, request } = command;
  const reservationId = reservationIdOf(step.state, backend, request.reservationId);
  if (reservationId === undefined || !may(command, "reserve")) {
    return refuse(command as Command, "it knows no such reservation");
  }
  forward(command, { reservationId });
}
