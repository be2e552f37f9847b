// A recording: JSON lines, first what the core began with, then every event with its time.

import type { CoreConfiguration } from "../core/configuration.ts";
import type { Event } from "../core/event.ts";
import type { Snapshot } from "../core/record.ts";
import type { State } from "../core/state.ts";
import { encodeGraph, encodeValue } from "./codec.ts";

/** The first word of a recording. */
export const RECORDING_FORMAT = "ocpp-proxy recording";

/** Of the lines; a reader refuses a higher one. */
export const RECORDING_VERSION = 1;

/** What the core had when the recording began. */
export interface Beginning {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly configuration: CoreConfiguration;
  /** From the tables, with everything that had been noted. */
  readonly snapshot: Snapshot;
  /** In a recording that goes on from another one: the state itself, connections and all. */
  readonly state?: State;
}

/** The first line of a recording. */
export interface RecordingHeader extends Beginning {
  /** The version of the program that wrote it. */
  readonly program: string;
  /** Whether id tags are what was shown to the charger, or stand-ins for it. */
  readonly idTags: "pseudonyms" | "raw";
}

/** One event, and when the core was told of it, epoch milliseconds. */
export interface RecordedEvent {
  readonly at: number;
  readonly event: Event;
  /** A page of the log that a replay knows itself: so many entries, which are not in `event`. */
  readonly kept?: number;
}

/** The header as a line, with its line end. */
export function headerLine(header: RecordingHeader): string {
  const { at, configuration, snapshot, state, program, idTags } = header;
  const line = {
    format: RECORDING_FORMAT,
    version: RECORDING_VERSION,
    program,
    startedAt: new Date(at).toISOString(),
    timeZone: configuration.timeZone,
    idTags,
    at,
    configuration: encodeValue(configuration),
    snapshot: encodeValue(snapshot),
    // Rules are functions; they come back from the configuration.
    ...state && { state: encodeGraph({ ...state, rules: null }) },
  };
  return `${JSON.stringify(line)}\n`;
}

/** An event as a line, with its line end. */
export function eventLine(at: number, event: Event): string {
  switch (event.type) {
    // Most lines by far: text and whole numbers, which need no codec.
    case "charger_frame":
      return `{"at":${at},"event":{"type":"charger_frame","connection":${event.connection},` +
        `"text":${JSON.stringify(event.text)}}}\n`;
    case "backend_frame":
      return `{"at":${at},"event":{"type":"backend_frame",` +
        `"backendId":${JSON.stringify(event.backendId)},"connection":${event.connection},` +
        `"text":${JSON.stringify(event.text)}}}\n`;
    case "tick":
    case "stored":
      return `{"at":${at},"event":${JSON.stringify(event)}}\n`;
    default:
      return `{"at":${at},"event":${JSON.stringify(encodeValue(event))}}\n`;
  }
}

/** The newest entries of the log that a replay keeps. */
export const KEPT_ENTRIES = 10_000;

type LogPage = Event & { readonly type: "log_page" };

/**
 * Whether a replay knows these entries, so that they need not be written for every backend: it has
 * kept all from `firstKept` on, of which `lastSequence` is the newest.
 */
export function isKept(
  { after, entries }: LogPage,
  firstKept: number,
  lastSequence: number,
): boolean {
  const first = entries?.[0]?.sequence;
  const last = entries?.at(-1)?.sequence;
  if (entries === undefined || first === undefined || last === undefined) return false;
  // What was pruned from the disk is still kept there.
  const whole = first === after + 1 && last - first + 1 === entries.length;
  return whole && first >= firstKept && first > lastSequence - KEPT_ENTRIES;
}

/** A page of the log without its entries, as a line. */
export function keptPageLine(at: number, { entries, ...page }: LogPage): string {
  return `${JSON.stringify({ at, event: page, kept: entries?.length })}\n`;
}

/** Whether it is epoch milliseconds, of a year that can be written with four digits. */
export function isTime(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) < 250_000_000_000_000;
}
