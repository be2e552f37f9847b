// Expressions of the rules: checked with a place for every mistake, and taken apart at && and ||.

import { type ASTNode, type ParseResult, serialize } from "@marcbachmann/cel-js";
import { combine, type Condition } from "./rule_condition.ts";
import {
  ENVIRONMENT,
  evaluate,
  FUNCTIONS,
  LITERAL_FUNCTIONS,
  MAX_PARTS,
  minuteOf,
  VARIABLES,
} from "./rule_environment.ts";

/** What is wrong with an expression. */
export interface ExpressionProblem {
  /** Characters from the beginning of the expression. */
  readonly offset: number;
  readonly message: string;
  /** A name that leads nowhere, and those that would. */
  readonly unknown?: { readonly word: string; readonly known: readonly string[] };
}

/** A text that an expression compares a variable with. */
export interface ComparedText {
  readonly variable: string;
  readonly text: string;
  readonly offset: number;
}

/** Names of facts: entities of Home Assistant, or whatever feeds them calls them. */
export const FACT_NAME = /^[a-z0-9_][a-z0-9_.]{0,127}$/;

/** The first thing that is wrong with an expression of a rule; undefined: nothing. */
export function checkExpression(source: string): ExpressionProblem | undefined {
  let parsed: ParseResult;
  try {
    parsed = ENVIRONMENT.parse(source);
  } catch (error) {
    return problemOf(error as CelError, source);
  }
  for (const node of nodesOf(parsed.ast)) {
    const problem = checkCall(node, source);
    if (problem !== undefined) return problem;
  }
  const { valid, type, error } = parsed.check();
  if (!valid) return problemOf(error as CelError, source);
  if (type === "bool") return undefined;
  return { offset: 0, message: `expected true or false, got ${type}` };
}

/** What a checked expression means; throws on one that `checkExpression` refuses. */
export function compileExpression(source: string): Condition {
  const problem = checkExpression(source);
  if (problem !== undefined) throw new Error(`${problem.message} (in ${source})`);
  return conditionOf(ENVIRONMENT.parse(source).ast);
}

/** The facts that an expression looks at; none if it is no expression. */
export function factsIn(source: string): string[] {
  return nodesIn(source).filter(looksAtFact)
    .map((node) => callOf(node)?.values[0])
    .filter((name) => typeof name === "string");
}

function looksAtFact(node: ASTNode): boolean {
  const name = callOf(node)?.name;
  return name === "ha" || name === "fact";
}

/** The texts with which an expression compares variables, by `==`, `!=` and `in`. */
export function comparedTexts(source: string): ComparedText[] {
  return nodesIn(source).flatMap((node) => {
    if (node.op !== "==" && node.op !== "!=" && node.op !== "in") return [];
    const id = node.args.find((side) => side.op === "id");
    const other = node.args.find((side) => side.op !== "id");
    if (id?.op !== "id" || other === undefined) return [];
    return (other.op === "list" ? other.args : [other]).flatMap((item) =>
      item.op === "value" && typeof item.args === "string"
        ? [{ variable: id.args, text: item.args, offset: item.start }]
        : []
    );
  });
}

/** Logic is done here, so that a reason can tell which side decided; the rest is CEL's. */
function conditionOf(node: ASTNode): Condition {
  switch (node.op) {
    case "&&":
      return combine("all", node.args.map(conditionOf));
    case "||":
      return combine("any", node.args.map(conditionOf));
    case "!_":
      return { type: "not", part: conditionOf(node.args) };
    default: {
      const run = ENVIRONMENT.parse(serialize(node));
      run.check();
      return {
        type: "test",
        asksFacts: nodesOf(node).some(looksAtFact),
        holds: (facts) => evaluate(run, facts) === true,
      };
    }
  }
}

function nodesIn(source: string): ASTNode[] {
  try {
    return nodesOf(ENVIRONMENT.parse(source).ast);
  } catch {
    return [];
  }
}

/** A node and all below it, in the order in which they were written. */
function nodesOf(node: ASTNode): ASTNode[] {
  const below = [node.args].flat(3) as unknown[];
  return [node, ...below.filter(isNode).flatMap(nodesOf)];
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value;
}

