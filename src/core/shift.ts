// The wall clock was set: every deadline moves with it, so that waiting takes as long as it should.

import { shiftSessions } from "./charger_clock.ts";
import { shiftFacts } from "./fact.ts";
import { saveControl } from "./lease.ts";
import { shiftPrices } from "./price_history.ts";
import type { State } from "./state.ts";
import type { Step } from "./step_context.ts";
import { log } from "./step_context.ts";

/** Moves everything that waits for the clock by `byMs`, which may be negative. */
export function shiftDeadlines(step: Step, byMs: number): void {
  const { state } = step;
  shiftCharger(state, byMs);
  for (const backend of state.backends.values()) {
    const { link, pending, delivery } = backend;
    if (link.type === "waiting") backend.link = { ...link, until: link.until + byMs };
    if (pending) backend.pending = { ...pending, deadline: pending.deadline + byMs };
    if (backend.bootAt !== undefined) backend.bootAt += byMs;
    if (backend.awaySince !== undefined) backend.awaySince += byMs;
    if (backend.grantedAt !== undefined) backend.grantedAt += byMs;
    backend.sentAt += byMs;
    if (delivery.notBefore > 0) delivery.notBefore += byMs;
    delivery.lastStartAt += byMs;
  }
  const { control } = state;
  const { lease, handover } = control;
  if (lease) {
    control.lease = {
      ...lease,
      grantedAt: lease.grantedAt + byMs,
      expiresAt: lease.expiresAt + byMs,
    };
  }
  control.claims = control.claims.map((claim) => ({
    ...claim,
    expiresAt: claim.expiresAt + byMs,
  }));
  if (handover) control.handover = { ...handover, deadline: handover.deadline + byMs };
  for (const [id, question] of control.questions) {
    const { askedAt, deadline } = question;
    control.questions.set(id, {
      ...question,
      askedAt: askedAt + byMs,
      deadline: deadline + byMs,
    });
  }
  control.answers = control.answers.map((answer) => ({
    ...answer,
    at: answer.at + byMs,
    until: answer.until + byMs,
  }));
  for (const [index, held] of control.held.entries()) {
    control.held[index] = {
      ...held,
      since: held.since + byMs,
      deadline: held.deadline + byMs,
    };
  }
  for (const [index, item] of control.queue.entries()) {
    control.queue[index] = { ...item, since: item.since + byMs };
  }
  for (const [tag, grant] of state.tagGrants) {
    state.tagGrants.set(tag, { ...grant, at: grant.at + byMs });
  }
  control.noHandoverBefore += byMs;
  control.recheck = true;
  saveControl(step);
  shiftSessions(step, byMs);
  shiftPrices(state, byMs);
  shiftFacts(state, byMs);
  if (state.storeRetryAt !== undefined) state.storeRetryAt += byMs;
  shiftLimits(state, byMs);
  // The owner's end time is a time of day: it stays.
  log(step, "warning", "the clock was set", { byS: Math.round(byMs / 1000) });
}

/** What the charger was sent goes by the time of day: it stays. */
function shiftLimits({ limits }: State, byMs: number): void {
  const moved = new Map(
    limits.profiles.map((stored) =>
      [stored, { ...stored, receivedAt: stored.receivedAt + byMs }] as const
    ),
  );
  limits.profiles = [...moved.values()];
  for (const [id, content] of limits.installed) {
    limits.installed.set(id, { ...content, sentAt: content.sentAt + byMs });
  }
  for (const [index, waiter] of limits.waiters.entries()) {
    const added = waiter.added && (moved.get(waiter.added) ?? waiter.added);
    limits.waiters[index] = { ...waiter, added, deadline: waiter.deadline + byMs };
  }
  if (limits.retryAt !== undefined) limits.retryAt += byMs;
  if (limits.clearAt !== undefined) limits.clearAt += byMs;
  if (limits.refused) limits.refused = { ...limits.refused, until: limits.refused.until + byMs };
  limits.dirty = true;
}

function shiftCharger({ charger }: State, byMs: number): void {
  charger.connectedAt += byMs;
  charger.readyAt += byMs;
  charger.heartbeatToldAt += byMs;
  if (charger.clearAt !== undefined) charger.clearAt += byMs;
  if (charger.pending) {
    const { id, call, deadline } = charger.pending;
    const moved = { ...call, queuedAt: call.queuedAt + byMs };
    charger.pending = { id, call: moved, deadline: deadline + byMs };
  }
  for (const [index, call] of charger.queue.entries()) {
    charger.queue[index] = { ...call, queuedAt: call.queuedAt + byMs };
  }
  for (const awaiting of charger.awaiting) awaiting.deadline += byMs;
  for (const [id, connector] of charger.connectors) {
    const { availableSince } = connector;
    charger.connectors.set(id, {
      ...connector,
      at: connector.at + byMs,
      availableSince: availableSince === undefined ? undefined : availableSince + byMs,
    });
  }
}
