// A new configuration while the proxy runs: what stays is not disturbed.

import { createBackend, rememberAbsent } from "./backend.ts";
import { disconnect } from "./backend_link.ts";
import { pump } from "./backend_outbox.ts";
import type { Backend } from "./backend_state.ts";
import { keepPrices } from "./billing.ts";
import { limitsChanged } from "./charging_limit.ts";
import type { BackendConfiguration, CoreConfiguration } from "./configuration.ts";
import { reviewControl } from "./control_tick.ts";
import { keepCursors } from "./delivery.ts";
import { forgetFacts } from "./fact.ts";
import type { SessionRecord } from "./record.ts";
import { withdrawQuestions } from "./question.ts";
import { compileRules } from "./rules.ts";
import { log, persist, type Step } from "./step_context.ts";

/** For so long after a session was closed with an estimate, what was agreed is kept for its stop. */
const LATE_STOP_MS = 86_400_000;

/** Takes a new configuration over; a backend whose address changed is dialled anew. */
export function reconfigure(step: Step, configuration: CoreConfiguration): void {
  const { state } = step;
  // One that was listed until now, with the rights that it had there, is not merely unknown.
  const listed = new Set(
    [...state.configuration.backends, ...configuration.backends].map(({ id }) => id),
  );
  keepSessionPrices(step, configuration);
  state.configuration = configuration;
  state.rules = compileRules(configuration.rules);
  forgetFacts(step);
  const wanted = new Map(
    configuration.backends.filter(({ enabled }) => enabled).map((item) => [item.id, item]),
  );
  for (const backend of [...state.backends.values()]) {
    const next = wanted.get(backend.id);
    if (next !== undefined) change(step, backend, next);
    else if (listed.has(backend.id) || !configuration.allowUnknownBackends) remove(step, backend);
  }
  for (const [id, next] of wanted) {
    if (state.backends.has(id)) continue;
    const backend = createBackend(state, next, step.now);
    state.backends.set(id, backend);
    keepCursors(step, [backend]);
  }
  reviewControl(step);
  limitsChanged(step);
  log(step, "info", "the configuration was read again", { backends: wanted.size });
}

/** What has flowed until now is billed by what was agreed until now. */
function keepSessionPrices(step: Step, next: CoreConfiguration): void {
  const { state, now } = step;
  const sessions = [...state.sessions.values()].filter((session) => isUnsettled(session, now));
  const kept = sessions.filter((session) => keepPrices(state, session, next, now));
  if (kept.length === 0) return;
  persist(step, kept.map((session) => ({ table: "session", session })));
}

/** Whether a session runs, or has a stop that the charger may still correct. */
function isUnsettled({ stoppedAt, flags, bill }: SessionRecord, now: number): boolean {
  if (stoppedAt === null) return true;
  return flags.includes("estimated_stop") && !flags.includes("late_stop") && bill !== null &&
    now - stoppedAt < LATE_STOP_MS;
}

function remove(step: Step, backend: Backend): void {
  hangUp(step, backend, "this backend is no longer configured");
  step.state.backends.delete(backend.id);
  rememberAbsent(step.state, backend.id, backend);
  withdrawQuestions(step, backend.id);
}

function change(step: Step, backend: Backend, next: BackendConfiguration): void {
  const before = backend.configuration;
  backend.configuration = next;
  const moved = before.url !== next.url || before.chargePointId !== next.chargePointId;
  if (moved) {
    hangUp(step, backend, "its address has changed");
    // Who answers there has never been told what the charger is.
    backend.known = false;
  }
  const { type } = backend.link;
  // A dial to the old address is overtaken by the next one.
  const idle = type === "offline" || type === "waiting" || (type === "dialling" && moved);
  if (idle) {
    backend.link = next.url === undefined
      ? { type: "offline" }
      : { type: "waiting", until: step.now };
  }
  pump(step, backend);
}

function hangUp(step: Step, backend: Backend, reason: string): void {
  if (backend.link.type !== "open") return;
  const { connection } = backend.link;
  disconnect(step, backend, reason);
  step.effects.push({
    type: "close_backend",
    backendId: backend.id,
    connection,
    code: 1001,
    reason,
  });
}
