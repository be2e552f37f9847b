// What a world is made to go through: moves as plain data, so that some can be left out.

import { Random } from "./random.ts";

/** The backends of every world; the last one speaks JSON. */
export const BACKENDS = ["a", "b", "c", "j"] as const;

export type BackendId = (typeof BACKENDS)[number];

/** How a peer answers what it is asked. */
export const MOODS = ["good", "slow", "silent", "lying", "refusing"] as const;

export type Mood = (typeof MOODS)[number];

/** The tags of the backends in their order, then the household's. */
export const TAGS = ["A", "B", "C", "J", "H"] as const;

/** What a backend may ask for; `other`: any action of a central system; the last one is nonsense. */
export const WISHES = [
  "start",
  "start",
  "start",
  "stop",
  "stop",
  "stop",
  "limit",
  "limit",
  "clear",
  "unlock",
  "reserve",
  "release",
  "other",
  "other",
  "other",
  "garbage",
] as const;

export type Wish = (typeof WISHES)[number];

export type Deed =
  | { readonly type: "plug"; readonly connector: number; readonly tag: string }
  | { readonly type: "measure"; readonly connector: number; readonly wh: number }
  | { readonly type: "unplug"; readonly connector: number }
  /** The charger forgets what runs: it is free again, and there will never be a stop. */
  | { readonly type: "forget"; readonly connector: number }
  | {
    readonly type: "chatter";
    readonly what: "heartbeat" | "authorize" | "data" | "loose" | "garbage";
  }
  | {
    readonly type: "charger_link";
    /** `return`: a new connection while the old one is not known to be dead. */
    readonly how: "cut" | "half_open" | "return" | "reboot";
  }
  | { readonly type: "charger_mood"; readonly mood: Mood }
  | {
    readonly type: "wish";
    readonly who: BackendId;
    readonly wish: Wish;
    readonly connector: number;
    /** Whose transaction, and which, where one is to be stopped. */
    readonly target: number;
  }
  | { readonly type: "mood"; readonly who: BackendId; readonly mood: Mood }
  | {
    readonly type: "link";
    readonly who: BackendId;
    readonly how: "cut" | "half_open" | "away" | "back";
  }
  | {
    readonly type: "owner";
    readonly mode: "auto" | "owner_only" | "paused" | BackendId;
    /** Absent: until the next word. */
    readonly forMs?: number;
  }
  | {
    readonly type: "owner_limit";
    readonly currentA: number | undefined;
    readonly forMs?: number;
  }
  /** One of the open questions, or one that is not open. */
  | { readonly type: "answer"; readonly which: number; readonly allow: boolean }
  /** null: its source is gone. */
  | { readonly type: "fact"; readonly name: "sun" | "house"; readonly value: string | null }
  /** The configuration is read again; which of HOUSEHOLDS it is now. */
  | { readonly type: "configure"; readonly household: number }
  | { readonly type: "disk"; readonly how: "full" | "fails_once" | "fails_thrice" | "slow" }
  | { readonly type: "clock"; readonly byMs: number }
  | { readonly type: "restart" }
  | { readonly type: "nothing" };

/** A deed, the time that passes after it, and maybe the end of the process. */
export interface Move {
  readonly deed: Deed;
  /** ms. */
  readonly passMs: number;
  /** The process dies after so many effects of what follows; undefined: it lives. */
  readonly crashAfter: number | undefined;
  /** Chance while it lasts, so that it means the same when others are left out. */
  readonly seed: number;
}

type Draw = (random: Random) => Deed;

const connector = (random: Random) => random.between(1, 2);

const DEEDS: readonly (readonly [weight: number, draw: Draw])[] = [
  [6, (r) => ({ type: "plug", connector: connector(r), tag: r.pick(TAGS) })],
  [10, (r) => ({ type: "measure", connector: connector(r), wh: r.between(1, 500) })],
  [4, (r) => ({ type: "unplug", connector: connector(r) })],
  [1, (r) => ({ type: "forget", connector: connector(r) })],
  [4, (r) => ({
    type: "chatter",
    what: r.pick(["heartbeat", "authorize", "data", "loose", "garbage"] as const),
  })],
  [3, (r) => ({
    type: "charger_link",
    how: r.pick(["cut", "half_open", "return", "reboot"] as const),
  })],
  [1, (r) => ({ type: "charger_mood", mood: r.pick(MOODS) })],
  [12, (r) => ({
    type: "wish",
    who: r.pick(BACKENDS),
    wish: r.pick(WISHES),
    connector: connector(r),
    target: r.below(1000),
  })],
  [3, (r) => ({ type: "mood", who: r.pick(BACKENDS), mood: r.pick(MOODS) })],
  [4, (r) => ({
    type: "link",
    who: r.pick(BACKENDS),
    how: r.pick(["cut", "half_open", "away", "back", "back"] as const),
  })],
  [2, (r) => ({
    type: "owner",
    mode: r.chance(0.6) ? "auto" : r.pick(["owner_only", "paused", ...BACKENDS] as const),
    ...r.chance(0.4) && { forMs: r.between(1, 60_000) },
  })],
  [1, (r) => ({
    type: "owner_limit",
    currentA: r.pick([undefined, 0, 10]),
    ...r.chance(0.4) && { forMs: r.between(1, 60_000) },
  })],
  [4, (r) => ({ type: "answer", which: r.below(1_000), allow: r.chance(0.6) })],
  [2, (r) => ({ type: "fact", name: "sun", value: r.pick(["up", "up", "down", null]) })],
  [2, (r) => ({ type: "fact", name: "house", value: r.pick(["300", "300", "5000", "?", null]) })],
  [2, (r) => ({ type: "configure", household: r.below(1_000) })],
  [2, (r) => ({
    type: "disk",
    how: r.pick(["full", "fails_once", "fails_thrice", "slow", "slow"] as const),
  })],
  [2, (r) => ({ type: "clock", byMs: r.pick([-1, 1]) * r.pick([900, 61_000, 3_600_000]) })],
  [1, () => ({ type: "restart" })],
  [6, () => ({ type: "nothing" })],
];

const WEIGHT = DEEDS.reduce((sum, [weight]) => sum + weight, 0);

/** So many moves of this seed, always the same ones. */
export function drawMoves(seed: number, count: number): Move[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => ({
    deed: drawDeed(random),
    passMs: random.chance(0.07) ? random.below(40_000) : random.below(1_500),
    crashAfter: random.chance(0.03) ? random.below(30) : undefined,
    seed: random.below(2 ** 31),
  }));
}

function drawDeed(random: Random): Deed {
  let left = random.below(WEIGHT);
  for (const [weight, draw] of DEEDS) {
    if (left < weight) return draw(random);
    left -= weight;
  }
  throw new Error("the weights do not add up");
}
