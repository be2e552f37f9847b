// What the charger says of itself: its boot, its connectors, its firmware and uploads.

import type { MessageId } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { CLOCK_UNSET_BEFORE_MS } from "../ocpp/mend.ts";
import { formatTime, parseTime } from "../ocpp/time.ts";
import type { Action, BootNotificationRequest, StatusNotificationRequest } from "../ocpp/types.ts";
import { AFTER_BOOT_MS } from "./charge_point.ts";
import { answerCharger } from "./charger_answer.ts";
import { timeByOurs } from "./charger_clock.ts";
import { limitsChanged } from "./charging_limit.ts";
import { emitJson } from "./json_backend.ts";
import { bootEvent, statusEvent } from "./json_event.ts";
import { limitsAfterBoot } from "./limit_delivery.ts";
import { announceBoot, notifyStatus, notifySubset } from "./notify.ts";
import { sessionOnConnector } from "./session.ts";
import { connectorFaulted, connectorFreed } from "./session_control.ts";
import type { Charger, ConnectorStatus, NoticeKind } from "./state.ts";
import { log, noteFact, type Step } from "./step_context.ts";
import { configurationOutdated } from "./virtual_configuration.ts";
import { forgetZonelessTimes } from "./zoneless_time.ts";

/** So long after a reconnect a charger may send states of the time without connection. */
const REPLAY_MS = 60_000;

/** Connectors a charge point may have; higher ids are answered and not kept. */
export const MAX_CONNECTORS = 64;

/** BootNotification (OCPP 1.6, section 4.2): accepted at once, whatever the backends say. */
export function boot(
  step: Step,
  connection: number,
  id: MessageId,
  request: BootNotificationRequest,
): void {
  const { state, now } = step;
  const { charger } = state;
  charger.booted = true;
  charger.readyAt = now + AFTER_BOOT_MS;
  configurationOutdated(step);
  limitsAfterBoot(step);
  installationOver(charger);
  for (const connector of charger.connectors.values()) connector.bootedSince = true;
  const changed = JSON.stringify(charger.boot) !== JSON.stringify(request);
  charger.boot = request;
  if (changed) {
    noteFact(step, "boot", request);
    forgetZonelessTimes(step);
  }
  answerCharger(step, connection, id, {
    status: "Accepted",
    currentTime: formatTime(now),
    interval: state.configuration.charger.heartbeatIntervalS,
  });
  log(step, "info", "charger booted", {
    vendor: request.chargePointVendor,
    model: request.chargePointModel,
    firmware: request.firmwareVersion ?? null,
  });
  announceBoot(step);
  emitJson(step, bootEvent(request));
}

/** A charger that reports after its boot that it is installing will say so again. */
function installationOver({ notices }: Charger): void {
  const status = notices.get("firmware")?.status;
  if (status === "Installing" || status === "InstallRebooting") notices.delete("firmware");
}

/** When the charger says that it was so, by its own clock; undefined: it cannot be believed. */
function toldAt({ timestamp }: StatusNotificationRequest, now: number): number | undefined {
  const told = timestamp === undefined ? undefined : parseTime(timestamp);
  return told === undefined || told < CLOCK_UNSET_BEFORE_MS || told > now ? undefined : told;
}

/** Whether a state is older than the known one: by the charger's clock, whatever happened to ours. */
function isOlder(
  told: number | undefined,
  at: number,
  before: ConnectorStatus,
  now: number,
): boolean {
  const toldBefore = toldAt(before.status, now);
  return told === undefined || toldBefore === undefined ? at < before.at : told < toldBefore;
}

/**
 * StatusNotification (section 4.9): kept per connector; an older one of the same boot never replaces
 * a newer one.
 */
export function status(
  step: Step,
  connection: number,
  id: MessageId,
  request: StatusNotificationRequest,
): void {
  const { state, now } = step;
  const { connectors } = state.charger;
  answerCharger(step, connection, id, {});
  const told = toldAt(request, now);
  const at = told === undefined ? now : Math.min(timeByOurs(state, told, now), now);
  const { connectorId } = request;
  const before = connectors.get(connectorId);
  // What is replayed after a reconnect is older; later a clock that was set back must not matter.
  const replaying = now < state.charger.connectedAt + REPLAY_MS;
  const known = before?.bootedSince ? undefined : before;
  if (replaying && known && isOlder(told, at, known, now)) return;
  if (!before && connectors.size >= MAX_CONNECTORS) return;
  if (!before) limitsChanged(step);
  const available = request.status === "Available";
  const running = sessionOnConnector(state, connectorId) !== undefined;
  connectors.set(connectorId, {
    status: request,
    at,
    availableSince: available && running ? before?.availableSince ?? now : undefined,
    bootedSince: false,
  });
  if (available && before?.status.status === "Preparing") connectorFreed(step, connectorId);
  noteFact(step, `connector/${connectorId}`, { status: request, at });
  if (request.status === "Faulted") connectorFaulted(step, connectorId, request.errorCode);
  if (before && sameStatus(before.status, request)) return;
  notifyStatus(step, connectorId);
  emitJson(step, statusEvent(request));
}

function sameStatus(a: StatusNotificationRequest, b: StatusNotificationRequest): boolean {
  return a.status === b.status && a.errorCode === b.errorCode && a.info === b.info &&
    a.vendorErrorCode === b.vendorErrorCode;
}

/** Firmware, diagnostics and log status: to who ordered it, else to those who might have. */
export function notice(
  step: Step,
  connection: number,
  id: MessageId,
  action: Action,
  kind: NoticeKind,
  request: JsonObject,
): void {
  const { state } = step;
  answerCharger(step, connection, id, {});
  const { requestId, ...rest } = request;
  state.charger.notices.set(kind, { ...request });
  noteFact(step, "notices", Object.fromEntries(state.charger.notices));
  const ordered = state.requests.get(Number(requestId ?? -1));
  const orderedBy = ordered?.backendId ?? state.charger.orderedBy.get(kind);
  const payload = ordered ? { ...rest, requestId: ordered.theirs } : rest;
  notifySubset(
    step,
    action,
    payload,
    (backend) =>
      orderedBy !== undefined
        ? backend.id === orderedBy
        : backend.configuration.permissions.has(kind === "firmware" ? "firmware" : "diagnostics"),
  );
}
