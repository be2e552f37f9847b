// What every part of a step works with: the state, the time, and the effects so far.

import type { JsonValue } from "../ocpp/json.ts";
import type { Effect, LogLevel } from "./effect.ts";
import type { Write } from "./record.ts";
import type { State } from "./state.ts";

/** One call of `step`: the state, the time, and what comes of it. */
export interface Step {
  readonly state: State;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly effects: Effect[];
}

/** Adds a log line to the effects. */
export function log(
  step: Step,
  level: LogLevel,
  message: string,
  values: Readonly<Record<string, string | number | boolean | null>> = {},
): void {
  step.effects.push({ type: "log", level, message, values });
}

/** Writes that are on disk before the next effect; those of one moment are one commit. */
export function persist(step: Step, writes: readonly Write[]): void {
  const last = step.effects.at(-1);
  if (last?.type !== "persist") {
    step.effects.push({ type: "persist", writes });
    return;
  }
  step.effects[step.effects.length - 1] = { ...last, writes: [...last.writes, ...writes] };
}

/** The bound of `Charger.noted`. */
const MAX_NOTED = 200;

/** Logs an oddity of the charger the first time it is seen. */
export function noteOnce(step: Step, key: string, message: string): void {
  const { noted } = step.state.charger;
  if (noted.has(key) || noted.size >= MAX_NOTED) return;
  noted.add(key);
  log(step, "info", message, { oddity: key });
}

/** Keeps a small document; the newest counts. */
export function noteFact(step: Step, key: string, value: JsonValue | undefined): void {
  step.effects.push({ type: "note", write: { table: "fact", key, value } });
}
