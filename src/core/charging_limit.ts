// One effective limit for the charger: what owner, rules and backends allow, the lowest of it.

import type { State } from "./state.ts";
import type { Step } from "./step_context.ts";

/** Something that limits may depend on has changed: sends the charger what is new. */
export function limitsChanged(_step: Step): void {
}

/** Nobody stands behind a backend's limits any more; while a transaction runs, the fallback does. */
export function dropLimits(_step: Step, _backendId: string): void {
}

/** Whether a backend has set a limit that counts. */
export function hasLimits(_state: State, _backendId: string): boolean {
  return false;
}
