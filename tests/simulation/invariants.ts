// The five promises (contract, section 11), looked at before and after every step of the core.

import assert from "node:assert/strict";
import type { Effect } from "../../src/core/effect.ts";
import type { Event, OwnerMode } from "../../src/core/event.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { type Backend, FIRST_LIMIT_A, FIRST_LOCK } from "./backend.ts";
import { type Books, type Message, ownerOf } from "./books.ts";
import { DeliveryJudge } from "./delivery_judge.ts";
import type { Machine } from "./machine.ts";
import { BACKENDS } from "./move.ts";
import type { Timeline } from "./timeline.ts";

/** The longest that the charger waits for an answer, ms. */
const PATIENCE_MS = 2_500;

/** After this long a peer may take it that an answer will not come, ms. */
const CALL_TIMEOUT_MS = 30_000;

/** No answer to a command takes longer: the owner's word, a hand-over, its turn, the charger. */
const LONGEST_ANSWER_MS = 106_000;

/** Equal refusals so close together are written down once, ms. */
const REPEATED_DECISION_MS = 61_000;

/** Commands whose refusal is a decision; a limit may also be beyond what the charger can do. */
const NEEDS_CONTROL: ReadonlySet<string> = new Set([
  "RemoteStartTransaction",
  "ReserveNow",
  "UnlockConnector",
]);

interface Waiting {
  readonly at: number;
  readonly connection: number;
  readonly message?: Message | undefined;
  readonly action: string;
}

/** What is open between the machine and one peer. */
class Dialogue {
  connection: number | undefined;
  /** The peer's CALLs without an answer. */
  readonly waiting = new Map<string, Waiting>();
  /** The machine's CALL without an answer. */
  outstanding: { readonly id: string; readonly at: number } | undefined;

  open(connection: number | undefined): void {
    this.connection = connection;
    this.waiting.clear();
    this.outstanding = undefined;
  }
}

export class Invariants {
  readonly judges: Map<string, DeliveryJudge>;
  readonly #charger = new Dialogue();
  readonly #backends: Map<string, Dialogue>;
  #mode: OwnerMode = { mode: "auto" };
  #newMode: OwnerMode | undefined;
  /** Who holds control, by the decisions. */
  #holder: string | undefined;
  #holderBefore: string | undefined;
  /** Who was given control in this step. */
  readonly #granted = new Set<string>();
  /** Who asked for which of our transactions to be stopped. */
  readonly #stops = new Map<number, Set<string>>();
  /** Our transactions that ran while the owner had everything paused. */
  readonly #paused = new Set<number>();
  /** When something was last decided, by backend and action: epoch milliseconds. */
  readonly #explanations = new Map<string, number>();
  /** Refusals of this step: of whom, and of what. */
  readonly #toExplain: [backendId: string, action: string][] = [];
  #depth = 0;

  constructor(
    readonly machine: () => Machine,
    readonly timeline: Timeline,
    readonly books: Books,
    readonly messages: ReadonlyMap<string, Message>,
    backends: readonly Backend[],
    tables: Machine["tables"],
  ) {
    this.judges = new Map(backends.map((one) => [one.id, new DeliveryJudge(one, tables)]));
    this.#backends = new Map(backends.map(({ id }) => [id, new Dialogue()]));
  }

