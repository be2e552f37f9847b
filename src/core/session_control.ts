// What sessions and connectors do to control: it comes with a session, and ends with it or a fault.

import { dropClaims, isClaiming, spendClaims } from "./claim.ts";
import { recordDecision } from "./decision.ts";
import { settleHandover } from "./handover.ts";
import { endLease, grantLease, saveControl } from "./lease.ts";
import { barOf } from "./objection.ts";
import type { SessionRecord } from "./record.ts";
import { evaluateRules } from "./rules.ts";
import { openSessions } from "./session.ts";
import type { Step } from "./step_context.ts";

/** A session has begun: its backend holds control while it runs, if that is free. */
export function sessionStarted(step: Step, session: SessionRecord): void {
  const { lease } = step.state.control;
  spendClaims(step, session);
  if (lease && (session.backendId === null || session.backendId === lease.backendId)) {
    lease.transactionId ??= session.transactionId;
    lease.idTag ??= session.idTag;
  } else if (session.backendId !== null && lease?.transactionId === undefined) {
    const reason = `revoked: a transaction of ${session.backendId} began`;
    endLease(step, "revoked", reason, session.transactionId);
    grantForSession(step, session, session.backendId);
  }
  saveControl(step);
}

function grantForSession(step: Step, session: SessionRecord, backendId: string): void {
  const { connectorId, idTag } = session;
  const action = "StartTransaction";
  const bar = barOf(step.state, backendId);
  if (bar !== undefined) {
    const reason = `denied: ${bar}`;
    return recordDecision(step, { backendId, request: action, outcome: "denied", reason });
  }
  // Charging has begun: of the rules only a limit still has something to say. They are asked what
  // they would have been asked before.
  const asked = session.bookedBy === "remote_start" ? "RemoteStartTransaction" : "Authorize";
  const ruling = evaluateRules(
    step.state,
    { backendId, action: asked, idTag, connectorId },
    step.now,
  );
  const limit = ruling.type === "limit"
    ? { rule: ruling.rule, currentA: ruling.currentA }
    : undefined;
  const cap = limit ? `, with at most ${limit.currentA} A: rule '${limit.rule}'` : "";
  const reason = `granted: its transaction began on connector ${connectorId}${cap}`;
  const request = { backendId, action, connectorId, idTag };
  grantLease(step, request, { reason, rule: limit?.rule, limit });
  step.state.control.lease!.action = asked;
}

/** A session has ended: the lease that lasted for it ends too, or goes on with its next one. */
export function sessionEnded(step: Step, session: SessionRecord): void {
  const { control } = step.state;
  if (settleHandover(step)) return;
  const { lease } = control;
  control.recheck = true;
  if (lease?.transactionId !== session.transactionId) return;
  const next = openSessions(step.state).find((item) => item.backendId === lease.backendId);
  if (next === undefined) {
    return endLease(step, "expired", "expired: the transaction that used it has ended");
  }
  lease.transactionId = next.transactionId;
  saveControl(step);
}

/** A connector that was being prepared is free again: the car never came (ocpp16.md, N22). */
export function connectorFreed(step: Step, connectorId: number): void {
  const { state } = step;
  const { lease } = state.control;
  const dropped = dropClaims(step, (claim) => (claim.connectorId ?? connectorId) === connectorId);
  if (!lease || !dropped.some(({ backendId }) => backendId === lease.backendId)) return;
  if (lease.transactionId !== undefined || isClaiming(state, lease.backendId)) return;
  endLease(step, "expired", `expired: connector ${connectorId} is free again, nothing began`);
}

/** A connector reports a fault: control that used it ends. */
export function connectorFaulted(step: Step, connectorId: number, errorCode: string): void {
  const { control, sessions } = step.state;
  const { lease } = control;
  if (!lease) return;
  const used = sessions.get(lease.transactionId ?? -1)?.connectorId ?? lease.connectorId ?? 0;
  const concerns = connectorId === 0 || used === 0 || used === connectorId;
  if (concerns) endLease(step, "revoked", `revoked: connector ${connectorId} has ${errorCode}`);
}
