// Control as a lease: who holds it, when it ends, and what is cleared behind the holder.

import { barOf, type ControlRequest, decide, type Verdict } from "./arbitration.ts";
import { withdrawCommands } from "./charger_call.ts";
import type { OwnerMode } from "./event.ts";
import { emitJsonTo } from "./json_backend.ts";
import { hasLeft } from "./leftover.ts";
import { abandon, tickLeftovers } from "./leftover_clearing.ts";
import { type DecisionRecord, REMEMBERED_DECISIONS, type SessionRecord } from "./record.ts";
import { openSessions } from "./session.ts";
import type { Claim, Lease } from "./state.ts";
import { log, noteFact, type Step } from "./step_context.ts";

/** Equal decisions so close together are written down once. */
const REPEATED_DECISION_MS = 60_000;

/** What a claim gets beyond the charger's ConnectionTimeOut. */
const CLAIM_MARGIN_MS = 15_000;

/** The longest ConnectionTimeOut that is believed, s. */
const LONGEST_CONNECTION_TIMEOUT_S = 3_600;

/** No claim lasts longer. */
export const LONGEST_CLAIM_MS = 1000 * LONGEST_CONNECTION_TIMEOUT_S + CLAIM_MARGIN_MS;

/** ConnectionTimeOut of a charger that does not tell. */
const DEFAULT_CONNECTION_TIMEOUT_S = 60;

/** Decides a request for control and makes the decision true. */
export function requestControl(step: Step, request: ControlRequest): Verdict {
  const { state, now } = step;
  const verdict = decide(state, request, now);
  if (!verdict.granted) {
    recordDecision(step, request.backendId, request.action, "denied", verdict.reason);
    emitJsonTo(step, request.backendId, {
      type: "control_denied",
      code: verdict.code,
      reason: verdict.reason,
    });
    return verdict;
  }
  const expiresAt = now + state.configuration.controlTimeoutMs;
  const { lease } = state.control;
  if (lease && lease.backendId === request.backendId) {
    lease.expiresAt = expiresAt;
    lease.connectorId ??= request.connectorId;
    adoptRunning(step, lease);
    saveControl(step);
    return verdict;
  }
  if (lease) endLease(step, "revoked", `revoked: ${request.backendId} is preferred`);
  const granted: Lease = {
    backendId: request.backendId,
    grantedAt: now,
    expiresAt,
    transactionId: undefined,
    connectorId: request.connectorId,
    limit: undefined,
  };
  state.control.lease = granted;
  adoptRunning(step, granted);
  const backend = state.backends.get(request.backendId);
  if (backend) backend.grantedAt = now;
  noteFact(step, `granted_at/${request.backendId}`, now);
  saveControl(step);
  recordDecision(step, request.backendId, request.action, "granted", verdict.reason);
  emitJsonTo(step, request.backendId, { type: "control_granted", reason: verdict.reason });
  return verdict;
}

/** A lease lasts as long as a running transaction that it may control. */
function adoptRunning({ state }: Step, lease: Lease): void {
  if (lease.transactionId !== undefined) return;
  for (const id of state.open) {
    const session = state.sessions.get(id)!;
    if (session.backendId === null || session.backendId === lease.backendId) {
      lease.transactionId = id;
    }
  }
}

/** The holder gives control back. False: it did not hold it. */
export function releaseControl(step: Step, backendId: string): boolean {
  if (step.state.control.lease?.backendId !== backendId) return false;
  endLease(step, "released", "released: by the backend itself");
  return true;
}

/** The very command that a lease was granted for came to nothing, and there is no other. */
export function releaseUnused(step: Step, backendId: string): void {
  const { state } = step;
  const { control, charger } = state;
  if (control.lease?.backendId !== backendId || control.lease.transactionId !== undefined) return;
  const used = hasLeft(state, backendId) ||
    [charger.pending?.call, ...charger.queue].some((call) =>
      call?.backendId === backendId && call.freshLease !== undefined
    );
  if (!used) endLease(step, "released", "released: the command came to nothing");
}

