// A recording: JSON lines, first what the core began with, then every event with its time.

import type { CoreConfiguration } from "../core/configuration.ts";
import type { Event } from "../core/event.ts";
import type { Snapshot } from "../core/record.ts";
import type { State } from "../core/state.ts";
import { compileRules } from "../core/rules.ts";
import { isJsonObject, type JsonObject } from "../ocpp/json.ts";
import { decodeValue, encodeGraph, encodeValue } from "./codec.ts";

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

/** The header in a line; undefined: it is another file. Throws SyntaxError on a broken one. */
export function parseHeader(line: string): RecordingHeader | undefined {
  if (!line.includes(RECORDING_FORMAT)) return undefined;
  const object = parseObject(line);
  if (object.format !== RECORDING_FORMAT) return undefined;
  if (typeof object.version !== "number" || object.version > RECORDING_VERSION) {
    throw new SyntaxError(`a recording of version ${object.version} needs a newer ocpp-proxy`);
  }
  const { at, program, idTags } = object;
  const configuration = decodeValue(object.configuration ?? null);
  const snapshot = decodeValue(object.snapshot ?? null);
  if (!isTime(at) || !isObject(configuration) || !isObject(snapshot)) {
    throw new SyntaxError("the first line of the recording is incomplete");
  }
  return {
    at,
    configuration: configuration as unknown as CoreConfiguration,
    snapshot: snapshot as unknown as Snapshot,
    ...object.state !== undefined &&
      { state: stateOf(decodeValue(object.state) as State) },
    program: String(program),
    idTags: idTags === "raw" ? "raw" : "pseudonyms",
  };
}

function stateOf(state: State): State {
  return { ...state, rules: compileRules(state.configuration.rules) };
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

/** The event in a line; throws SyntaxError where there is none. */
export function parseEvent(line: string): RecordedEvent {
  const { at, event, kept } = parseObject(line);
  const decoded = decodeValue(event ?? null);
  if (!isTime(at) || !isObject(decoded) || typeof decoded.type !== "string") {
    throw new SyntaxError("expected an event with its time");
  }
  return {
    at,
    event: decoded as unknown as Event,
    ...typeof kept === "number" && { kept },
  };
}

/** Epoch milliseconds of a year that can be written with four digits. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) < 250_000_000_000_000;
}

function parseObject(line: string): JsonObject {
  // Every bigint is marked as one: what is a number here was a number there.
  const value = JSON.parse(line);
  if (!isJsonObject(value)) throw new SyntaxError("expected a JSON object");
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
