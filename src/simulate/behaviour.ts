// How a simulated backend behaves, well or badly, by name.

import type { ErrorCode } from "../ocpp/frame.ts";
import type { AuthorizationStatus } from "../ocpp/vocabulary.ts";
import { type Manner, PROPER } from "./manner.ts";

/** What a backend can do to those who depend on it. */
export interface Behaviour {
  /** Every answer comes this much later, wall-clock milliseconds. */
  delayMs: number;
  /** Nothing is answered. */
  silent: boolean;
  /** The verdict on every id tag. */
  verdict: AuthorizationStatus;
  /** Everything is answered with this CALLERROR. */
  error: ErrorCode | undefined;
  /** So many BootNotifications are answered Pending from now on. */
  pendingBoots: number;
  /** Transaction ids are 0, -1 and 2³¹ in turn. */
  oddTransactionIds: boolean;
  /** Every third answer has a message id that nobody used. */
  wrongIds: boolean;
  /** Every frame has one that makes no sense before it. */
  garbage: boolean;
  /** The connection is dropped so long after it was opened, wall-clock milliseconds; 0: never. */
  dropAfterMs: number;
}

const GOOD: Behaviour = {
  delayMs: 0,
  silent: false,
  verdict: "Accepted",
  error: undefined,
  pendingBoots: 0,
  oddTransactionIds: false,
  wrongIds: false,
  garbage: false,
  dropAfterMs: 0,
};

/** The behaviours that can be asked for, each with what it does in a line. */
export const BEHAVIOURS = {
  good: { does: "answers everything, at once", change: {} },
  slow: { does: "answers after 5 s", change: { delayMs: 5_000 } },
  silent: { does: "answers nothing", change: { silent: true } },
  rejects: { does: "knows no id tag", change: { verdict: "Invalid" } },
  failing: { does: "answers everything with InternalError", change: { error: "InternalError" } },
  flapping: { does: "drops its connection every 3 s", change: { dropAfterMs: 3_000 } },
  pending: { does: "answers its first three boots with Pending", change: { pendingBoots: 3 } },
  "wrong-ids": {
    does: "answers every third message under an id that nobody used",
    change: { wrongIds: true },
  },
  "odd-transactions": {
    does: "gives the transaction ids 0, -1 and 2147483648",
    change: { oddTransactionIds: true },
  },
  garbage: { does: "sends nonsense between its frames", change: { garbage: true } },
} as const satisfies Readonly<Record<string, { does: string; change: Partial<Behaviour> }>>;

export type BehaviourName = keyof typeof BEHAVIOURS;

export const BEHAVIOUR_NAMES = Object.keys(BEHAVIOURS) as readonly BehaviourName[];

/** Whether it is the name of a behaviour. */
export function isBehaviourName(name: string): name is BehaviourName {
  return Object.hasOwn(BEHAVIOURS, name);
}

/** A behaviour of this name, to be changed at will. */
export function behaviourOf(name: BehaviourName = "good"): Behaviour {
  return { ...GOOD, ...BEHAVIOURS[name].change };
}

const NONSENSE = [
  "",
  "null",
  "[]",
  "[2]",
  '[2,"x","Heartbeat"',
  '{"this":"is no frame"}',
  '[3,"nobody-asked",{"status":"Accepted"}]',
  '[4,"nobody-asked","GenericError","",{}]',
  '[9,"x",{}]',
  '[2,"x","MakeCoffee",{}]',
  '[2,"y","Reset",{"type":"Lukewarm"}]',
];

/** The manner of a backend: it follows its behaviour as that changes. */
export function mannerOf(behaviour: Behaviour): Manner {
  let answers = 0;
  let frames = 0;
  return {
    ...PROPER,
    frames(text) {
      let worded = text;
      if (/^\[[34]/.test(text) && behaviour.wrongIds && ++answers % 3 === 0) {
        worded = text.replace(/^(\[[34],)(?:"(?:[^"\\]|\\.)*"|\d+)/, '$1"nobody-used"');
      }
      if (!behaviour.garbage) return [worded];
      return [NONSENSE[frames++ % NONSENSE.length] ?? "", worded];
    },
  };
}
