// The newest entries of the log in memory: for backends that keep up, and to know a repetition.

import type { JsonObject } from "../ocpp/json.ts";
import type { MeterValue } from "../ocpp/types.ts";
import { payloadText } from "./payload_text.ts";
import type { LogEntry } from "./record.ts";

/** Entries kept in memory. */
export const WINDOW_ENTRIES = 256;

/** Kept whatever their size. */
const ALWAYS_KEPT = 8;

/** Characters of frames kept beyond ALWAYS_KEPT entries. */
export const WINDOW_CHARACTERS = 1024 * 1024;

/** What an entry counts at least, and again for each of its meter values. */
const USUAL_CHARACTERS = 200;

/** The tail of the log; sequences rise by one from entry to entry. */
export interface LogWindow {
  lastSequence: number;
  readonly entries: LogEntry[];
  readonly sizes: number[];
  characters: number;
  /** The newest MeterValues with each payload, by its text. */
  readonly meterValues: Map<string, LogEntry>;
}

/** The window after a restart; `newestEntries` end with `lastSequence`, or there are none. */
export function createLogWindow(
  lastSequence: number,
  newestEntries: readonly LogEntry[],
): LogWindow {
  const tail: LogWindow = {
    lastSequence,
    entries: [],
    sizes: [],
    characters: 0,
    meterValues: new Map(),
  };
  for (const entry of newestEntries) appendEntry(tail, entry);
  return tail;
}

/** Appends an entry that is already on disk. */
export function appendEntry(tail: LogWindow, entry: LogEntry): void {
  const characters = charactersOf(entry);
  tail.entries.push(entry);
  if (entry.action === "MeterValues") tail.meterValues.set(payloadText(entry.payload), entry);
  tail.sizes.push(characters);
  tail.characters += characters;
  tail.lastSequence = entry.sequence;
  while (
    tail.entries.length > WINDOW_ENTRIES ||
    (tail.characters > WINDOW_CHARACTERS && tail.entries.length > ALWAYS_KEPT)
  ) {
    forget(tail, tail.entries.shift()!);
    tail.characters -= tail.sizes.shift() ?? 0;
  }
}

function forget({ meterValues }: LogWindow, entry: LogEntry): void {
  if (entry.action !== "MeterValues") return;
  const text = payloadText(entry.payload);
  if (meterValues.get(text) === entry) meterValues.delete(text);
}

/** About the length of its frame; counting is cheaper than writing it. */
function charactersOf({ payload, raw }: LogEntry): number {
  const values = (payload.meterValue ?? payload.transactionData ?? []) as MeterValue[];
  const samples = values.reduce((sum, { sampledValue }) => sum + sampledValue.length, 0);
  return USUAL_CHARACTERS * (1 + samples) + (raw?.length ?? 0);
}

/** The entry with this sequence, if it is still in memory. */
export function entryAt(tail: LogWindow, sequence: number): LogEntry | undefined {
  const first = tail.entries[0];
  return first === undefined ? undefined : tail.entries[sequence - first.sequence];
}

/**
 * Whether these MeterValues of a transaction are there already: the charger repeats what was stored
 * when it did not get the answer. Nothing else tells a repetition; its message id may be another.
 */
export function hasMeterValues(
  tail: LogWindow,
  transactionId: number,
  payload: JsonObject,
): boolean {
  return tail.meterValues.get(payloadText(payload))?.transactionId === transactionId;
}
