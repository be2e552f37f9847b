// What came of a fault, in numbers: what a test asserts, and a row of the table of `deno task endure`.

import assert from "node:assert/strict";
import { memoryOf } from "../support/resident_memory.ts";

/** The most memory that it has under any attack, MiB. */
const RESIDENT_MIB = 160;
/** How soon everything is served as before, once a fault is over, ms. */
export const BACK_MS = 2_000;

/** One number and the most that it may be. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** Absent: a count. */
  readonly unit?: "ms" | "s" | "MiB" | "×";
  /** Absent: told, not promised. */
  readonly most?: number;
}

export interface Outcome {
  /** What was done to the program, and how often. */
  readonly injected: string;
  /** Transaction messages that were confirmed to the charger. */
  readonly acknowledged?: number;
  /** Those of them that are not in the database. */
  readonly lost?: number;
  /** Transaction messages that backends got more than once. */
  readonly duplicates?: number;
  readonly figures: readonly Figure[];
}

/** The most memory that a process has had. */
export async function peakMemory(pid: number): Promise<Figure> {
  const { peakMiB } = await memoryOf(pid);
  return { name: "resident, most", value: peakMiB, unit: "MiB", most: RESIDENT_MIB };
}

/** Whether every figure is within its bound; one that is no number is not. */
export function isKept({ lost = 0, figures }: Outcome, patience = 1): boolean {
  return lost === 0 && figures.every((figure) => isWithin(figure, patience));
}

/** Whether a figure is within its bound, if it has one; times may be `patience` times as long. */
export function isWithin({ value, unit, most }: Figure, patience = 1): boolean {
  const isTime = unit === "ms" || unit === "s" || unit === "×";
  return most === undefined || value <= (isTime ? patience * most : most);
}

/** `1.2 ms`. */
export function figureText({ value, unit }: Figure): string {
  const digits = unit === undefined || value >= 100 ? 0 : unit === "×" ? 2 : 1;
  return `${value.toFixed(digits)}${unit === undefined ? "" : ` ${unit}`}`;
}

/** What a test waits for on a machine that has other things to do. */
const PATIENCE = 20;

/** Asserts that the promises held, but for speed, and tells the figures. */
export function assertKept(outcome: Outcome): void {
  const words = outcome.figures.map((figure) => {
    const bound = figure.most === undefined ? "" : ` (<= ${figure.most})`;
    return `${figure.name} ${figureText(figure)}${bound}`;
  });
  const text = `${outcome.injected}: ${words.join(", ")}`;
  console.log(text);
  assert.ok(isKept(outcome, PATIENCE), `${text}; lost: ${outcome.lost ?? 0}`);
}
