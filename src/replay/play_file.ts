// Plays a file, whatever it is: a recording of ours, an Open OCPP Trace, or a plain log.

import { parseConfiguration } from "../config/load.ts";
import { backendOf, type CoreConfiguration } from "../core/configuration.ts";
import { emptySnapshot, type Snapshot } from "../core/record.ts";
import { createState, type State } from "../core/step.ts";
import type { JsonValue } from "../ocpp/json.ts";
import { beginningState, playExactly, type Watcher } from "./exact_play.ts";
import type { ForeignLog } from "./foreign_frame.ts";
import { foreignItems, RECORDED_BACKEND } from "./foreign_items.ts";
import { playFreely } from "./free_play.ts";
import type { Item } from "./item.ts";
import type { LineReader } from "./line_reader.ts";
import { LogReader } from "./log_reader.ts";
import { OddFile, refuseOddFile } from "./odd_file.ts";
import { recordingItems } from "./recording_items.ts";
import { BrokenLine, RecordingReader } from "./recording_reader.ts";
import { isTrace, TraceReader } from "./trace_reader.ts";
import { messageOf } from "../io/thrown.ts";

/** What a file is, opened. */
export type Source =
  | { readonly type: "recording"; readonly recording: RecordingReader }
  | { readonly type: "foreign"; readonly log: ForeignLog };

/** How long an answer of the old central system, or of its charger, is waited for, ms. */
const PATIENCE_MS = 10_000;

/** Both peers connect, and the first frame is a CALL. */
const OPENING_ITEMS = 3;

/**
 * Finds out what a file is. `timeZone`: of logs that do not tell theirs. Throws BrokenLine, and
 * OddFile where it is nothing that can be played.
 */
export function sourceOf(lines: LineReader, timeZone = "UTC"): Source {
  const firstLine = lines.peek()?.text ?? "";
  refuseOddFile(lines.head, firstLine);
  const recording = RecordingReader.of(lines);
  if (recording !== undefined) return { type: "recording", recording };
  const log = isTrace(firstLine) ? new TraceReader(lines) : new LogReader(lines, timeZone);
  return { type: "foreign", log };
}

/** The configuration that decides: another one, the recorded one, or the usual one. */
export function decidingConfiguration(
  source: Source,
  other: CoreConfiguration | undefined,
): CoreConfiguration {
  if (source.type === "recording") return other ?? source.recording.header.configuration;
  return withRecordedBackend(other ?? usualConfiguration());
}

/** Plays a source to its end, or until the watcher has seen enough; returns the state then. */
export function play(
  source: Source,
  other: CoreConfiguration | undefined,
  watcher: Watcher,
): State | undefined {
  const configuration = decidingConfiguration(source, other);
  if (source.type === "foreign") {
    return playForeign(source.log, configuration, watcher);
  }
  const { recording } = source;
  try {
    return playRecording(recording, other, configuration, watcher);
  } catch (error) {
    if (error instanceof BrokenLine || error instanceof OddFile) throw error;
    // The core's own defects are shown where they happen: what is left is a line with odd content.
    const reason = messageOf(error);
    throw new BrokenLine(recording.line, `it cannot be played (${reason})`);
  }
}

function playRecording(
  recording: RecordingReader,
  other: CoreConfiguration | undefined,
  configuration: CoreConfiguration,
  watcher: Watcher,
): State | undefined {
  if (other === undefined) return playExactly(recording, watcher);
  const { at, snapshot, state: recorded } = recording.header;
  const items = recordingItems(recording);
  // Objects of its own: the core that runs beside it changes those of the header.
  if (recorded === undefined) {
    const state = createState(configuration, structuredClone(snapshot), at);
    return playFreely(items, state, { at, event: { type: "started" } }, Infinity, watcher);
  }
  const { rules, ...rest } = beginningState(recording);
  const state = { ...structuredClone(rest), rules };
  const begin = { at, event: { type: "configured", configuration } } as const;
  return playFreely(items, state, begin, Infinity, watcher);
}

function playForeign(
  log: ForeignLog,
  configuration: CoreConfiguration,
  watcher: Watcher,
): State | undefined {
  const items = foreignItems(log);
  const first = Array.from({ length: OPENING_ITEMS }, () => items.next().value as Item | undefined)
    .filter((item) => item !== undefined);
  const at = first[0]?.at;
  if (at === undefined) return undefined;
  const boots = first.some((item) =>
    item.type === "asked" && item.call.action === "BootNotification"
  );
  const state = createState(configuration, newProxy(!boots), at);
  const begin = { at, event: { type: "started" } } as const;
  return playFreely(followedBy(first, items), state, begin, PATIENCE_MS, watcher);
}

function* followedBy(first: Iterable<Item>, others: Iterable<Item>): Generator<Item> {
  yield* first;
  yield* others;
}

function usualConfiguration(): CoreConfiguration {
  const text = "time_zone: UTC\nallow_shared_charging: true\nstart_spacing_ms: 0\n";
  const loaded = parseConfiguration(text, undefined, { get: () => undefined });
  if (!loaded.ok) throw new Error("the usual configuration is wrong");
  return loaded.configuration.core;
}

/** With a backend that may do all that the old central system could. */
function withRecordedBackend(configuration: CoreConfiguration): CoreConfiguration {
  if (configuration.backends.some(({ id }) => id === RECORDED_BACKEND)) return configuration;
  return {
    ...configuration,
    backends: [
      ...configuration.backends,
      backendOf(RECORDED_BACKEND, "admin", { minHoldMs: 0 }),
    ],
  };
}

/** A new proxy; `booted`: one that knows the charger, whose log begins after its BootNotification. */
function newProxy(booted: boolean): Snapshot {
  const boot = { chargePointVendor: "unknown", chargePointModel: "unknown" };
  return emptySnapshot({
    facts: new Map<string, JsonValue>([
      ["instance", "replay"],
      ["run", 1],
      ["charger_configuration", { keys: [], stale: false }],
      ...booted ? [["boot", boot] as const] : [],
    ]),
  });
}
