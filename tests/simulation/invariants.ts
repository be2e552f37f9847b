// The five promises (contract, section 11), looked at before and after every step of the core.

import assert from "node:assert/strict";
import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import type { Write } from "../../src/core/record.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import type { Backend } from "./backend.ts";
import type { Books, Message } from "./books.ts";
import { CommandJudge } from "./command_judge.ts";
import { ControlJudge } from "./control_judge.ts";
import { DeliveryJudge } from "./delivery_judge.ts";
import { Dialogue, type Waiting } from "./dialogue.ts";
import type { Machine } from "./machine.ts";
import { RuleJudge } from "./rule_judge.ts";
import type { Timeline } from "./timeline.ts";
import { ViewJudge } from "./view_judge.ts";

/** The longest that the charger waits for an answer, ms. */
const PATIENCE_MS = 2_500;

/** No answer to a command takes longer: the owner's word, a hand-over, its turn, the charger. */
const LONGEST_ANSWER_MS = 106_000;

export class Invariants {
  readonly judges: Map<string, DeliveryJudge>;
  /** The charger's CALLs are c1, c2 … */
  readonly #charger = new Dialogue("c");
  readonly #control: ControlJudge;
  readonly #commands: CommandJudge;
  readonly rules: RuleJudge;
  readonly #backends: Map<string, Dialogue>;
  /** When the steps under way began, by the timeline: a step may follow from one. */
  #began: number[] = [];

  constructor(
    readonly machine: () => Machine,
    readonly timeline: Timeline,
    readonly books: Books,
    readonly messages: ReadonlyMap<string, Message>,
    backends: readonly Backend[],
    tables: Machine["tables"],
  ) {
    this.#control = new ControlJudge(machine);
    this.#commands = new CommandJudge(machine);
    this.rules = new RuleJudge(machine, timeline);
    this.judges = new Map(
      backends.map((
        one,
      ) => [one.id, new DeliveryJudge(one, tables, new ViewJudge(machine, one.id))]),
    );
    this.#backends = new Map(backends.map(({ id }) => [id, new Dialogue(id)]));
  }

  before(event: Event): void {
    if (this.#began.push(this.timeline.now) === 1) {
      this.#control.begin(event);
      this.rules.begin(event);
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
    }
  }

  perform(effect: Effect): void {
    switch (effect.type) {
      case "send_charger":
        return this.#toCharger(effect.connection, effect.text);
      case "send_backend":
        return this.#toBackend(effect.backendId, effect.connection, effect.text);
      case "note":
        if (effect.write.table !== "decision") return;
        this.#control.decided(effect.write.row);
        return this.rules.decided(effect.write.row);
      case "publish":
        return this.rules.published(effect);
    }
  }

  /** What the core planned is on disk. */
  stored(writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.table !== "set_aside") continue;
      this.judges.get(write.row.backendId)!.setAside(write.row.sequence);
    }
  }

  after(): void {
    this.#began.pop();
    if (this.#began.length > 0) return;
    const { tables, state } = this.machine();
    this.books.check(tables);
    this.#control.end();
    for (const [id, judge] of this.judges) {
      const { cursor = 0, sentSequence = 0 } = state.backends.get(id) ?? {};
      judge.check(Math.max(cursor, sentSequence));
    }
    for (const [id, waiting] of this.#charger.waiting) {
      assert.ok(this.#waited(waiting) <= PATIENCE_MS, `P2: the charger waits for ${id} too long`);
    }
  }

  /** For how long somebody waits, but for the time in which the machine stood still, ms. */
  #waited({ at, frozenMs }: Waiting): number {
    return this.timeline.now - at - (this.machine().disk.frozenMs - frozenMs);
  }

  /** The process has died, and lives again. */
  restarted(): void {
    this.#began = [];
    this.#charger.open(undefined);
    for (const dialogue of this.#backends.values()) dialogue.open(undefined);
    this.#control.restarted();
    this.#commands.restarted();
    this.rules.restarted();
  }

  /** What takes longer than a step. */
  overdue(): void {
    for (const [who, { waiting }] of this.#backends) {
      for (const [id, one] of waiting) {
        assert.ok(this.#waited(one) <= LONGEST_ANSWER_MS, `P4: ${who} gets no answer to ${id}`);
      }
    }
    this.rules.overdue();
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
    const since = { at: this.timeline.now, frozenMs: this.machine().disk.frozenMs };
    if (!Array.isArray(frame)) {
      if (backendId !== undefined && typeof frame.id === "string") {
        dialogue.waiting.set(frame.id, { ...since, action: String(frame.action) });
        this.#wantsStop(backendId, String(frame.action), frame.transaction_id);
      }
      return;
    }
    const [type, id, action, payload] = frame as [number, string, string, JsonObject];
    if (type === 2 && typeof id === "string" && typeof action === "string") {
      dialogue.waiting.set(id, { ...since, message: this.messages.get(id), action });
      if (backendId === undefined) {
        const loose = action === "MeterValues" && payload.transactionId === undefined;
        if (loose) { for (const { view } of this.judges.values()) view.loose(payload.meterValue); }
        return;
      }
      this.#wantsStop(backendId, action, payload.transactionId);
      this.#commands.asked(backendId, action);
    } else {
      dialogue.settle(id);
    }
  }

  #wantsStop(backendId: string, action: string, theirs: unknown): void {
    if (action !== "RemoteStopTransaction") return;
    const ours = this.judges.get(backendId)!.meant(Number(theirs));
    if (ours !== undefined) this.#control.wantsStop(backendId, ours);
  }

  #toCharger(connection: number, text: string): void {
    const [type, id, action, payload] = JSON.parse(text);
    if (type === 2) {
      this.#charger.call(id, this.#began.at(-1)!);
      this.#commands.sent(action);
      if (action === "RemoteStartTransaction") this.books.start(Number(payload.connectorId));
      return this.#control.command(action, payload);
    }
    const waiting = this.#charger.answer(connection, id);
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
      if (typeof frame.type === "string") judge.view.event(frame);
      if (frame.id !== undefined) dialogue.answer(connection, frame.id);
      return;
    }
    const [type, id, action, payload] = frame;
    if (type !== 2) {
      const waiting = dialogue.answer(connection, id);
      // Later it is the charger's word, or that it has none.
      const atOnce = waiting?.at === this.timeline.now;
      if (type === 3 && atOnce) this.#control.answered(backendId, waiting.action, action);
      return;
    }
    dialogue.call(id, this.#began.at(-1)!);
    judge.call(id, action, payload, text);
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
