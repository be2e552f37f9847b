// The core under test next to the reference, which hears the same and has to agree at every event.

import assert from "node:assert/strict";
import { decide } from "../../src/core/arbitration.ts";
import type { ControlRequest } from "../../src/core/objection.ts";
import type { CoreConfiguration } from "../../src/core/configuration.ts";
import type { Event } from "../../src/core/event.ts";
import type { ChargerCall, State } from "../../src/core/state.ts";
import type { Frame } from "../../src/ocpp/frame.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { ArbiterModel } from "./arbiter_model.ts";
import { isLetIn, judge, judgeCard, mayHold, type Wish } from "./arbiter_reference.ts";
import { ArbiterCharger } from "./arbiter_charger.ts";
import { adopt, cardInShort, coreView, inShort, modelView, plain } from "./arbiter_view.ts";
import { Harness, START } from "./harness.ts";

/** Whoever waits in the queue gets what became free without an event at the next full minute. */
const PROMOTION_MS = 60_000;

/** What is certain about a CALL to the charger before an event. */
interface Before {
  readonly holder: string | undefined;
  readonly starting: { readonly who: string; readonly connector: number } | undefined;
  readonly callId: string | undefined;
  /** The stops of a hand-over that were not sent yet. */
  readonly stops: readonly ChargerCall[];
}

/** Core and reference, event by event. */
export class ArbiterWorld {
  readonly h: Harness;
  readonly charger: ArbiterCharger;
  readonly model: ArbiterModel;
  /** Backends that asked for 0 A since they got control. */
  readonly zeros: Set<string> = new Set();
  /** Who asked for which transaction to be stopped. */
  readonly stops: { who: string; transactionId: number }[] = [];
  /** Transactions that the household refuses. */
  readonly refused: Set<number> = new Set();
  #change: (() => void) | undefined;
  #inside = false;
  #owedSince: number | undefined;

  constructor(configuration: CoreConfiguration) {
    this.h = new Harness(configuration);
    this.h.lazyNotes = true;
    this.charger = new ArbiterCharger(this.h);
    this.model = new ArbiterModel(configuration, START, 13 * 60);
    const step = this.h.event.bind(this.h);
    this.h.event = (event) => {
      if (this.#inside) return step(event);
      const before = this.#before();
      this.#inside = true;
      try {
        step(event);
      } finally {
        this.#inside = false;
      }
      this.#follow(event, before);
    };
  }

  /** Does something to the core that means `change` to the reference. */
  act(change: () => void, action: () => void): void {
    this.#change = change;
    try {
      action();
    } finally {
      this.#change = undefined;
    }
  }

  /**
   * Whether the charger carries out a RemoteStartTransaction of this backend that the owner still
   * lets charge (connector undefined: any).
   */
  startsFor(who: string, connector: number | undefined): boolean {
    const { claims, now } = this.model;
    if (!isLetIn(this.model, who)) return false;
    const fits = (of: number | undefined) =>
      of === undefined || connector === undefined || of === connector;
    const claimed = claims.some((one) => one.until > now && one.who === who && fits(one.connector));
    if (claimed) return true;
    const starting = startingIn(this.h.state);
    return starting?.who === who && fits(starting.connector);
  }

  /** What outlives the process. */
  lasting(): JsonObject {
    const { mode, modeUntil, ownerLimit, lease, claims, queue, questions, answers } =
      this.h.state.control;
    const starts = claims.map(({ backendId, connectorId }) => `${backendId} on ${connectorId}`);
    const begins = startingIn(this.h.state);
    // A start under way may be obeyed while nobody looks.
    if (begins) starts.push(`${begins.who} on ${begins.connector}`);
    return plain({
      mode,
      modeUntil,
      limit: ownerLimit && [ownerLimit.currentA, ownerLimit.until],
      holder: lease?.backendId,
      starts: [...new Set(starts)],
      queue: queue.map(({ backendId }) => backendId),
      questions: [...questions.values()].map(({ id, backendId, rule }) => [id, backendId, rule]),
      answers: answers.filter(({ until }) => until > this.h.now)
        .map(({ backendId, rule, idTag, allow }) => [backendId, rule, idTag, allow]),
    });
  }

  /** The core's state as text, but for what says that something was refused. */
  text(): string {
    const { configuration: _, rules: __, decisions: ___, messageNumber: ____, ...state } =
      this.h.state;
    return JSON.stringify(state, (key, value) => {
      if (key === "noted" || key === "configuration" || key === "recheck" || key === "reviewAt") {
        return undefined;
      }
      if (value instanceof Map || value instanceof Set) return [...value];
      return typeof value === "bigint" ? String(value) : value;
    });
  }

  /** Every backend's every wish is judged alike. */
  checkVerdicts(): void {
    const { h, model } = this;
    model.now = h.now;
    const wishes = [
      ["request_control", undefined, undefined],
      ["RemoteStartTransaction", "start_stop", 1],
      ["SetChargingProfile", "limit", 2],
    ] as const;
    for (const { id: who } of model.configuration.backends) {
      for (const [action, permission, connector] of wishes) {
        const wish: Wish = { who, action, permission, connector };
        const request: ControlRequest = {
          backendId: who,
          action,
          permission,
          connectorId: connector,
        };
        assert.deepEqual(
          inShort(decide(h.state, request, h.now)),
          judge(model, wish),
          `${action} of ${who}`,
        );
      }
      assert.deepEqual(cardInShort(h, who), judgeCard(model, who).word, `card of ${who}`);
    }
    assert.deepEqual(cardInShort(h, null), judgeCard(model, null).word, "card of the household");
  }

  #before(): Before {
    const { control, charger } = this.h.state;
    const { pending } = charger;
    return {
      holder: control.lease?.backendId,
      starting: startingIn(this.h.state),
      callId: pending?.id,
      stops: charger.queue.filter(({ origins }) =>
        origins.some((origin) => origin.type === "own_stop" && origin.why === "handover")
      ),
    };
  }

