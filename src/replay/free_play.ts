// Plays what was recorded to a core that may decide otherwise: it is woken when it wants to be, and
// its CALLs get the answers that were recorded to the same questions.

import { nextDeadline, type State } from "../core/step.ts";
import { type Frame, type MessageId, parseFrame } from "../ocpp/frame.ts";
import type { RecordedEvent } from "../recording/recording_format.ts";
import { Counterpart, type OpenCall, type Reply } from "./counterpart.ts";
import { Engine, type Scene } from "./engine.ts";
import type { Watcher } from "./exact_play.ts";
import { forgetOldest } from "./forget_oldest.ts";
import type { Item } from "./item.ts";
import { KeptLog } from "./kept_log.ts";
import { withId } from "./recorded_answer.ts";
import { CentralSystemStandIn, chargerStandIn } from "./stand_in.ts";
import { TransactionIds } from "./transaction_ids.ts";

/** After the last item, so that what is under way comes to its end, ms. */
const EPILOGUE_MS = 5_000;

/**
 * A line so far from those before has a broken time, and none passes until it; when the next one
 * agrees with it, the clock was set. ms.
 */
const LONGEST_GAP_MS = 400 * 86_400_000;

/** A core that wants to be woken more often than this at one moment never stops. */
const MAX_TURNS = 10_000;

/** Starts that the core has not answered yet. */
const MAX_STARTS = 1_000;

/** Plays the items to a core that begins with `state` and is told of `begin`; returns its state at the end. */
export function playFreely(
  items: Iterable<Item>,
  state: State,
  begin: RecordedEvent,
  patienceMs: number,
  watcher: Watcher,
): State {
  if (watcher.before?.(state, begin.at) === false) return state;
  const play = new FreePlay(state, begin.at, patienceMs, watcher);
  play.tell({ type: "event", ...begin });
  for (const item of items) {
    if (!play.passTo(item) || watcher.before?.(state, item.at) === false) return state;
    play.tell(item);
  }
  play.passUntil(play.now + EPILOGUE_MS);
  return state;
}

class FreePlay {
  now: number;
  /** The time of the line before, if that was far from now. */
  #far: number | undefined;
  readonly #engine: Engine;
  readonly #watcher: Watcher;
  readonly #patienceMs: number;
  readonly #peers = new Map<string | undefined, Counterpart>();
  readonly #standIns = new Map<string, CentralSystemStandIn>();
  readonly #transactionIds = new TransactionIds();
  /** Message ids of the charger's StartTransactions. */
  readonly #starts = new Set<MessageId>();
  /** Answers to what the present event makes the core ask. */
  readonly #replies: { readonly backendId: string | undefined; readonly reply: Reply }[] = [];

