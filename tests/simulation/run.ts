// One seed after the other: played, and where a promise is broken, cut down to what breaks it.

import { drawMoves, type Move } from "./move.ts";
import { World } from "./world.ts";

/** Moves of one seed. */
export const MOVES = 300;

/** A failing seed is played so often at most to find out what can be left out. */
const MAX_ATTEMPTS = 400;

/** What came of a seed. */
export interface Outcome {
  /** Events that the core was told of. */
  readonly steps: number;
  readonly error: Error | undefined;
  /** So many moves had been made. */
  readonly made: number;
  /** The last life of the process, as `replay` reads it; empty: it was not wanted. */
  readonly recording: string;
  /** What was sent in that life, and to whom. */
  readonly sent: readonly string[];
}

/** Plays moves in the world of this seed, and then peace. */
export function play(seed: number, moves: readonly Move[], record = false): Outcome {
  let made = 0;
  let world: World | undefined;
  let error: Error | undefined;
  try {
    world = new World(seed, record);
    for (const move of moves) {
      made++;
      world.play(move);
    }
    world.settle();
  } catch (thrown) {
    error = thrown instanceof Error ? thrown : new Error(String(thrown));
  }
  const machine = world?.machine;
  return {
    steps: machine?.steps ?? 0,
    error,
    made,
    recording: machine?.recording?.join("") ?? "",
    sent: machine?.sent ?? [],
  };
}

/**
 * The fewest moves found that still fail: the tail goes, then halves, quarters … single ones.
 *
 * @param made how many of them had been made when it failed
 */
export function shrink(
  moves: readonly Move[],
  made: number,
  fails: (moves: readonly Move[]) => boolean,
): readonly Move[] {
  let attempts = 0;
  const stillFails = (fewer: readonly Move[]) => attempts++ < MAX_ATTEMPTS && fails(fewer);
  let kept = moves;
  const head = moves.slice(0, made);
  if (head.length < moves.length && stillFails(head)) kept = head;
  for (let size = kept.length >> 1; size >= 1; size >>= 1) {
    for (let end = kept.length; end > 0; end -= size) {
      const fewer = [...kept.slice(0, Math.max(0, end - size)), ...kept.slice(end)];
      if (fewer.length < kept.length && stillFails(fewer)) kept = fewer;
    }
  }
  return kept;
}

/** A seed that breaks a promise. */
export class BrokenPromise extends Error {
  constructor(readonly seed: number, readonly recording: string, message: string) {
    super(message);
  }
}

/** Plays a seed; returns its steps, or throws BrokenPromise, which tells all there is to know. */
export function runSeed(seed: number): number {
  const moves = drawMoves(seed, MOVES);
  const { error, made, steps } = play(seed, moves);
  if (error === undefined) return steps;
  const kind = kindOf(error);
  const fewest = shrink(moves, made, (fewer) => {
    const again = play(seed, fewer).error;
    return again !== undefined && kindOf(again) === kind;
  });
  const shown = play(seed, fewest, true);
  const text = fewest.map((move) => JSON.stringify(move)).join("\n");
  const { stack } = shown.error ?? error;
  throw new BrokenPromise(seed, shown.recording, `seed ${seed}: ${stack}\n${text}`);
}

/**
 * Writes the recording of a seed that failed; the path, and what to do with it. It has what happened
 * to the program; what should have come of it is known when the program is mended.
 */
export function keepRecording({ seed, recording }: BrokenPromise, folder: string): string {
  const path = `${folder}/simulation-${seed}.jsonl`;
  Deno.writeTextFileSync(path, recording);
  return [
    `The last life of the process: ${path}`,
    `  deno task replay ${path}    shows what everybody saw and what was decided`,
    "When the program is mended, put it into tests/recordings under a name that says what it shows;",
    "  deno test -A tests/recordings -- --update    writes beside it what comes of it now.",
    "Read that, and commit both.",
  ].join("\n");
}

function kindOf({ message }: Error): string {
  return message.slice(0, 2);
}
