// The charger's side: its connection, and its CALLs, answered whatever the backends do.

import { settleOverdue } from "./authorization.ts";
import { dialNow } from "./backend_link.ts";
import { abandonCalls, callCharger, pumpCharger } from "./charger_call.ts";
import type { Event } from "./event.ts";
import { emitJson } from "./json_backend.ts";
import { stopRefused } from "./late_rejection.ts";
import { clearAbandoned } from "./leftover_clearing.ts";
import { limitsAfterConnection, limitsOffline } from "./limit_delivery.ts";
import { announceBoot } from "./notify.ts";
import type { Charger } from "./state.ts";
import { log, noteFact, noteOnce, type Step } from "./step_context.ts";

/** CALLs wait so long after the connection for a BootNotification (charger_quirks.md 3.4). */
export const BOOT_WAIT_MS = 10_000;

/** A charger that sends none, even when asked, is announced all the same after this long. */
const BOOTLESS_MS = 45_000;

/** The first CALL comes so long after BootNotification.conf (EVBox loses connections otherwise). */
export const AFTER_BOOT_MS = 300;

/** The charger's socket is open; an older one is replaced. */
export function openCharger(step: Step, event: Event & { type: "charger_connected" }): void {
  const { state, now } = step;
  const { charger } = state;
  if (charger.connection !== undefined) {
    const old = charger.connection;
    chargerClosed(step, old, "a newer connection of the charger replaces it");
    step.effects.push({
      type: "close_charger",
      connection: old,
      code: 1000,
      reason: "replaced by a newer connection",
    });
  }
  charger.connection = event.connection;
  charger.connectedAt = now;
  charger.remoteAddress = event.remoteAddress;
  charger.booted = false;
  charger.bootAsked = false;
  charger.readyAt = now + BOOT_WAIT_MS;
  if (charger.id !== event.chargePointId) {
    charger.id = event.chargePointId;
    noteFact(step, "charger_id", event.chargePointId);
    dialNow(step);
  }
  log(step, "info", "charger connected", {
    chargePointId: event.chargePointId,
    address: event.remoteAddress,
  });
  emitJson(step, { type: "charger_connected", charge_point_id: event.chargePointId });
  clearAbandoned(step);
  limitsAfterConnection(step);
  stopRefused(step);
}

/** The charger's socket is gone: what waits for it fails at once. */
export function chargerClosed(step: Step, connection: number, reason: string): void {
  const { charger } = step.state;
  if (charger.connection !== connection) return;
  charger.connection = undefined;
  charger.awaiting.length = 0;
  log(step, "warning", "charger disconnected", { reason });
  emitJson(step, { type: "charger_disconnected", reason });
  abandonCalls(step);
  limitsOffline(step);
}

/** When a charger that sends no BootNotification is told to backends without one. */
export function bootlessAt({ connection, connectedAt, boot }: Charger): number | undefined {
  return connection === undefined || boot ? undefined : connectedAt + BOOTLESS_MS;
}

/** Asks a charger that never sent a BootNotification for one; ends overdue waits. */
export function tickCharger(step: Step): void {
  const { state, now } = step;
  const { charger } = state;
  settleOverdue(step);
  if (
    charger.connection !== undefined && !charger.boot && !charger.bootAsked &&
    now >= charger.connectedAt + BOOT_WAIT_MS
  ) {
    charger.bootAsked = true;
    callCharger(step, {
      action: "TriggerMessage",
      payload: { requestedMessage: "BootNotification" },
      origins: [{ type: "housekeeping" }],
      backendId: undefined,
    });
  }
  const bootless = bootlessAt(charger);
  if (bootless !== undefined && bootless <= now) {
    noteOnce(step, "bootless", "the charger sends no BootNotification; backends get a plain one");
    charger.boot = { chargePointVendor: "unknown", chargePointModel: "unknown" };
    announceBoot(step);
  }
  pumpCharger(step);
}
