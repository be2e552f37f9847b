// The conditions of a rule: those with names of their own, and its expression, as one.

import type { RuleConfiguration } from "./configuration.ts";
import { isWithin } from "./local_time.ts";
import { combine, type Condition } from "./rule_condition.ts";
import { compileExpression } from "./rule_expression.ts";
import type { RuleFacts } from "./rule_facts.ts";
import { rounded } from "./told_text.ts";

/** All conditions of a rule as one; throws on an expression that `checkExpression` refuses. */
export function compileCondition(rule: RuleConfiguration): Condition {
  const parts: Condition[] = [];
  const test = (holds: (facts: RuleFacts) => boolean, asksFacts = false) =>
    parts.push({ type: "test", asksFacts, holds });
  const { backends, hours, weekdays, maxEnergyKwhPerDay, maxSessionsPerDay, presenceSensor } = rule;
  if (backends) test((facts) => backends.includes(facts.backend));
  if (weekdays) {
    const days: ReadonlySet<number> = weekdays;
    test((facts) => days.has(facts.dayOfWeek()));
  }
  if (hours) test((facts) => isWithin(hours, facts.minuteOfDay()));
  if (maxEnergyKwhPerDay !== undefined) test((facts) => hadEnergy(facts, maxEnergyKwhPerDay));
  if (maxSessionsPerDay !== undefined) test((facts) => hadSessions(facts, maxSessionsPerDay));
  if (rule.when !== undefined) parts.push(compileExpression(rule.when));
  if (presenceSensor !== undefined) {
    test((facts) => facts.isOn(facts.fact(presenceSensor)), true);
  }
  return combine("all", parts);
}

function hadEnergy(facts: RuleFacts, kwh: number): boolean {
  const had = facts.today().kwh;
  facts.told?.set("energy", `${facts.request.backendId} has had ${rounded(had)} kWh today`);
  return had >= kwh;
}

/** The running session is not counted: it may go on to its end. */
function hadSessions(facts: RuleFacts, sessions: number): boolean {
  const had = facts.today().ended;
  const noun = had === 1 ? "session" : "sessions";
  facts.told?.set("sessions", `${facts.request.backendId} has had ${had} ${noun} today`);
  return had >= sessions;
}
