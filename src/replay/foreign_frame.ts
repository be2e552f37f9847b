// A frame from somebody else's log, and what it says of who sent it.

import { ACTIONS, isAction } from "../ocpp/action.ts";
import type { LineReader } from "./line_reader.ts";

/** Who sent a frame. */
export type Side = "charger" | "central_system";

/** One frame of a charger's connection to its central system. */
export interface ForeignFrame {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly from: Side;
  readonly text: string;
  /** The line it stood in. */
  readonly line: number;
}

/** What a log says beside its frames. */
export interface ForeignLog extends Iterable<ForeignFrame> {
  /** The charger's identity, as soon as a frame is known; undefined: the log does not name it. */
  readonly chargePointId: string | undefined;
  /** Lines that were of no use, so far. */
  readonly unused: UnusedLines;
}

/** How many lines were of no use, and why: the first of each kind. */
export class UnusedLines {
  count = 0;
  readonly examples = new Map<string, number>();

  add(line: number, reason: string): void {
    this.count++;
    if (!this.examples.has(reason)) this.examples.set(reason, line);
  }

  /** `3 lines were not used: no frame in it (line 1), …`; undefined: all were used. */
  sentence(): string | undefined {
    if (this.count === 0) return undefined;
    const reasons = [...this.examples].map(([reason, line]) => `${reason} (line ${line})`);
    return `${this.count} ${this.count === 1 ? "line was" : "lines were"} not used: ` +
      reasons.join(", ");
  }
}

/** Who may send a CALL of this action; undefined: both, or nobody knows it. */
export function senderOf(action: string): Side | undefined {
  if (!isAction(action)) return undefined;
  const { sender } = ACTIONS[action];
  if (sender === "both") return undefined;
  return sender === "charge_point" ? "charger" : "central_system";
}

/** The frames in the lines of a file; of the others `read` tells why they have none. */
export function* framesIn(
  lines: LineReader,
  unused: UnusedLines,
  read: (line: string, number: number) => ForeignFrame | string,
): Generator<ForeignFrame> {
  for (let line = lines.take(); line; line = lines.take()) {
    if (line.text.trim() === "") continue;
    const frame = read(line.text, line.number);
    if (typeof frame === "string") unused.add(line.number, frame);
    else yield frame;
  }
}
