// The starts that a charger is told of: where several came, a claim may go to another one.

import type { Charge } from "./books.ts";
import type { Timeline } from "./timeline.ts";

/** So long after a RemoteStartTransaction another one may still mean the same start, ms. */
const RECENT_MS = 120_000;

/** RemoteStartTransactions that are remembered. */
const MAX_STARTS = 50;

export class Starts {
  readonly #told: { readonly connectorId: number; readonly at: number }[] = [];

  constructor(readonly timeline: Timeline) {}

  /** One more; `last`: what began last on the connector. */
  tell(connectorId: number, last: Charge | undefined): void {
    this.#told.push({ connectorId, at: this.timeline.now });
    if (this.#told.length > MAX_STARTS) this.#told.shift();
    // Its StartTransaction may come after the claim that this one makes.
    if (last && last.id === undefined) last.contested = true;
  }

  /** Whether several have asked for a start here of late, or another one has begun since. */
  isContested(connectorId: number, last: Charge | undefined): boolean {
    const recent = this.#told.filter((start) =>
      start.connectorId === connectorId && this.timeline.now - start.at < RECENT_MS
    );
    return recent.length !== 1 || (last !== undefined && last.beganAt >= recent[0]!.at);
  }
}
