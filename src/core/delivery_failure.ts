// A backend that does not take a message: it is repeated, then set aside where the owner sees it.

import type { Backend } from "./backend_state.ts";
import { advance, backendIdWrite, NO_TRANSACTION } from "./delivery.ts";
import type { LogEntry, Write } from "./record.ts";
import type { Storing } from "./state.ts";
import { log, type Step } from "./step_context.ts";
import { store } from "./stored.ts";

/** Time-outs that count as a refusal weigh so much less than a CALLERROR. */
const TIMEOUTS_PER_ATTEMPT = 10;

/** The longest wait before a message is sent again, ms. */
const LONGEST_RETRY_MS = 300_000;

/** The backend answered something that is not a confirmation: wait and repeat, or set aside. */
export function deliveryFailed(
  step: Step,
  backend: Backend,
  entry: LogEntry,
  failure: { readonly type: "refused" | "timeout"; readonly reason: string },
): void {
  const { delivery, configuration } = backend;
  if (failure.type === "refused") {
    delivery.attempts++;
  } else {
    // A backend that answers nothing at all is away, not refusing.
    if (delivery.answeredSince) delivery.timeouts++;
    delivery.answeredSince = false;
  }
  const transmissions = delivery.attempts + delivery.timeouts;
  const exhausted = delivery.attempts >= configuration.messageAttempts ||
    delivery.timeouts >= configuration.messageAttempts * TIMEOUTS_PER_ATTEMPT;
  if (exhausted) {
    setAside(step, backend, entry, failure.reason);
    return;
  }
  const waitMs = Math.min(configuration.messageRetryIntervalMs * transmissions, LONGEST_RETRY_MS);
  delivery.notBefore = step.now + waitMs;
  log(step, "warning", "a backend refused a transaction message; it will be repeated", {
    backend: backend.id,
    sequence: entry.sequence,
    action: entry.action,
    reason: failure.reason,
    againInS: Math.round(waitMs / 1000),
  });
}

/** Nothing goes out under "no id" that a crash could make us forget. */
function setAside(step: Step, backend: Backend, entry: LogEntry, reason: string): void {
  const { id: backendId } = backend;
  const { sequence } = entry;
  const writes: Write[] = [
    { table: "set_aside", row: { backendId, sequence, at: step.now, reason } },
    { table: "cursor", cursor: { backendId, sequence } },
  ];
  if (entry.action === "StartTransaction") {
    writes.push(backendIdWrite(backend, entry.transactionId, NO_TRANSACTION));
  }
  store(step, { type: "set_aside", backendId, entry, reason }, writes);
}

/** It is on disk that a backend refuses a message: it goes on with the next one. */
export function wasSetAside(step: Step, plan: Storing & { type: "set_aside" }): void {
  const { entry, reason } = plan;
  const backend = step.state.backends.get(plan.backendId);
  if (!backend) return;
  backend.setAside++;
  log(step, "error", "a backend refuses a transaction message for good; it is set aside", {
    backend: backend.id,
    sequence: entry.sequence,
    action: entry.action,
    reason,
  });
  if (entry.action === "StartTransaction") {
    backend.transactionIds.set(entry.transactionId, NO_TRANSACTION);
  }
  advance(backend, entry.sequence);
}
