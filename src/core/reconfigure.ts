// A new configuration while the proxy runs: what stays is not disturbed.

import { createBackend, rememberAbsent } from "./backend.ts";
import { disconnect } from "./backend_link.ts";
import { pump } from "./backend_outbox.ts";
import type { Backend } from "./backend_state.ts";
import { limitsChanged } from "./charging_limit.ts";
import type { BackendConfiguration, CoreConfiguration } from "./configuration.ts";
import { reviewControl } from "./control_tick.ts";
import { keepCursors } from "./delivery.ts";
import { forgetFacts } from "./fact.ts";
import { withdrawQuestions } from "./question.ts";
import { compileRules } from "./rules.ts";
import { log, type Step } from "./step_context.ts";

/** Takes a new configuration over; a backend whose address changed is dialled anew. */
export function reconfigure(step: Step, configuration: CoreConfiguration): void {
  const { state } = step;
  // One that was listed until now, with the rights that it had there, is not merely unknown.
  const listed = new Set(
    [...state.configuration.backends, ...configuration.backends].map(({ id }) => id),
  );
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
  const idle = backend.link.type === "offline" || backend.link.type === "waiting";
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
