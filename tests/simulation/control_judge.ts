// Promises 3 and 5: one holder, the owner's word, and nothing decided without being written down.

import assert from "node:assert/strict";
import type { Event } from "../../src/core/event.ts";
import type { DecisionRecord } from "../../src/core/record.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { FIRST_LIMIT_A, FIRST_LOCK } from "./backend.ts";
import { ownerOf } from "./books.ts";
import type { Machine } from "./machine.ts";
import { BACKENDS } from "./move.ts";
import { OwnersWord } from "./owners_word.ts";

/** Equal refusals so close together are written down once, ms. */
const REPEATED_DECISION_MS = 61_000;

/** Times that are remembered of one thing's refusals: the clock may go back and forth. */
const MAX_EXPLANATIONS = 20;

/** Commands whose refusal is a decision; a limit may also be beyond what the charger can do. */
const NEEDS_CONTROL: ReadonlySet<string> = new Set([
  "RemoteStartTransaction",
  "ReserveNow",
  "UnlockConnector",
]);

export class ControlJudge {
  readonly #word = new OwnersWord();
  /** Who holds control, by the decisions. */
  #holder: string | undefined;
  #holderBefore: string | undefined;
  /** Who was given control in this step. */
  readonly #granted = new Set<string>();
  /** Who asked for which of our transactions to be stopped. */
  readonly #stops = new Map<number, Set<string>>();
  /** When something was last decided, by backend and action: epoch milliseconds. */
  readonly #explanations = new Map<string, number[]>();
  /** Refusals of this step: of whom, and of what. */
  readonly #toExplain: [backendId: string, action: string][] = [];

  constructor(readonly machine: () => Machine) {}

  /** A step begins. */
  begin(event: Event): void {
    this.#holderBefore = this.#holder;
    this.#granted.clear();
    this.#word.hear(event, this.machine().wallMs());
  }

  /** A step has ended. */
  end(): void {
    const { state, owesControl } = this.machine();
    this.#word.check(state, owesControl);
    this.#checkExplained();
    const holder = this.machine().state.control.lease?.backendId;
    assert.equal(holder, this.#holder, "P5: control changed without a decision");
    assert.ok(holder === undefined || this.#letsIn(holder), "P3: the owner's word does not count");
  }

  /** The process has died, and lives again. */
  restarted(): void {
    const { state } = this.machine();
    this.#holder = state.control.lease?.backendId;
    this.#word.restarted(state);
    this.#toExplain.length = 0;
  }

  /** A backend wants one of our transactions to be stopped. */
  wantsStop(backendId: string, transactionId: number): void {
    const who = this.#stops.get(transactionId);
    if (who) who.add(backendId);
    else this.#stops.set(transactionId, new Set([backendId]));
  }

  /** A refusal is the charger's own, or was decided and written down. */
  answered(backendId: string, action: string, { status }: JsonObject): void {
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
      const wallMs = this.machine().wallMs();
      const known = this.#explanations.get(`${backendId} ${action}`)
        ?.some((at) => Math.abs(wallMs - at) < REPEATED_DECISION_MS);
      assert.ok(known, `P5: ${action} of ${backendId} is refused without a decision`);
    }
  }

  /** No command that needs control is sent for anybody but the holder. */
  command(action: string, payload: JsonObject): void {
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
        const periods = chargingSchedulePeriod as { limit: number }[];
        if (payload.connectorId === 0) this.#checkCap(periods[0]!.limit);
        for (const { limit } of periods) {
          const who = BACKENDS[limit - FIRST_LIMIT_A];
          if (who !== undefined && !this.#guards(who)) this.#needsControl(`${limit} A`, who);
        }
        return;
      }
    }
  }

  /** The owner's limit holds for everybody, always. */
  #checkCap(limitA: number): void {
    const capA = this.#word.capA(this.machine().wallMs());
    assert.ok(limitA <= capA, `P3: ${limitA} A, and the owner said ${capA}`);
  }

  #needsControl(what: string, who: string | undefined): void {
    assert.ok(who !== undefined && this.#entitled(who), `P3: ${what} of ${who} without control`);
  }

  /** Some may lower the limit of whoever holds control. */
  #guards(who: string): boolean {
    const { backends } = this.machine().configuration;
    return backends.some(({ id, permissions }) => id === who && permissions.has("guard"));
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
    const pauses = this.#word.mode.mode === "paused";
    assert.ok(
      asked || inTheWay || pauses || refused.has(transactionId),
      `P3: nobody may stop transaction ${transactionId}`,
    );
  }

  /** A decision is written down. */
  decided({ backendId, request, outcome, reason }: DecisionRecord): void {
    assert.ok(reason.length > 3, `P5: ${outcome} without a reason`);
    if (backendId === null) return;
    const key = `${backendId} ${request}`;
    const times = this.#explanations.get(key) ?? [];
    this.#explanations.set(key, [...times.slice(-MAX_EXPLANATIONS), this.machine().wallMs()]);
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

  #letsIn(who: string): boolean {
    const { mode } = this.#word;
    return mode.mode === "auto" || (mode.mode === "backend" && mode.backendId === who);
  }
}
