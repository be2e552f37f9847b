// What becomes of control over time, in the reference's own words: leases, hand-overs, who waits.

import type { CoreConfiguration } from "../../src/core/configuration.ts";
import {
  type House,
  judge,
  judgeCard,
  mayHold,
  type Mode,
  rank,
  ruleFor,
  type Running,
  type Wish,
  type Word,
} from "./arbiter_reference.ts";

const HANDOVER_MS = 25_000;
const OWNER_WAIT_MS = 20_000;
const LONGEST_WAIT_MS = 28_000;
const QUIET_MS = 60_000;
const ANSWER_MS = 600_000;
const CARD_MS = 600_000;
const HELD_EACH = 8;

/** The wishes that name an id tag: that of their backend, in these cases. */
const WITH_TAG: ReadonlySet<string> = new Set([
  "Authorize",
  "RemoteStartTransaction",
  "ReserveNow",
]);

/** The charger of these tests does not tell its ConnectionTimeOut: 60 s, and 15 s beyond. */
const CLAIM_MS = 75_000;

interface Lease {
  who: string;
  since: number;
  until: number;
  transaction: number | undefined;
  connector: number | undefined;
  rule: string | undefined;
  /** Granted for a command that the charger has not accepted yet: it may end with it. */
  fresh: boolean;
}

interface Waiting {
  readonly wish: Wish;
  readonly queue: boolean;
  readonly forOwner: boolean;
  readonly connection: number;
  readonly for: "handover" | number;
  /** When it came. */
  since: number;
  deadline: number;
}

/** How a wish may wait. */
export interface Patience {
  /** The connection that its answer goes to; undefined: it cannot wait. */
  readonly connection?: number;
  /** Whether it also waits for the owner, not only for a hand-over. */
  readonly forOwner?: boolean;
  readonly queue?: boolean;
  /** When it came, if it has waited already. */
  readonly since?: number;
}

/** The reference's world; its `House` is what it judges by. */
export class ArbiterModel implements House {
  readonly minuteAtZero: number;
  mode: Mode = "auto";
  modeUntil: number | undefined;
  limit: { amps: number; until: number | undefined } | undefined;
  chargerThere = false;
  readonly faulted: Set<number> = new Set();
  readonly preparing: Set<number> = new Set();
  presence: { value: string; at: number } | undefined;
  running: Running[] = [];
  lease: Lease | undefined;
  claims: { who: string; connector: number | undefined; until: number }[] = [];
  startInFlight: string | undefined;
  handover: { to: string; from: string; deadline: number } | undefined;
  grantedAt: Map<string, number> = new Map();
  answers: { who: string; rule: string; card: boolean; allow: boolean; until: number }[] = [];
  queue: { who: string; connector: number | undefined; since: number }[] = [];
  questions: {
    readonly id: number;
    readonly who: string;
    action: string;
    connector: number | undefined;
    /** Asked for with the card of the one backend that is named in it. */
    readonly card: boolean;
    readonly rule: string;
    readonly allows: boolean;
    deadline: number;
  }[] = [];
  lastQuestion = 0;
  /** Until then no hand-over is tried again for the queue. */
  quietUntil = 0;
  waiting: Waiting[] = [];
  /** Since when backends have been away, and the connections of those that are there. */
  away: Map<string, number> = new Map();
  readonly connections: Map<string, number> = new Map();
  cards: Map<string, { at: number; mode: Mode }> = new Map();
  #resumed: Waiting[] = [];

  constructor(public configuration: CoreConfiguration, public now: number, minute: number) {
    this.minuteAtZero = (minute - Math.floor(now / 60_000)) % 1_440 + 1_440;
    for (const { id } of configuration.backends) this.away.set(id, now);
  }

  /** A wish is judged, and what was said becomes true. */
  wish(wish: Wish, patience: Patience = {}): Word | { readonly word: "queued" | "held" } {
    const word = judge(this, wish);
    const { connection, forOwner = false, queue = false, since = this.now } = patience;
    const hold = (reason: Waiting["for"], until: number): boolean => {
      const deadline = Math.min(until, since + LONGEST_WAIT_MS);
      if (connection === undefined || deadline <= this.now) return false;
      const others = this.waiting.filter((one) => one.wish.who === wish.who);
      if (others.length >= HELD_EACH) return false;
      this.waiting.push({ wish, queue, forOwner, connection, for: reason, since, deadline });
      return true;
    };
    switch (word.word) {
      case "granted":
        this.#end();
        this.#grant(wish.who, wish.connector, word.rule, wish.action !== "request_control");
        return word;
      case "renewed":
        this.lease!.until = this.now + this.configuration.controlTimeoutMs;
        this.lease!.connector ??= wish.connector;
        this.#adopt();
        return word;
      case "handover":
        this.#handOver(wish.who, word.from);
        if (queue) return this.#enqueue(wish);
        return hold("handover", this.handover!.deadline)
          ? { word: "held" }
          : { word: "denied", code: "control_locked" };
      case "ask": {
        const question = this.#ask(wish, word);
        const until = Math.min(question.deadline, this.now + OWNER_WAIT_MS);
        return forOwner && hold(question.id, until) ? { word: "held" } : word;
      }
      case "denied":
        return word.code === "control_locked" && queue ? this.#enqueue(wish) : word;
    }
  }

