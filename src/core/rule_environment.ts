// The language of the rules: CEL with the variables and functions of a household.

import { Environment } from "@marcbachmann/cel-js";
import { isWithin } from "./local_time.ts";
import type { RuleFacts } from "./rule_facts.ts";
import { ToldFact } from "./told_fact.ts";

/** Every variable that a rule may name, with its type in CEL. */
export const VARIABLES = {
  backend: "string",
  role: "string",
  action: "string",
  id_tag: "string",
  connector: "int",
  status: "string",
  hour: "int",
  minute: "int",
  weekday: "int",
  minute_of_day: "int",
  session_kwh: "double",
  session_minutes: "double",
  today_kwh: "double",
  today_minutes: "double",
  today_sessions: "int",
  price_per_kwh: "double",
  cost_per_kwh: "double",
} as const;

/** Every function that a rule may call. None of them loops, or takes longer for a longer text. */
export const FUNCTIONS = [
  "ha",
  "fact",
  "number",
  "attribute",
  "attribute_number",
  "is_on",
  "between",
  "contains",
  "startsWith",
  "endsWith",
  "size",
  "int",
  "double",
  "string",
] as const;

/** The functions whose arguments have to be written out, so that they can be checked when loaded. */
export const LITERAL_FUNCTIONS: ReadonlySet<string> = new Set(["ha", "fact", "between"]);

/** The most parts, such as names, numbers and operators, that one expression may have. */
export const MAX_PARTS = 250;

/** An expression is evaluated at once and alone: this is what its functions look into. */
const asked: { facts: RuleFacts | undefined } = { facts: undefined };

/** Runs a parsed expression over the facts of a request; throws where it cannot be evaluated. */
export function evaluate(run: (context: RuleFacts) => unknown, facts: RuleFacts): unknown {
  asked.facts = facts;
  try {
    return run(facts);
  } finally {
    asked.facts = undefined;
  }
}

function facts(): RuleFacts {
  if (asked.facts === undefined) throw new Error("an expression was run without facts");
  return asked.facts;
}

const SPAN_END = /^([01]\d|2[0-3]):([0-5]\d)$|^24:00$/;

/** Times of day that have been read, of which there are no more than 1,441. */
const minutes = new Map<string, number>();

/** A time of day such as 17:00 as minutes since midnight; 24:00 is the end of the day. */
export function minuteOf(time: string): number | undefined {
  const known = minutes.get(time);
  if (known !== undefined) return known;
  const found = SPAN_END.exec(time);
  if (found === null) return undefined;
  const minute = 60 * Number(found[1] ?? 24) + Number(found[2] ?? 0);
  minutes.set(time, minute);
  return minute;
}

function isBetween(from: string, to: string): boolean {
  const [fromMinute = 0, toMinute = 0] = [minuteOf(from), minuteOf(to)];
  return isWithin({ fromMinute, toMinute }, facts().minuteOfDay());
}

function createEnvironment(): Environment {
  const environment = new Environment({ limits: { maxAstNodes: MAX_PARTS, maxDepth: 50 } });
  const plain = { async: false };
  for (const [name, type] of Object.entries(VARIABLES)) environment.registerVariable(name, type);
  environment.registerType("Fact", { ctor: ToldFact, fields: { state: "string" } });
  const look = (name: string) => facts().fact(name);
  return environment
    .registerFunction("ha(string): Fact", look, plain)
    .registerFunction("fact(string): Fact", look, plain)
    .registerOperator("Fact == string", (fact: ToldFact, text: string) => fact.state === text)
    .registerFunction("number(Fact): double", (told: ToldFact) => facts().number(told), plain)
    .registerFunction("attribute(Fact, string): string", attribute, plain)
    .registerFunction("attribute_number(Fact, string): double", attributeNumber, plain)
    .registerFunction("is_on(Fact): bool", (told: ToldFact) => facts().isOn(told), plain)
    .registerFunction("between(string, string): bool", isBetween, plain)
    .registerOperator("double == int", (one: number, other: bigint) => one === Number(other))
    .registerOperator("double + int", (one: number, other: bigint) => one + Number(other))
    .registerOperator("int + double", (one: bigint, other: number) => Number(one) + other)
    .registerOperator("double - int", (one: number, other: bigint) => one - Number(other))
    .registerOperator("int - double", (one: bigint, other: number) => Number(one) - other)
    .registerOperator("double * int", (one: number, other: bigint) => one * Number(other))
    .registerOperator("int * double", (one: bigint, other: number) => Number(one) * other)
    .registerOperator("double / int", (one: number, other: bigint) => one / Number(other))
    .registerOperator("int / double", (one: bigint, other: number) => Number(one) / other);
}

function attribute(told: ToldFact, name: string): string {
  return facts().attribute(told, name);
}

function attributeNumber(told: ToldFact, name: string): number {
  return facts().attributeNumber(told, name);
}

/** Where every rule is parsed, checked and evaluated. */
export const ENVIRONMENT: Environment = createEnvironment();
