// The owner's modes as people choose them in Home Assistant.

import type { OwnerMode } from "../core/event.ts";

const LABELS: ReadonlyMap<string, string> = new Map([
  ["auto", "Auto"],
  ["owner_only", "Owner only"],
  ["paused", "Pause"],
]);

/** The label of a mode as the report has it: one of three words, or a backend's id. */
export function modeLabel(mode: string): string {
  return LABELS.get(mode) ?? `Only ${mode}`;
}

/** Every label there is with these backends. */
export function modeLabels(backendIds: readonly string[]): string[] {
  return [...LABELS.values(), ...backendIds.map(modeLabel)];
}

/** The mode that a label means; undefined where it is none of these backends'. */
export function labelledMode(
  label: string,
  backendIds: readonly string[],
): OwnerMode | undefined {
  for (const [mode, word] of LABELS) {
    if (word === label) return { mode: mode as "auto" | "owner_only" | "paused" };
  }
  const backendId = backendIds.find((id) => modeLabel(id) === label);
  return backendId === undefined ? undefined : { mode: "backend", backendId };
}
