// Deletes what is past its retention, a little at a time.

import type { Log } from "./log.ts";
import type { PruneReport } from "./prune.ts";

/** How often it begins, ms. */
const PRUNE_MS = 60_000;

/** Between two steps while there is more, ms. */
const PAUSE_MS = 200;

/** Begins; `prune` makes one step. Returns what ends it. */
export function startPruning(prune: () => PruneReport, log: Log): () => void {
  let timer = wait(PRUNE_MS);
  return () => clearTimeout(timer);

  function wait(ms: number): ReturnType<typeof setTimeout> {
    const next = setTimeout(() => timer = wait(pruneOnce() ? PAUSE_MS : PRUNE_MS), ms);
    Deno.unrefTimer(next);
    return next;
  }

  /** True: there is more. */
  function pruneOnce(): boolean {
    try {
      const { undelivered, more } = prune();
      if (undelivered > 0) {
        log("error", "meter values were dropped that a backend had not read", {
          count: undelivered,
        });
      }
      return more;
    } catch (error) {
      log("error", "old entries cannot be pruned", { reason: (error as Error).message });
      return false;
    }
  }
}
