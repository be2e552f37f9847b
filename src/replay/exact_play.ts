// Plays a recording as it was: the same events at the same times, and so the same effects.

import metadata from "../../deno.json" with { type: "json" };
import { createState, type State } from "../core/step.ts";
import type { RecordedEvent } from "../recording/recording_format.ts";
import { Engine, type Scene } from "./engine.ts";
import { KeptLog } from "./kept_log.ts";
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
  const core = new ExactCore(recording, watcher.show.bind(watcher));
  for (let next = recording.take(); next; next = recording.take()) {
    if (watcher.before?.(core.state, next.at) === false) break;
    core.tell(next);
  }
  return core.state;
}

/** A core whose disk answers as the recorded one did. */
export class ExactCore {
  readonly state: State;
  readonly #engine: Engine;
  readonly #log: KeptLog;

  constructor(recording: RecordingReader, show: (scene: Scene) => void) {
    this.state = beginningState(recording);
    this.#log = new KeptLog(this.state.log.entries);
    this.#engine = new Engine(this.state, {
      show,
      stored(now) {
        const recorded = recording.takeIf("stored");
        if (recorded === undefined) return { at: now };
        const { at, event: { failure } } = recorded;
        return { at, ...failure !== undefined && { failure } };
      },
      readLog: () => undefined,
      written: (entries) => this.#log.add(entries),
    });
  }

  tell({ at, event, kept }: RecordedEvent): void {
    // One that nobody waits for belongs to what another version stored.
    if (event.type === "stored") return;
    this.#engine.tell(
      event.type === "log_page" && kept !== undefined
        ? { ...event, entries: this.#log.read(event.after, kept) }
        : event,
      at,
    );
  }
}
