// Promise 5, of hand-overs: what was begun has an end that is written down, whatever died.

import assert from "node:assert/strict";
import type { DecisionRecord } from "../../src/core/record.ts";

/** Throws where a hand-over has no end among the decisions, oldest first. */
export function checkHandovers(decisions: readonly DecisionRecord[]): void {
  /** Who takes over from whom. */
  const open = new Map<string, string>();
  for (const row of decisions) {
    const { backendId, outcome, reason } = row;
    if (backendId === null) continue;
    for (const [to, from] of open) if (ends(row, to, from)) open.delete(to);
    const begun = outcome === "queued" && /the transaction of (\w+) is being ended$/.exec(reason);
    if (begun) open.set(backendId, begun[1]!);
  }
  assert.deepEqual([...open], [], "P5: the end of a hand-over is not written down");
}

/** The one has control, or will not have it; or the other has lost it. */
function ends({ backendId, outcome, reason }: DecisionRecord, to: string, from: string): boolean {
  if (backendId === to) {
    return outcome === "granted" || (outcome === "denied" && reason.includes(", but "));
  }
  return backendId === from &&
    (outcome === "revoked" || outcome === "released" || outcome === "expired");
}
