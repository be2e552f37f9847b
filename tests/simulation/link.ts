// One connection between a peer and the machine: in order, late, cut, or open at one end only.

import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** How long a half-open connection takes to be found out, ms. */
export const PROBE_MS = 20_000;

/** What happens at the two ends. */
export interface Ends {
  /** A text has reached the machine. */
  atMachine(link: Link, text: string): void;
  /** The machine's end has been closed. */
  goneAtMachine(link: Link): void;
  /** A text has reached the peer. */
  atPeer(link: Link, text: string): void;
  /** The peer has learnt that the connection is gone. */
  goneAtPeer(link: Link): void;
}

/** A TCP connection, as seen from both ends. */
export class Link {
  /** The machine's end is open. */
  machineEnd = true;
  /** The peer's end is open. */
  peerEnd = true;
  /** Nothing gets through any more, and nobody has been told. */
  deaf = false;
  #machineAt = 0;
  #peerAt = 0;

  constructor(
    readonly connection: number,
    readonly timeline: Timeline,
    readonly random: Random,
    readonly ends: Ends,
  ) {}

  /** The peer sends. */
  say(text: string): void {
    if (!this.peerEnd || this.deaf) return;
    this.#machineAt = this.#arrival(this.#machineAt);
    this.timeline.after(this.#machineAt - this.timeline.now, () => {
      if (this.machineEnd && !this.deaf) this.ends.atMachine(this, text);
    });
  }

  /** The machine sends. */
  hear(text: string): void {
    if (!this.machineEnd || this.deaf) return;
    this.#peerAt = this.#arrival(this.#peerAt);
    this.timeline.after(this.#peerAt - this.timeline.now, () => {
      if (this.peerEnd && !this.deaf) this.ends.atPeer(this, text);
    });
  }

  /** The peer closes, or is torn off; what it has sent still arrives, then the end. */
  close(): void {
    if (!this.peerEnd) return;
    this.peerEnd = false;
    const wait = this.deaf ? PROBE_MS : Math.max(0, this.#machineAt - this.timeline.now);
    this.timeline.after(wait + this.random.below(50), () => this.#endAtMachine());
  }

  /** The machine closes, or has died; what it has sent still arrives, then the end. */
  drop(): void {
    if (!this.machineEnd) return;
    this.machineEnd = false;
    const wait = this.deaf ? PROBE_MS : Math.max(0, this.#peerAt - this.timeline.now);
    this.timeline.after(wait + this.random.below(50), () => this.#endAtPeer());
  }

  /** From now on everything is swallowed; both ends find out, each at its time. */
  silence(): void {
    if (this.deaf) return;
    this.deaf = true;
    this.timeline.after(this.random.between(5_000, PROBE_MS), () => this.#endAtMachine());
    this.timeline.after(this.random.between(5_000, 2 * PROBE_MS), () => this.#endAtPeer());
  }

  #endAtMachine(): void {
    if (!this.machineEnd) return;
    this.machineEnd = false;
    this.ends.goneAtMachine(this);
  }

  #endAtPeer(): void {
    if (!this.peerEnd) return;
    this.peerEnd = false;
    this.ends.goneAtPeer(this);
  }

  #arrival(notBefore: number): number {
    const { random, timeline } = this;
    const delay = random.chance(0.03) ? random.below(3_000) : random.between(1, 40);
    return Math.max(notBefore, timeline.now + delay);
  }
}
