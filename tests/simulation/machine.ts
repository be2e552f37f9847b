// One machine: the core as a process that may die at any effect, its disk, and its wall clock.

import metadata from "../../deno.json" with { type: "json" };
import type { CoreConfiguration } from "../../src/core/configuration.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import type { Write } from "../../src/core/record.ts";
import { createState, nextDeadline, type State, step } from "../../src/core/step.ts";
import { eventLine, headerLine } from "../../src/recording/recording_format.ts";
import { Crash } from "../core/harness.ts";
import type { Disk } from "./disk.ts";
import { Tables } from "../support/tables.ts";

/** Notes that wait for the disk are written after this long, ms. */
const FLUSH_MS = 500;

/** What the machine does to the world, and who looks over its shoulder. */
export interface Outside {
  /** An effect that leaves the machine. */
  perform(effect: Effect): void;
  /** What the core planned is on disk. */
  stored(writes: readonly Write[]): void;
  /** The core is about to be told of an event. */
  before(event: Event): void;
  /** It has been told, and every effect has been performed. */
  after(): void;
}

/** The proxy without its sockets. */
export class Machine {
  readonly tables = new Tables();
  state: State;
  /** Events that the core was told of, in all its lives. */
  steps = 0;
  lives = 0;
  /** How often its configuration was read again. */
  reloads = 0;
  /** Effects that are still performed before the process dies. */
  effectsLeft = Infinity;
  /** The recording of this life; undefined: nobody wants it. */
  recording: string[] | undefined;
  /** While it is recorded: what was sent in this life, and to whom. */
  sent: string[] = [];
  /** The last death lost a word of the owner's that could not be written. */
  lostToDisk = false;
  /** What waits for the disk, oldest first; `owed`: it should have been written at once. */
  #waiting: { readonly write: Write; readonly owed: boolean }[] = [];
  #flushAt = Infinity;

  /** `wallMs`: the time of day, epoch milliseconds. */
  constructor(
    public configuration: CoreConfiguration,
    readonly disk: Disk,
    readonly wallMs: () => number,
    readonly outside: Outside,
    record: boolean,
  ) {
    if (record) this.recording = [];
    this.state = this.#boot();
  }

  /** The first event of a life. */
  start(): void {
    this.tell({ type: "started" });
  }

  /** One event, and all that follows from it at once. Throws Crash when the process dies in it. */
  tell(event: Event): void {
    const now = this.wallMs();
    this.steps++;
    this.recording?.push(eventLine(now, event));
    const { outside } = this;
    outside.before(event);
    for (const effect of step(this.state, event, now)) {
      if (this.effectsLeft-- <= 0) throw new Crash();
      this.#perform(effect);
    }
    outside.after();
  }

  /** When something is to be done without an event, epoch milliseconds. */
  get nextAt(): number {
    return Math.min(nextDeadline(this.state), this.#flushAt);
  }

  /** Does what is due. */
  wake(): void {
    const now = this.wallMs();
    if (this.#flushAt <= now) this.flush();
    if (nextDeadline(this.state) <= now) this.tell({ type: "tick" });
  }

  /** What waits for the disk is written, if that is possible. */
  flush(): void {
    this.#flushAt = Infinity;
    if (this.#waiting.length === 0) return;
    if (this.disk.write()) this.#write(() => true);
    else this.#flushAt = this.wallMs() + FLUSH_MS;
  }

  /** What the owner said last could not be written yet. */
  get owesControl(): boolean {
    return this.#waiting.some(({ write, owed }) =>
      owed && write.table === "fact" && write.key === "control"
    );
  }

  #write(which: (write: Write) => boolean): void {
    const due = this.#waiting.filter(({ write }) => which(write));
    this.#waiting = this.#waiting.filter(({ write }) => !which(write));
    for (const { write } of due) this.tables.apply(write);
  }

  /** The process ends: by kill -9 what waits for the disk is lost. Then a new life. */
  restart(orderly: boolean, booted: () => void): void {
    if (orderly) this.flush();
    this.lostToDisk = this.owesControl;
    this.#waiting = [];
    this.#flushAt = Infinity;
    this.effectsLeft = Infinity;
    this.tables.facts.set("run", Number(this.tables.facts.get("run")) + 1);
    this.lives++;
    this.state = this.#boot();
    booted();
    this.start();
  }

  /** The wall clock was set. */
  shift(byMs: number): void {
    if (this.#flushAt !== Infinity) this.#flushAt += byMs;
    this.tell({ type: "clock_set", byMs });
  }

  #boot(): State {
    const snapshot = this.tables.snapshot();
    const at = this.wallMs();
    if (this.recording) {
      this.sent = [];
      this.recording = [
        headerLine({
          at,
          configuration: this.configuration,
          snapshot,
          program: metadata.version,
          idTags: "raw",
        }),
      ];
    }
    return createState(this.configuration, snapshot, at);
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "store": {
        const { token, writes } = effect;
        const failed = !this.disk.write();
        if (!failed) {
          // As the shell does it: a noted cursor waits, unless something is owed.
          const owed = this.#waiting.some((one) => one.owed);
          this.#write(({ table }) => owed || table !== "cursor");
          this.#waiting = this.#waiting.filter((old) =>
            !writes.some((one) => isSame(old.write, one))
          );
          for (const write of writes) this.tables.apply(write);
          this.outside.stored(writes);
        }
        return this.tell({ type: "stored", token, ...failed && { failure: "the disk is full" } });
      }
      case "persist":
        for (const write of effect.writes) this.#waiting.push({ write, owed: true });
        return this.flush();
      case "note":
        this.#waiting.push({ write: effect.write, owed: false });
        if (this.#flushAt === Infinity) this.#flushAt = this.wallMs() + FLUSH_MS;
        return this.outside.perform(effect);
      case "send_charger":
      case "send_backend":
        if (this.recording) {
          const peer = effect.type === "send_charger" ? "charger" : effect.backendId;
          this.sent.push(`${peer} ${effect.text}`);
        }
        return this.outside.perform(effect);
      default:
        return this.outside.perform(effect);
    }
  }
}

/** Whether both say how far one backend is. */
function isSame(one: Write, other: Write): boolean {
  return one.table === "cursor" && other.table === "cursor" &&
    one.cursor.backendId === other.cursor.backendId;
}
