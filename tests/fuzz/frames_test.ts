// Any text at the core: it never throws, each CALL has one answer, and garbage has no effect.

import assert from "node:assert/strict";
import fc from "fast-check";
import { isAction } from "../../src/ocpp/action.ts";
import { parseFrame } from "../../src/ocpp/frame.ts";
import type { Action } from "../../src/ocpp/types.ts";
import { backend, configuration, Harness, type Received } from "../core/harness.ts";
import { start } from "../core/charging.ts";
import { isPublishedValid } from "../ocpp/oracle.ts";
import { campaign } from "./budget.ts";
import { type Sent, sent, textOf } from "./frames.ts";

/** Longer than any CALL waits for its answer, whoever has to be asked. */
const LONGEST_ANSWER_MS = 120_000;

/** A household with a session under way. */
function household(): Harness {
  const h = new Harness(configuration({
    backends: [backend("biller", "biller"), backend("admin", "admin"), backend("panel", "admin")],
  }));
  h.bootCharger(2);
  h.attach("biller");
  h.attach("admin");
  h.connectBackend("panel", "json");
  start(h);
  h.serve("biller");
  h.serve("admin");
  h.pass(2_000);
  return h;
}

/** What of it all a text could have changed. */
function footprint(h: Harness): unknown[] {
  const { log, sessions, ids, decisions } = h.tables;
  const backends = [...h.backends.values()].map((received) => received.length);
  return [h.charger.length, ...backends, log.length, sessions.size, ids.length, decisions.length];
}

function answersIn(received: readonly Received[], id: unknown): number {
  return received.map(({ text }) => parseFrame(text))
    .filter((frame) => (frame.type === "result" || frame.type === "error") && frame.id === id)
    .length;
}

/** Whatever is sent on is a message that the published schemas accept, and so is what is answered. */
function allValid(received: readonly Received[], asked: ReadonlyMap<unknown, Action> = NOBODY) {
  for (const { text } of received) {
    const frame = parseFrame(text);
    assert.notEqual(frame.type, "malformed", text);
    if (frame.type === "call") {
      const { action, payload } = frame;
      assert.ok(isAction(action), text);
      assert.ok(isPublishedValid(action, "request", payload), `passed on: ${text}`);
    } else if (frame.type === "result") {
      const action = asked.get(frame.id);
      if (action === undefined) continue;
      assert.ok(isPublishedValid(action, "confirmation", frame.payload), `${action}: ${text}`);
    }
  }
}

const NOBODY: ReadonlyMap<unknown, Action> = new Map();

interface Peer {
  readonly received: () => readonly Received[];
  readonly say: (text: string) => void;
  readonly outstanding: () => string | undefined;
}

/** Sends all of it, with an id each, and looks at what comes back. */
function play(h: Harness, peer: Peer, all: readonly Sent[]): void {
  const expected = new Map<string | number, number>();
  /** What the peer has asked, by ids that it used once. */
  const asked = new Map<unknown, Action>();
  all.forEach((one, index) => {
    if (one.type === "pass") return h.pass(one.ms);
    const text = textOf(one, `f${index}`, peer.outstanding());
    const frame = parseFrame(text);
    const before = footprint(h);
    peer.say(text);
    if (frame.type === "call") {
      expected.set(frame.id, (expected.get(frame.id) ?? 0) + 1);
      if (isAction(frame.action) && expected.get(frame.id) === 1) asked.set(frame.id, frame.action);
      else asked.delete(frame.id);
    }
    if (frame.type !== "malformed") return;
    if (frame.reply) expected.set(frame.reply.id, (expected.get(frame.reply.id) ?? 0) + 1);
    else if (frame.failedCall === undefined) assert.deepEqual(footprint(h), before, text);
  });
  h.pass(LONGEST_ANSWER_MS);
  for (const [id, count] of expected) {
    assert.equal(answersIn(peer.received(), id), count, `answers to ${JSON.stringify(id)}`);
  }
  for (const received of [h.charger, h.received("biller"), h.received("admin")]) {
    allValid(received, received === peer.received() ? asked : NOBODY);
  }
}

const script = fc.array(sent, { minLength: 1, maxLength: 10 });

function chargerPlays(all: readonly Sent[]): void {
  const h = household();
  play(h, {
    received: () => h.charger,
    say: (text) => h.chargerSays(text),
    outstanding: () => h.callsToCharger().at(-1)?.id as string | undefined,
  }, all);
}

function backendPlays(all: readonly Sent[]): void {
  const h = household();
  play(h, {
    received: () => h.received("admin"),
    say: (text) => h.backendSays("admin", text),
    outstanding: () => h.outstanding("admin")?.id as string | undefined,
  }, all);
}

Deno.test("whatever a charger sends, each CALL has one answer and backends get valid messages", () =>
  campaign(fc.property(script, chargerPlays), 600));

Deno.test("whatever a backend sends, each CALL has one answer and the charger gets valid messages", () =>
  campaign(fc.property(script, backendPlays), 600));
