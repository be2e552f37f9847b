// Everything that can happen to the arbiter, as arbitrary values.

import fc from "fast-check";
import type { Manner } from "./arbiter_charger.ts";
import type { House, Member } from "./arbiter_household.ts";
import type { Mode } from "./arbiter_reference.ts";

/** What a backend may wish. */
export const WISHES = [
  "request_control",
  "RemoteStartTransaction",
  "SetChargingProfile",
  "ReserveNow",
  "UnlockConnector",
  "RemoteStopTransaction",
  "ClearChargingProfile",
  "CancelReservation",
  "release_control",
] as const;

export type Action = typeof WISHES[number];

/** Something that happens. */
export type Operation =
  | {
    readonly type: "wish";
    readonly who: Member;
    readonly action: Action;
    readonly connector: number;
    readonly amount: number;
  }
  | { readonly type: "charger answers"; readonly manner: Manner; readonly acts: boolean }
  | { readonly type: "start" | "card"; readonly tag: Member | "owner"; readonly connector: number }
  | { readonly type: "stop"; readonly connector: number }
  | {
    readonly type: "status";
    readonly connector: number;
    readonly status: "Available" | "Preparing" | "Faulted";
  }
  | { readonly type: "link"; readonly who: Member; readonly up: boolean }
  | { readonly type: "charger"; readonly up: boolean }
  | { readonly type: "pass"; readonly ms: number }
  | { readonly type: "mode"; readonly mode: Mode; readonly forMs: number | undefined }
  | {
    readonly type: "limit";
    readonly amps: number | undefined;
    readonly forMs: number | undefined;
  }
  | { readonly type: "owner answers"; readonly which: number; readonly allow: boolean }
  | { readonly type: "person"; readonly value: "home" | "away" }
  | { readonly type: "house"; readonly house: House }
  | { readonly type: "clock"; readonly byMs: number }
  | { readonly type: "restart" };

/** Something that happens, and perhaps the end of the process. */
export interface Move {
  readonly operation: Operation;
  /** The process dies after so many effects of it; undefined: it lives. */
  readonly crashAfter?: number;
}

const who = fc.constantFrom<Member>(
  "solar",
  "grid",
  "work",
  "home",
  "solar",
  "grid",
  "work",
  "home",
  "meter",
);
const connector = fc.integer({ min: 1, max: 2 });
/** Any household, those with nothing special more often. */
export const house = fc.constantFrom<House>(
  "plain",
  "plain",
  "plain",
  "strict",
  "strict",
  "asking",
  "asking",
  "timed",
  "timed",
  "guarded",
  "closed",
  "chosen",
);
const forMs = fc.constantFrom(undefined, 9_600, 21_700, 61_900);

function record<T extends Operation["type"]>(
  type: T,
  fields: { [K in Exclude<keyof Extract<Operation, { type: T }>, "type">]: fc.Arbitrary<unknown> },
): fc.Arbitrary<Operation> {
  return fc.record({ type: fc.constant(type), ...fields }) as unknown as fc.Arbitrary<Operation>;
}

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 16,
    arbitrary: record("wish", {
      who,
      action: fc.constantFrom(...WISHES, "request_control", "RemoteStartTransaction"),
      connector,
      amount: fc.integer({ min: 0, max: 2 }),
    }),
  },
  {
    weight: 10,
    arbitrary: record("charger answers", {
      manner: fc.constantFrom<Manner>(
        "Accepted",
        "Accepted",
        "Accepted",
        "Rejected",
        "error",
        "silence",
        "loss",
      ),
      acts: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom("start", "card"),
      tag: fc.constantFrom<Member | "owner">("solar", "grid", "work", "home", "owner"),
      connector,
    }) as fc.Arbitrary<Operation>,
  },
  { weight: 3, arbitrary: record("stop", { connector }) },
  {
    weight: 3,
    arbitrary: record("status", {
      connector: fc.integer({ min: 0, max: 2 }),
      status: fc.constantFrom("Available", "Available", "Preparing", "Preparing", "Faulted"),
    }),
  },
  { weight: 3, arbitrary: record("link", { who, up: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: record("charger", { up: fc.constantFrom(true, true, true, false) }),
  },
  {
    weight: 7,
    arbitrary: record("pass", {
      ms: fc.constantFrom(400, 3_000, 9_000, 26_000, 48_000, 80_000, 130_000, 605_000),
    }),
  },
  {
    weight: 3,
    arbitrary: record("mode", {
      mode: fc.constantFrom<Mode>(
        "auto",
        "auto",
        "auto",
        "auto",
        "owner_only",
        "paused",
        { only: "solar" },
        { only: "home" },
      ),
      forMs,
    }),
  },
  { weight: 1, arbitrary: record("limit", { amps: fc.constantFrom(undefined, 0, 12), forMs }) },
  {
    weight: 3,
    arbitrary: record("owner answers", { which: fc.nat(2), allow: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: record("person", { value: fc.constantFrom("home", "away", "away", "away") }),
  },
  {
    weight: 2,
    arbitrary: record("house", { house }),
  },
  {
    weight: 1,
    arbitrary: record("clock", { byMs: fc.constantFrom(-70_000, -5_000, 5_000, 70_000) }),
  },
  { weight: 1, arbitrary: fc.constant<Operation>({ type: "restart" }) },
);

/** Any move. */
export const move: fc.Arbitrary<Move> = fc.record({
  operation,
  crashAfter: fc.oneof(
    { weight: 24, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 8 }) },
  ),
}) as fc.Arbitrary<Move>;
