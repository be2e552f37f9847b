// Plays a recording as it was: the same events at the same times, and so the same effects.

import metadata from "../../deno.json" with { type: "json" };
import { createState, type State } from "../core/step.ts";
import { Engine, type Scene } from "./engine.ts";
import type { RecordingReader } from "./recording_reader.ts";

/** What watches a play. */
export interface Watcher {
  show(scene: Scene): void;
  /** The core is about to be told of something; false ends the play. */
  before?(state: State, at: number): boolean;
}

/** The state with which a recording begins. */
export function beginningState({ header }: RecordingReader): State {
  const { at, configuration, snapshot, state, program } = header;
  // Another version's state may lack what this one looks at; the tables are understood for ever.
  if (state !== undefined && program === metadata.version) return state;
  return createState(configuration, snapshot, at);
}

/** Plays all of it; returns the state at the end. */
export function playExactly(recording: RecordingReader, watcher: Watcher): State {
  const engine = exactEngine(recording, watcher.show.bind(watcher));
  for (let next = recording.take(); next; next = recording.take()) {
    if (watcher.before?.(engine.state, next.at) === false) break;
    // One that nobody waits for belongs to what another version stored.
    if (next.event.type !== "stored") engine.tell(next.event, next.at);
  }
  return engine.state;
}

/** A core whose disk answers as the recorded one did. */
export function exactEngine(recording: RecordingReader, show: (scene: Scene) => void): Engine {
  return new Engine(beginningState(recording), {
    show,
    stored(now) {
      const recorded = recording.takeIf("stored");
      if (recorded === undefined) return { at: now };
      const { at, event: { failure } } = recorded;
      return { at, ...failure !== undefined && { failure } };
    },
    readLog: () => undefined,
    written: () => {},
  });
}
