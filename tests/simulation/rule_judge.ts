// A naive model of the rules: facts that grow old, the owner's answers, and who may not have control.

import assert from "node:assert/strict";
import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import type { DecisionRecord } from "../../src/core/record.ts";
import { type BackendId } from "./move.ts";
import type { Machine } from "./machine.ts";
import { ASKING, FACT_AGE_MS } from "./stage.ts";
import type { Timeline } from "./timeline.ts";

/** So long the owner's word counts for the same backend and rule. */
const ANSWER_MS = 600_000;

/** A question is closed so long after its deadline, which is told in whole seconds, ms. */
const LATE_MS = 1_500;

/** What may close a question. */
const CLOSING: ReadonlySet<Event["type"]> = new Set(["owner_answer", "configured", "tick"]);

interface Question {
  readonly backendId: string;
  readonly rule: string;
  readonly aboutCard: boolean;
  readonly default: "allow" | "deny";
  /** By the timeline. */
  readonly deadline: number;
  /** How long the machine had stood still before, ms. */
  readonly frozenMs: number;
}

export class RuleJudge {
  readonly #facts = new Map<string, { readonly value: string; readonly at: number }>();
  readonly #questions = new Map<number, Question>();
  readonly #answers = new Map<string, { readonly allow: boolean; readonly at: number }>();
  /** What the owner says in this step. */
  #said: { readonly id: number; readonly allow: boolean } | undefined;
  #beganAt = 0;
  /** This step may close questions. */
  #closing = false;

  constructor(readonly machine: () => Machine, readonly timeline: Timeline) {}

  /** A step begins. */
  begin(event: Event): void {
    this.#beganAt = this.timeline.now;
    this.#said = undefined;
    this.#closing = CLOSING.has(event.type);
    if (event.type === "fact" && event.value !== null) {
      this.#facts.set(event.name, { value: event.value, at: this.#beganAt });
    }
    if (event.type === "owner_answer") this.#said = { id: event.requestId, allow: event.allow };
  }

  /** The numbers of the open questions. */
  get open(): number[] {
    return [...this.#questions.keys()];
  }

  /** A question is opened or closed. */
  published({ event }: Effect & { type: "publish" }): void {
    const id = Number(event.id);
    if (event.type === "question_opened") {
      this.#questions.set(id, {
        backendId: String(event.backend_id),
        rule: String(event.rule),
        aboutCard: event.action === "Authorize",
        default: event.default === "allow" ? "allow" : "deny",
        deadline: this.timeline.now + Date.parse(String(event.deadline)) -
          this.machine().wallMs(),
        frozenMs: this.machine().disk.frozenMs,
      });
    } else if (event.type === "question_closed") {
      const question = this.#questions.get(id);
      assert.ok(question, `P5: question ${id} is closed, and was not open`);
      this.#questions.delete(id);
      const allow = event.allow === true;
      const { backendId, rule } = question;
      const silent = question.default === "allow" && question.deadline <= this.timeline.now;
      const said = this.#said?.id === id && this.#said.allow;
      assert.ok(!allow || said || silent, `P3: nobody said yes to question ${id}`);
      if (this.#said?.id === id) assert.equal(allow, this.#said.allow, "P3: the owner's answer");
      // A no to a card says nothing of control; a yes does where control was asked for meanwhile.
      if (question.aboutCard && !allow) return;
      this.#answers.set(`${backendId} ${rule}`, { allow, at: this.timeline.now });
    }
  }

  /** Control is granted: a rule that says no, and an owner who has not said yes, count. */
  decided({ backendId, request, outcome, reason }: DecisionRecord): void {
    if (outcome !== "granted" || backendId === null || request === "limit") return;
    // Charging has begun: only a limit has still something to say.
    if (/its transaction began/.test(reason)) return;
    const rules = new Set(this.machine().configuration.rules.map(({ name }) => name));
    const sun = this.#fact("sun");
    const asleep = backendId === "b" && sun !== "up" && rules.has("b sleeps");
    assert.ok(!asleep, `P3: ${request} of b is granted at night`);
    const asks = rules.has(ASKING[backendId as BackendId] ?? "") &&
      (backendId !== "j" || sun !== "up");
    // A card is asked about by itself.
    if (!asks || request === "Authorize") return;
    const answer = this.#answers.get(`${backendId} ${ASKING[backendId as BackendId]}`);
    const allowed = answer?.allow && this.#beganAt - answer.at <= ANSWER_MS;
    assert.ok(allowed, `P3: ${request} of ${backendId} is granted, and the owner has not said yes`);
  }

  /** No question is open for longer than it was meant to be. */
  overdue(): void {
    for (const [id, { deadline, frozenMs }] of this.#questions) {
      const endAt = deadline + this.machine().disk.frozenMs - frozenMs + LATE_MS;
      assert.ok(this.timeline.now <= endAt, `P3: question ${id} is still open`);
    }
  }

  /** The process has died, and lives again: what is on disk counts. */
  restarted(): void {
    const { state, lostToDisk } = this.machine();
    const { questions, answers } = state.control;
    const mayClose = this.#closing || lostToDisk;
    for (const id of mayClose ? [] : this.#questions.keys()) {
      assert.ok(questions.has(id), `P3: question ${id} is forgotten`);
    }
    this.#questions.clear();
    const wallMs = this.machine().wallMs();
    for (const { id, backendId, rule, action, deadline, default: standard } of questions.values()) {
      const left = Math.max(0, deadline - wallMs);
      this.#questions.set(id, {
        backendId,
        rule,
        aboutCard: action === "Authorize",
        default: standard,
        deadline: this.timeline.now + left,
        frozenMs: this.machine().disk.frozenMs,
      });
    }
    this.#answers.clear();
    for (const { backendId, rule, allow, until, idTag } of answers) {
      if (idTag !== undefined) continue;
      const at = this.timeline.now - (ANSWER_MS - Math.max(0, until - wallMs));
      this.#answers.set(`${backendId} ${rule}`, { allow, at });
    }
    this.#facts.clear();
    for (const [name, { value, at }] of state.facts) {
      this.#facts.set(name, { value, at: this.timeline.now - (wallMs - at) });
    }
  }

  #fact(name: string): string | undefined {
    const fact = this.#facts.get(name);
    return fact && this.#beganAt - fact.at < FACT_AGE_MS ? fact.value : undefined;
  }
}