  /** A card is shown; whether it may charge. */
  card(who: string | null, tag: string | undefined, connector?: number): boolean {
    const word = judgeCard(this, who);
    if (word.word === "ask") {
      const wish = { who: who!, action: "Authorize", permission: undefined, connector };
      this.#ask(wish, word);
    }
    if (word.word !== "granted") return false;
    if (tag !== undefined) this.cards.set(tag, { at: this.now, mode: this.mode });
    return true;
  }

  /** What a card was allowed a moment ago counts for one start, in the same mode. */
  useCard(tag: string): boolean {
    const card = this.cards.get(tag);
    this.cards.delete(tag);
    if (!card || card.at > this.now || this.now >= card.at + CARD_MS) return false;
    return JSON.stringify(card.mode) === JSON.stringify(this.mode);
  }

  release(who: string): boolean {
    const waited = this.#leave(who);
    if (this.lease?.who !== who) return waited;
    this.#end();
    return true;
  }

  setMode(mode: Mode, until: number | undefined): void {
    this.mode = mode;
    this.modeUntil = mode === "auto" ? undefined : until;
    this.#review();
  }

  configure(configuration: CoreConfiguration): void {
    this.configuration = configuration;
    this.#review();
  }

  /** The owner has spoken, or not in time. */
  answer(id: number, allow: boolean): void {
    const question = this.questions.find((one) => one.id === id);
    if (!question) return;
    const { who, rule, connector, action } = question;
    this.questions = this.questions.filter((one) => one !== question);
    const about = [...action === "Authorize" ? [] : [false], ...question.card ? [true] : []];
    for (const card of about) {
      this.answers = this.answers.filter((one) =>
        one.who !== who || one.rule !== rule || one.card !== card
      );
      this.answers.push({ who, rule, card, allow, until: this.now + ANSWER_MS });
    }
    const waiting = this.waiting.filter((one) => one.for === id);
    this.waiting = this.waiting.filter((one) => one.for !== id);
    if (!allow) {
      if (action !== "Authorize") this.#leave(who);
      return;
    }
    this.#resumed.push(...waiting);
    if (waiting.length > 0 || action === "Authorize" || this.lease?.who === who) return;
    const wish = { who, action: "request_control", permission: undefined, connector };
    const word = judge(this, wish);
    if (word.word === "handover" && action === "request_control") this.#enqueue(wish);
    if (word.word !== "granted") return;
    this.#end();
    this.#grant(who, connector, word.rule, false);
  }

  /** The charger has accepted a RemoteStartTransaction, or has not answered it. */
  claimed(who: string, connector: number | undefined): void {
    const until = this.now + CLAIM_MS;
    this.claims = this.claims.filter((one) => one.connector !== connector);
    this.claims.push({ who, connector, until });
    if (this.lease?.who === who) this.lease.until = Math.max(this.lease.until, until);
  }

  status(connector: number, status: "Available" | "Preparing" | "Charging" | "Faulted"): void {
    const freed = status === "Available" && this.preparing.has(connector);
    this.preparing.delete(connector);
    if (status === "Preparing") this.preparing.add(connector);
    if (status === "Faulted") this.faulted.add(connector);
    else this.faulted.delete(connector);
    const { lease } = this;
    const claimed = () => this.claims.some((one) => one.who === lease?.who);
    if (freed) {
      const before = claimed();
      this.#unclaim(connector);
      if (before && !claimed() && lease?.transaction === undefined) this.#end();
    }
    if (status !== "Faulted" || !lease) return;
    const session = this.running.find(({ id }) => id === lease.transaction);
    const used = session?.connector ?? lease.connector;
    if (connector === 0 || !used || used === connector) this.#end();
  }

