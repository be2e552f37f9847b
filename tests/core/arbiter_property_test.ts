// The arbiter and its reference agree, whatever happens in whatever order.

import fc from "fast-check";
import "../support/seed.ts";
import type { Manner } from "./arbiter_charger.ts";
import type { House, Member } from "./arbiter_household.ts";
import { type Action, house, type Move, move, type Operation } from "./arbiter_moves.ts";
import { Play } from "./arbiter_play.ts";

function wish(who: Member, action: Action, connector: number, amount = 0): Operation {
  return { type: "wish", who, action, connector, amount };
}

function answers(manner: Manner): Operation {
  return { type: "charger answers", manner, acts: false };
}

function start(tag: Member, connector: number): Operation {
  return { type: "start", tag, connector };
}

/** Sequences that failed once, or that chance seldom makes. */
const FOUND: [House, Operation[]][] = [
  // A command waits for the owner for 20 s, not for as long as the question is open.
  ["asking", [wish("solar", "RemoteStartTransaction", 1), { type: "pass", ms: 26_000 }]],
  // What a card was allowed counts in the same mode only.
  ["plain", [
    { type: "card", tag: "solar", connector: 1 },
    { type: "mode", mode: "owner_only", forMs: undefined },
    start("solar", 1),
  ]],
  // The owner says yes, but a transaction has begun in the meantime.
  ["asking", [
    wish("grid", "request_control", 1),
    start("solar", 1),
    { type: "owner answers", which: 0, allow: true },
  ]],
  // A start that crosses its confirmation leaves no claim for after a restart.
  ["plain", [
    wish("grid", "RemoteStartTransaction", 2),
    start("grid", 2),
    answers("Accepted"),
    { type: "restart" },
  ]],
  // Reserved without an answer, killed, asked again and refused: it is there all the same.
  ["plain", [
    wish("solar", "ReserveNow", 1),
    answers("silence"),
    { type: "restart" },
    wish("solar", "ReserveNow", 1),
    { type: "link", who: "solar", up: false },
    answers("error"),
    wish("solar", "RemoteStartTransaction", 1),
  ]],
  // A start that is refused makes the claim on its connector void as well.
  ["chosen", [
    { type: "pass", ms: 400 },
    answers("Accepted"),
    wish("work", "RemoteStartTransaction", 2),
    { type: "pass", ms: 48_000 },
    start("solar", 2),
  ]],
  // Its own card brings control to who takes over; it keeps that when the old transaction ends.
  ["chosen", [
    start("solar", 1),
    wish("grid", "request_control", 1),
    start("grid", 2),
    answers("Accepted"),
    { type: "stop", connector: 1 },
  ]],
  // Two transactions are in the way, the first one does not end: the second one goes on.
  ["plain", [
    start("solar", 2),
    start("solar", 1),
    wish("grid", "request_control", 1, 1),
    answers("Rejected"),
    answers("Accepted"),
  ]],
  // Control that was asked for in so many words is not let go with an older command.
  ["chosen", [
    { type: "pass", ms: 48_000 },
    start("home", 2),
    { type: "house", house: "plain" },
    answers("Accepted"),
    wish("home", "SetChargingProfile", 1),
    { type: "stop", connector: 2 },
    wish("home", "request_control", 1),
    { type: "pass", ms: 48_000 },
  ]],
  // Nor with a limit that failed, when a start was accepted in the meantime.
  ["strict", [
    wish("home", "SetChargingProfile", 1),
    wish("home", "RemoteStartTransaction", 1),
    answers("error"),
    start("solar", 1),
    answers("Accepted"),
    { type: "pass", ms: 9_000 },
    { type: "pass", ms: 9_000 },
    { type: "pass", ms: 9_000 },
  ]],
];

function asMoves([house, operations]: (typeof FOUND)[number]): [House, Move[]] {
  return [house, operations.map((operation) => ({ operation }))];
}

/** A failing case, one line for each move. */
function report(run: fc.RunDetails<[House, Move[]]>): void {
  if (!run.failed) return;
  const [house, moves] = run.counterexample ?? ["plain", []];
  const lines = moves.map(({ operation: { type, ...rest }, crashAfter }) => {
    const death = crashAfter === undefined ? "" : `, and dies after ${crashAfter} effects`;
    return `  ${type} ${JSON.stringify(rest).replaceAll('"', "")}${death}`;
  });
  const text = [
    `house ${house}, SEED=${run.seed}, path ${run.counterexamplePath}, ${run.numShrinks} shrinks`,
    ...lines,
  ].join("\n");
  throw new Error(text, { cause: run.errorInstance });
}

Deno.test("the arbiter and its reference agree, whatever happens", () => {
  fc.assert(
    fc.property(
      house,
      fc.array(move, { minLength: 1, maxLength: 60, size: "max" }),
      (house, moves) => {
        const play = new Play(house);
        for (const item of moves) play.play(item);
        play.settle();
        play.checkQuiet();
      },
    ),
    {
      numRuns: Number(Deno.env.get("RUNS") ?? 1_500),
      examples: FOUND.map(asMoves),
      reporter: report,
    },
  );
});
