// The newest entries of the log in memory: for backends that keep up, and to know a repetition.

import type { JsonObject } from "../ocpp/json.ts";
import type { MeterValue } from "../ocpp/types.ts";
import type { LogEntry, TransactionMessage } from "./record.ts";
import { writtenText } from "./written_text.ts";

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
  /** The newest MeterValues and StopTransactions by what the charger wrote in them. */
  readonly written: Map<string, LogEntry>;
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
    written: new Map(),
  };
  for (const entry of newestEntries) appendEntry(tail, entry);
  return tail;
}

/** Appends an entry that is already on disk. */
export function appendEntry(tail: LogWindow, entry: LogEntry): void {
  const characters = charactersOf(entry);
  tail.entries.push(entry);
  if (mayRepeat(entry)) tail.written.set(writtenText(entry), entry);
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

/** Whether a repetition is known by the text: a StartTransaction has a key of its own. */
function mayRepeat({ action, synthetic }: LogEntry): boolean {
  return action !== "StartTransaction" && !synthetic;
}

function forget({ written }: LogWindow, entry: LogEntry): void {
  if (!mayRepeat(entry)) return;
  const text = writtenText(entry);
  if (written.get(text) === entry) written.delete(text);
}

/** About the length of its frame; counting is cheaper than writing it. */
function charactersOf({ payload, raw }: LogEntry): number {
  const values = (payload.meterValue ?? payload.transactionData ?? []) as MeterValue[];
  const samples = values.reduce((sum, { sampledValue }) => sum + sampledValue.length, 0);
  // What was repaired is there as a frame and as the text that tells a repetition.
  return USUAL_CHARACTERS * (1 + samples) + 2 * (raw?.length ?? 0);
}

/** The entry with this sequence, if it is still in memory. */
export function entryAt(tail: LogWindow, sequence: number): LogEntry | undefined {
  const first = tail.entries[0];
  return first === undefined ? undefined : tail.entries[sequence - first.sequence];
}

/**
 * The entry that a message of the charger repeats: it sends again what was stored when it did not get
 * the answer. Nothing but what it wrote tells; the message id may be another. `payload` is without
 * transaction id, `raw` the frame that it repairs.
 */
export function repeatedEntry(
  tail: LogWindow,
  action: TransactionMessage,
  message: { readonly payload: JsonObject; readonly raw: string | undefined },
): LogEntry | undefined {
  const { payload, raw } = message;
  const entry = tail.written.get(writtenText({ payload, ...raw !== undefined && { raw } }));
  return entry?.action === action ? entry : undefined;
}
