// What a replay is expected to show: the frames that were sent, the decisions, a JSON line each.

import { printable } from "../io/printable.ts";
import type { Scene } from "./engine.ts";
import type { LineReader } from "./line_reader.ts";
import { peerName, sceneLine } from "./scene_text.ts";

/** Lines that are shown before a difference. */
const CONTEXT_LINES = 5;

/** So much sooner or later is the same: a recorded disk took its time for what is stored no more, ms. */
const TOLERANCE_MS = 100;

const TIME = /^\{"at":(-?\d+),/;

/** Whether an expected line and a found one say the same, at times that may differ a little. */
export function agrees(expected: string, found: string): boolean {
  if (expected === found) return true;
  const [expectedTime = "", expectedAt] = TIME.exec(expected) ?? [];
  const [foundTime = "", foundAt] = TIME.exec(found) ?? [];
  return Math.abs(Number(expectedAt) - Number(foundAt)) <= TOLERANCE_MS &&
    expected.slice(expectedTime.length) === found.slice(foundTime.length);
}

/** A scene as a line of an expectation; undefined: nobody expects it. */
export function expectationLine(scene: Scene): string | undefined {
  const { at } = scene;
  switch (scene.type) {
    case "sent":
      return JSON.stringify({ at, to: peerName(scene.backendId), text: scene.text });
    case "closed": {
      const { code, reason } = scene;
      return JSON.stringify({ at, to: peerName(scene.backendId), closed: code, reason });
    }
    case "decision": {
      const { backendId, request, outcome, rule, reason } = scene.decision;
      return JSON.stringify({ at, decision: { backendId, request, outcome, rule, reason } });
    }
    case "defect":
      return JSON.stringify({ at, defect: scene.error });
    case "received":
    case "event":
      return undefined;
  }
}

/** The first difference. */
export interface Difference {
  /** The line of the expectation, from 1. */
  readonly line: number;
  /** undefined: the expectation ends here. */
  readonly expected: string | undefined;
  /** undefined: the replay ends here. */
  readonly found: string | undefined;
  /** What happened before, as text. */
  readonly before: readonly string[];
}

/** Compares a replay with an expectation, line by line. */
export class Expectation {
  readonly #lines: LineReader;
  readonly #timeZone: string;
  readonly #before: string[] = [];
  #count = 0;
  difference: Difference | undefined;

  constructor(lines: LineReader, timeZone: string) {
    this.#lines = lines;
    this.#timeZone = timeZone;
  }

  /** Lines that were the same. */
  get same(): number {
    return this.#count;
  }

  /** The next scene of the replay. */
  compare(scene: Scene): void {
    if (this.difference !== undefined) return;
    const found = expectationLine(scene);
    if (found !== undefined) {
      const expected = this.#lines.take()?.text;
      if (expected === undefined || !agrees(expected, found)) return this.#differ(expected, found);
      this.#count++;
    }
    const line = sceneLine(scene, this.#timeZone);
    if (line === undefined) return;
    this.#before.push(line);
    if (this.#before.length > CONTEXT_LINES) this.#before.shift();
  }

  /** The replay has ended. */
  end(): void {
    if (this.difference !== undefined) return;
    const expected = this.#lines.take()?.text;
    if (expected !== undefined) this.#differ(expected, undefined);
  }

  #differ(expected: string | undefined, found: string | undefined): void {
    this.difference = { line: this.#count + 1, expected, found, before: [...this.#before] };
  }
}

/** A difference as text, with what happened before. */
export function differenceText({ line, expected, found, before }: Difference): string {
  return [
    `The replay differs from line ${line} of the expectation:`,
    "",
    ...before.map((text) => `  ${text}`),
    `- ${printable(expected ?? "nothing more")}`,
    `+ ${printable(found ?? "nothing more")}`,
    "",
  ].join("\n");
}
