// Conditions that may be unknown: the same answers as CEL gives to the whole, and reasons that hold.

import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { type Condition, reasonOf, truthOf } from "../../src/core/rule_condition.ts";
import { ENVIRONMENT, evaluate } from "../../src/core/rule_environment.ts";
import { compileExpression } from "../../src/core/rule_expression.ts";
import { RuleFacts } from "../../src/core/rule_facts.ts";
import "../support/seed.ts";
import { feed, household, rule } from "./rule_fixture.ts";

/** Parts of which each is true, false or unknown at 13:00, with facts and without. */
const PARTS = [
  "hour == 13",
  "hour == 3",
  'ha("on") == "on"',
  'ha("on") != "on"',
  'ha("away") == "on"',
  'number(ha("on")) > 1',
  "1 / minute > 0",
  'role == "controller"',
];

const expression = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(...PARTS),
    fc.tuple(tie("tree"), fc.constantFrom("&&", "||"), tie("tree"))
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    tie("tree").map((part) => `!(${part})`),
    fc.tuple(tie("tree"), tie("tree"), tie("tree"))
      .map(([condition, yes, no]) => `(${condition} ? ${yes} : ${no})`),
  ),
})).tree;

function facts(): RuleFacts {
  const h = household([rule({ when: PARTS.join(" || ") })]);
  feed(h, "on", "on");
  const request = {
    backendId: "neighbour",
    action: "request_control",
    idTag: undefined,
    connectorId: undefined,
  };
  return new RuleFacts(h.state, request, h.now);
}

/** What CEL itself says; an error is unknown. */
function whole(source: string, about: RuleFacts): boolean | undefined {
  try {
    return evaluate(ENVIRONMENT.parse(source), about) === true;
  } catch {
    return undefined;
  }
}

Deno.test("an expression taken apart says what CEL says of it as a whole", () => {
  const about = facts();
  const seen = new Set<boolean | undefined>();
  fc.assert(
    fc.property(expression, (source) => {
      const expected = whole(source, about);
      seen.add(expected);
      equal(truthOf(compileExpression(source), about), expected, source);
    }),
    { numRuns: 1_000 },
  );
  equal(seen.size, 3);
});

Deno.test("every truth has a reason, and what is unknown is told only where it matters", () => {
  const about = facts();
  fc.assert(
    fc.property(expression, (source) => {
      const condition = compileExpression(source);
      const truth = truthOf(condition, about);
      const reason = reasonOf(condition, about);
      ok(reason !== "", source);
      const blames = /away is unknown|no number|cannot be computed/.test(reason);
      equal(blames, truth === undefined, `${source}: ${reason}`);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("parts that ask for no fact come first, so that they can save asking", () => {
  const condition = compileExpression('ha("away") == "on" && (number(ha("on")) > 1 || hour == 3)');
  const asking = (part: Condition): unknown =>
    part.type === "test" ? part.asksFacts : part.type === "not" ? asking(part.part) : part.parts
      .map(asking);
  deepEqual(asking(condition), [true, [false, true]]);
  deepEqual(asking(compileExpression('ha("away") == "on" && !(hour == 3)')), [false, true]);
});
