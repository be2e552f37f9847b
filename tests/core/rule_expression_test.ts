// Expressions of rules when they are loaded: what is refused, where, and in which words.

import { deepEqual, equal } from "node:assert/strict";
import fc from "fast-check";
import { checkExpression, comparedTexts, factsIn } from "../../src/core/rule_expression.ts";
import { FUNCTIONS, VARIABLES } from "../../src/core/rule_environment.ts";
import "../support/seed.ts";

const TYPE_OF_NAME = 'expected the name of a fact in quotes, such as "binary_sensor.home": ' +
  "lower-case letters, digits, '_' and '.'";
const REGULAR = "'matches' is not offered, because a regular expression may never end; " +
  "use contains, startsWith or endsWith";
const TOO_LONG = "too long or too deep; at most 250 names, values and operators";
const TIME = 'expected a time of day in quotes, such as "17:00"';

const REFUSED: readonly (readonly [string, number, string])[] = [
  ["", 0, "something is missing here"],
  ["hour >", 6, "something is missing here"],
  ["hour", 0, "expected true or false, got int"],
  ["today_kwh + 1", 0, "expected true or false, got double"],
  ['ha("x")', 0, "expected true or false, got Fact"],
  ["hour > 3 && foo > 1", 12, "there is no 'foo'"],
  ['ha("x").sate == "on"', 8, "there is no 'sate'"],
  ["hour > 3 && bar(1)", 12, "there is no function 'bar'"],
  ['backend.foo("x")', 8, "there is no function 'foo'"],
  ["hour = 3", 5, "unexpected '='; write =="],
  ["hour => 3", 5, "unexpected '='; write >="],
  ["hour > 3 and hour < 5", 9, "unexpected 'and'; write &&"],
  ["hour > 3 or hour < 5", 9, "unexpected 'or'; write ||"],
  ["hour > 3)", 8, "unexpected ')'"],
  ['backend == "x', 11, "unterminated string"],
  ['hour + "a" == "b"', 0, "'+' does not go with int and string"],
  ['true || hour == "13"', 8, "'==' does not go with int and string"],
  ["!hour", 0, "not possible: !int"],
  ["number(hour) > 1", 0, "no such call: number(int)"],
  ['ha("Sensor.X") == "on"', 3, TYPE_OF_NAME],
  ['ha(backend) == "on"', 3, TYPE_OF_NAME],
  ['between("17:00", "25:00")', 17, TIME],
  ["between(backend, id_tag)", 8, TIME],
  ['hour > 3 && backend.matches("a+")', 20, REGULAR],
  ["[1, 2].all(x, x > 0)", 7, "'all' is not offered: no rule loops"],
  ["[[1].map(x, x)].exists(y, true)", 16, "'exists' is not offered: no rule loops"],
  ["cel.bind(x, 1, x > 0)", 4, "'bind' is not offered: no rule loops"],
  [
    "hour in [1, 'a']",
    12,
    "list elements must have the same type, expected type 'int' " +
    "but found 'string'",
  ],
  [`${"(".repeat(60)}true${")".repeat(60)}`, 50, TOO_LONG],
  [Array(120).fill("hour > 1").join(" && "), 0, TOO_LONG],
];

for (const [source, offset, message] of REFUSED) {
  Deno.test(`refused: ${source.slice(0, 60)}`, () => {
    const problem = checkExpression(source);
    equal(problem?.message, message);
    // Where it is exactly matters little where all of it is too long.
    if (message !== TOO_LONG) equal(problem?.offset, offset);
  });
}

Deno.test("a name that leads nowhere comes with those that would", () => {
  deepEqual(checkExpression("huor > 1")?.unknown, {
    word: "huor",
    known: Object.keys(VARIABLES),
  });
  deepEqual(checkExpression("attr(1) == 1")?.unknown, { word: "attr", known: FUNCTIONS });
});

Deno.test("the facts that an expression looks at are found", () => {
  deepEqual(factsIn('ha("a.b") == "x" || hour > 1 && number(fact("c")) > 2'), ["a.b", "c"]);
  deepEqual(factsIn("hour > 1"), []);
  deepEqual(factsIn("this is none"), []);
});

Deno.test("texts that a variable is compared with are found with their place", () => {
  deepEqual(comparedTexts(`backend == "a" || "b" != role || status in ['c', 'd']`), [
    { variable: "backend", text: "a", offset: 11 },
    { variable: "role", text: "b", offset: 18 },
    { variable: "status", text: "c", offset: 44 },
    { variable: "status", text: "d", offset: 49 },
  ]);
});

Deno.test("no text makes the check throw, or take long", () => {
  const words = fc.constantFrom(
    ...Object.keys(VARIABLES),
    ...FUNCTIONS,
    ...[
      "(",
      ")",
      "[",
      "]",
      "{",
      "}",
      "&&",
      "||",
      "!",
      "-",
      "==",
      "<",
      "+",
      "*",
      "/",
      "%",
      ".",
      ",",
    ],
    ...[
      "?",
      ":",
      '"a"',
      '"',
      "'",
      "1",
      "1.5",
      "true",
      "null",
      "in",
      "all",
      "map",
      "has",
      "\\",
      "\n",
    ],
  );
  const started = performance.now();
  fc.assert(
    fc.property(fc.array(words, { maxLength: 40 }), (parts) => {
      const source = parts.join(" ");
      const problem = checkExpression(source);
      if (problem) equal(problem.offset >= 0 && problem.offset <= source.length, true);
    }),
    { numRuns: 3_000 },
  );
  equal(performance.now() - started < 20_000, true);
});