  before(event: Event): void {
    if (this.#depth++ === 0) {
      this.#holderBefore = this.#holder;
      this.#granted.clear();
    }
    switch (event.type) {
      case "charger_connected":
        return this.#charger.open(event.connection);
      case "charger_disconnected":
        if (this.#charger.connection === event.connection) this.#charger.open(undefined);
        return;
      case "charger_frame":
        return this.#said(this.#charger, event.connection, event.text, undefined);
      case "backend_connected":
        return this.#backends.get(event.backendId)!.open(event.connection);
      case "backend_disconnected": {
        const dialogue = this.#backends.get(event.backendId)!;
        if (dialogue.connection === event.connection) dialogue.open(undefined);
        return;
      }
      case "backend_frame": {
        const { backendId, connection, text } = event;
        return this.#said(this.#backends.get(backendId)!, connection, text, backendId);
      }
      case "owner":
        this.#newMode = event.mode;
        if (event.mode.mode === "paused") this.#pauseAll();
    }
  }

  perform(effect: Effect): void {
    switch (effect.type) {
      case "send_charger":
        return this.#toCharger(effect.connection, effect.text);
      case "send_backend":
        return this.#toBackend(effect.backendId, effect.connection, effect.text);
      case "persist":
        for (const write of effect.writes) {
          if (write.table !== "set_aside") continue;
          this.judges.get(write.row.backendId)!.setAside(write.row.sequence);
        }
        return;
      case "note":
        if (effect.write.table === "decision") this.#decided(effect.write.row);
    }
  }

  after(event: Event): void {
    if (event.type === "owner" && this.#newMode) {
      this.#mode = this.#newMode;
      this.#newMode = undefined;
    }
    if (--this.#depth > 0) return;
    const { state, tables } = this.machine();
    this.books.check(tables);
    if (this.#mode.mode === "paused") this.#pauseAll();
    this.#checkExplained();
    const holder = state.control.lease?.backendId;
    assert.equal(holder, this.#holder, "P5: control changed without a decision");
    assert.ok(holder === undefined || this.#letsIn(holder), "P3: the owner's word does not count");
    for (const [id, { at }] of this.#charger.waiting) {
      assert.ok(this.timeline.now - at <= PATIENCE_MS, `P2: the charger waits for ${id} too long`);
    }
  }

  /** The process has died, and lives again. */
  restarted(): void {
    this.#depth = 0;
    this.#charger.open(undefined);
    for (const dialogue of this.#backends.values()) dialogue.open(undefined);
    const { lostToDisk, state: { control } } = this.machine();
    this.#holder = control.lease?.backendId;
    const mode = JSON.stringify(control.mode);
    // A word that came while nothing could be written may be forgotten.
    const possible = [this.#mode, ...this.#newMode ? [this.#newMode] : []];
    if (lostToDisk) possible.push(control.mode);
    if (lostToDisk) { for (const judge of this.judges.values()) judge.forget(); }
    const kept = possible.find((one) => JSON.stringify(one) === mode);
    assert.ok(kept, "P3: the owner's word is forgotten");
    this.#mode = kept;
    this.#newMode = undefined;
  }

  /** What takes longer than a step. */
  overdue(): void {
    for (const [who, { waiting }] of this.#backends) {
      for (const [id, { at }] of waiting) {
        assert.ok(
          this.timeline.now - at <= LONGEST_ANSWER_MS,
          `P4: ${who} gets no answer to ${id}`,
        );
      }
    }
  }

  #said(
    dialogue: Dialogue,
    connection: number,
    text: string,
    backendId: string | undefined,
  ): void {
    if (dialogue.connection !== connection) return;
    const frame = parse(text);
    if (frame === undefined) return;
    const at = this.timeline.now;
    if (!Array.isArray(frame)) {
      if (backendId !== undefined && typeof frame.id === "string") {
        dialogue.waiting.set(frame.id, { at, connection, action: String(frame.action) });
        this.#wantsStop(backendId, String(frame.action), frame.transaction_id);
      }
      return;
    }
    const [type, id, action, payload] = frame as [number, string, string, JsonObject];
    if (type === 2 && typeof id === "string" && typeof action === "string") {
      dialogue.waiting.set(id, { at, connection, message: this.messages.get(id), action });
      if (backendId !== undefined) this.#wantsStop(backendId, action, payload.transactionId);
    } else if (dialogue.outstanding?.id === id) {
      dialogue.outstanding = undefined;
    }
  }

  #wantsStop(backendId: string, action: string, theirs: unknown): void {
    if (action !== "RemoteStopTransaction") return;
    const ours = this.judges.get(backendId)!.meant(Number(theirs));
    if (ours === undefined) return;
    const who = this.#stops.get(ours);
    if (who) who.add(backendId);
    else this.#stops.set(ours, new Set([backendId]));
  }

  #toCharger(connection: number, text: string): void {
    const [type, id, action, payload] = JSON.parse(text);
    if (type === 2) {
      this.#oneAtATime(this.#charger, id, "the charger");
      return this.#command(action, payload);
    }
    const waiting = this.#answered(this.#charger, connection, id, "c");
    if (type === 3 && waiting?.message) {
      this.books.acknowledge(this.machine().tables, waiting.message, action);
    }
  }

  #toBackend(backendId: string, connection: number, text: string): void {
    const frame = JSON.parse(text);
    const dialogue = this.#backends.get(backendId)!;
    const judge = this.judges.get(backendId)!;
    if (!Array.isArray(frame)) {
      if (typeof frame.sequence === "number") judge.event(frame.sequence);
      if (frame.id !== undefined) this.#answered(dialogue, connection, frame.id, backendId);
      return;
    }
    const [type, id, action, payload] = frame;
    if (type !== 2) {
      const waiting = this.#answered(dialogue, connection, id, backendId);
      if (waiting && type === 3) this.#explained(backendId, waiting, action);
      return;
    }
    this.#oneAtATime(dialogue, id, backendId);
    judge.call(id, action, payload, text);
  }

  #oneAtATime(dialogue: Dialogue, id: string, who: string): void {
    const { outstanding } = dialogue;
    const { now } = this.timeline;
    const free = outstanding === undefined || now - outstanding.at >= CALL_TIMEOUT_MS;
    assert.ok(free, `P4: two CALLs at once to ${who}`);
    dialogue.outstanding = { id, at: now };
  }

  /** Exactly once; what the peer never asked may be garbage of its own. */
  #answered(
    dialogue: Dialogue,
    connection: number,
    id: string,
    prefix: string,
  ): Waiting | undefined {
    if (dialogue.connection !== connection) return undefined;
    const waiting = dialogue.waiting.get(id);
    const asked = typeof id === "string" && new RegExp(`^${prefix}\\d+$`).test(id);
    assert.ok(waiting || !asked, `P4: ${id} is answered twice`);
    dialogue.waiting.delete(id);
    return waiting;
  }

  /** A refusal is the charger's own, or was decided and written down. */
  #explained(backendId: string, { at, action }: Waiting, { status }: JsonObject): void {
    // Later it is the charger's word, or that it has none.
    if (at !== this.timeline.now) return;
    if (!NEEDS_CONTROL.has(action) || (status !== "Rejected" && status !== "UnlockFailed")) return;
    // Before its boot is accepted a central system may ask for nothing (OCPP 1.6, section 4.2).
    const { backends, charger } = this.machine().state;
    if (backends.get(backendId)?.registration !== "accepted") return;
    // What concerns a connector that nobody has heard of is no request at all.
    if (!charger.connectors.has(2)) return;
    this.#toExplain.push([backendId, action]);
  }

