// A seeded world around the core: charger, backends, owner, network, disk, and the clocks.

import assert from "node:assert/strict";
import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import type { Write } from "../../src/core/record.ts";
import { Crash, START } from "../core/harness.ts";
import { Backend } from "./backend.ts";
import { Books } from "./books.ts";
import { Charger } from "./charger.ts";
import { Invariants } from "./invariants.ts";
import { Machine } from "./machine.ts";
import { Disk } from "./disk.ts";
import { checkHandovers } from "./handover_judge.ts";
import { Household } from "./household.ts";
import { type BackendId, BACKENDS, type Deed, type Move } from "./move.ts";
import { Network } from "./network.ts";
import { Random } from "./random.ts";
import { HOUSEHOLDS } from "./stage.ts";
import { Timeline } from "./timeline.ts";

/**
 * It comes to rest within so many times 5 s: what was written before the clock was set back, and not
 * again because the disk was full, ends hours late after a restart.
 */
const REST_TURNS = 3_000;

/** What happens to one world in one go at most, so that an endless loop is found. */
const MAX_TURNS = 200_000;

export class World {
  readonly machine: Machine;
  readonly timeline = new Timeline();
  readonly books = new Books(this.timeline);
  readonly charger: Charger;
  readonly backends: ReadonlyMap<BackendId, Backend>;
  readonly #random: Random;
  readonly #invariants: Invariants;
  readonly #network: Network;
  readonly #household: Household;
  /** How far the machine's clock is off, ms. */
  #offMs = 0;

