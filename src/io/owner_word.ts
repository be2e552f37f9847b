// What the owner may say by a program: checked before it becomes a word, whichever way it came.

import type * as v from "valibot";
import type { OwnerMode } from "../core/event.ts";
import type { OVERRIDE_BODY } from "./api_shapes.ts";
import type { Proxy } from "./proxy.ts";

/** What the owner says; what is absent stays. */
export interface OwnerWord {
  readonly mode?: OwnerMode;
  /** A per phase; null takes the limit back. */
  readonly limitA?: number | null;
  /** When what is said ends by itself, epoch milliseconds. */
  readonly until?: number;
}

/** A word, or why it is none. */
export type UnderstoodWord =
  | { readonly ok: true; readonly word: OwnerWord }
  | { readonly ok: false; readonly status: 400 | 404; readonly reason: string };

/** Reads a word; a time that is over, or a backend that is not there, makes it none. */
export function understoodWord(
  body: v.InferOutput<typeof OVERRIDE_BODY>,
  proxy: Proxy,
): UnderstoodWord {
  const { mode, backend_id: backendId, limit_a: limitA, until: untilText, for_s: forS } = body;
  if (mode === undefined && limitA === undefined) return wrong('expected "mode" or "limit_a"');
  if ((mode === "backend") !== (backendId !== undefined)) {
    return wrong('"backend_id" goes with the mode "backend"');
  }
  if (untilText !== undefined && forS !== undefined) {
    return wrong('expected "until" or "for_s", not both');
  }
  if (backendId !== undefined && !proxy.report().backends.some(({ id }) => id === backendId)) {
    const reason = `no backend ${JSON.stringify(backendId)} is configured or connected`;
    return { ok: false, status: 404, reason };
  }
  const now = proxy.now();
  const until = forS === undefined ? instantOf(untilText) : now + 1000 * forS;
  if (until !== undefined) {
    if (!(until > now)) {
      return wrong(
        "until has to be a time to come with its offset, such as 2030-01-31T18:00:00Z",
      );
    }
    if ((mode ?? "auto") === "auto" && typeof limitA !== "number") {
      return wrong(`${mode === undefined ? "taking a limit back" : "auto"} has no end`);
    }
  }
  return {
    ok: true,
    word: {
      ...mode !== undefined && { mode: modeOf(mode, backendId) },
      ...limitA !== undefined && { limitA },
      ...until !== undefined && { until },
    },
  };
}

function modeOf(
  mode: OwnerMode["mode"],
  backendId: string | undefined,
): OwnerMode {
  return mode === "backend" ? { mode, backendId: backendId ?? "" } : { mode };
}

function wrong(reason: string): UnderstoodWord {
  return { ok: false, status: 400, reason };
}

/** Hands the word to the core. */
export function sayWord({ mode, limitA, until }: OwnerWord, proxy: Proxy): void {
  if (mode) proxy.setMode(mode, mode.mode === "auto" ? undefined : until);
  if (typeof limitA === "number") proxy.setLimit(limitA, until);
  // Auto has taken it back already.
  else if (limitA === null && proxy.report().owner_limit) proxy.setLimit(undefined);
}

/** Epoch milliseconds; NaN where the text is no instant. */
function instantOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    return NaN;
  }
}