  #checkExplained(): void {
    for (const [backendId, action] of this.#toExplain.splice(0)) {
      const at = this.#explanations.get(`${backendId} ${action}`) ?? -Infinity;
      const known = Math.abs(this.machine().wallMs() - at) < REPEATED_DECISION_MS;
      assert.ok(known, `P5: ${action} of ${backendId} is refused without a decision`);
    }
  }

  /** No command that needs control is sent for anybody but the holder. */
  #command(action: string, payload: JsonObject): void {
    switch (action) {
      case "RemoteStartTransaction":
      case "ReserveNow":
        return this.#needsControl(action, ownerOf(String(payload.idTag)) ?? undefined);
      case "UnlockConnector":
        return this.#needsControl(action, BACKENDS[Number(payload.connectorId) - FIRST_LOCK]);
      case "RemoteStopTransaction":
        return this.#stop(Number(payload.transactionId));
      case "SetChargingProfile": {
        const { chargingSchedule } = payload.csChargingProfiles as JsonObject;
        const { chargingSchedulePeriod } = chargingSchedule as JsonObject;
        for (const { limit } of chargingSchedulePeriod as { limit: number }[]) {
          const who = BACKENDS[limit - FIRST_LIMIT_A];
          if (who !== undefined) this.#needsControl(`${limit} A`, who);
        }
        return;
      }
      case "Reset":
      case "ChangeAvailability":
      case "UpdateFirmware":
        return assert.fail(`P3: nobody may ask for ${action}`);
    }
  }

  #needsControl(what: string, who: string | undefined): void {
    assert.ok(who !== undefined && this.#entitled(who), `P3: ${what} of ${who} without control`);
  }

  #entitled(who: string): boolean {
    return who === this.#holder || who === this.#holderBefore || this.#granted.has(who);
  }

  #stop(transactionId: number): void {
    const { state, tables } = this.machine();
    const session = tables.sessions.get(transactionId);
    assert.ok(session, "P4: the charger is told of a transaction that is not in the books");
    if (session.stoppedAt !== null) return;
    const asked = [...this.#stops.get(transactionId) ?? []]
      .some((who) => who === session.backendId || this.#entitled(who));
    const { control: { handover }, refused } = state;
    const inTheWay = handover !== undefined && session.backendId !== handover.backendId;
    const pauses = this.#mode.mode === "paused" || this.#newMode?.mode === "paused";
    const barred = refused.has(transactionId) || pauses || this.#paused.has(transactionId);
    assert.ok(asked || inTheWay || barred, `P3: nobody may stop transaction ${transactionId}`);
  }

  #decided(
    { backendId, request, outcome, reason }: {
      readonly backendId: string | null;
      readonly request: string;
      readonly outcome: string;
      readonly reason: string;
    },
  ): void {
    assert.ok(reason.length > 3, `P5: ${outcome} without a reason`);
    if (backendId === null) return;
    this.#explanations.set(`${backendId} ${request}`, this.machine().wallMs());
    if (outcome === "granted" && request !== "Authorize" && request !== "limit") {
      assert.ok(
        this.#holder === undefined || this.#holder === backendId,
        `P3: ${backendId} gets control while ${this.#holder} has it`,
      );
      this.#holder = backendId;
      this.#granted.add(backendId);
    }
    const ends = outcome === "revoked" || outcome === "released" || outcome === "expired";
    if (ends && this.#holder === backendId) this.#holder = undefined;
  }

  /** What runs may be stopped, and what begins while it lasts. */
  #pauseAll(): void {
    for (const id of this.machine().state.open) this.#paused.add(id);
  }

  #letsIn(who: string): boolean {
    const mode = this.#mode;
    return mode.mode === "auto" || (mode.mode === "backend" && mode.backendId === who);
  }
}

function parse(text: string): JsonObject | unknown[] | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
