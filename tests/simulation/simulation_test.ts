// The five promises in seeded worlds: always the same ones, and some that nobody has seen before.

import assert from "node:assert/strict";
import { LineReader } from "../../src/replay/line_reader.ts";
import { play as playFile, sourceOf } from "../../src/replay/play_file.ts";
import { Backend } from "./backend.ts";
import { drawMoves } from "./move.ts";
import { BrokenPromise, keepRecording, MOVES, play, runSeed, shrink } from "./run.ts";

/** Seeds that are played every time: 1 … so many. */
const FIXED_SEEDS = 250;

/** New seeds are played for so long, ms. */
const NEW_SEEDS_MS = 5_000;

/** Plays one seed, and says all there is to say if it fails. */
function hold(seed: number): number {
  try {
    return runSeed(seed);
  } catch (error) {
    if (!(error instanceof BrokenPromise)) throw error;
    assert.fail(`${error.message}\n${keepRecording(error, Deno.makeTempDirSync())}`);
  }
}

Deno.test(`the promises hold in ${FIXED_SEEDS} worlds`, () => {
  let steps = 0;
  for (let seed = 1; seed <= FIXED_SEEDS; seed++) steps += hold(seed);
  // Worlds in which little happens would prove little.
  assert.ok(steps > 500 * FIXED_SEEDS, `only ${steps} steps`);
});

Deno.test("the promises hold in worlds that nobody has seen before", () => {
  const first = Number(Deno.env.get("SEED") ?? Date.now() % 2 ** 31);
  const endAt = performance.now() + NEW_SEEDS_MS;
  let seed = first;
  for (; performance.now() < endAt; seed++) hold(seed);
  console.log(`seeds ${first} to ${seed - 1}`);
});

Deno.test("a seed is the same world every time", () => {
  const moves = drawMoves(7, MOVES);
  assert.deepEqual(play(7, moves, true), play(7, moves, true));
});

Deno.test("the recording of a world shows in a replay what its peers were sent", () => {
  const { recording, sent } = play(3, drawMoves(3, MOVES), true);
  const path = Deno.makeTempFileSync({ suffix: ".jsonl" });
  Deno.writeTextFileSync(path, recording);
  const replayed: string[] = [];
  using lines = new LineReader(path);
  playFile(sourceOf(lines), undefined, {
    show(scene) {
      if (scene.type === "sent") replayed.push(`${scene.backendId ?? "charger"} ${scene.text}`);
    },
  });
  Deno.removeSync(path);
  assert.ok(sent.length > 10);
  assert.deepEqual(replayed, sent);
});

Deno.test("a broken promise is found, cut down to its cause, and recorded", () => {
  const restore = spoil();
  try {
    const broken = caught(() => {
      for (let seed = 1; seed <= 50; seed++) runSeed(seed);
    });
    assert.match(broken.message, /P4: .* never gave/);
    assert.ok(broken.message.split("\n").filter((line) => line.startsWith('{"deed"')).length < 30);
    assert.match(broken.recording, /^\{"format":"ocpp-proxy recording"/);
  } finally {
    restore();
  }
});

Deno.test("shrinking keeps what is needed", () => {
  const moves = drawMoves(1, 64);
  const needed = [moves[10], moves[40]];
  const left = shrink(moves, 50, (some) => needed.every((one) => one && some.includes(one)));
  assert.deepEqual(left, needed);
});

/** Backends forget what ids they gave: to the judges it looks as if the core invented them. */
function spoil(): () => void {
  const original = Backend.prototype.hear;
  Backend.prototype.hear = function (link, text) {
    original.call(this, link, text);
    for (const ids of this.given.values()) ids.clear();
  };
  return () => Backend.prototype.hear = original;
}

function caught(action: () => void): BrokenPromise {
  try {
    action();
  } catch (error) {
    if (error instanceof BrokenPromise) return error;
    throw error;
  }
  assert.fail("no promise was broken");
}
