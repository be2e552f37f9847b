// What the owner's controls in Home Assistant mean, as words of the owner.

import type { OwnerMode } from "../core/event.ts";
import { labelledMode } from "./home_mode.ts";
import { type ControlName, CONTROLS, type OwnerControl, type Topics } from "./mqtt_topics.ts";

/** The button keeps everybody else out for so long, ms, where no other time is set. */
export const TAKE_OVER_MS = 3_600_000;

/** The longest time for a mode, minutes: a week. */
export const MAX_MODE_MINUTES = 10_080;

/** The longest command, bytes; a longer one is none. */
export const MAX_COMMAND_LENGTH = 256;

/** What the owner wants. */
export type OwnerCommand =
  | { readonly type: "mode"; readonly mode: OwnerMode; readonly forMs?: number }
  /** undefined takes the limit back. */
  | { readonly type: "limit"; readonly currentA: number | undefined };

/** What a command is read against. */
export interface CommandContext {
  readonly backendIds: readonly string[];
  /** The mode as the report has it. */
  readonly mode: string;
  /** How long a mode lasts, minutes; 0: until the owner says something else. */
  readonly modeMinutes: number;
  /** The highest limit, A: it is the same as none. */
  readonly highestCurrentA: number;
}

/** Which control a topic belongs to; undefined: none. */
export function controlOf(topic: string, topics: Topics): ControlName | undefined {
  return CONTROLS.find((control) => topics.command(control) === topic);
}

/** Reads a command; undefined where it means nothing, or says what is so already. */
export function ownerCommand(
  control: OwnerControl,
  payload: string,
  { backendIds, mode, modeMinutes, highestCurrentA }: CommandContext,
): OwnerCommand | undefined {
  switch (control) {
    case "mode": {
      const chosen = labelledMode(payload, backendIds);
      return chosen && during(chosen, modeMinutes);
    }
    case "sharing": {
      const shares = mode !== "owner_only" && mode !== "paused";
      if (payload === "ON" && !shares) return { type: "mode", mode: { mode: "auto" } };
      // For good: whoever wants an end chooses the mode.
      if (payload === "OFF" && shares) return { type: "mode", mode: { mode: "owner_only" } };
      return undefined;
    }
    case "charging":
      if (payload === "ON" && mode === "paused") return { type: "mode", mode: { mode: "auto" } };
      if (payload === "OFF" && mode !== "paused") return during({ mode: "paused" }, modeMinutes);
      return undefined;
    case "limit": {
      const currentA = /^\d{1,3}(?:\.\d{1,3})?$/.test(payload) ? Number(payload) : NaN;
      if (!(currentA <= highestCurrentA)) return undefined;
      return { type: "limit", currentA: currentA === highestCurrentA ? undefined : currentA };
    }
    case "take_over":
      return payload === "PRESS"
        ? during({ mode: "owner_only" }, modeMinutes || TAKE_OVER_MS / 60_000)
        : undefined;
    case "release":
      return payload === "PRESS" && mode !== "auto"
        ? { type: "mode", mode: { mode: "auto" } }
        : undefined;
    default:
      return control satisfies never;
  }
}

/** Whole minutes up to MAX_MODE_MINUTES; undefined: it is something else. */
export function modeMinutesOf(text: string): number | undefined {
  const minutes = /^\d{1,5}(?:\.0)?$/.test(text) ? Number(text) : NaN;
  return minutes <= MAX_MODE_MINUTES ? minutes : undefined;
}

function during(mode: OwnerMode, minutes: number): OwnerCommand {
  const ends = minutes > 0 && mode.mode !== "auto";
  return { type: "mode", mode, ...ends && { forMs: 60_000 * minutes } };
}