/** Ends the lease; what the holder left on the charger is cleared with it. */
function endLease(
  step: Step,
  outcome: "released" | "revoked" | "expired",
  reason: string,
): void {
  const { control } = step.state;
  const { lease } = control;
  if (!lease) return;
  control.lease = undefined;
  // Otherwise what it has started is still its own when it begins.
  if (outcome === "revoked" && control.claim?.backendId === lease.backendId) {
    control.claim = undefined;
  }
  saveControl(step);
  recordDecision(step, lease.backendId, "control", outcome, reason);
  emitJsonTo(step, lease.backendId, {
    type: outcome === "revoked" ? "control_revoked" : "control_released",
    reason,
  });
  withdrawCommands(step, lease.backendId, reason);
  abandon(step, lease.backendId);
}

/** After a restart or a new configuration: does the holder still qualify, and who left what? */
export function reviewControl(step: Step): void {
  const { state } = step;
  const { lease } = state.control;
  const bar = lease && barOf(state, lease.backendId);
  if (bar !== undefined) endLease(step, "revoked", `revoked: ${bar}`);
  const holder = state.control.lease?.backendId;
  const others = [...state.profiles.values(), ...state.reservations.values()]
    .map((entry) => entry.backendId).filter((id) => id !== holder);
  for (const id of new Set(others)) abandon(step, id);
}

/** The charger has accepted a RemoteStartTransaction: the next start with this tag is its. */
export function claimStart(
  step: Step,
  backendId: string,
  idTag: string,
  connectorId: number | undefined,
): void {
  const { state, now } = step;
  const key = state.charger.configuration?.find((row) => row.key === "ConnectionTimeOut");
  const seconds = Number(key?.value ?? DEFAULT_CONNECTION_TIMEOUT_S);
  const usable = seconds > 0 && seconds < LONGEST_CONNECTION_TIMEOUT_S;
  const waitMs = 1000 * (usable ? seconds : DEFAULT_CONNECTION_TIMEOUT_S);
  const claim: Claim = {
    backendId,
    idTag,
    connectorId,
    expiresAt: now + waitMs + CLAIM_MARGIN_MS,
  };
  state.control.claim = claim;
  const { lease } = state.control;
  if (lease?.backendId === backendId) {
    lease.expiresAt = Math.max(lease.expiresAt, claim.expiresAt);
  }
  saveControl(step);
}

/** A session has begun: its backend holds control while it runs, if that is free. */
export function sessionStarted(step: Step, session: SessionRecord): void {
  const { control } = step.state;
  const { lease, claim } = control;
  // Whoever's it was: a start with another tag makes the claim void (ocpp16.md, N24).
  if (claim && (claim.connectorId ?? session.connectorId) === session.connectorId) {
    control.claim = undefined;
  }
  if (lease && (session.backendId === null || session.backendId === lease.backendId)) {
    lease.transactionId ??= session.transactionId;
  } else if (session.backendId !== null && lease?.transactionId === undefined) {
    endLease(step, "revoked", `revoked: a transaction of ${session.backendId} began`);
    grantForSession(step, session, session.backendId);
  }
  saveControl(step);
}

function grantForSession(step: Step, session: SessionRecord, backendId: string): void {
  const bar = barOf(step.state, backendId);
  if (bar !== undefined) {
    recordDecision(step, backendId, "StartTransaction", "denied", `denied: ${bar}`);
    return;
  }
  step.state.control.lease = {
    backendId,
    grantedAt: step.now,
    expiresAt: step.now,
    transactionId: session.transactionId,
    connectorId: session.connectorId,
    limit: undefined,
  };
  const reason = `granted: its transaction began on connector ${session.connectorId}`;
  recordDecision(step, backendId, "StartTransaction", "granted", reason);
  emitJsonTo(step, backendId, { type: "control_granted", reason });
}

