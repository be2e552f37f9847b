// The household's rules: conditions over facts, in order; the first that matches decides.

import type { RuleConfiguration } from "./configuration.ts";
import { compileCondition } from "./named_condition.ts";
import { type Condition, reasonOf, truthOf } from "./rule_condition.ts";
import { RuleFacts } from "./rule_facts.ts";
import type { State } from "./state.ts";

/** What a rule is asked about. */
export interface RuleRequest {
  readonly backendId: string;
  /** An OCPP action, `request_control`, or `Authorize` for a card at the charger. */
  readonly action: string;
  readonly idTag: string | undefined;
  readonly connectorId: number | undefined;
}

/** What the first matching rule says; `because` tells the facts that decided. */
export type Ruling =
  | { readonly type: "none" }
  | { readonly type: "allow" | "deny"; readonly rule: string; readonly because: string }
  | {
    readonly type: "ask";
    readonly rule: string;
    readonly because: string;
    readonly timeoutMs: number;
    readonly default: "allow" | "deny";
  }
  | {
    readonly type: "limit";
    readonly rule: string;
    readonly because: string;
    readonly currentA: number;
  };

/** Rules ready to be evaluated. */
export interface Rules {
  readonly rules: readonly CompiledRule[];
}

interface CompiledRule {
  readonly configuration: RuleConfiguration;
  readonly condition: Condition;
}

/** Compiles checked rules; throws on an expression that `checkExpression` refuses. */
export function compileRules(rules: readonly RuleConfiguration[]): Rules {
  return {
    rules: rules.map((configuration) => ({
      configuration,
      condition: compileCondition(configuration),
    })),
  };
}

/** What the household's rules say; changes nothing. */
export function evaluateRules(state: State, request: RuleRequest, now: number): Ruling {
  const facts = new RuleFacts(state, request, now);
  for (const { configuration, condition } of state.rules.rules) {
    const truth = truthOf(condition, facts);
    if (truth === false) continue;
    const because = reasonOf(condition, facts) || "it always applies";
    return truth === undefined
      ? unknownRuling(configuration, because)
      : ruling(configuration, configuration.then, configuration.default, because);
  }
  return { type: "none" };
}

/** What is unknown never allows anything, not even by the owner's silence. */
function unknownRuling(rule: RuleConfiguration, because: string): Ruling {
  return ruling(rule, rule.onUnknown, "deny", because);
}

function ruling(
  { name, askTimeoutMs, currentA }: RuleConfiguration,
  then: RuleConfiguration["then"],
  standard: "allow" | "deny",
  because: string,
): Ruling {
  switch (then) {
    case "allow":
    case "deny":
      return { type: then, rule: name, because };
    case "ask":
      return { type: "ask", rule: name, because, timeoutMs: askTimeoutMs, default: standard };
    case "limit":
      // A rule without a current is refused when it is loaded.
      return { type: "limit", rule: name, because, currentA: currentA ?? 0 };
    default:
      return then satisfies never;
  }
}
