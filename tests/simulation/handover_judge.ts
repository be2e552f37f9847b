// Promise 5, of hand-overs: what was begun has an end that is written down, whatever died.

import assert from "node:assert/strict";
import type { DecisionRecord } from "../../src/core/record.ts";

interface Handover {
  readonly to: string;
  readonly from: string;
  readonly request: string;
  readonly because: string;
}

/** Throws where a hand-over has no end among the decisions, oldest first. */
export function checkHandovers(decisions: readonly DecisionRecord[]): void {
  let open: Handover[] = [];
  for (const row of decisions) {
    const { backendId: to, outcome, request, reason } = row;
    open = open.filter((one) => !ends(row, one));
    const begun = outcome === "queued" &&
      /^queued: (.*); the transaction of (\w+) is being ended$/.exec(reason);
    if (begun && to !== null) open.push({ to, request, because: begun[1]!, from: begun[2]! });
  }
  assert.deepEqual(open, [], "P5: the end of a hand-over is not written down");
}

/** The one has control, or will not have it; or the other, or a third one, has lost it. */
function ends({ backendId, outcome, ...row }: DecisionRecord, one: Handover): boolean {
  const { to, from, request, because } = one;
  if (backendId === to) {
    const refused = row.request === "control" || row.request === request;
    return outcome === "granted" || (outcome === "denied" && refused);
  }
  if (outcome === "revoked" && row.reason.endsWith(because)) return true;
  return backendId === from &&
    (outcome === "revoked" || outcome === "released" || outcome === "expired");
}