  #follow(event: Event, before: Before): void {
    const { h, model } = this;
    const { state } = h;
    const change = this.#change;
    this.#change = undefined;
    this.#judgeFrames(before);
    if (event.type === "started") return this.#adopt();
    model.now = h.now;
    model.startInFlight = before.starting?.who;
    const unanswered = event.type === "tick" || event.type === "charger_disconnected" ||
      event.type === "charger_connected";
    if (unanswered && before.starting && state.charger.pending?.id !== before.callId) {
      this.startedOrClaimed(before.starting.who, before.starting.connector);
    }
    // A stop that never left: the hand-over cannot come about.
    const { queue, pending } = state.charger;
    const unsent = before.stops.some((call) =>
      !queue.includes(call) && pending?.call !== call &&
      call.origins.some((one) => one.type === "own_stop" && state.open.has(one.transactionId))
    );
    if (unanswered && unsent && model.handover) model.failHandover();
    if (change) change();
    else if (event.type === "tick") model.tick();
    model.startInFlight = startingIn(state)?.who;
    model.resume();
    this.#agree(event);
    for (const who of this.zeros) {
      const waits = model.waiting.some(({ wish }) => wish.who === who);
      if (model.lease?.who !== who && !waits) this.zeros.delete(who);
    }
  }

  /** A RemoteStartTransaction that the charger has, or may have, accepted. */
  startedOrClaimed(who: string, connector: number): void {
    const { h, model } = this;
    model.startInFlight = undefined;
    const begun = model.running.some((one) =>
      one.who === who && one.connector === connector &&
      h.tables.sessions.get(one.id)?.bookedBy === "remote_start"
    );
    if (!begun) model.claimed(who, connector);
  }

  /** The same holder, mode, queue … in both; what the contract leaves open is the core's choice. */
  #agree(event: Event): void {
    const { h, model } = this;
    const core = coreView(h.state);
    const choices: (() => boolean)[] = [
      () => true,
      () => this.#promoted(),
      () => model.lapse(),
      () => model.lapse() && this.#promoted(),
    ];
    const plain = JSON.stringify(modelView(model));
    if (plain !== JSON.stringify(core)) {
      const saved = model.save();
      const agreed = choices.some((choose) => {
        model.load(saved);
        return choose() && JSON.stringify(modelView(model)) === JSON.stringify(core);
      });
      if (!agreed) {
        model.load(saved);
        assert.deepEqual(core, modelView(model), `after ${event.type}`);
      }
    }
    assert.deepEqual(h.state.control.resumed, []);
    this.#checkOwed(event);
    const holder = h.state.control.lease?.backendId;
    assert.ok(holder === undefined || mayHold(model, holder), `${holder} may not hold control`);
    for (const { deadline } of h.state.control.held) {
      assert.ok(event.type !== "tick" || deadline > h.now, "a command is held for too long");
    }
  }

  #promoted(): boolean {
    this.model.promote();
    return true;
  }

  /** Nobody waits for what it could have. */
  #checkOwed(event: Event): void {
    const { h, model } = this;
    const next = model.promotable();
    if (next === undefined) {
      this.#owedSince = undefined;
      return;
    }
    this.#owedSince ??= h.now;
    const overdue = event.type === "tick" || h.now > this.#owedSince + PROMOTION_MS;
    assert.ok(!overdue, `${next} waits for what it could have`);
  }

  /** After a start: what the tables know is what counts, and nobody holds what it may not. */
  #adopt(): void {
    const { h, model } = this;
    adopt(model, h);
    this.#owedSince = undefined;
    this.charger.cut();
    const holder = model.lease?.who;
    assert.ok(holder === undefined || mayHold(model, holder), `${holder} may not hold control`);
  }

  /** No command that needs control is sent for anybody but the holder. */
  #judgeFrames({ holder: before }: Before): void {
    const { model, h } = this;
    const { control } = h.state;
    const entitled = (who: string | undefined) =>
      who !== undefined && (who === before || who === control.lease?.backendId);
    for (const call of this.charger.read()) {
      const { action, payload } = call;
      const who = whoseCommand(call, model.configuration);
      switch (action) {
        case "RemoteStartTransaction":
        case "ReserveNow":
        case "UnlockConnector":
          assert.ok(entitled(who), `${action} of ${who}, who does not hold control`);
          break;
        case "RemoteStopTransaction":
          this.#judgeStop(Number(payload.transactionId), entitled);
          break;
        case "SetChargingProfile":
          this.#judgeLimits(payload.csChargingProfiles as JsonObject, entitled);
      }
    }
  }

  #judgeStop(transactionId: number, entitled: (who: string) => boolean): void {
    const session = this.h.tables.sessions.get(transactionId)!;
    if (session.stoppedAt !== null) return;
    const asked = this.stops.some((one) =>
      one.transactionId === transactionId && (one.who === session.backendId || entitled(one.who))
    );
    const to = this.h.state.control.handover?.backendId;
    const inTheWay = to !== undefined && session.backendId !== null && session.backendId !== to;
    const { control: { mode }, refused } = this.h.state;
    const barred = refused.has(transactionId) || mode.mode === "paused" ||
      this.model.mode === "paused";
    assert.ok(asked || inTheWay || barred, `nobody may stop transaction ${transactionId}`);
  }

  /** Every current in a profile is somebody's word that counts now. */
  #judgeLimits(profile: JsonObject, entitled: (who: string) => boolean): void {
    const { mode, ownerLimit } = this.h.state.control;
    const schedule = profile.chargingSchedule as JsonObject;
    const periods = schedule.chargingSchedulePeriod as { limit: number }[];
    for (const { limit } of periods) {
      const who = this.model.configuration.backends[limit - FIRST_LIMIT_A]?.id;
      if (limit === 0) {
        const paused = mode.mode === "paused" || ownerLimit?.currentA === 0;
        assert.ok(paused || [...this.zeros].some(entitled), "nobody stands behind 0 A");
      } else if (who !== undefined) {
        assert.ok(entitled(who), `${limit} A are the word of ${who}, who does not hold control`);
      }
    }
  }
}

/** The first backend limits to this, the next to one ampere more. */
export const FIRST_LIMIT_A = 20;

/** The first backend unlocks this connector, the next one the next. */
export const FIRST_LOCK = 10;

function whoseCommand(
  { payload }: Frame & { type: "call" },
  { backends }: CoreConfiguration,
): string | undefined {
  return payload.idTag === undefined
    ? backends[Number(payload.connectorId) - FIRST_LOCK]?.id
    : String(payload.idTag);
}

function startingIn({ charger }: State): Before["starting"] {
  const call = charger.pending?.call;
  if (call?.action !== "RemoteStartTransaction" || call.backendId === undefined) return undefined;
  return { who: call.backendId, connector: Number(call.payload.connectorId) };
}