  constructor(seed: number, record: boolean) {
    const { timeline } = this;
    const random = this.#random = new Random(seed ^ 0x5eed);
    this.backends = new Map(BACKENDS.map((id) => [id, new Backend(id, timeline, random)]));
    const network = this.#network = new Network(
      () => this.machine,
      () => this.charger,
      this.backends,
      timeline,
      random,
    );
    this.charger = new Charger(timeline, random, this.books, () => network.connectCharger());
    const outside = {
      before: (event: Event) => this.#invariants.before(event),
      after: () => this.#invariants.after(),
      stored: (writes: readonly Write[]) => this.#invariants.stored(writes),
      perform: (effect: Effect) => {
        this.#invariants.perform(effect);
        this.#network.perform(effect);
      },
    };
    const disk = new Disk(timeline, random);
    this.machine = new Machine(HOUSEHOLDS[0]!, disk, () => this.#wallMs(), outside, record);
    this.#invariants = new Invariants(
      () => this.machine,
      timeline,
      this.books,
      this.charger.sent,
      [...this.backends.values()],
      this.machine.tables,
    );
    this.#household = new Household(() => this.machine, () => this.#invariants.rules.open);
    this.#attempt(() => this.machine.start());
    this.charger.online(true);
    for (const one of this.backends.values()) this.#network.dialIn(one);
  }

  /** One move; throws AssertionError where a promise is broken. */
  play({ deed, passMs, crashAfter, seed }: Move): void {
    this.#random.reseed(seed);
    if (crashAfter !== undefined) this.machine.effectsLeft = crashAfter;
    this.#attempt(() => this.#do(deed));
    this.#pass(passMs);
    this.#invariants.overdue();
  }

  /** All is well again: everything gets where it belongs, and nothing is pending. */
  settle(): void {
    const { machine, charger } = this;
    machine.effectsLeft = Infinity;
    machine.disk.mend();
    charger.mood = "good";
    this.#attempt(() => this.#household.calm());
    for (const one of this.backends.values()) {
      one.mood = "good";
      one.there = true;
    }
    this.#invite();
    for (let turn = 0;; turn++) {
      assert.ok(turn < REST_TURNS, `P1: it does not come to rest: ${this.#unrest()}`);
      for (const connector of [1, 2]) charger.end(connector);
      this.#pass(5_000);
      if (turn > 40 && this.#unrest() === "") break;
    }
    machine.flush();
    this.books.checkEnd(machine.tables);
    checkHandovers(machine.tables.decisions);
    this.#invariants.overdue();
  }

  /** What is still to be done; empty: nothing. */
  #unrest(): string {
    const { state } = this.machine;
    const { control, charger, log } = state;
    const unrest = [];
    if (!this.charger.idle) unrest.push("the charger has more to say");
    for (const [id, { cursor, pending }] of state.backends) {
      if (cursor !== log.lastSequence || pending) unrest.push(`${id} is at ${cursor}`);
      if (this.#invariants.judges.get(id)!.next()) unrest.push(`${id} has not heard all`);
    }
    if (state.open.size > 0) unrest.push("a transaction is open");
    if (control.lease) unrest.push(`${control.lease.backendId} holds control`);
    const { held, queue, questions, claims, handover } = control;
    if (held.length + queue.length + questions.size + claims.length > 0) unrest.push("some wait");
    if (handover) unrest.push("a hand-over");
    if (charger.pending || charger.queue.length > 0) unrest.push("a CALL to the charger");
    return unrest.join(", ");
  }

  #wallMs(): number {
    return START + this.timeline.now + this.#offMs;
  }

  /** Lets time pass, and everything happen that is due. */
  #pass(ms: number): void {
    const { timeline, machine } = this;
    const end = timeline.now + ms;
    for (let turn = 0;; turn++) {
      assert.ok(turn < MAX_TURNS, "P5: there is no end to it");
      const wakeAt = machine.nextAt - START - this.#offMs;
      const planAt = timeline.nextAt;
      if (Math.min(wakeAt, planAt) > end) break;
      if (planAt <= wakeAt) this.#attempt(timeline.take());
      else {
        timeline.now = Math.max(timeline.now, wakeAt);
        this.#attempt(() => machine.wake());
      }
    }
    timeline.now = Math.max(timeline.now, end);
  }

  /** Whoever is configured, and has no connection, may dial in. */
  #invite(): void {
    for (const one of this.backends.values()) {
      if (!one.link) this.#network.dialIn(one);
    }
  }

  /** Does something that the process may not survive. */
  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.#restart(false);
    }
  }

  #restart(orderly: boolean): void {
    this.#network.dropAll();
    // It may die again, before it has said a word.
    this.machine.restart(orderly, () => this.#invariants.restarted());
    this.#attempt(() => this.#household.retell());
  }

  #do(deed: Deed): void {
    const { machine, charger } = this;
    switch (deed.type) {
      case "plug":
        return charger.begin(deed.tag, deed.connector);
      case "measure":
        return charger.measure(deed.connector, deed.wh);
      case "unplug":
        return charger.end(deed.connector);
      case "forget":
        return charger.forget(deed.connector);
      case "chatter":
        return charger.chatter(deed.what);
      case "charger_link":
        return this.#network.chargerLink(deed.how);
      case "charger_mood":
        charger.mood = deed.mood;
        return;
      case "wish":
        return this.backends.get(deed.who)!.wish(deed, (target) => this.#someId(target));
      case "mood":
        this.backends.get(deed.who)!.mood = deed.mood;
        return;
      case "link":
        return this.#network.backendLink(this.backends.get(deed.who)!, deed.how);
      case "owner":
      case "owner_limit":
      case "answer":
      case "fact":
        return this.#household.do(deed);
      case "configure":
        this.#household.do(deed);
        return this.#invite();
      case "disk":
        return machine.disk.trouble(deed.how);
      case "clock":
        this.#offMs += deed.byMs;
        return machine.shift(deed.byMs);
      case "restart":
        return this.#restart(true);
      case "nothing":
        return;
      default:
        return deed satisfies never;
    }
  }

  /** An id that some backend gave, or the charger was told, or nobody. */
  #someId(target: number): number {
    const ids = [...this.backends.values()]
      .flatMap(({ given }) => [...given.values()].slice(-3).flatMap((set) => [...set]));
    const { lastTransactionId } = this.machine.state;
    ids.push(lastTransactionId, lastTransactionId - 1, target, -1);
    return ids[target % ids.length]!;
  }
}
