// Conditions that are true, false, or unknown; unknown only where what is unknown matters.

import { type RuleFacts, UNKNOWN } from "./rule_facts.ts";

/** A condition over the facts of a request. */
export type Condition =
  /** Throws where it cannot be told. */
  | {
    readonly type: "test";
    /** It looks at something that may be unknown. */
    readonly asksFacts: boolean;
    readonly holds: (facts: RuleFacts) => boolean;
  }
  | { readonly type: "all" | "any"; readonly parts: readonly Condition[] }
  | { readonly type: "not"; readonly part: Condition };

/** undefined: unknown. */
export type Truth = boolean | undefined;

/** The most that a reason tells; a rule of more conditions is told by its first ones. */
const MAX_TOLD_FACTS = 6;

/** Whether a condition holds (Kleene's logic: false && unknown is false). */
export function truthOf(condition: Condition, facts: RuleFacts): Truth {
  switch (condition.type) {
    case "test":
      try {
        return condition.holds(facts);
      } catch {
        return undefined;
      }
    case "not": {
      const truth = truthOf(condition.part, facts);
      return truth === undefined ? undefined : !truth;
    }
    case "all":
    case "any": {
      const decisive = condition.type === "any";
      let result: Truth = !decisive;
      for (const part of condition.parts) {
        const truth = truthOf(part, facts);
        if (truth === decisive) return decisive;
        if (truth === undefined) result = undefined;
      }
      return result;
    }
    default:
      return condition satisfies never;
  }
}

/** Several conditions as one; those that ask no facts come first, so that they can save asking. */
export function combine(type: "all" | "any", parts: readonly Condition[]): Condition {
  return { type, parts: parts.toSorted((a, b) => Number(asksFacts(a)) - Number(asksFacts(b))) };
}

function asksFacts(condition: Condition): boolean {
  switch (condition.type) {
    case "test":
      return condition.asksFacts;
    case "not":
      return asksFacts(condition.part);
    case "all":
    case "any":
      return condition.parts.some(asksFacts);
    default:
      return condition satisfies never;
  }
}

/** The facts that made a condition what it is, as a clause; empty: it looked at none. */
export function reasonOf(condition: Condition, facts: RuleFacts): string {
  const found = new Set<string>();
  for (const test of decisiveTests(condition, facts)) {
    for (const text of toldBy(test, facts)) if (found.size < MAX_TOLD_FACTS) found.add(text);
  }
  // Who asked stands beside every decision: it is worth telling only if there is nothing else.
  if (found.size > 1) found.delete(`backend is ${facts.backend}`);
  return [...found].join(", ");
}

type Test = Condition & { type: "test" };

/** The tests without which the condition would be something else. */
function decisiveTests(condition: Condition, facts: RuleFacts): Test[] {
  switch (condition.type) {
    case "test":
      return [condition];
    case "not":
      return decisiveTests(condition.part, facts);
    case "all":
    case "any": {
      const truth = truthOf(condition, facts);
      const parts = condition.parts.filter((part) => truthOf(part, facts) === truth);
      const one = truth === (condition.type === "any");
      return (one ? parts.slice(0, 1) : parts).flatMap((part) => decisiveTests(part, facts));
    }
    default:
      return condition satisfies never;
  }
}

/** What a test was told; of one that cannot be told, only why. */
function toldBy(test: Test, facts: RuleFacts): string[] {
  const told = facts.told = new Map<string, string>();
  try {
    test.holds(facts);
    return [...told.values()];
  } catch (error) {
    return [error === UNKNOWN && facts.missing !== undefined ? facts.missing : failure(error)];
  } finally {
    facts.told = undefined;
  }
}

function failure(error: unknown): string {
  const { summary } = error as { summary?: unknown };
  return `it cannot be computed${typeof summary === "string" ? ` (${summary})` : ""}`;
}