/** A call's name, what it is called on, and its arguments where they are written out. */
function callOf(node: ASTNode) {
  if (node.op !== "call" && node.op !== "rcall") return undefined;
  const receiver = node.op === "rcall" ? node.args[1] : undefined;
  const items = node.op === "rcall" ? node.args[2] : node.args[1];
  const values = items.map((item) => item.op === "value" ? item.args : undefined);
  return { name: node.args[0], receiver, items, values };
}

const LOOPS = ["all", "exists", "exists_one", "map", "filter", "bind"];

function checkCall(node: ASTNode, source: string): ExpressionProblem | undefined {
  const call = callOf(node);
  if (call === undefined) return undefined;
  const { name, receiver, items, values } = call;
  const offset = receiver ? Math.max(source.indexOf(name, receiver.end), node.start) : node.start;
  if (name === "matches") {
    const message = "'matches' is not offered, because a regular expression may never end; " +
      "use contains, startsWith or endsWith";
    return { offset, message };
  }
  if (LOOPS.includes(name)) return { offset, message: `'${name}' is not offered: no rule loops` };
  if (!(FUNCTIONS as readonly string[]).includes(name)) {
    return {
      offset,
      message: `there is no function '${name}'`,
      unknown: { word: name, known: FUNCTIONS },
    };
  }
  if (!LITERAL_FUNCTIONS.has(name)) return undefined;
  for (const [index, value] of values.entries()) {
    const at = items[index]?.start ?? offset;
    if (name === "between") {
      if (typeof value === "string" && minuteOf(value) !== undefined) continue;
      return { offset: at, message: 'expected a time of day in quotes, such as "17:00"' };
    }
    if (typeof value === "string" && FACT_NAME.test(value)) continue;
    const message = 'expected the name of a fact in quotes, such as "binary_sensor.home": ' +
      "lower-case letters, digits, '_' and '.'";
    return { offset: at, message };
  }
  return undefined;
}

interface CelError {
  readonly code?: string;
  readonly summary?: string;
  readonly message: string;
  readonly range?: { readonly start: number; readonly end: number };
}

/** Words of other languages, and what they are in this one. */
const MEANT: Readonly<Record<string, string>> = {
  "=": "==",
  and: "&&",
  or: "||",
  not: "!",
};

/** Our own words for what the library found. */
function problemOf(error: CelError, source: string): ExpressionProblem {
  const { code, summary = error.message } = error;
  const { start, end } = error.range ?? { start: 0, end: source.length };
  const offset = Math.min(start, source.length);
  const word = source.slice(start, end);
  switch (code) {
    case "unknown_variable":
      return {
        offset,
        message: `there is no '${word}'`,
        unknown: { word, known: Object.keys(VARIABLES) },
      };
    case "no_such_key":
      return { offset, message: `there is no '${word}'`, unknown: { word, known: ["state"] } };
    case "unexpected_token":
    case "unexpected_character":
    case "expected_token": {
      if (word.trim() === "") return { offset, message: "something is missing here" };
      const arrow = source.startsWith("=>", offset) ? ">=" : undefined;
      const known = arrow ?? (Object.hasOwn(MEANT, word) ? MEANT[word] : undefined);
      const meant = known === undefined ? "" : `; write ${known}`;
      return { offset, message: `unexpected '${word}'${meant}` };
    }
    case "no_such_overload": {
      const [, left = "", operator = "", right] = /: (?:(\S+) )?(\S+?)(?: (\S+))?$/.exec(summary) ??
        [];
      return right === undefined
        ? { offset, message: summary.replace("no such overload:", "not possible:") }
        : { offset, message: `'${operator}' does not go with ${left} and ${right}` };
    }
    case "no_matching_overload": {
      const [, call = ""] = /'(.*)'$/.exec(summary) ?? [];
      return { offset, message: `no such call: ${call}` };
    }
    case "limit_exceeded":
      return {
        offset,
        message: `too long or too deep; at most ${MAX_PARTS} names, values and operators`,
      };
    default:
      return { offset, message: summary.charAt(0).toLowerCase() + summary.slice(1) };
  }
}
