// The core's state in the reference's words.

import type { decide } from "../../src/core/arbitration.ts";
import { decideLocal } from "../../src/core/arbitration.ts";
import type { State } from "../../src/core/state.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import type { ArbiterModel } from "./arbiter_model.ts";
import type { Mode } from "./arbiter_reference.ts";
import type { Harness } from "./harness.ts";

function modeOf(mode: State["control"]["mode"]): Mode {
  return mode.mode === "backend" ? { only: mode.backendId } : mode.mode;
}

/** What the two have to agree on, as the core has it. */
export function coreView({ control, backends }: State): JsonObject {
  const { lease, claims, handover, ownerLimit } = control;
  return plain({
    mode: modeOf(control.mode),
    modeUntil: control.modeUntil,
    limit: ownerLimit && [ownerLimit.currentA, ownerLimit.until],
    lease: lease && {
      who: lease.backendId,
      since: lease.grantedAt,
      until: lease.expiresAt,
      transaction: lease.transactionId,
      connector: lease.connectorId,
      rule: lease.rule,
    },
    claims: claims.map((one) => [one.backendId, one.connectorId, one.expiresAt]),
    handover: handover && { to: handover.backendId, deadline: handover.deadline },
    queue: control.queue.map(({ backendId, since }) => [backendId, since]),
    questions: [...control.questions.values()]
      .map((one) => [one.id, one.backendId, one.action, one.rule, one.deadline]),
    answers: control.answers
      .map((one) => [one.backendId, one.rule, one.idTag !== undefined, one.allow, one.until])
      .sort(),
    waiting: control.held.map(({ backendId, deadline }) => [backendId, deadline]),
    granted: [...backends.values()].filter(({ grantedAt }) => grantedAt !== undefined)
      .map(({ id, grantedAt }) => [id, grantedAt]).sort(),
  });
}

/** The same, as the reference has it. */
export function modelView(model: ArbiterModel): JsonObject {
  const { lease, claims, handover, limit } = model;
  return plain({
    mode: model.mode,
    modeUntil: model.modeUntil,
    limit: limit && [limit.amps, limit.until],
    lease: lease && {
      who: lease.who,
      since: lease.since,
      until: lease.until,
      transaction: lease.transaction,
      connector: lease.connector,
      rule: lease.rule,
    },
    claims: claims.map(({ who, connector, until }) => [who, connector, until]),
    handover: handover && { to: handover.to, deadline: handover.deadline },
    queue: model.queue.map(({ who, since }) => [who, since]),
    questions: model.questions
      .map((one) => [one.id, one.who, one.action, one.rule, one.deadline]),
    answers: model.answers
      .map(({ who, rule, card, allow, until }) => [who, rule, card, allow, until]).sort(),
    waiting: model.waiting.map(({ wish, deadline }) => [wish.who, deadline]),
    granted: [...model.grantedAt].sort(),
  });
}

/** A copy without what JSON has no word for. */
export function plain(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value));
}

/** A verdict of the core in the reference's words. */
export function inShort(verdict: ReturnType<typeof decide>): object {
  switch (verdict.type) {
    case "granted":
    case "handover": {
      const { rule, limit } = verdict;
      return {
        ...verdict.type === "handover"
          ? { word: "handover", from: verdict.from }
          : { word: verdict.renewed ? "renewed" : "granted" },
        ...rule !== undefined && { rule },
        ...limit && { limitA: limit.currentA },
      };
    }
    case "ask":
      return { word: "ask", rule: verdict.ruling.rule };
    case "denied":
      return { word: "denied", code: verdict.code };
  }
}

/** The same of a card. */
export function cardInShort({ state, now }: Harness, backendId: string | null): string {
  const idTag = backendId ?? "home";
  const { type } = decideLocal(state, { backendId, idTag, connectorId: undefined }, now);
  return type;
}

/** Takes over what the core remembers after a start. */
export function adopt(model: ArbiterModel, h: Harness): void {
  const { control, backends, open, sessions } = h.state;
  model.now = h.now;
  model.configuration = h.core;
  model.chargerThere = false;
  model.startInFlight = undefined;
  model.handover = undefined;
  model.waiting = [];
  model.cards.clear();
  model.connections.clear();
  model.quietUntil = 0;
  model.away = new Map([...backends.keys()].map((id) => [id, h.now]));
  model.mode = modeOf(control.mode);
  model.modeUntil = control.modeUntil;
  model.limit = control.ownerLimit &&
    { amps: control.ownerLimit.currentA, until: control.ownerLimit.until };
  const { lease, claims } = control;
  model.lease = lease && {
    who: lease.backendId,
    since: lease.grantedAt,
    until: lease.expiresAt,
    transaction: lease.transactionId,
    connector: lease.connectorId,
    rule: lease.rule,
    fresh: true,
  };
  model.claims = claims.map((one) => ({
    who: one.backendId,
    connector: one.connectorId,
    until: one.expiresAt,
  }));
  model.queue = control.queue.map((one) => ({
    who: one.backendId,
    connector: one.connectorId,
    since: one.since,
  }));
  model.lastQuestion = control.lastQuestion;
  model.questions = [...control.questions.values()].map((one) => ({
    id: one.id,
    who: one.backendId,
    action: one.action,
    connector: one.connectorId,
    card: one.idTag !== undefined,
    rule: one.rule,
    allows: one.default === "allow",
    deadline: one.deadline,
  }));
  model.answers = control.answers.map(({ backendId, rule, idTag, allow, until }) => ({
    who: backendId,
    rule,
    card: idTag !== undefined,
    allow,
    until,
  }));
  model.grantedAt = new Map(
    [...backends.values()].flatMap(({ id, grantedAt }) =>
      grantedAt === undefined ? [] : [[id, grantedAt] as const]
    ),
  );
  model.running = [...open].map((id) => sessions.get(id)!).map((session) => ({
    id: session.transactionId,
    who: session.backendId,
    connector: session.connectorId,
    since: session.startedAt,
  }));
  model.faulted.clear();
  model.preparing.clear();
  for (const [id, { status }] of h.state.charger.connectors) {
    if (status.status === "Faulted") model.faulted.add(id);
    if (status.status === "Preparing") model.preparing.add(id);
  }
  const fact = h.state.facts.get("person");
  model.presence = fact && { value: fact.value, at: fact.at };
}