  started(one: Running, allowed: boolean): void {
    this.running.push(one);
    this.#unclaim(one.connector);
    if (!allowed) return;
    const { lease } = this;
    if (lease && (one.who === null || one.who === lease.who)) {
      lease.transaction ??= one.id;
    } else if (one.who !== null && lease?.transaction === undefined) {
      this.#end();
      if (!mayHold(this, one.who)) return;
      const rule = this.#limitRule(one.who);
      this.#grant(one.who, one.connector, rule, false);
    }
  }

  ended(id: number): void {
    this.running = this.running.filter((one) => one.id !== id);
    if (this.handover && this.#inTheWay() === 0) {
      const { to } = this.handover;
      this.handover = undefined;
      if (this.lease?.who !== to) this.#end();
      this.#resumed.push(...this.waiting.filter((one) => one.for === "handover"));
      this.waiting = this.waiting.filter((one) => one.for !== "handover");
      return;
    }
    const { lease } = this;
    if (lease?.transaction !== id) return;
    lease.transaction = this.running.find(({ who }) => who === lease.who)?.id;
    if (lease.transaction === undefined) this.#end();
  }

  failHandover(): void {
    this.handover = undefined;
    this.quietUntil = this.now + QUIET_MS;
    this.waiting = this.waiting.filter((one) => one.for !== "handover");
  }

  connected(who: string, connection: number): void {
    this.#hangUp(who);
    this.connections.set(who, connection);
    this.away.delete(who);
  }

  disconnected(who: string): void {
    if (!this.connections.delete(who)) return;
    this.#hangUp(who);
    this.away.set(who, this.now);
  }

