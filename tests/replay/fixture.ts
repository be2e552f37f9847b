// A core that is recorded as the proxy would, with what everybody saw.

import type { CoreConfiguration } from "../../src/core/configuration.ts";
import { emptySnapshot } from "../../src/core/record.ts";
import type { Event } from "../../src/core/event.ts";
import { createState, nextDeadline } from "../../src/core/step.ts";
import { type JsonObject, stringifyJson } from "../../src/ocpp/json.ts";
import { parseFrame } from "../../src/ocpp/frame.ts";
import { eventLine, headerLine } from "../../src/recording/recording_format.ts";
import { Engine, type Scene } from "../../src/replay/engine.ts";
import { expectationLine } from "../../src/replay/expectation.ts";
import { KeptLog } from "../../src/replay/kept_log.ts";
import { LineReader } from "../../src/replay/line_reader.ts";
import { play, type Source, sourceOf } from "../../src/replay/play_file.ts";
import { configuration, friendlyAnswer, START } from "../core/harness.ts";
import { CHARGER_KEYS } from "../support/tables.ts";

/** Events to a core; the same events as a recording. */
export class Recorded {
  now = START;
  text: string;
  readonly scenes: Scene[] = [];
  readonly #engine: Engine;
  #id = 0;

  constructor(core: CoreConfiguration = configuration()) {
    const snapshot = emptySnapshot({
      facts: new Map<string, never>(Object.entries({
        instance: "test",
        run: 1,
        charger_configuration: { keys: CHARGER_KEYS, stale: false },
      }) as [string, never][]),
    });
    this.text = headerLine({
      at: START,
      configuration: core,
      snapshot,
      program: "test",
      idTags: "raw",
    });
    const log = new KeptLog([]);
    this.#engine = new Engine(createState(core, snapshot, START), {
      show: (scene) => {
        this.scenes.push(scene);
        // In the order in which the core is told, as the recorder sees it.
        if (scene.type === "event") this.#record(scene.event);
        if (scene.type === "received") {
          const { backendId, connection, text } = scene;
          this.#record(
            backendId === undefined
              ? { type: "charger_frame", connection, text }
              : { type: "backend_frame", backendId, connection, text },
          );
        }
      },
      stored: (at) => ({ at }),
      readLog: ({ after, limit }) => log.read(after, limit),
      written: (entries) => log.add(entries),
    });
    this.tell({ type: "started" });
  }

  get state() {
    return this.#engine.state;
  }

  tell(event: Event): void {
    this.#engine.tell(event, this.now);
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (let at = nextDeadline(this.state); at <= end; at = nextDeadline(this.state)) {
      this.now = Math.max(at, this.now);
      this.tell({ type: "tick" });
    }
    this.now = end;
  }

  connectCharger(): void {
    this.tell({
      type: "charger_connected",
      connection: 1,
      chargePointId: "CP001",
      remoteAddress: "192.0.2.10",
    });
    this.chargerCalls("BootNotification", { chargePointVendor: "V", chargePointModel: "M" });
    this.pass(500);
  }

  connectBackend(backendId: string, connection: number, protocol: "ocpp1.6" | "json"): void {
    const remoteAddress = "192.0.2.20";
    this.tell({ type: "backend_connected", backendId, connection, protocol, remoteAddress });
  }

  /** Sends a CALL of the charger; its answer. */
  chargerCalls(action: string, payload: JsonObject): JsonObject {
    const id = `c${++this.#id}`;
    const text = stringifyJson([2, id, action, payload]);
    this.tell({ type: "charger_frame", connection: 1, text });
    for (const scene of this.scenes.toReversed()) {
      if (scene.type !== "sent" || scene.backendId !== undefined) continue;
      const frame = parseFrame(scene.text);
      if (frame.type === "result" && frame.id === id) return frame.payload;
    }
    return {};
  }

  /** Answers every CALL that a backend, or the charger, has not answered yet. */
  answerAll(answers: (action: string, backendId: string | undefined) => JsonObject): void {
    const answered = new Set<Scene>();
    for (let index = 0; index < this.scenes.length; index++) {
      const scene = this.scenes[index]!;
      if (scene.type !== "sent" || this.#answered.has(scene)) continue;
      const frame = parseFrame(scene.text);
      if (frame.type !== "call" || answered.has(scene)) continue;
      this.#answered.add(scene);
      const { backendId, connection } = scene;
      const text = stringifyJson([3, frame.id, answers(frame.action, backendId)]);
      this.tell(
        backendId === undefined
          ? { type: "charger_frame", connection, text }
          : { type: "backend_frame", backendId, connection, text },
      );
    }
  }
  readonly #answered = new Set<Scene>();

  /** Everybody answers as a friendly peer does. */
  settle(): void {
    let given = 700;
    this.answerAll((action, backendId) =>
      backendId === undefined
        ? { status: "Accepted" }
        : friendlyAnswer(action, this.now, () => ++given)
    );
  }

  #record(event: Event): void {
    this.text += eventLine(this.now, event);
  }
}

/** What a text, as a file, shows when it is played. */
export function shown(text: string, core?: CoreConfiguration): Scene[] {
  const scenes: Scene[] = [];
  withSource(text, (source) => play(source, core, { show: (scene) => scenes.push(scene) }));
  return scenes;
}

/** Opens a text as a file. */
export function withSource<Result>(text: string, use: (source: Source) => Result): Result {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(path, text);
    using lines = new LineReader(path);
    return use(sourceOf(lines));
  } finally {
    Deno.removeSync(path);
  }
}

/** The lines of an expectation. */
export function expected(scenes: readonly Scene[]): string[] {
  return scenes.map(expectationLine).filter((line) => line !== undefined);
}