  constructor(state: State, at: number, patienceMs: number, watcher: Watcher) {
    this.now = at;
    this.#watcher = watcher;
    this.#patienceMs = patienceMs;
    const log = new KeptLog(state.log.entries);
    this.#engine = new Engine(state, {
      show: (scene) => this.#show(scene),
      stored: (now) => ({ at: now }),
      readLog: ({ after, limit }) => log.read(after, limit),
      written: (entries) => log.add(entries),
    });
  }

  /** Lets time pass until an item, in which the clock may be set; false as in `passUntil`. */
  passTo(item: Item): boolean {
    const { at } = item;
    if (item.type === "event" && item.event.type === "clock_set") {
      const goesOn = this.passUntil(at - item.event.byMs);
      this.#setClock(at);
      return goesOn;
    }
    if (Math.abs(at - this.now) <= LONGEST_GAP_MS) {
      this.#far = undefined;
      return this.passUntil(at);
    }
    // A line may be several items.
    if (at === this.#far) return true;
    const agrees = this.#far !== undefined && Math.abs(at - this.#far) <= LONGEST_GAP_MS;
    this.#far = agrees ? undefined : at;
    if (!agrees) return true;
    const byMs = at - this.now;
    this.#setClock(at);
    this.#engine.tell({ type: "clock_set", byMs }, at);
    this.#answer();
    return true;
  }

  /** What is waited for takes as long as before. */
  #setClock(at: number): void {
    for (const peer of this.#peers.values()) peer.shift(at - this.now);
    this.now = at;
  }

  /** Lets time pass; false: whoever watches has seen enough. */
  passUntil(end: number): boolean {
    const { state } = this.#engine;
    if (end - this.now > LONGEST_GAP_MS) return true;
    for (let turns = 0;; turns++) {
      const standIns = Math.min(Infinity, ...[...this.#peers.values()].map(({ due }) => due));
      const at = Math.max(Math.min(nextDeadline(state), standIns), this.now);
      if (at > end) break;
      if (turns > MAX_TURNS + end - this.now) throw new Error("the core never comes to rest");
      if (this.#watcher.before?.(state, at) === false) return false;
      this.now = at;
      if (nextDeadline(state) <= at) this.#engine.tell({ type: "tick" }, at);
      for (const [backendId, peer] of this.#peers) {
        for (const reply of peer.overdue(at)) this.#replies.push({ backendId, reply });
      }
      this.#answer();
    }
    // Logs go back in time where clocks are set.
    this.now = Math.max(end, this.now);
    return true;
  }

  tell(item: Item): void {
    switch (item.type) {
      case "asked":
        this.#peer(item.backendId).asked(item.number, item.call, this.now);
        return;
      case "answered": {
        const { backendId } = item;
        const reply = this.#peer(backendId).answered(item.number, item.text);
        if (reply) this.#replies.push({ backendId, reply });
        break;
      }
      case "given":
        this.#transactionIds.recorded(item.id, item.transactionId);
        return;
      case "event": {
        const { event } = item;
        this.#engine.tell(
          event.type === "charger_frame"
            ? { ...event, text: this.#transactionIds.translate(event.text) }
            : event,
          this.now,
        );
      }
    }
    this.#answer();
  }

  #peer(backendId: string | undefined): Counterpart {
    let peer = this.#peers.get(backendId);
    if (!peer) this.#peers.set(backendId, peer = new Counterpart(this.#patienceMs));
    return peer;
  }

  #show(scene: Scene): void {
    this.#watcher.show(scene);
    if (scene.type === "sent") this.#sent(scene);
    if (scene.type === "received" && scene.backendId === undefined) {
      const frame = parseFrame(scene.text);
      if (frame.type === "call" && frame.action === "StartTransaction") {
        this.#starts.add(frame.id);
        forgetOldest(this.#starts, MAX_STARTS);
      }
    }
    if (scene.type !== "event") return;
    const { event } = scene;
    if (event.type === "charger_disconnected") this.#peers.get(undefined)?.closed();
    if (event.type === "backend_disconnected") this.#peers.get(event.backendId)?.closed();
  }

  #sent({ backendId, connection, text }: Scene & { type: "sent" }): void {
    const frame: Frame = parseFrame(text);
    if (frame.type === "call") {
      const { id, action, payload } = frame;
      const call: OpenCall = { id, action, payload, connection };
      const reply = this.#peer(backendId).sent(call, this.now);
      if (reply) this.#replies.push({ backendId, reply });
    } else if (
      frame.type === "result" && backendId === undefined && this.#starts.delete(frame.id)
    ) {
      const { transactionId } = frame.payload;
      if (transactionId !== undefined) {
        this.#transactionIds.given(frame.id, String(transactionId));
      }
    }
  }

  /** Everybody answers what they have just been asked; answers may lead to questions. */
  #answer(): void {
    for (let next = this.#replies.shift(); next; next = this.#replies.shift()) {
      const { backendId, reply: { call, recorded } } = next;
      const { connection } = call;
      const text = recorded === undefined
        ? this.#standIn(backendId, call)
        : withId(recorded, call.id);
      this.#engine.tell(
        backendId === undefined
          ? { type: "charger_frame", connection, text }
          : { type: "backend_frame", backendId, connection, text },
        this.now,
      );
    }
  }

  #standIn(backendId: string | undefined, call: OpenCall): string {
    if (backendId === undefined) return chargerStandIn(call);
    let standIn = this.#standIns.get(backendId);
    if (!standIn) this.#standIns.set(backendId, standIn = new CentralSystemStandIn());
    return standIn.answer(call, this.now);
  }
}