/** A session has ended: the lease that lasted for it ends too, or goes on with its next one. */
export function sessionEnded(step: Step, session: SessionRecord): void {
  const { lease } = step.state.control;
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
  const { control } = step.state;
  const { claim, lease } = control;
  if (!claim || (claim.connectorId ?? connectorId) !== connectorId) return;
  control.claim = undefined;
  saveControl(step);
  if (lease?.backendId === claim.backendId && lease.transactionId === undefined) {
    endLease(step, "expired", `expired: connector ${connectorId} is free again, nothing began`);
  }
}

/** A connector reports a fault: control that used it ends. */
export function connectorFaulted(step: Step, connectorId: number, errorCode: string): void {
  const { lease } = step.state.control;
  if (!lease) return;
  const concerns = connectorId === 0 || lease.connectorId === undefined ||
    lease.connectorId === 0 || lease.connectorId === connectorId;
  if (concerns) endLease(step, "revoked", `revoked: connector ${connectorId} has ${errorCode}`);
}

/** The owner decides who may control from now on. */
export function setMode(step: Step, mode: OwnerMode, until: number | undefined): void {
  const { control } = step.state;
  control.mode = mode;
  control.modeUntil = mode.mode === "auto" ? undefined : until;
  const name = mode.mode === "backend" ? mode.backendId : mode.mode;
  recordDecision(step, null, "override", "granted", `the owner chose ${name}`);
  const { lease } = control;
  const stays = !lease || mode.mode === "auto" ||
    (mode.mode === "backend" && mode.backendId === lease.backendId);
  if (!stays) endLease(step, "revoked", `revoked: the owner chose ${name}`);
  saveControl(step);
}

/** The owner's limit for everybody; undefined takes it back. */
export function setOwnerLimit(
  step: Step,
  currentA: number | undefined,
  until: number | undefined,
): void {
  step.state.control.ownerLimit = currentA === undefined ? undefined : { currentA, until };
}

/** The owner has answered a question. */
export function answerQuestion(_step: Step, _id: number, _allow: boolean): void {
}

/** Ends what has run out. */
export function tickControl(step: Step): void {
  const { state, now } = step;
  const { control } = state;
  tickLeftovers(step);
  if (control.modeUntil !== undefined && control.modeUntil <= now) {
    setMode(step, { mode: "auto" }, undefined);
  }
  if (control.claim && control.claim.expiresAt <= now) {
    control.claim = undefined;
    saveControl(step);
  }
  const { lease } = control;
  if (!lease) return;
  const awaySince = state.backends.get(lease.backendId)?.awaySince;
  if (awaySince !== undefined && awaySince + state.configuration.reconnectGraceMs <= now) {
    endLease(step, "expired", "expired: the holder has been away for too long");
  } else if (lease.transactionId === undefined && lease.expiresAt <= now) {
    endLease(step, "expired", "expired: no transaction began in time");
  }
}

function saveControl(step: Step): void {
  const { mode, modeUntil, lease, claim } = step.state.control;
  noteFact(step, "control", {
    mode: { ...mode },
    ...modeUntil !== undefined && { modeUntil },
    ...lease && { lease: { ...lease } },
    ...claim && { claim: { ...claim } },
  });
}

function recordDecision(
  step: Step,
  backendId: string | null,
  request: string,
  outcome: DecisionRecord["outcome"],
  reason: string,
): void {
  const { decisions } = step.state;
  const repeated = decisions.some((row) =>
    row.backendId === backendId && row.request === request && row.reason === reason &&
    row.outcome === outcome && outcome === "denied" && row.at + REPEATED_DECISION_MS > step.now
  );
  if (repeated) return;
  const row: DecisionRecord = { at: step.now, backendId, request, outcome, rule: null, reason };
  decisions.push(row);
  if (decisions.length > REMEMBERED_DECISIONS) decisions.shift();
  step.effects.push({ type: "note", write: { table: "decision", row } });
  log(step, "info", "decision", { backend: backendId, request, outcome, reason });
}
