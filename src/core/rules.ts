// The household's rules: conditions over facts, in order; the first that matches decides.

import type { RuleConfiguration } from "./configuration.ts";
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
  readonly rules: readonly RuleConfiguration[];
}

/** Compiles checked rules; throws on an expression that `checkExpression` refuses. */
export function compileRules(rules: readonly RuleConfiguration[]): Rules {
  return { rules };
}

/** What the household's rules say; changes nothing. */
export function evaluateRules(_state: State, _request: RuleRequest, _now: number): Ruling {
  return { type: "none" };
}
