// The core in virtual time: events in, and what everybody saw out. There is no socket and no disk.

import type { Effect } from "../core/effect.ts";
import type { Event } from "../core/event.ts";
import type { DecisionRecord, LogEntry } from "../core/record.ts";
import { type State, step } from "../core/step.ts";
import { apologyFor } from "../io/apology.ts";

/** What happens in a replay, in order; `backendId` undefined: the charger. */
export type Scene =
  | ({ readonly type: "received"; readonly text: string } & Place)
  | ({ readonly type: "sent"; readonly text: string } & Place)
  | ({ readonly type: "closed"; readonly code: number; readonly reason: string } & Place)
  | { readonly type: "decision"; readonly at: number; readonly decision: DecisionRecord }
  /** Anything but a frame. */
  | { readonly type: "event"; readonly at: number; readonly event: Event }
  /** The core threw. */
  | { readonly type: "defect"; readonly at: number; readonly error: string };

interface Place {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly backendId: string | undefined;
  readonly connection: number;
}

/** The world that answers the core. */
export interface World {
  show(scene: Scene): void;
  /** The answer to `store`, which comes at once: when, and why not. */
  stored(now: number): { readonly at: number; readonly failure?: string };
  /** Entries of the log after a sequence; undefined: a later event tells. */
  readLog(request: Effect & { type: "read_log" }): readonly LogEntry[] | undefined;
  /** Entries that were written to the log. */
  written(entries: readonly LogEntry[]): void;
}

/** One core. */
export class Engine {
  readonly state: State;
  readonly #world: World;
  /** What is told to the core after the present event. */
  readonly #next: Event[] = [];

  constructor(state: State, world: World) {
    this.state = state;
    this.#world = world;
  }

  /** Tells the core of an event, and of all that follows from it at once. */
  tell(event: Event, at: number): void {
    this.#handle(event, at);
    for (let next = this.#next.shift(); next; next = this.#next.shift()) this.#handle(next, at);
  }

  #handle(event: Event, at: number): void {
    this.#showEvent(event, at);
    let effects: Effect[];
    try {
      effects = step(this.state, event, at);
    } catch (error) {
      this.#world.show({ type: "defect", at, error: String(error) });
      this.#apologise(event, at);
      return;
    }
    for (const effect of effects) this.#perform(effect, at);
  }

  #showEvent(event: Event, at: number): void {
    switch (event.type) {
      case "charger_frame":
        return this.#show("received", at, undefined, event);
      case "backend_frame":
        return this.#show("received", at, event.backendId, event);
      default:
        return this.#world.show({ type: "event", at, event });
    }
  }

  #show(
    type: "received" | "sent",
    at: number,
    backendId: string | undefined,
    { connection, text }: { readonly connection: number; readonly text: string },
  ): void {
    this.#world.show({ type, at, backendId, connection, text });
  }

  #apologise(event: Event, at: number): void {
    if (event.type !== "charger_frame" && event.type !== "backend_frame") return;
    const text = apologyFor(event.text);
    if (text === undefined) return;
    const backendId = event.type === "backend_frame" ? event.backendId : undefined;
    this.#show("sent", at, backendId, { connection: event.connection, text });
  }

  #perform(effect: Effect, at: number): void {
    switch (effect.type) {
      case "send_charger":
        return this.#show("sent", at, undefined, effect);
      case "send_backend":
        return this.#show("sent", at, effect.backendId, effect);
      case "close_charger":
      case "close_backend": {
        const { connection, code, reason } = effect;
        const backendId = effect.type === "close_backend" ? effect.backendId : undefined;
        return this.#world.show({ type: "closed", at, backendId, connection, code, reason });
      }
      case "store": {
        const { at: storedAt, failure } = this.#world.stored(at);
        if (failure === undefined) this.#written(effect.writes);
        const { token } = effect;
        const event = { type: "stored", token, ...failure !== undefined && { failure } } as const;
        return this.#handle(event, storedAt);
      }
      case "persist":
        return this.#written(effect.writes);
      case "note": {
        const { write } = effect;
        if (write.table !== "decision") return;
        return this.#world.show({ type: "decision", at, decision: write.row });
      }
      case "read_log": {
        const { backendId, after } = effect;
        const entries = this.#world.readLog(effect);
        if (entries !== undefined) this.#next.push({ type: "log_page", backendId, after, entries });
        return;
      }
      case "probe_backend":
      case "dial":
      case "publish":
      case "publish_entry":
      case "log":
        return;
      default:
        effect satisfies never;
    }
  }

  #written(writes: (Effect & { type: "store" })["writes"]): void {
    const entries = writes.flatMap((write) => write.table === "log" ? [write.entry] : []);
    if (entries.length > 0) this.#world.written(entries);
  }
}
