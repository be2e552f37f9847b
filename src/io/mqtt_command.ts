// What the owner's controls in Home Assistant mean, as words of the owner.

import type { OwnerMode } from "../core/event.ts";
import { labelledMode } from "./home_mode.ts";
import { type ControlName, CONTROLS, type Topics } from "./mqtt_topics.ts";

/** The button keeps everybody else out for so long, ms. */
export const TAKE_OVER_MS = 3_600_000;

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
  readonly sharing: boolean;
  /** The highest limit, A: it is the same as none. */
  readonly highestCurrentA: number;
}

/** Which control a topic belongs to; undefined: none. */
export function controlOf(topic: string, topics: Topics): ControlName | undefined {
  return CONTROLS.find((control) => topics.command(control) === topic);
}

/** Reads a command; undefined where it means nothing, or says what is so already. */
export function ownerCommand(
  control: ControlName,
  payload: string,
  { backendIds, sharing, highestCurrentA }: CommandContext,
): OwnerCommand | undefined {
  switch (control) {
    case "mode": {
      const mode = labelledMode(payload, backendIds);
      return mode && { type: "mode", mode };
    }
    case "sharing":
      if (payload === "ON" && !sharing) return { type: "mode", mode: { mode: "auto" } };
      if (payload === "OFF" && sharing) return { type: "mode", mode: { mode: "owner_only" } };
      return undefined;
    case "limit": {
      const currentA = /^\d{1,3}(?:\.\d{1,3})?$/.test(payload) ? Number(payload) : NaN;
      if (!(currentA <= highestCurrentA)) return undefined;
      return { type: "limit", currentA: currentA === highestCurrentA ? undefined : currentA };
    }
    case "take_over":
      return payload === "PRESS"
        ? { type: "mode", mode: { mode: "owner_only" }, forMs: TAKE_OVER_MS }
        : undefined;
    default:
      return control satisfies never;
  }
}