  /** Nobody waits on a connection that has ended. */
  #hangUp(who: string): void {
    this.waiting = this.waiting.filter(({ wish }) => wish.who !== who);
  }

  /** Everything that has run out. */
  tick(): void {
    const { now } = this;
    const over = (time: number | undefined) => time !== undefined && time <= now;
    if (over(this.modeUntil)) this.setMode("auto", undefined);
    if (over(this.limit?.until)) this.limit = undefined;
    for (const { id, deadline, allows } of this.questions) {
      if (over(deadline)) this.answer(id, allows);
    }
    this.answers = this.answers.filter(({ until }) => !over(until));
    if (over(this.handover?.deadline)) this.failHandover();
    this.waiting = this.waiting.filter(({ deadline }) => !over(deadline));
    this.claims = this.claims.filter(({ until }) => !over(until));
    const { lease } = this;
    if (lease) {
      const expired = lease.transaction === undefined && over(lease.until);
      if (this.#isGone(lease.who) || expired) this.#end();
    }
    this.queue = this.queue.filter(({ who }) => !this.#isGone(who));
  }

  /** When anything runs out next. */
  get nextEnd(): number {
    const { lease, queue, configuration } = this;
    const absent = [...lease ? [lease] : [], ...queue].map(({ who }) => this.away.get(who));
    const times = [
      this.modeUntil,
      this.limit?.until,
      this.handover?.deadline,
      lease?.transaction === undefined ? lease?.until : undefined,
      ...this.claims.map(({ until }) => until),
      ...this.questions.map(({ deadline }) => deadline),
      ...this.waiting.map(({ deadline }) => deadline),
      ...absent.map((since) => since && since + configuration.reconnectGraceMs),
    ];
    return Math.min(...times.map((time) => time ?? Infinity));
  }

  /** The command that a lease was granted for came to nothing; false: that cannot be. */
  lapse(): boolean {
    if (!this.lease?.fresh || this.lease.transaction !== undefined) return false;
    this.#end();
    return true;
  }

  /** Commands whose wait is over have their turn. */
  resume(): void {
    for (const { wish, queue, forOwner, connection, since } of this.#resumed.splice(0)) {
      // What was to be stopped may have ended meanwhile.
      const { action, connector } = wish;
      const runs = this.running.some((one) => one.connector === connector);
      if (action === "RemoteStopTransaction" && !runs) continue;
      if (this.connections.get(wish.who) !== connection) continue;
      this.wish(wish, { queue, connection, forOwner, since });
    }
  }

  /** Whoever waits in the queue and may have control gets it, the best first. */
  promote(): void {
    const waiting = this.queue.toSorted((a, b) =>
      rank(this, b.who) - rank(this, a.who) || a.since - b.since
    );
    for (const { who, connector } of waiting) {
      const wish = { who, action: "request_control", permission: undefined, connector };
      const word = judge(this, wish);
      switch (word.word) {
        case "granted":
          this.#end();
          return this.#grant(who, connector, word.rule, false);
        case "renewed":
          this.#leave(who);
          return;
        case "handover":
          if (this.quietUntil <= this.now) this.#handOver(who, word.from);
          return;
        case "ask":
          this.#ask(wish, word);
          break;
        case "denied":
          if (word.code === "not_permitted") this.#leave(who);
      }
    }
  }

  /** Who in the queue could have control now, the best first. */
  promotable(): string | undefined {
    const waiting = this.queue.toSorted((a, b) =>
      rank(this, b.who) - rank(this, a.who) || a.since - b.since
    );
    return waiting.find(({ who, connector }) => {
      const wish = { who, action: "request_control", permission: undefined, connector };
      const { word } = judge(this, wish);
      return word === "granted" || word === "renewed";
    })?.who;
  }

  /** Everything that changes, for `load`. */
  save(): object {
    const { configuration: _, ...rest } = this;
    return structuredClone(rest);
  }

  /** Goes back to where `save` was called. */
  load(saved: object): void {
    Object.assign(this, structuredClone(saved));
  }

  /** The clock was set: waiting takes as long as it should, the owner's end times stay. */
  shift(byMs: number): void {
    if (this.lease) {
      this.lease.since += byMs;
      this.lease.until += byMs;
    }
    for (const one of this.claims) one.until += byMs;
    if (this.handover) this.handover.deadline += byMs;
    for (const one of this.answers) one.until += byMs;
    for (const one of this.questions) one.deadline += byMs;
    for (const one of this.queue) one.since += byMs;
    for (const one of this.waiting) {
      one.since += byMs;
      one.deadline += byMs;
    }
    for (const card of this.cards.values()) card.at += byMs;
    this.quietUntil += byMs;
    for (const [who, at] of this.grantedAt) this.grantedAt.set(who, at + byMs);
    for (const [who, at] of this.away) this.away.set(who, at + byMs);
    if (this.presence) this.presence.at += byMs;
  }

  #grant(who: string, connector: number | undefined, rule: string | undefined, fresh: boolean) {
    const { now } = this;
    const until = now + this.configuration.controlTimeoutMs;
    this.lease = { who, since: now, until, transaction: undefined, connector, rule, fresh };
    this.#adopt();
    this.#leave(who);
    this.grantedAt.set(who, now);
  }

  /** Control lasts as long as a transaction that may be controlled with it. */
  #adopt(): void {
    const { lease } = this;
    if (!lease || lease.transaction !== undefined) return;
    lease.transaction = this.running.findLast(({ who }) => who === null || who === lease.who)?.id;
  }

  /** Every claim of these cases names its connector. */
  #unclaim(connector: number): void {
    this.claims = this.claims.filter((one) => one.connector !== connector);
  }

  #end(): void {
    this.lease = undefined;
  }

  #review(): void {
    if (this.handover && !mayHold(this, this.handover.to)) this.failHandover();
    if (this.lease && !mayHold(this, this.lease.who)) this.#end();
  }

  #handOver(to: string, from: string): void {
    this.handover ??= { to, from, deadline: this.now + HANDOVER_MS };
  }

  #inTheWay(): number {
    return this.running.filter(({ who }) => who !== null && who !== this.handover!.to).length;
  }

  #enqueue({ who, connector }: Wish): { word: "queued" } {
    if (!this.queue.some((one) => one.who === who)) {
      this.queue.push({ who, connector, since: this.now });
    }
    return { word: "queued" };
  }

  #leave(who: string): boolean {
    const waits = this.queue.some((one) => one.who === who);
    this.queue = this.queue.filter((one) => one.who !== who);
    return waits;
  }

  #ask({ who, action, connector }: Wish, { rule: name }: Word & { word: "ask" }) {
    const same = this.questions.filter((one) => one.who === who && one.rule === name);
    const card = WITH_TAG.has(action);
    const open = action === "Authorize"
      ? same.find((one) => one.card)
      : same.find((one) => one.action !== "Authorize") ?? same.find((one) => one.card);
    if (open) {
      if (action !== "Authorize" && open.action === "Authorize") {
        open.action = action;
        open.connector = connector;
      }
      return open;
    }
    const rule = this.configuration.rules.find((one) => one.name === name)!;
    const question = {
      id: ++this.lastQuestion,
      who,
      action,
      connector,
      card,
      rule: rule.name,
      allows: rule.default === "allow",
      deadline: this.now + rule.askTimeoutMs,
    };
    this.questions.push(question);
    return question;
  }

  #limitRule(who: string): string | undefined {
    const rule = ruleFor(this, who, "StartTransaction");
    return rule?.then === "limit" ? rule.name : undefined;
  }

  #isGone(who: string): boolean {
    const since = this.away.get(who);
    return since !== undefined && since + this.configuration.reconnectGraceMs <= this.now;
  }
}
